"""Hints to open pages: none is lost to a page that was busy, and a broken wake is survived."""

from __future__ import annotations

import asyncio

from runtime.web import live as module
from runtime.web.live import Live
from tests.unit.web.world import MemoryWake


async def test_every_waiting_page_learns_of_one_hint() -> None:
    wake = MemoryWake()
    live = Live(wake)
    async with live.running():
        waiting = [asyncio.create_task(live.changed(0, 5)) for _ in range(3)]
        await asyncio.sleep(0)
        wake.notify("pages")
        assert await asyncio.gather(*waiting) == [1, 1, 1]


async def test_a_hint_that_came_while_a_page_was_busy_is_seen_at_once() -> None:
    wake = MemoryWake()
    live = Live(wake)
    async with live.running():
        wake.notify("pages")
        assert await live.changed(0, 5) == 1
        assert await asyncio.wait_for(live.changed(0, 5), 0.1) == 1


async def test_without_a_hint_a_page_goes_on_after_its_time() -> None:
    live = Live(MemoryWake())
    async with live.running():
        assert await live.changed(0, 0.01) == 0


async def test_a_wake_that_fails_is_asked_again() -> None:
    class Failing(MemoryWake):
        failures = 1

        async def wait(self, topic: str, timeout_s: float) -> bool:
            if self.failures:
                self.failures -= 1
                raise ConnectionError
            return await super().wait(topic, timeout_s)

    wake = Failing()
    live = Live(wake)
    pause, module.PAUSE_AFTER_ERROR_S = module.PAUSE_AFTER_ERROR_S, 0.01
    try:
        async with live.running():
            wake.notify("pages")
            assert await live.changed(0, 5) == 1
    finally:
        module.PAUSE_AFTER_ERROR_S = pause
