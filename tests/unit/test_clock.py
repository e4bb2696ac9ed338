"""Time comes from one place, and the demo's clock ticks on another day."""

from datetime import UTC, datetime, timedelta

from runtime.clock import OffsetClock, SystemClock, clock_of, offset_to


def test_an_offset_clock_shows_the_wanted_moment_and_ticks() -> None:
    wanted = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
    clock = clock_of(offset_to(wanted))
    first, second = clock.now(), clock.now()
    assert wanted <= first <= second < wanted + timedelta(seconds=5)


def test_a_duration_is_never_shifted() -> None:
    shifted, real = OffsetClock(timedelta(days=400)), SystemClock()
    assert abs(shifted.monotonic() - real.monotonic()) < 5


def test_no_offset_is_the_machines_clock() -> None:
    assert isinstance(clock_of(0.0), SystemClock)
