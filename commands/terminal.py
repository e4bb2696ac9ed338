"""Where the output goes: colour only where it is wanted, progress only where somebody is watching."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import TextIO

PATIENCE_S = 1.0  # what is done sooner needs no progress
EVERY_S = 0.1


def wants_color(stream: TextIO, environment: Mapping[str, str]) -> bool:
    """Whether to colour: never with NO_COLOR, always with FORCE_COLOR, else on a terminal that can (no-color.org)."""
    if environment.get("NO_COLOR"):
        return False
    if environment.get("FORCE_COLOR"):
        return environment["FORCE_COLOR"] != "0"
    return stream.isatty() and environment.get("TERM") != "dumb"


class Progress:
    """A line on stderr that counts up, from the first second on, and is gone at the end. Silent where nobody watches."""

    def __init__(
        self,
        noun: str,
        stream: TextIO = sys.stderr,
        *,
        environment: Mapping[str, str],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._noun, self._stream, self._clock = noun, stream, clock
        self._watched = stream.isatty() and environment.get("TERM") != "dumb"
        self._next = clock() + PATIENCE_S
        self._shown = False

    def __call__(self, done: int, all_: int) -> None:
        if not self._watched or (now := self._clock()) < self._next:
            return
        self._next = now + EVERY_S
        self._shown = True
        self._stream.write(f"\r\x1b[K{done:,} of {all_:,} {self._noun}")
        self._stream.flush()

    def clear(self) -> None:
        """Take the line away."""
        if self._shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()
            self._shown = False
