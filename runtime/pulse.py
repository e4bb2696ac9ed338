"""Sleeping until there may be work: a hint, the poll's time, a task of ours that ended, or the word to stop."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any

from runtime.ports import Wake

LISTEN_S = 60.0


class Pulse:
    """Use `async with`. A hint that comes while its owner works is kept for the next `wait`."""

    def __init__(self, wake: Wake, topic: str, stop: asyncio.Event) -> None:
        self._wake = wake
        self._topic = topic
        self._stop = stop
        self._hinted = asyncio.Event()
        self._tasks: tuple[asyncio.Task[Any], ...] = ()

    async def __aenter__(self) -> Pulse:
        self._tasks = (asyncio.create_task(self._listen()), asyncio.create_task(self._until_stop()))
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def wait(self, timeout_s: float, working: Iterable[asyncio.Task[None]] = ()) -> None:
        """Returns on a hint, after `timeout_s`, when one of `working` ends, or at once when told to stop."""
        hinted = asyncio.ensure_future(self._hinted.wait())
        try:
            await asyncio.wait((hinted, *working), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            hinted.cancel()
        if not self._stop.is_set():
            self._hinted.clear()

    async def sleep(self, seconds: float) -> None:
        """Returns after so long, or at once when told to stop; hints do not shorten it."""
        stopped = asyncio.ensure_future(self._stop.wait())
        await asyncio.wait((stopped,), timeout=seconds)
        stopped.cancel()

    async def _listen(self) -> None:
        while True:  # always the same task: see PgWake.wait
            if await self._wake.wait(self._topic, LISTEN_S):
                self._hinted.set()

    async def _until_stop(self) -> None:
        await self._stop.wait()
        self._hinted.set()
