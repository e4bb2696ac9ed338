"""Circuit breakers that all workers share through Postgres, read at most once a second, and kept locally while it is away."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Literal

from runtime.models.breaker import FAILURES, OPEN_S, TRIAL_S, Circuit, Result
from runtime.ports import BreakerState, DatabaseDown
from runtime.storage.postgres import Pool
from runtime.telemetry import error_fields, log

FRESH_S = 1.0  # so long a worker believes what it has read: a turn costs no round trip while all is well
WITHIN_S = 0.5  # a database that takes longer must not cost a turn its model


class PgBreakers:
    """Implements ports.Breakers. `pool` logs in as convo_dispatch (convo_desk may ask for `states` only)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._known: dict[tuple[str, str], Circuit] = {}  # as last read, with what this process saw since
        self._read_at: datetime | None = None
        self._reading = asyncio.Lock()

    async def admit(self, provider: str, model: str, *, now: datetime) -> Literal["closed", "trial"] | None:
        await self._look(now)
        key = provider, model
        told, after = self._known.get(key, Circuit()).admitted(now)
        if told != "trial":
            return told
        asked = [provider, model, OPEN_S, TRIAL_S, now]
        rows = await self._rows("select breaker_try_v1(%s, %s, %s, %s, %s) as mine", asked)
        if rows is not None and not rows[0]["mine"]:
            return None  # another worker tries, or has closed it: the next look tells
        self._known[key] = after
        return "trial"

    async def report(self, provider: str, model: str, result: Result, *, trial: bool, now: datetime) -> None:
        key = provider, model
        before = self._known.get(key, Circuit())
        if result == "answered" and not trial and before == Circuit():
            return  # as almost always: nothing to write down
        after = self._known[key] = before.reported(result, trial=trial, now=now)
        if after.opened_at is not None and after.opened_at != before.opened_at:
            log().warning("model breaker opened", provider=provider, model=model, count=after.failures)
        await self._rows(
            "select breaker_report_v1(%s, %s, %s, %s, %s, %s)",
            [provider, model, result, trial, FAILURES, now],
        )

    async def states(self, now: datetime) -> Sequence[BreakerState]:
        await self._look(now)
        return [circuit.state(*key, now) for key, circuit in sorted(self._known.items())]

    async def _look(self, now: datetime) -> None:
        """Reads them again when what we know is old. While the database is away, what we know goes on by itself."""
        async with self._reading:
            if self._read_at is not None and timedelta(0) <= now - self._read_at < timedelta(seconds=FRESH_S):
                return
            rows = await self._rows("select * from breaker_states_v1()", [])
            self._read_at = now
            if rows is not None:
                self._known = {(row["provider"], row["model"]): _circuit(row) for row in rows}

    async def _rows(self, statement: str, params: Sequence[Any]) -> list[dict[str, Any]] | None:
        """None when the database did not answer."""
        try:
            async with asyncio.timeout(WITHIN_S):
                return await self._pool.rows(statement, params)
        except (DatabaseDown, TimeoutError) as error:
            log().warning("model breakers kept locally", **error_fields(error))
            return None


def _circuit(row: dict[str, Any]) -> Circuit:
    return Circuit(failures=row["failures"], opened_at=row["opened_at"], trial_until=row["trial_until"])
