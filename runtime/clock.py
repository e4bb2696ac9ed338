"""Where every process takes its time from: the machine's clock, or the same clock shifted for the demo and drills."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


class SystemClock:
    """The machine's time."""

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds, for deadlines and durations."""
        return time.monotonic()


class OffsetClock:
    """The machine's time plus a fixed offset, so that it ticks but stands on another day. `monotonic` is not shifted."""

    def __init__(self, offset: timedelta) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """Aware UTC."""
        return datetime.now(UTC) + self.offset

    def monotonic(self) -> float:
        """Seconds, for deadlines and durations."""
        return time.monotonic()


def clock_of(offset_s: float) -> SystemClock | OffsetClock:
    """The clock that a process with this `CONVO_CLOCK_OFFSET_S` uses."""
    return OffsetClock(timedelta(seconds=offset_s)) if offset_s else SystemClock()


def offset_to(moment: datetime) -> float:
    """Seconds from now to `moment` (aware): the offset of a clock that shows `moment` at this instant."""
    return (moment - datetime.now(UTC)).total_seconds()
