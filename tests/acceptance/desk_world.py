"""The desk over real tenants, a real database, and a worker and sender that move when a test says so."""

from __future__ import annotations

import itertools
import time
from collections.abc import Coroutine, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from starlette.applications import Starlette

from drills.devkeys import development_keys
from drills.rollout import STAGE, Rolled, compile_all, roll_out
from runtime.bundles import BundleKeeper
from runtime.channels.webchat import WebChat
from runtime.crypto import Vault
from runtime.lastgood import LastGood
from runtime.messages import Identity, InboundEvent, InboundMessage, OutboundMessage, Receipt
from runtime.sender import Sender
from runtime.storage.access import PgAccess, make_link
from runtime.storage.audit import PgAudit, Verified
from runtime.storage.breakers import PgBreakers
from runtime.storage.bundles import PgBundles
from runtime.storage.claims import PgClaimSearch
from runtime.storage.desk import PgDesk
from runtime.storage.ingest import PgIngest
from runtime.storage.operations import PgOperations
from runtime.storage.outbox import PgOutbox
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from runtime.storage.turns import PgTurns
from runtime.trust import trusted_keys
from runtime.web.arrivals import arrivals_of
from runtime.web.desk import DeskDeps, routes
from runtime.web.site import Deps, TenantState, build
from runtime.worker import Worker
from schemas.bundle import Connection
from tests.acceptance.served import Served, served
from tests.conftest import NOON, Database
from tests.unit.web.world import MemoryReadiness, MemorySecrets, MemoryWake

VAULT = Vault(master=bytes(range(32)), pepper=bytes(range(32, 64)))
TENANTS = Path(__file__).parents[2] / "tenants"
MARIA = Identity(kind="phone", value="+447700900141")
SECONDS_A_MESSAGE = 2.0

Value = TypeVar("Value")

_ids = itertools.count(1)


