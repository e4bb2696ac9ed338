"""The worker's and the sender's loops on the real store: late ones keep still, broken ones lose nothing, nobody is sent twice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from runtime.bundles import BundleKeeper
from runtime.channels.dialog360 import Dialog360
from runtime.errors import SecretMissing
from runtime.messages import InboundEvent, KillScope, Look, OutboundMessage, Receipt
from runtime.ports import Hit, ModelDown, ModelOrder, ModelReply, Prompt
from runtime.sender import LEASE_S, Sender
from runtime.storage.claims import PgClaimSearch
from runtime.storage.operations import PgOperations
from runtime.storage.outbox import PgOutbox
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Owner
from runtime.worker import LEASE_S as TURN_LEASE_S
from runtime.worker import MAX_ATTEMPTS, Worker
from schemas.bundle import Connection
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, bundle_bytes, message, phone
from tests.integration.test_bundle_keeper import Here, _here

QUESTION = "Do I have to use you or can I do it myself?"


class Provider:
    """A WhatsApp provider that keeps a list and answers as it is told."""

    deduplicates = False

    def __init__(
        self, answer: Callable[[], Receipt] = lambda: Receipt(result="accepted", provider_id="p-1")
    ) -> None:
        self.called: list[str] = []
        self.answer = answer
        self.gate: asyncio.Event | None = None

    def authentic(
        self, connection: Connection, secrets: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> bool:
        return False

    def parse(self, connection: Connection, body: bytes, now: datetime) -> Sequence[InboundEvent]:
        return ()

    async def send(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        message: OutboundMessage,
        *,
        deadline_s: float,
    ) -> Receipt:
        self.called.append(message.key)
        if self.gate is not None:
            await self.gate.wait()
        return self.answer()


@dataclass(slots=True)
class Secrets:
    """Every reference has a value; `before` happens on the way, `missing` takes them away."""

    before: Callable[[], None] = lambda: None
    missing: bool = False

    async def get(self, tenant_id: int, reference: str) -> str:
        self.before()
        if self.missing:
            raise SecretMissing
        return "value"


class SlowSearch(PgClaimSearch):
    """Finds claims, but so much time passes meanwhile."""

    def __init__(self, pool: Pool, clock: ManualClock, seconds: float) -> None:
        super().__init__(pool)
        self._clock = clock
        self._seconds = seconds

    async def search(self, *, tenant_id: int, digest: str, question: str, limit: int) -> Sequence[Hit]:
        self._clock.advance(self._seconds)
        return await super().search(tenant_id=tenant_id, digest=digest, question=question, limit=limit)


class KilledMeanwhile(PgOutbox):
    """Somebody stops the machine between the last look and the call."""

    operations: PgOperations

    async def last_look(
        self, tenant_id: int, outbox_id: UUID, *, owner: str, lease_s: float, now: datetime
    ) -> Look | None:
        look = await super().last_look(tenant_id, outbox_id, owner=owner, lease_s=lease_s, now=now)
        if look is not None and look.effect == "send":
            await self.operations.kill(
                tenant_id, KillScope.MACHINE, by="Test Person", reason="a drill", now=now
            )
        return look


@dataclass(slots=True)
class Loops:
    """One tenant in force, with makers of workers and senders."""

    here: Here
    keeper: BundleKeeper
    owner: Owner
    provider: Provider = field(default_factory=Provider)
    secrets: Secrets = field(default_factory=Secrets)

    @property
    def world(self) -> World:
        return self.here.world

    def worker(self, *, takes_s: float = 0) -> Worker:
        return Worker(
            turns=self.world.turns,
            bundles=self.keeper,
            claims=SlowSearch(self.world.tenant_pool, self.here.clock, takes_s),
            model=None,
            checker=None,
            clock=self.here.clock,
            wake=self.here.wake,
        )

    def outbox(self, kind: type[PgOutbox] = PgOutbox) -> Any:
        return kind(dispatch=self.world.dispatch, tenant=self.world.tenant_pool, tenants=self.world.tenants)

    def sender(self, outbox: PgOutbox | None = None, *, concurrency: int = 8) -> Sender:
        return Sender(
            outbox=outbox or self.outbox(),
            bundles=self.keeper,
            channels={"whatsapp_360dialog": self.provider},
            secrets=self.secrets,
            clock=self.here.clock,
            wake=self.here.wake,
            concurrency=concurrency,
        )

    async def asked(self) -> None:
        """A person has written, and the worker has answered into the outbox."""
        await self.world.arrive(message(self.owner, self.here.clock.now(), text=QUESTION))
        await _once(self.worker())

    async def rows(self) -> list[dict[str, Any]]:
        return await self.world.see("select state, attempts, key from outbox order by n")

    async def states(self) -> list[str]:
        return [row["state"] for row in await self.rows()]


async def _once(loop: Worker | Sender) -> int:
    found = await (loop.claim() if isinstance(loop, Worker) else loop.take())
    await loop.drain()
    return found


@pytest.fixture
async def loops(database: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Loops]:
    async with _here(database, clock, tmp_path) as here:
        await here.activate(bundle_bytes("dave"))
        await here.world.tenants.every()
        keeper = here.keeper()
        await keeper.start()
        yield Loops(here=here, keeper=keeper, owner=await here.world.tenants.by_slug("dave"))


# ---- the worker ---------------------------------------------------------------------------------------------------------


@dataclass
class Fickle:
    """A model that is down, until it is not; then it states the one claim there is."""

    down: bool = True

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        if self.down:
            raise ModelDown("every rung failed")
        moves = {"moves": [{"claim": "D-1"}], "language": "en-GB"}
        return ModelReply(
            json_text=json.dumps(moves),
            provider="example",
            model="example-1",
            tokens_in=10,
            tokens_out=5,
            latency_ms=1,
            rung="primary",
        )


async def test_that_models_are_down_is_told_once_for_an_outage_and_its_end_closes_the_case(
    loops: Loops,
) -> None:
    model = Fickle()

    async def ask(person: int) -> None:
        await loops.world.arrive(
            message(loops.owner, loops.here.clock.now(), text="do tell me more please", person=phone(person))
        )
        worker = loops.worker()  # a new process each time: none remembers what another has told
        worker._model = model
        assert await _once(worker) == 1
        loops.here.clock.advance(1)

    async def cases() -> list[tuple[str, bool, bool]]:
        rows = await loops.world.see(
            "select state, page, conversation_id from case_file where kind = 'models_down' order by opened_at"
        )
        return [(row["state"], row["page"], row["conversation_id"] is None) for row in rows]

    for person in range(3):
        await ask(person)
    assert await cases() == [("open", True, True)]
    assert await loops.world.see("select count(*) as n from event where kind = 'alert'") == [{"n": 1}]
    model.down = False
    await ask(4)
    assert await cases() == [("closed", True, True)]
    model.down = True
    await ask(5)
    assert await cases() == [("closed", True, True), ("open", True, True)]


async def test_a_case_that_somebody_closed_is_not_opened_again_while_the_outage_lasts(loops: Loops) -> None:
    turns = loops.world.turns
    tenant, now = loops.owner.tenant_id, loops.here.clock.now()
    assert await turns.models(tenant, down=True, now=now)
    await loops.world.see("update case_file set state = 'closed' returning 1")
    assert not await turns.models(tenant, down=True, now=now)
    assert await turns.models(tenant, down=False, now=now)
    assert not await turns.models(tenant, down=False, now=now)
    assert await turns.models(tenant, down=True, now=now)


async def test_a_message_is_answered_once(loops: Loops) -> None:
    await loops.asked()
    assert await loops.states() == ["pending"]
    assert await _once(loops.worker()) == 0


async def test_a_worker_that_is_past_its_lease_commits_nothing_and_the_next_one_answers(loops: Loops) -> None:
    await loops.world.arrive(message(loops.owner, loops.here.clock.now(), text=QUESTION))
    await _once(loops.worker(takes_s=TURN_LEASE_S + 1))
    assert await loops.states() == []
    assert await _once(loops.worker()) == 1
    assert await loops.states() == ["pending"]


async def test_a_conversation_that_ends_every_worker_becomes_a_dead_letter_for_a_human(loops: Loops) -> None:
    await loops.world.arrive(message(loops.owner, loops.here.clock.now(), text=QUESTION))
    for _ in range(MAX_ATTEMPTS):
        leases = await loops.world.turns.claim(
            owner="dies", limit=1, lease_s=TURN_LEASE_S, now=loops.here.clock.now()
        )
        assert len(leases) == 1
        loops.here.clock.advance(TURN_LEASE_S + 1)
    await _once(loops.worker())
    assert [row["error"] for row in await loops.world.see("select error from dead_letter")] == [
        "TurnKeepsCrashing"
    ]
    assert await loops.world.see("select 1 from case_file where kind = 'dead_letter'")


async def test_told_to_stop_a_worker_finishes_what_it_began(loops: Loops) -> None:
    await loops.world.arrive(message(loops.owner, loops.here.clock.now(), text=QUESTION))
    worker, stop = loops.worker(), asyncio.Event()
    assert await worker.claim() == 1
    stop.set()
    await asyncio.wait_for(worker.run(stop), 20)
    assert await loops.states() == ["pending"]


# ---- the sender ---------------------------------------------------------------------------------------------------------


async def test_a_reply_reaches_the_provider_once(loops: Loops) -> None:
    await loops.asked()
    await _once(loops.sender())
    assert await _once(loops.sender()) == 0
    assert await loops.states() == ["sent"]
    assert len(loops.provider.called) == 1


async def test_a_channel_that_raises_leaves_an_unknown_send_that_is_not_repeated(loops: Loops) -> None:
    def breaks() -> Receipt:
        raise RuntimeError

    loops.provider.answer = breaks
    await loops.asked()
    await _once(loops.sender())
    loops.here.clock.advance(LEASE_S * 3)
    assert await _once(loops.sender()) == 0
    assert await loops.states() == ["unknown"]
    assert len(loops.provider.called) == 1


async def test_without_a_secret_the_message_waits_and_the_provider_is_not_called(loops: Loops) -> None:
    document = bundle_bytes("dave").replace(b'"secrets":{}', b'"secrets":{"api":"secret:API"}')
    await loops.here.activate(document)
    await loops.keeper.refresh()
    loops.secrets.missing = True
    await loops.asked()
    await _once(loops.sender())
    assert (await loops.states(), loops.provider.called) == (["pending"], [])
    loops.secrets.missing = False
    loops.here.clock.advance(120)
    await _once(loops.sender())
    assert (await loops.states(), len(loops.provider.called)) == (["sent"], 1)


async def test_a_sender_that_was_paused_does_not_call_and_puts_the_message_back(loops: Loops) -> None:
    document = bundle_bytes("dave").replace(b'"secrets":{}', b'"secrets":{"api":"secret:API"}')
    await loops.here.activate(document)
    await loops.keeper.refresh()
    await loops.asked()
    loops.secrets.before = lambda: loops.here.clock.advance(LEASE_S / 2 + 1)
    await _once(loops.sender())
    assert (await loops.states(), loops.provider.called) == (["pending"], [])
    loops.secrets.before = lambda: None
    await _once(loops.sender())
    assert (await loops.states(), len(loops.provider.called)) == (["sent"], 1)


async def test_a_kill_between_the_last_look_and_the_call_stops_the_call(loops: Loops) -> None:
    await loops.asked()
    outbox = loops.outbox(KilledMeanwhile)
    async with Pool(loops.here.world.database.url("desk"), role="desk", max_size=2) as desk:
        outbox.operations = PgOperations(desk, loops.world.tenants, drain_within_s=0.0)
        await _once(loops.sender(outbox))
    assert loops.provider.called == []
    assert await loops.states() == ["pending"]


async def test_one_tenants_slow_provider_holds_at_most_half_of_the_hands(loops: Loops) -> None:
    for person in range(4):
        await loops.world.arrive(
            message(
                loops.owner,
                loops.here.clock.now(),
                text=QUESTION,
                person=phone(person + 1),
                provider_id=f"wamid.slow{person}",
            )
        )
    await _once(loops.worker())
    loops.provider.gate = asyncio.Event()
    sender = loops.sender(concurrency=4)
    started = [await sender.take() for _ in range(3)]
    assert sum(started) == 2
    loops.provider.gate.set()
    await sender.drain()


def test_the_provider_here_promises_no_more_than_the_real_one() -> None:
    with_nothing_open = object.__new__(Dialog360)
    assert Provider.deduplicates is with_nothing_open.deduplicates
