"""One task a process waits for the hint that pages should look again; every open page waits on that task."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from runtime.ports import Wake
from runtime.telemetry import ERRORS, error_fields, log

HINT_WAIT_S = 5.0
PAUSE_AFTER_ERROR_S = 0.5


class Live:
    """Counts hints. A page remembers the count it has seen, so a hint that came while it was busy is not lost to it."""

    def __init__(self, wake: Wake, topic: str = "pages") -> None:
        self.generation = 0
        self._wake = wake
        self._topic = topic
        self._moved = asyncio.Event()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens as long as the block runs."""
        task = asyncio.create_task(self._listen(), name=f"live-{self._topic}")
        try:
            yield
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task

    async def changed(self, seen: int, timeout_s: float) -> int:
        """The newest count as soon as it is not `seen`; the same count after `timeout_s` seconds."""
        if self.generation == seen:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), timeout_s)
        return self.generation

    async def _listen(self) -> None:
        while True:
            try:
                if await self._wake.wait(self._topic, HINT_WAIT_S):
                    self.generation += 1
                    moved, self._moved = self._moved, asyncio.Event()
                    moved.set()
            except Exception as error:  # a lost hint is no loss: pages also look by themselves
                ERRORS.labels(process="web", error=type(error).__name__).inc()
                log().warning("waiting for hints failed", topic=self._topic, **error_fields(error))
                await asyncio.sleep(PAUSE_AFTER_ERROR_S)
