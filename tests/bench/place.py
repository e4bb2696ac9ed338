"""Where rows run: the shipped tenants compiled, and a real Postgres with fsync on, in a folder that is thrown away."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

import httpx2

from compiler.pipeline import Compiled
from drills.demo import DEMO_START
from drills.deployment import Deployment, deployment
from drills.devkeys import development_keys
from drills.rollout import Rolled, compile_all, roll_out
from drills.town import with_sandbox_port
from runtime import embedded, jobs
from runtime.bundles import BundleKeeper
from runtime.clock import OffsetClock, offset_to
from runtime.crypto import Vault
from runtime.embedded import EmbeddedPostgres
from runtime.lastgood import LastGood
from runtime.ports import Clock
from runtime.serve import listening
from runtime.storage.bundles import PgBundles
from runtime.storage.ingest import PgIngest
from runtime.storage.migrate import migrate
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from runtime.storage.wake import PgWake
from runtime.supervisor import Child, Supervisor
from runtime.trust import trusted_keys

HOST = "127.0.0.1"
ROOT = Path(__file__).parent.parent.parent
WHATSAPP = "whatsapp_360dialog"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What every row gets. `rounds`: how often each contender has its turn; `scale` 1.0 is the real size, less is a try."""

    folder: Path
    tenants: Path
    rounds: int
    scale: float

    def size(self, full: int) -> int:
        """A number of things to do, at this scale."""
        return max(2, round(full * self.scale))

    def compiled(self, tenants: Path | None = None) -> Sequence[Compiled]:
        """Both shipped tenants, as of the demo's day."""
        return compile_all(tenants or self.tenants, today=DEMO_START.date())


@cache
def clock() -> Clock:
    """The demo's: a weekday in opening hours, ticking."""
    return OffsetClock(timedelta(seconds=offset_to(DEMO_START)))


# ---- whole processes ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """A deployment whose tenants are in force, with the WhatsApp connection of the first and what its webhook must show."""

    made: Deployment
    rolled: Sequence[Rolled]
    connection: str
    header: str
    secret: str
    tenant_id: int


@asynccontextmanager
async def site(ground: Ground, name: str, *, provider_port: int = 9) -> AsyncIterator[Site]:
    """Postgres, keys and bundles. Messages that leave go to `provider_port` of loopback."""
    folder = ground.folder / name
    folder.mkdir()
    compiled = ground.compiled(with_sandbox_port(ground.tenants, folder, provider_port))
    async with deployment(
        folder, clock_offset_s=offset_to(DEMO_START), durable=True, port=0, say=lambda _: None
    ) as made:
        rolled = await made.put_in_force(compiled)
        first = rolled[0]
        connection = next(c for c in first.bundle.connections.values() if c.channel == WHATSAPP)
        tenant_id = first.activation.tenant_id
        yield Site(
            made=made,
            rolled=rolled,
            connection=connection.id,
            header=connection.options.get("secret_header", "X-Convo-Secret"),
            secret=await made.secret(tenant_id, connection.secrets["webhook"]),
            tenant_id=tenant_id,
        )


def process(
    place: Site, name: str, *argv: str, module: str = "runtime", env: Mapping[str, str] | None = None
) -> Child:
    """One process of the deployment, its log in the deployment's folder."""
    inherit = tuple(int(b) for a, b in pairwise(argv) if a == "--fd")
    return Child(
        name=name,
        argv=(sys.executable, "-P", "-m", module, *argv),
        env={**place.made.env, **(env or {})},
        output=place.made.folder / f"{name}.log",
        pass_fds=inherit,
    )


@asynccontextmanager
async def running(*children: Child) -> AsyncIterator[Supervisor]:
    """Under a supervisor until left."""
    supervisor = Supervisor(children)
    await supervisor.start()
    try:
        yield supervisor
    finally:
        await supervisor.stop()


async def until_ready(port: int, tenants: int, *, within_s: float = 60.0) -> None:
    """Raises TimeoutError when a web process does not serve all tenants in time."""
    async with asyncio.timeout(within_s), httpx2.AsyncClient(trust_env=False) as http:
        while True:
            try:
                answer = await http.get(f"http://{HOST}:{port}/readyz", timeout=2)
                if answer.status_code == 200 and len(answer.json()["tenants"]) == tenants:
                    return
            except httpx2.HTTPError:
                pass
            await asyncio.sleep(0.1)


def listener() -> socket.socket:
    """A listening socket on any free port of loopback, to be handed to a child."""
    return listening(HOST, 0)


# ---- parts in this process ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """Storage in a database of its own, the shipped bundles in force there, and what a worker needs to know of them."""

    server: EmbeddedPostgres
    folder: Path
    pools: Mapping[str, Pool]
    tenants: Tenants
    ingest: PgIngest
    rolled: Sequence[Rolled]
    keeper: BundleKeeper
    wake: PgWake

    def url(self, role: str) -> str:
        """The database URL of a role without its prefix."""
        return self.server.url(f"convo_{role}")


@asynccontextmanager
async def parts(ground: Ground, name: str) -> AsyncIterator[Parts]:
    """A Postgres with fsync on and one migrated database with procrastinate's tables beside ours."""
    folder = ground.folder / name
    folder.mkdir()
    compiled = ground.compiled()
    keys = development_keys(folder / "keys")
    server = await asyncio.to_thread(embedded.start, folder / "database")
    try:
        embedded.bootstrap(server)
        migrate(server.url("convo_owner"), now=clock().now())
        jobs.prepare(server.url("convo_owner"))
        async with AsyncExitStack() as stack:
            pools = {
                role: await stack.enter_async_context(Pool(server.url(f"convo_{role}"), role=role))
                for role in ("owner", "ingest", "dispatch", "tenant")
            }
            vault = Vault.open(master=keys.master, pepper=keys.pepper, env={})
            tenants = Tenants(pools["owner"], vault)
            wake = await stack.enter_async_context(PgWake())
            store = PgBundles(pools["owner"], tenants)
            rolled = await roll_out(compiled, store=store, signer=keys.signer(), by="bench", clock=clock())
            keeper = BundleKeeper(
                store=store,
                stage="sandbox",
                trusted=trusted_keys(keys.trust),
                last_good=LastGood(folder / "state"),
                clock=clock(),
                wake=wake,
            )
            await keeper.start()
            yield Parts(
                server=server,
                folder=folder,
                pools=pools,
                tenants=tenants,
                ingest=await stack.enter_async_context(PgIngest(pools["ingest"], tenants, clock())),
                rolled=rolled,
                keeper=keeper,
                wake=wake,
            )
    finally:
        await asyncio.to_thread(server.stop)


async def everything(pool: Pool, statement: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
    """Rows as the owner sees them over all tenants, however long it takes: for checking, never for building."""
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            "select set_config('app.every', 'on', true), set_config('statement_timeout', '0', true)"
        )
        return await (await connection.execute(statement.encode(), params)).fetchall()
