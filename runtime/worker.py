"""Claim a conversation, take its turn, commit: steps 6 to 12 of a message's life, for several conversations at once."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from runtime.bundles import BundleKeeper
from runtime.crash import crash_point
from runtime.engine.turn import take_turn
from runtime.errors import BundleMissing, BundleRefused
from runtime.messages import Lease, Outcome, Turn
from runtime.ports import (
    Checker,
    ClaimSearch,
    Clock,
    DatabaseDown,
    Linguist,
    Model,
    Pictures,
    Purse,
    Turns,
    Wake,
)
from runtime.pulse import Pulse
from runtime.telemetry import BLOCKS, END_TO_END, ERRORS, SIGNALS, TURN, TURNS_FAILED, error_fields, log
from schemas.bundle import Bundle

LEASE_S = 30.0
COMMIT_PAUSE_S = 0.3
MAX_ATTEMPTS = 5
MODELS_DOWN = "models_down"  # the alert of a turn whose every model failed it
POLL_S = (0.5, 1.0)  # with jitter, so that many workers do not ask at once
DOWN_S = (0.5, 5.0)  # first and longest wait while the database is away


class TurnKeepsCrashing(Exception):
    """The conversation was leased again and again, and no worker lived to commit or to fail."""


class Worker:
    """Takes turns until told to stop. Two workers never answer the same message: the fence decides."""

    def __init__(
        self,
        *,
        turns: Turns,
        bundles: BundleKeeper,
        claims: ClaimSearch,
        model: Model | None,
        checker: Checker | None,
        clock: Clock,
        wake: Wake,
        concurrency: int = 8,
        lease_s: float = LEASE_S,
        linguist: Linguist | None = None,
        pictures: Pictures | None = None,
        purse: Purse | None = None,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._turns = turns
        self._bundles = bundles
        self._claims = claims
        self._model = model
        self._checker = checker
        self._clock = clock
        self._wake = wake
        self._concurrency = concurrency
        self._lease_s = lease_s
        self._linguist = linguist
        self._pictures = pictures
        self._purse = purse
        self._down: dict[
            int, bool
        ] = {}  # tenant -> whether models were down when this process last asked one
        self._jitter = jitter
        self._owner = f"worker-{os.getpid()}-{uuid4().hex[:8]}"
        self._working: set[asyncio.Task[None]] = set()

    async def run(self, stop: asyncio.Event) -> None:
        """Works until `stop` is set, then finishes the turns it has begun."""
        down_s = DOWN_S[0]
        async with Pulse(self._wake, "turns", stop) as pulse:
            while not stop.is_set():
                try:
                    claimed = await self.claim()
                    down_s = DOWN_S[0]
                except DatabaseDown as error:
                    log().warning("database away", **error_fields(error))
                    await pulse.sleep(down_s)
                    down_s = min(down_s * 2, DOWN_S[1])
                    continue
                except Exception as error:  # a claim that failed must not interrupt the turns under way
                    ERRORS.labels(process="worker", error=type(error).__name__).inc()
                    log().error("worker stumbled", **error_fields(error))
                    await pulse.sleep(DOWN_S[0])
                    continue
                if len(self._working) >= self._concurrency:
                    await asyncio.wait(self._working, return_when=asyncio.FIRST_COMPLETED)
                elif not claimed:  # a turn of ours that ends may leave its conversation ready again
                    await pulse.wait(self._jitter(*POLL_S), self._working)
            await self.drain()

    async def claim(self) -> int:
        """Leases as many ready conversations as there is room for and starts their turns. Returns how many."""
        free = self._concurrency - len(self._working)
        if free <= 0:
            return 0
        leased_at = self._clock.monotonic()
        leases = await self._turns.claim(
            owner=self._owner, limit=free, lease_s=self._lease_s, now=self._clock.now()
        )
        if leases:
            crash_point("worker.after_claim")
        for lease in leases:
            task = asyncio.create_task(self._turn(lease, leased_at))
            self._working.add(task)
            task.add_done_callback(self._working.discard)
        return len(leases)

    async def drain(self) -> None:
        """Waits for the turns that have begun."""
        while self._working:
            await asyncio.wait(self._working)

    async def _turn(self, lease: Lease, leased_at: float) -> None:
        if (
            lease.attempts > MAX_ATTEMPTS
        ):  # it ends the process each time, so nobody came to say that it failed
            await self._fail(lease, TurnKeepsCrashing())
            return
        try:  # half the lease: whoever is slower has given up before another may begin
            async with asyncio.timeout(self._lease_s / 2):
                await self._answer(lease, leased_at)
        except DatabaseDown as error:  # the lease runs out by itself
            log().warning("turn left to its lease", conversation=lease.conversation_id, **error_fields(error))
        except Exception as error:
            ERRORS.labels(process="worker", error=type(error).__name__).inc()
            await self._fail(lease, error)

    async def _answer(self, lease: Lease, leased_at: float) -> None:
        active = self._bundles.in_force(lease.tenant_id)
        turn = await self._turns.load(
            lease, pinned=await self._pinned(lease, active), active=active, now=self._clock.now()
        )
        crash_point("worker.after_load")
        if turn is None:
            return
        turn = self._with_language(turn)
        if self._pictures is not None:
            turn = await self._pictures.seen(turn)
        outcome = await take_turn(
            turn, self._claims, self._model, self._checker, self._clock, purse=self._purse
        )
        crash_point("worker.before_commit")
        # The fence forbids a late commit anyway; not even trying keeps a paused worker quiet.
        if self._clock.monotonic() - leased_at > self._lease_s:
            TURNS_FAILED.labels(result="lost").inc()
            return
        now = self._clock.now()
        if not await self._commit(lease, outcome, now):
            TURNS_FAILED.labels(result="lost").inc()
            log().info("turn lost to a newer lease", conversation=lease.conversation_id, fence=lease.fence)
            return
        crash_point("worker.after_commit")
        self._wake.notify("sends")
        self._wake.notify("pages")
        self._measure(turn, outcome, leased_at, now)
        await self._tell_of_models(lease.tenant_id, outcome, now)

    def _with_language(self, turn: Turn) -> Turn:
        """The turn with the language of its last words, where somebody can tell it."""
        words = next((p.text for p in reversed(turn.pending) if p.text.strip()), "")
        if self._linguist is None or not words:
            return turn
        return dataclasses.replace(turn, detected=self._linguist.language_of(words))

    async def _commit(self, lease: Lease, outcome: Outcome, now: datetime) -> bool:
        """A restart of the database costs the person a second, not the rest of the lease; the turn's own time limit ends it.

        After a commit that was carried out unseen the next try finds nothing to do, and says that it was lost.
        """
        while True:
            try:
                return await self._turns.commit(lease, outcome, now=now)
            except DatabaseDown as error:
                log().warning(
                    "turn not committed yet", conversation=lease.conversation_id, **error_fields(error)
                )
                await asyncio.sleep(COMMIT_PAUSE_S)

    async def _tell_of_models(self, tenant_id: int, outcome: Outcome, now: datetime) -> None:
        """A human hears that models are down once an outage, and the outage ends with the first answer of one. Best effort:
        the next turn says it again, and the database knows whether it is news."""
        down = MODELS_DOWN in outcome.audit.get("alerts", ())
        answered = any(ask.get("result") == "answered" for ask in outcome.audit.get("asks", ()))
        if not down and (not answered or self._down.get(tenant_id) is False):
            return
        try:
            news = await self._turns.models(tenant_id, down=down, now=now)
        except DatabaseDown as error:
            log().warning("outage of models not written down", **error_fields(error))
            return
        self._down[tenant_id] = down
        if news:
            log().error("models are down" if down else "models answer again", tenant_id=tenant_id)
            self._wake.notify("pages")

    async def _pinned(self, lease: Lease, active: Bundle) -> Bundle | None:
        digest, _ = await self._turns.pin(lease)
        if digest is None:
            return None
        try:
            return await self._bundles.pinned(lease.tenant_id, digest)
        except (BundleMissing, BundleRefused) as error:
            # Voice and journey come from the bundle in force then; facts and rules do in any case.
            log().error("pinned bundle not usable", bundle=digest, **error_fields(error))
            return active

    async def _fail(self, lease: Lease, error: Exception) -> None:
        try:
            result = await self._turns.fail(
                lease, type(error).__name__, now=self._clock.now(), max_attempts=MAX_ATTEMPTS
            )
        except DatabaseDown:
            result = "lost"
        TURNS_FAILED.labels(result=result).inc()
        log().error(
            "turn failed",
            conversation=lease.conversation_id,
            attempts=lease.attempts,
            result=result,
            **error_fields(error),
        )
        self._wake.notify("pages")

    def _measure(self, turn: Turn, outcome: Outcome, leased_at: float, now: datetime) -> None:
        tenant = turn.active.tenant.slug
        took_s = self._clock.monotonic() - leased_at
        TURN.labels(tenant=tenant, disposition=outcome.disposition).observe(took_s)
        waited_s = max((now - pending.received_at).total_seconds() for pending in turn.pending)
        END_TO_END.labels(tenant=tenant).observe(max(waited_s, 0.0))
        for signal in outcome.audit.get("verdict", {}).get("signals", ()):
            SIGNALS.labels(tenant=tenant, category=str(signal["category"])).inc()
        for finding in _found(outcome.audit):
            if finding["severity"] == "block":
                BLOCKS.labels(tenant=tenant, rule=str(finding["rule"])).inc()
        log().info(
            "turn committed",
            tenant=tenant,
            contact=turn.contact_id,
            conversation=turn.conversation_id,
            disposition=outcome.disposition,
            provider=outcome.audit.get("provider"),
            model=outcome.audit.get("model"),
            rung=outcome.audit.get("rung"),
            latency_ms=round(took_s * 1000),
            tokens=outcome.audit.get("tokens_in", 0) + outcome.audit.get("tokens_out", 0),
            fallback_used=outcome.audit.get("rung") in ("fallback", "tertiary"),
            bundle=outcome.bundle,
            seq=outcome.upto_seq,
        )


def _found(audit: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What was found in the reply, and in every draft that did not become it."""
    yield from audit.get("findings", ())
    for attempt in audit.get("attempts", ()):
        yield from attempt.get("findings", ())
