"""The real SQL against a small model, whatever the order of events: arrive, redeliver, claim, expire, complete late, fail."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from runtime.messages import Arrival, Lease, Turn
from schemas.bundle import Bundle
from tests.conftest import Database, ManualClock
from tests.integration.storage.test_turns import outcome, reply
from tests.integration.storage.world import World, bundle_bytes, message, phone, world

T = TypeVar("T")
LEASE_S = 30.0
MAX_ATTEMPTS = 3
PEOPLE = 3
MACHINE = settings(
    max_examples=20,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)


@dataclass(slots=True)
class Model:
    """One conversation as it must be."""

    texts: list[str] = field(default_factory=list)
    done: int = 0
    fence: int = 0
    attempts: int = 0
    leased: int = 0
    ready_at: datetime | None = None
    answered: list[tuple[int, int]] = field(default_factory=list)
    dead: list[tuple[int, int]] = field(default_factory=list)

    @property
    def pending(self) -> bool:
        return self.done < len(self.texts)


class QueueMachine(RuleBasedStateMachine):
    """Two tenants, three people each. Time stands until it is moved."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.stack = AsyncExitStack()
        self.clock = ManualClock()
        self.w: World = self.do(self.stack.enter_async_context(world(database, self.clock)))
        self.active: dict[int, Bundle] = {}
        for slug in ("dave", "edward"):
            bundle = self.do(self.w.publish(bundle_bytes(slug)))
            owner = self.do(self.w.tenants.by_slug(slug))
            self.active[owner.tenant_id] = bundle
        self.models: dict[UUID, Model] = {}
        self.known: dict[tuple[int, int], UUID] = {}
        self.delivered: list[Arrival] = []
        self.leases: list[Lease] = []
        self.turns: list[tuple[Lease, Turn]] = []

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def teardown(self) -> None:
        self.do(forget(self.w))
        self.do(self.stack.aclose())
        self.loop.close()

    # ---- what may happen ----------------------------------------------------------------------------------

    @rule(tenant=st.integers(0, 1), people=st.lists(st.integers(0, PEOPLE - 1), min_size=1, max_size=4))
    def several_arrive(self, tenant: int, people: list[int]) -> None:
        self.arrive(tenant, people)

    def arrive(self, tenant: int, people: list[int]) -> None:
        tenant_id = sorted(self.active)[tenant]
        owner = self.do(self.w.tenants.get(tenant_id))
        batch = [
            message(owner, self.clock.now(), person=phone(p), text=f"{len(self.delivered) + i}")
            for i, p in enumerate(people)
        ]
        for person, arrival, stored in zip(people, batch, self.do(self.w.arrive(*batch)), strict=True):
            assert stored.outcome == "stored"
            assert stored.conversation_id is not None
            known = self.known.setdefault((tenant_id, person), stored.conversation_id)
            assert known == stored.conversation_id
            model = self.models.setdefault(known, Model())
            model.texts.append(arrival.event.text)  # type: ignore[union-attr]
            assert stored.seq == len(model.texts)
            model.ready_at = model.ready_at or self.clock.now()
        self.delivered += batch

    @precondition(lambda self: self.delivered)
    @rule(data=st.data())
    def redeliver(self, data: st.DataObject) -> None:
        again = data.draw(st.lists(st.sampled_from(self.delivered), min_size=1, max_size=3))
        assert {s.outcome for s in self.do(self.w.arrive(*again))} == {"duplicate"}

    @rule(limit=st.integers(1, 4))
    def claim(self, limit: int) -> None:
        self.leases += self.claimed(limit)

    def claimed(self, limit: int) -> list[Lease]:
        now = self.clock.now()
        ready = {i for i, m in self.models.items() if m.ready_at is not None and m.ready_at <= now}
        leases = self.do(self.w.turns.claim(owner="w", limit=limit, lease_s=LEASE_S, now=now))
        assert len(leases) == min(limit, len(ready))
        assert {lease.conversation_id for lease in leases} <= ready
        for lease in leases:
            model = self.models[lease.conversation_id]
            model.fence += 1
            model.attempts += 1
            model.leased = len(model.texts)
            model.ready_at = now + timedelta(seconds=LEASE_S)
            assert (lease.fence, lease.attempts, lease.until) == (model.fence, model.attempts, model.ready_at)
        return list(leases)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def load(self, data: st.DataObject) -> None:
        self.loaded(data.draw(st.sampled_from(self.leases)))

    def loaded(self, lease: Lease) -> None:
        model = self.models[lease.conversation_id]
        active = self.active[lease.tenant_id]
        turn = self.do(self.w.turns.load(lease, pinned=None, active=active, now=self.clock.now()))
        if lease.fence != model.fence or not model.pending:
            assert turn is None
        else:
            assert turn is not None
            assert [p.text for p in turn.pending] == model.texts[model.done :]
            self.turns.append((lease, turn))

    @precondition(lambda self: self.turns)
    @rule(data=st.data())
    def complete(self, data: st.DataObject) -> None:
        self.completed(*data.draw(st.sampled_from(self.turns)))

    def completed(self, lease: Lease, turn: Turn) -> None:
        model = self.models[lease.conversation_id]
        upto = turn.pending[-1].seq
        ours = lease.fence == model.fence and model.done < upto
        committed = self.do(self.w.turns.commit(lease, outcome(turn, reply()), now=self.clock.now()))
        assert committed == ours
        if ours:
            model.answered.append((model.done, upto))
            model.done, model.attempts = upto, 0
            model.ready_at = self.clock.now() if model.pending else None

    @rule(interrupted=st.booleans())
    def answer(self, interrupted: bool) -> None:
        """A turn as it usually goes, perhaps with people writing while it is made."""
        for lease in self.claimed(1):
            self.leases.append(lease)
            self.loaded(lease)
            if interrupted:
                self.arrive(0, [0])
                self.arrive(1, [0])
            self.completed(*self.turns[-1])

    @rule()
    def a_worker_sleeps_past_its_lease(self) -> None:
        """And wakes while another makes the same turn."""
        for late in self.claimed(1):
            self.leases.append(late)
            self.loaded(late)
            slept, turns = self.turns[-1], len(self.turns)
            self.time_passes(31)
            self.leases += self.claimed(len(self.models))
            self.completed(*slept)
            for lease in self.leases[-len(self.models) :]:
                self.loaded(lease)
            for lease, turn in self.turns[turns:]:
                self.completed(lease, turn)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def fail(self, data: st.DataObject) -> None:
        lease = data.draw(st.sampled_from(self.leases))
        model = self.models[lease.conversation_id]
        result = self.do(self.w.turns.fail(lease, "Boom", now=self.clock.now(), max_attempts=MAX_ATTEMPTS))
        if lease.fence != model.fence or not model.pending:
            assert result == "lost"
            return
        model.fence += 1
        if model.attempts < MAX_ATTEMPTS:
            assert result == "retry"
            model.ready_at = self.clock.now() + timedelta(seconds=2**model.attempts)
        else:
            assert result == "dead"
            model.dead.append((model.done, model.leased))
            model.done, model.attempts = model.leased, 0
            model.ready_at = self.clock.now() if model.leased < len(model.texts) else None

    @rule(seconds=st.sampled_from([1, 5, 29, 31, 100_000]))
    def time_passes(self, seconds: int) -> None:
        self.clock.advance(seconds)

    # ---- what must always hold ----------------------------------------------------------------------------

    @invariant()
    def the_database_is_as_the_model_says(self) -> None:
        rows = self.do(self.w.see("select * from conversation_queue"))
        assert {row["conversation_id"] for row in rows} == set(self.models)
        for row in rows:
            model = self.models[row["conversation_id"]]
            found = (row["last_seq"], row["done_seq"], row["fence"], row["attempts"], row["ready_at"])
            assert found == (len(model.texts), model.done, model.fence, model.attempts, model.ready_at)
            assert row["audit_n"] == len(model.texts) + len(model.answered) + len(model.dead)
            assert row["ready_at"] is not None or row["done_seq"] == row["last_seq"], "nobody is ever woken"

    @invariant()
    def every_message_has_one_outcome(self) -> None:
        for table, of in (("turn", "answered"), ("dead_letter", "dead")):
            rows = self.do(self.w.see(f"select conversation_id, from_seq, upto_seq from {table}"))
            for conversation, model in self.models.items():
                ranges = sorted(
                    (r["from_seq"], r["upto_seq"]) for r in rows if r["conversation_id"] == conversation
                )
                assert ranges == sorted(getattr(model, of))
        for model in self.models.values():
            covered = sorted(model.answered + model.dead)
            assert [start for start, _ in covered] == [0, *(end for _, end in covered)][: len(covered)]

    @invariant()
    def each_answer_is_in_the_outbox_once(self) -> None:
        rows = self.do(self.w.see("select conversation_id, n, key from outbox"))
        assert len({row["key"] for row in rows}) == len(rows)
        for conversation, model in self.models.items():
            numbers = sorted(row["n"] for row in rows if row["conversation_id"] == conversation)
            assert numbers == list(range(1, len(model.answered) + 1))

    @invariant()
    def every_message_is_stored_once_and_in_order(self) -> None:
        rows = self.do(self.w.see("select conversation_id, seq from inbox order by conversation_id, seq"))
        for conversation, model in self.models.items():
            numbers = [row["seq"] for row in rows if row["conversation_id"] == conversation]
            assert numbers == list(range(1, len(model.texts) + 1))


async def forget(w: World) -> None:
    """Everything but tenants and bundles, for the next example in the same database."""
    async with w.owner.connection() as connection:
        for table in (
            "inbox",
            "inbox_seen",
            "conversation",
            "conversation_queue",
            "contact",
            "identity",
            "outbox",
        ):
            await connection.execute(f"truncate {table}".encode())
        for table in ("turn", "dead_letter", "case_file", "event"):
            await connection.execute(f"truncate {table}".encode())
    async with (
        w.owner.connection() as connection
    ):  # the audit may not be emptied: its streams are new ones next time
        await connection.execute("grant truncate on audit to convo_owner")
        await connection.execute("truncate audit")
        await connection.execute("revoke truncate on audit from convo_owner")


def run(database: Database, how: settings) -> None:
    class Here(QueueMachine):
        def __init__(self) -> None:
            super().__init__(database)

    run_state_machine_as_test(Here, settings=how)


def test_the_queue_does_what_its_model_does(database: Database) -> None:
    run(database, MACHINE)
