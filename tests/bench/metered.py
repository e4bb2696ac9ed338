"""A worker that writes down the processor time of each turn: `python -m tests.bench.metered FILE`, settings as for any worker.

One line a turn: its own milliseconds on the loop's thread, and those of the whole process until then.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Coroutine, Generator
from typing import Any, TextIO

from runtime import app
from runtime.messages import Lease
from runtime.settings import Settings
from runtime.worker import Worker


class Metered:
    """Awaits a coroutine and sums up the time its steps take; what other tasks do in between is theirs."""

    def __init__(self, work: Coroutine[Any, Any, None]) -> None:
        self._work = work
        self.seconds = 0.0

    def __await__(self) -> Generator[Any, Any, None]:
        sent: Any = None
        thrown: BaseException | None = None
        while True:
            began = time.thread_time()
            try:
                waits_for = self._work.send(sent) if thrown is None else self._work.throw(thrown)
            except StopIteration:
                return
            finally:
                self.seconds += time.thread_time() - began
            thrown = None
            try:
                sent = yield waits_for
            except BaseException as error:
                thrown = error


def metered(output: TextIO) -> None:
    """From now on every turn of this process is measured."""
    turn = Worker._turn

    async def measured(self: Worker, lease: Lease, leased_at: float) -> None:
        meter = Metered(turn(self, lease, leased_at))
        await meter
        print(f"{1000 * meter.seconds:.3f} {1000 * time.process_time():.3f}", file=output, flush=True)

    Worker._turn = measured  # type: ignore[method-assign]


if __name__ == "__main__":
    with open(sys.argv[1], "a", encoding="ascii") as file:
        metered(file)
        sys.exit(app.worker(Settings.from_env(os.environ)))
