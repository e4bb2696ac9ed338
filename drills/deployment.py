"""A whole deployment on this machine alone: embedded Postgres, keys, bundles in force, children under a supervisor.

`convo demo`, `convo serve --dev` and `convo chat` stand on it; nothing of it is in the runtime.
"""

from __future__ import annotations

import asyncio
import shlex
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from compiler.pipeline import Compiled
from drills.devkeys import DevKeys, development_keys, write_private
from drills.rollout import Rolled, roll_out, sandbox_secrets
from runtime import embedded, jobs
from runtime.clock import SystemClock, clock_of
from runtime.crypto import Vault
from runtime.embedded import EmbeddedPostgres
from runtime.embedder import embedder_of
from runtime.errors import SecretMissing
from runtime.ports import Clock
from runtime.settings import Settings
from runtime.storage.bundles import PgBundles
from runtime.storage.migrate import migrate
from runtime.storage.postgres import Pool
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Tenants
from runtime.storage.wake import PgWake

BY = "convo dev"
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """What stands: `env` makes a child process part of it; the pools are of the owner, a tenant and the desk."""

    folder: Path
    server: EmbeddedPostgres
    keys: DevKeys
    env: Mapping[str, str]
    settings: Settings
    clock: Clock
    owner: Pool
    tenant: Pool
    desk: Pool
    tenants: Tenants
    wake: PgWake

    async def put_in_force(self, compiled: Sequence[Compiled]) -> Sequence[Rolled]:
        """Signs, publishes and activates what changed, gives new sandbox secrets values, and tells the children."""
        store = PgBundles(self.owner, self.tenants, embedder_of(self.settings.embedder))
        rolled = await roll_out(compiled, store=store, signer=self.keys.signer(), by=BY, clock=self.clock)
        for tenant in rolled:
            await self._fill_secrets(tenant)
        self.wake.notify("bundles")
        return rolled

    async def secret(self, tenant_id: int, reference: str) -> str:
        """The value of a `secret:NAME` of this deployment."""
        return await PgSecrets(self.owner, self.tenants).value(tenant_id, reference.removeprefix("secret:"))

    async def _fill_secrets(self, tenant: Rolled) -> None:
        store = PgSecrets(self.owner, self.tenants)
        tenant_id = tenant.activation.tenant_id
        for name, value in sandbox_secrets(tenant.bundle).items():
            try:
                await store.value(tenant_id, name)
            except SecretMissing:
                await store.set(tenant_id, name, value, by=BY, now=self.clock.now())


def write_environment(folder: Path, env: Mapping[str, str]) -> Path:
    """The settings of a deployment as a file (0600) that a shell reads: `set -a; . FILE`. Whole or not at all."""
    path = folder / "env"
    fresh = folder / ".env.writing"
    fresh.unlink(missing_ok=True)
    lines = [f"{name}={shlex.quote(value)}" for name, value in sorted(env.items())]
    write_private(fresh, ("\n".join(lines) + "\n").encode())
    fresh.rename(path)
    return path


@asynccontextmanager
async def deployment(
    folder: Path, *, clock_offset_s: float, durable: bool, port: int, say: Say
) -> AsyncIterator[Deployment]:
    """Starts the database in `folder` and opens everything. `durable` False: for a folder that is thrown away."""
    keys = await asyncio.to_thread(development_keys, folder / "keys")
    say("starting Postgres (its own, in a folder of its own)")
    server = await _started(folder / "database", durable)
    try:
        env = {
            "DATABASE_URL": server.url("convo_owner"),
            "CONVO_STAGE": "sandbox",
            "CONVO_CLOCK_OFFSET_S": str(clock_offset_s),
            "CONVO_DEV": "1",
            "CONVO_HOST": "127.0.0.1",
            "CONVO_PORT": str(port),
            "CONVO_DATA": str(folder / "state"),
            **keys.environment(),
        }
        settings = Settings.from_env(env)
        vault = Vault.open(master=settings.master_key, pepper=settings.pepper, env=env)
        async with AsyncExitStack() as stack:
            pools = [
                await stack.enter_async_context(Pool(settings.url(role), role=role, max_size=3))
                for role in ("owner", "tenant", "desk")
            ]
            yield Deployment(
                folder=folder,
                server=server,
                keys=keys,
                env=env,
                settings=settings,
                clock=clock_of(clock_offset_s),
                owner=pools[0],
                tenant=pools[1],
                desk=pools[2],
                tenants=Tenants(pools[0], vault),
                wake=await stack.enter_async_context(PgWake(settings.url("owner"))),
            )
    finally:
        await asyncio.to_thread(server.stop if durable else server.discard)


async def _started(folder: Path, durable: bool) -> EmbeddedPostgres:
    """A start that is interrupted is waited for and undone: a thread cannot be stopped half-way."""
    starting = asyncio.ensure_future(asyncio.to_thread(_database, folder, durable))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        server = await starting
        await asyncio.to_thread(server.stop if durable else server.discard)
        raise


def _database(folder: Path, durable: bool) -> EmbeddedPostgres:
    server = embedded.start(folder, fsync=durable)
    try:
        embedded.bootstrap(server)
        migrate(server.url("convo_owner"), now=SystemClock().now())
        jobs.prepare(server.url("convo_owner"))
    except BaseException:
        server.stop()
        raise
    return server


def clock_day(today: date) -> str:
    """A day as a person reads it."""
    return f"{today:%A} {today.day} {today:%B %Y}"
