"""The circuit breaker as pure arithmetic, and breakers that one process keeps to itself.

Closed, it counts failures in a row. At FAILURES it opens for OPEN_S; then one caller at a time may try. A trial that is answered
closes it, one that fails opens it again, and one that is never heard of again lapses after TRIAL_S.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Literal

from runtime.ports import BreakerState

FAILURES = 3
OPEN_S = 60.0
TRIAL_S = 15.0  # longer than any deadline: who has it and says nothing has died

Result = Literal["answered", "failed", "unsaid"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """One breaker. `trial_until`: somebody is trying until then at the latest."""

    failures: int = 0
    opened_at: datetime | None = None
    trial_until: datetime | None = None

    def admitted(self, now: datetime) -> tuple[Literal["closed", "trial"] | None, Circuit]:
        """What a caller is told, and the breaker afterwards."""
        if self.opened_at is None:
            return "closed", self
        trying = self.trial_until is not None and now < self.trial_until
        if trying or now < self.opened_at + timedelta(seconds=OPEN_S):
            return None, self
        return "trial", replace(self, trial_until=now + timedelta(seconds=TRIAL_S))

    def reported(self, result: Result, *, trial: bool, now: datetime) -> Circuit:
        """The breaker after a call. A call from before it opened neither closes it nor keeps it open for longer."""
        if self.opened_at is not None and not trial:
            return self
        match result:
            case "answered":
                return Circuit()
            case "unsaid":
                return replace(self, trial_until=None)
            case "failed":
                failures = self.failures + 1
                opened = trial or failures >= FAILURES
                return Circuit(failures=failures, opened_at=now if opened else None)

    def state(self, provider: str, model: str, now: datetime) -> BreakerState:
        until = None if self.opened_at is None else self.opened_at + timedelta(seconds=OPEN_S)
        state: Literal["closed", "open", "half_open"] = "closed"
        if until is not None:
            state = "open" if now < until else "half_open"
        return BreakerState(
            provider=provider,
            model=model,
            state=state,
            failures=self.failures,
            opened_at=self.opened_at,
            until=until,
        )


class LocalBreakers:
    """Implements Breakers for one process: in drills, and where the database is away."""

    def __init__(self) -> None:
        self._circuits: dict[tuple[str, str], Circuit] = {}

    async def admit(self, provider: str, model: str, *, now: datetime) -> Literal["closed", "trial"] | None:
        told, after = self._circuits.get((provider, model), Circuit()).admitted(now)
        if told == "trial":
            self._circuits[provider, model] = after
        return told

    async def report(self, provider: str, model: str, result: Result, *, trial: bool, now: datetime) -> None:
        before = self._circuits.get((provider, model), Circuit())
        after = before.reported(result, trial=trial, now=now)
        if after != before:
            self._circuits[provider, model] = after

    async def states(self, now: datetime) -> Sequence[BreakerState]:
        return [circuit.state(*key, now) for key, circuit in sorted(self._circuits.items())]