class Standing:
    """A clock whose time stands until it is moved; its monotonic side is the real one, for live pages."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return time.monotonic()

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass(slots=True)
class Provider:
    """A WhatsApp provider that answers as it is told to; it has no webhooks and no network."""

    answer: Receipt = field(default_factory=lambda: Receipt(result="accepted", provider_id="wamid.EXAMPLE"))
    delivered: list[OutboundMessage] = field(default_factory=list)

    @property
    def deduplicates(self) -> bool:
        return False

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
        self.delivered.append(message)
        accepted = self.answer.result == "accepted"
        return replace(self.answer, provider_id=f"wamid.{message.key}" if accepted else None)


class AnySecret:
    """Every secret reference has some value."""

    async def get(self, tenant_id: int, reference: str) -> str:
        return "example"


@dataclass(slots=True)
class DeskWorld:
    """Everything a desk test moves or reads. Coroutines run in the application's own loop, by `served.wait_for`."""

    database: Database
    folder: Path
    clock: Standing
    wake: MemoryWake
    provider: Provider
    url: str = ""
    served: Served | None = None
    stack: AsyncExitStack = field(default_factory=AsyncExitStack)
    _pools: dict[str, Pool] = field(default_factory=dict)
    tenants: dict[str, Rolled] = field(default_factory=dict)
    desk_pool: Pool | None = None
    keeper: BundleKeeper | None = None
    ingest: PgIngest | None = None
    worker: Worker | None = None
    sender: Sender | None = None
    operations: PgOperations | None = None

    def make(self, url: str) -> Starlette:
        """The application; its pools are opened by `open`, in the loop that uses them."""
        self.url = url
        pools = {
            role: Pool(self.database.url(role), role=role, max_size=4)
            for role in ("ingest", "dispatch", "tenant", "desk")
        }
        self._pools = pools
        tenants = Tenants(pools["ingest"], VAULT)
        keys = development_keys(self.folder / "keys")
        self.keeper = BundleKeeper(
            store=PgBundles(pools["ingest"], tenants),
            stage=STAGE,
            trusted=trusted_keys(keys.trust),
            last_good=LastGood(self.folder / "state"),
            clock=self.clock,
            wake=self.wake,
        )
        self.ingest = PgIngest(pools["ingest"], tenants, self.clock)
        self.worker = Worker(
            turns=PgTurns(pools["dispatch"], pools["tenant"], tenants),
            bundles=self.keeper,
            claims=PgClaimSearch(pools["tenant"]),
            model=None,
            checker=None,
            clock=self.clock,
            wake=self.wake,
        )
        channels: dict[str, Any] = {"webchat": WebChat(), "whatsapp_360dialog": self.provider}
        self.sender = Sender(
            outbox=PgOutbox(dispatch=pools["dispatch"], tenant=pools["tenant"], tenants=tenants),
            bundles=self.keeper,
            channels=channels,
            secrets=AnySecret(),
            clock=self.clock,
            wake=self.wake,
        )
        self.desk_pool = pools["desk"]
        self.operations = operations_of(pools, tenants)
        desk = DeskDeps(
            clock=self.clock,
            access=PgAccess(pools["desk"]),
            desk=PgDesk(pools["desk"], Tenants(pools["desk"], VAULT)),
            operations=self.operations,
            bundles=self.keeper,
            wake=self.wake,
            stage=STAGE,
            dev=True,
            clock_shifted=True,
            breakers=PgBreakers(pools["desk"]),
        )
        return build(
            Deps(
                clock=self.clock,
                routes=self.keeper,
                ingest=self.ingest,
                secrets=MemorySecrets({}),
                wake=self.wake,
                channels=channels,
                readiness=MemoryReadiness(TenantState(tenant="dynamo-dave", digest="sha256:0", serial=1)),
                dev=True,
                clock_shifted=True,
                desk=routes(desk),
            )
        )

    async def open(self) -> None:
        """Pools, tenants in force, and the store."""
        for pool in self._pools.values():
            await self.stack.enter_async_context(pool)
        async with Pool(self.database.url("owner"), role="owner") as owner:
            store = PgBundles(owner, Tenants(owner, VAULT))
            compiled = compile_all(TENANTS, today=NOON.date())
            signer = development_keys(self.folder / "keys").signer()
            for rolled in await roll_out(
                compiled, store=store, signer=signer, by="Rae Example", clock=self.clock
            ):
                self.tenants[rolled.compiled.tenant] = rolled
        assert self.keeper is not None and self.ingest is not None
        await self.keeper.start()
        await self.stack.enter_async_context(self.ingest)

    def link(self, operator: str = "Asha Example", role: str = "owner", *slugs: str) -> str:
        """The whole address of a one-time link."""
        wanted = slugs or tuple(self.tenants)
        ids = [self.tenants[slug].activation.tenant_id for slug in wanted]
        return self.url + self._wait(self._link(operator, role, ids))

    def link_of_a_tenant_without_a_bundle(self) -> str:
        """A tenant that was made, and never had anything put in force."""
        return self.url + self._wait(self._bare())

    def says(
        self, text: str, *, connection: str = "dave-wa-sandbox", person: Identity = MARIA, settle: bool = True
    ) -> UUID:
        """A message arrives; with `settle` it is answered, and the answer sent. The conversation's id."""
        return self._wait(self._says(text, connection, person, settle))

    def settle(self) -> None:
        """Worker and sender until nothing moves."""
        self._wait(self._settle())

    def answer(self) -> None:
        """The worker alone: replies are written, and wait for the sender."""
        self._wait(self._answer())

    def run(self, statement: str, *params: object) -> list[dict[str, Any]]:
        """One statement as the owner, over all tenants: what a test cannot bring about in a few messages."""
        return self._wait(self._run(statement, params))

    def verified(self) -> Verified:
        """Every audit chain, checked."""
        return self._wait(self._verified())

    async def _verified(self) -> Verified:
        async with Pool(self.database.url("owner"), role="owner") as owner:
            return await PgAudit(owner).verify()

    async def _link(self, operator: str, role: str, ids: list[int]) -> str:
        async with Pool(self.database.url("owner"), role="owner") as owner:
            return await make_link(owner, operator, role, ids, self.clock.now())

    async def _bare(self) -> str:
        async with Pool(self.database.url("owner"), role="owner") as owner:
            made = await Tenants(owner, VAULT).ensure(
                "bare-example", name="Bare Example", organisation="bare", now=self.clock.now()
            )
        return await self._link("Asha Example", "owner", [made.tenant_id])

    async def _says(self, text: str, connection: str, person: Identity, settle: bool) -> UUID:
        assert self.keeper is not None and self.ingest is not None
        self.clock.advance(SECONDS_A_MESSAGE)
        route = await self.keeper.route(connection)
        assert route is not None
        event = InboundMessage(
            provider_id=f"EXAMPLE.{next(_ids)}",
            sender=person,
            sent_at=self.clock.now(),
            kind="text",
            text=text,
        )
        arrivals = arrivals_of(route, self.keeper.bundle(route.digest), [event])
        stored = (await self.ingest.store(arrivals, now=self.clock.now()))[0]
        self.wake.notify("pages")
        if settle:
            await self._settle()
        assert stored.conversation_id is not None
        return stored.conversation_id

    async def _answer(self) -> None:
        assert self.worker is not None
        while await self.worker.claim():
            await self.worker.drain()

    async def _settle(self) -> None:
        assert self.sender is not None
        await self._answer()
        self.clock.advance(0.4)
        while await self.sender.take():
            await self.sender.drain()
        self.wake.notify("pages")

    async def _run(self, statement: str, params: Sequence[object]) -> list[dict[str, Any]]:
        async with (
            Pool(self.database.url("owner"), role="owner") as owner,
            owner.connection() as connection,
            connection.transaction(),
        ):
            await connection.execute("select set_config('app.every', 'on', true)")
            cursor = await connection.execute(statement.encode(), list(params))
            names = [column.name for column in cursor.description or ()]
            rows = await cursor.fetchall() if cursor.description else []
        return [dict(zip(names, row, strict=True)) for row in rows]

    def _wait(self, work: Coroutine[Any, Any, Value]) -> Value:
        assert self.served is not None
        return self.served.wait_for(work)


def operations_of(pools: Mapping[str, Pool], tenants: Tenants) -> PgOperations:
    """The operators' acts, as the web process has them."""
    return PgOperations(pools["desk"], tenants, drain_within_s=0.5)


@contextmanager
def desk_world(database: Database, folder: Path) -> Iterator[DeskWorld]:
    """A served desk; everything is closed at the end."""
    world = DeskWorld(
        database=database, folder=folder, clock=Standing(), wake=MemoryWake(), provider=Provider()
    )
    with served(world.make) as running:
        world.served = running
        running.wait_for(world.open())
        try:
            yield world
        finally:
            running.wait_for(world.stack.aclose())
