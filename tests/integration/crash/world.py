"""Workers and senders as threads with a loop, pools and clock of their own, each of which can die or stop at a named point.

A thread that stops at a point stands as a whole, as a process does under SIGSTOP; one that dies there leaves everything
as it was, as after kill -9. That real processes die the same way is shown in tests/acceptance/test_crash_points.py.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import threading
from collections import Counter
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import httpx2
import psycopg
import pytest
from psycopg.rows import dict_row

from drills.devkeys import development_keys
from drills.rollout import STAGE, compile_all, roll_out
from runtime import sender as sender_module
from runtime import worker as worker_module
from runtime.bundles import BundleKeeper
from runtime.channels.dialog360 import Dialog360
from runtime.channels.webchat import WebChat, inbound
from runtime.crypto import Vault
from runtime.embedded import SUPERUSER
from runtime.lastgood import LastGood
from runtime.messages import (
    Identity,
    InboundEvent,
    InboundMessage,
    Lease,
    Look,
    Outcome,
    Receipt,
    SendState,
    Turn,
)
from runtime.ports import Channel, DatabaseDown
from runtime.sender import Sender
from runtime.storage.audit import PgAudit, Verified
from runtime.storage.bundles import PgBundles
from runtime.storage.claims import PgClaimSearch
from runtime.storage.ingest import PgIngest
from runtime.storage.outbox import PgOutbox
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from runtime.storage.turns import PgTurns
from runtime.trust import trusted_keys
from runtime.web.arrivals import arrivals_of
from runtime.worker import Worker
from schemas.bundle import Bundle
from tests.conftest import NOON, Database
from tests.unit.web.world import MemoryWake

VAULT = Vault(master=bytes(range(32)), pepper=bytes(range(32, 64)))
TENANTS = Path(__file__).parents[3] / "tenants"
WHATSAPP, WEB = "dave-wa-sandbox", "dave-web-sandbox"
LEASE_S = 30.0
PATIENCE_S = 20.0  # for a thread to get anywhere
SETTLED = ("sent", "unknown", "failed", "dead", "superseded")

Value = TypeVar("Value")
_numbers = itertools.count(1)


class Killed(BaseException):
    """The process ended here; nothing of it goes on, and no handler of errors may see it."""


@dataclass(slots=True)
class WorldClock:
    """One wall clock for all; each actor has a monotonic side of its own, which stands still while its machine sleeps."""

    at: datetime = NOON
    elapsed: float = 0.0

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds


@dataclass(slots=True)
class ActorClock:
    world: WorldClock
    slept: float = 0.0

    def now(self) -> datetime:
        return self.world.at

    def monotonic(self) -> float:
        return self.world.elapsed - self.slept


class Heard(PgTurns):
    """The real thing, which also remembers what each committed turn had in its hands."""

    def __init__(self, *args: Any, heard: list[tuple[UUID, int, tuple[int, ...]]]) -> None:
        super().__init__(*args)
        self._heard = heard
        self._pending: dict[tuple[UUID, int], tuple[int, ...]] = {}

    async def load(
        self, lease: Lease, *, pinned: Bundle | None, active: Bundle, now: datetime
    ) -> Turn | None:
        turn = await super().load(lease, pinned=pinned, active=active, now=now)
        if turn is not None:
            self._pending[lease.conversation_id, lease.fence] = tuple(p.seq for p in turn.pending)
        return turn

    async def commit(self, lease: Lease, outcome: Outcome, *, now: datetime) -> bool:
        committed = await super().commit(lease, outcome, now=now)
        if committed:
            seqs = self._pending[lease.conversation_id, lease.fence]
            self._heard.append((lease.conversation_id, lease.fence, seqs))
        return committed


class Shaky(PgOutbox):
    """The real thing, which loses the database when a test says so: `before` a statement, or `after` it was carried out."""

    def __init__(self, *args: Any, lost: list[str], **more: Any) -> None:
        super().__init__(*args, **more)
        self._lost = lost

    def _lose(self, where: str) -> None:
        if where in self._lost:
            self._lost.remove(where)
            raise DatabaseDown(where)

    async def last_look(
        self, tenant_id: int, outbox_id: UUID, *, owner: str, lease_s: float, now: datetime
    ) -> Look | None:
        self._lose("before look")
        look = await super().last_look(tenant_id, outbox_id, owner=owner, lease_s=lease_s, now=now)
        self._lose("after look")
        return look

    async def epoch_to_call(self, tenant_id: int, outbox_id: UUID) -> int | None:
        self._lose("before epoch")
        return await super().epoch_to_call(tenant_id, outbox_id)

    async def put_back(self, tenant_id: int, outbox_id: UUID, *, owner: str, now: datetime) -> None:
        self._lose("before put_back")
        await super().put_back(tenant_id, outbox_id, owner=owner, now=now)
        self._lose("after put_back")

    async def record(
        self, tenant_id: int, outbox_id: UUID, receipt: Receipt, *, owner: str, now: datetime
    ) -> SendState | None:
        self._lose("before record")
        state = await super().record(tenant_id, outbox_id, receipt, owner=owner, now=now)
        self._lose("after record")
        return state


class Actor:
    """One process: a thread with a loop. `stop_at`: the point where it dies, or stands until `go_on`."""

    def __init__(self, world: CrashWorld, name: str) -> None:
        self.world = world
        self.clock = ActorClock(world.clock)
        self.stop_at: str | None = None
        self.dies = True
        self.reached = False
        self._running: Future[None] | None = None
        self._quiet = threading.Event()  # it stands, or it has ended
        self._gate = threading.Event()
        self._stack = AsyncExitStack()
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(
            lambda _loop, _context: None
        )  # tasks of the dead are mourned by nobody
        self.thread = threading.Thread(target=self._loop.run_forever, name=name, daemon=True)
        self.thread.start()
        self.pools = self.do(self._open())

    async def _open(self) -> dict[str, Pool]:
        return {
            role: await self._stack.enter_async_context(
                Pool(self.world.database.url(role), role=role, max_size=2)
            )
            for role in ("dispatch", "tenant", "ingest")
        }

    def begin(self, work: Coroutine[Any, Any, Value]) -> Future[Value]:
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def do(self, work: Coroutine[Any, Any, Value]) -> Value:
        return self.begin(work).result(PATIENCE_S)

    def close(self) -> None:
        self.go_on()
        self.do(self._stack.aclose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self.thread.join(PATIENCE_S)
        self._loop.close()

    # ---- life and death -----------------------------------------------------------------------------------

    def born(self, stop_at: str | None = None, *, dies: bool = True) -> None:
        """A new process in this thread."""
        self.stop_at, self.dies, self.clock.slept = stop_at, dies, 0.0
        self.reached, self._running = False, None
        self._quiet.clear()
        self._gate.clear()

    def at(self, point: str) -> None:
        """What every crash point in this thread comes to."""
        if point != self.stop_at or self.reached:
            return
        self.reached = True
        if self.dies:
            raise Killed
        self._quiet.set()
        assert self._gate.wait(PATIENCE_S), f"nobody let {point} go on"

    def go_on(self) -> None:
        self._gate.set()

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Begins its work, which ends when there is nothing left to do, or with its life."""
        self._quiet.clear()
        self._running = self.begin(self._living(work))

    def stopped(self) -> bool:
        """Waits until it stands or died at its point (True), or ran out of work (False)."""
        assert self._running is not None
        self._running.add_done_callback(lambda _: self._quiet.set())
        assert self._quiet.wait(PATIENCE_S), f"{self.stop_at}: no progress"
        return self.reached

    def finish(self) -> None:
        """Waits for the end of what it began."""
        if self._running is not None:
            self._running.result(PATIENCE_S)

    async def _living(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        with suppress(Killed):
            await work()

    # ---- the two kinds of work ----------------------------------------------------------------------------

    async def work(self) -> None:
        """What a worker does while there is something to answer; one that stood finishes what it had, and no more."""
        tenants = Tenants(self.pools["tenant"], VAULT)
        worker = Worker(
            turns=Heard(self.pools["dispatch"], self.pools["tenant"], tenants, heard=self.world.heard),
            bundles=self.world.keeper,
            claims=PgClaimSearch(self.pools["tenant"]),
            model=None,
            checker=None,
            clock=self.clock,
            wake=MemoryWake(),
            lease_s=LEASE_S,
        )
        while not self.reached and await worker.claim():
            await self._until_done(worker._working)

    async def send(self) -> None:
        """What a sender does while there is something due; one that stood finishes what it had, and no more."""
        async with httpx2.AsyncClient(transport=httpx2.MockTransport(self.world.provider)) as http:
            channels: dict[str, Channel] = {"whatsapp_360dialog": Dialog360(http), "webchat": WebChat()}
            sender = Sender(
                outbox=Shaky(
                    lost=self.world.lost,
                    dispatch=self.pools["dispatch"],
                    tenant=self.pools["tenant"],
                    tenants=Tenants(self.pools["tenant"], VAULT),
                ),
                bundles=self.world.keeper,
                channels=channels,
                secrets=AnySecret(),
                clock=self.clock,
                wake=MemoryWake(),
                lease_s=LEASE_S,
            )
            await sender.sweep()
            while not self.reached and await sender.take():
                await self._until_done(sender._working.values())

    async def _until_done(self, working: Any) -> None:
        """Until the tasks that have begun end; one that died takes the process with it."""
        while tasks := set(working):
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                if isinstance(task.exception(), Killed):
                    raise Killed


class AnySecret:
    async def get(self, tenant_id: int, reference: str) -> str:
        return "example"


@dataclass(slots=True)
class Call:
    """One message the provider took. `state` and `late`: how its row stood when the call began."""

    key: str
    state: str
    late: bool


class CrashWorld:
    """The shipped tenants in force in one database, one provider, and as many actors as anybody asks for."""

    def __init__(self, database: Database, folder: Path) -> None:
        self.database = database
        self.clock = WorldClock()
        self.heard: list[tuple[UUID, int, tuple[int, ...]]] = []
        self.calls: list[Call] = []
        self.lost: list[str] = []  # where a sender's database is away, once each
        self._actors: dict[str, Actor] = {}
        self._looking = threading.Lock()
        self.admin = psycopg.connect(
            database.server.url(SUPERUSER, database.name), autocommit=True, row_factory=dict_row
        )
        self.keeper: BundleKeeper = None  # type: ignore[assignment]
        self.ingest: PgIngest = None  # type: ignore[assignment]
        self.home = Actor(self, "home")
        self.home.do(self._open(folder))

    async def _open(self, folder: Path) -> None:
        keys, clock = development_keys(folder / "keys"), self.home.clock
        async with Pool(self.database.url("owner"), role="owner") as owner:
            await roll_out(
                compile_all(TENANTS, today=NOON.date(), only=["dynamo-dave"]),
                store=PgBundles(owner, Tenants(owner, VAULT)),
                signer=keys.signer(),
                by="test",
                clock=clock,
            )
        tenants = Tenants(self.home.pools["ingest"], VAULT)
        self.keeper = BundleKeeper(
            store=PgBundles(self.home.pools["ingest"], tenants),
            stage=STAGE,
            trusted=trusted_keys(keys.trust),
            last_good=LastGood(folder / "state"),
            clock=clock,
            wake=MemoryWake(),
        )
        await self.keeper.start()
        self.ingest = await self.home._stack.enter_async_context(
            PgIngest(self.home.pools["ingest"], tenants, clock)
        )

    def actor(self, name: str) -> Actor:
        if name not in self._actors:
            self._actors[name] = Actor(self, name)
        return self._actors[name]

    def reach(self, point: str) -> None:
        """Stands in for crash_point in worker and sender."""
        here = threading.current_thread().name
        if here in self._actors:
            self._actors[here].at(point)

    def provider(self, request: httpx2.Request) -> httpx2.Response:
        """Takes every message, and looks into the database how the row stands that it was called for."""
        key = json.loads(request.content)["biz_opaque_callback_data"]
        [row] = self.sql("select state, lease_until from outbox where key = %s", key)
        late = row["lease_until"] is None or row["lease_until"] <= self.clock.at
        self.calls.append(Call(key=key, state=row["state"], late=late))
        return httpx2.Response(200, json={"messages": [{"id": f"wamid.{key}"}]})

    def close(self) -> None:
        for actor in [*self._actors.values(), self.home]:
            actor.close()
        self.admin.close()

    def opening_hours(self) -> None:
        """Moves to the next morning when the day is getting late: replies would wait for nine o'clock."""
        while self.clock.at.hour >= 17 or self.clock.at.isoweekday() == 7:
            self.clock.advance(16 * 3600)

    # ---- people -------------------------------------------------------------------------------------------

    def somebody(self) -> Identity:
        return Identity(kind="phone", value=f"+4477009{next(_numbers):05d}")

    def arrives(
        self, person: Identity, text: str, *, id: str, connection: str = WHATSAPP
    ) -> tuple[str, UUID | None]:
        """(outcome, conversation) of one message, as web stores it."""
        return self.home.do(self._arrives(person, text, id, connection))

    async def _arrives(
        self, person: Identity, text: str, id: str, connection: str
    ) -> tuple[str, UUID | None]:
        now = self.clock.at
        route = await self.keeper.route(connection)
        assert route is not None
        event: InboundEvent = InboundMessage(
            provider_id=id, sender=person, sent_at=now, kind="text", text=text
        )
        if person.kind == "visitor":
            event = inbound(person.value, id, text, now)
        arrivals = arrivals_of(route, self.keeper.bundle(route.digest), [event])
        [stored] = await self.ingest.store(arrivals, now=now)
        return stored.outcome, stored.conversation_id

    # ---- everybody healthy --------------------------------------------------------------------------------

    def answer(self) -> None:
        """A healthy worker answers all that can be claimed."""
        healthy = self.actor("healthy")
        healthy.born()
        healthy.do(healthy.work())

    def settle(self, conversation: UUID) -> None:
        """Healthy processes finish everything that is left over, when all leases of before have run out."""
        healthy = self.actor("healthy")
        healthy.born()
        for _ in range(12):
            healthy.do(healthy.work())
            healthy.do(healthy.send())
            if not self.sql(
                "select 1 from conversation_queue where conversation_id = %s and done_seq < last_seq "
                "union all select 1 from outbox where conversation_id = %s and not state = any(%s)",
                conversation, conversation, list(SETTLED),
            ):  # fmt: skip
                return
            self.clock.advance(LEASE_S)
        raise AssertionError("it never came to rest")

    # ---- looking ------------------------------------------------------------------------------------------

    def sql(self, statement: str, *params: Any) -> list[dict[str, Any]]:
        with self._looking:
            cursor = self.admin.execute(statement.encode(), params)
            return cursor.fetchall() if cursor.description else []

    def late_calls(self, conversation: UUID) -> list[Call]:
        """Calls that began when their row was no longer being sent, or its lease was over."""
        return [
            call
            for call in self.calls
            if call.key.startswith(str(conversation)) and (call.late or call.state != "sending")
        ]

    def verified(self) -> Verified:
        async def verify() -> Verified:
            async with Pool(self.database.url("owner"), role="owner", max_size=2) as owner:
                return await PgAudit(owner).verify()

        return self.home.do(verify())

    def check(self, conversation: UUID, *, messages: int) -> None:
        """Stored once and in order, each message answered by one turn, no key twice at the provider, nobody too late."""
        seqs = [
            r["seq"]
            for r in self.sql("select seq from inbox where conversation_id = %s order by seq", conversation)
        ]
        assert seqs == list(range(1, messages + 1)), f"stored {seqs}"
        [queue] = self.sql("select * from conversation_queue where conversation_id = %s", conversation)
        assert queue["last_seq"] == queue["done_seq"] == messages
        assert queue["ready_at"] is None
        rows = self.sql("select * from outbox where conversation_id = %s order by n", conversation)
        assert all(row["state"] in SETTLED for row in rows)
        taken_back = {row["key"].split(":")[3] for row in rows if row["decided_effect"] == "redo"}
        standing = [
            seq
            for heard_in, fence, heard in self.heard
            if heard_in == conversation and str(fence) not in taken_back
            for seq in heard
        ]
        assert sorted(standing) == seqs, f"heard {standing}"
        keys = Counter(call.key for call in self.calls)
        ours = [row["key"] for row in rows]
        assert [key for key in ours if keys[key] > 1] == [], "sent twice"
        went = [row for row in rows if row["state"] in ("sent", "unknown")]
        assert went, "nobody was ever answered"
        assert all(keys[row["key"]] == 1 for row in rows if row["state"] == "sent"), "sent, and never called"
        assert not [row for row in rows if row["state"] not in ("sent", "unknown") and keys[row["key"]]]


@contextmanager
def crash_world(database: Database, folder: Path) -> Iterator[CrashWorld]:
    """Threads answer to `CrashWorld.reach` at every crash point of worker and sender as long as the block runs."""
    with pytest.MonkeyPatch.context() as patch:
        made = CrashWorld(database, folder)
        patch.setattr(worker_module, "crash_point", made.reach)
        patch.setattr(sender_module, "crash_point", made.reach)
        try:
            yield made
        finally:
            made.close()
