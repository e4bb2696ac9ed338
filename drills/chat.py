"""`convo chat`: a person at the terminal as a visitor of the web chat, through the real store, worker and sender."""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from pathlib import Path
from uuid import uuid4

from drills.demo import until_signal
from drills.deployment import deployment
from drills.rollout import compile_all
from runtime.app import models
from runtime.bundles import BundleKeeper
from runtime.channels import channels, client
from runtime.channels.webchat import inbound
from runtime.clock import clock_of, offset_to
from runtime.crypto import Vault
from runtime.embedder import embedder_of
from runtime.errors import BundleMissing
from runtime.lastgood import LastGood
from runtime.models.breaker import LocalBreakers
from runtime.ports import Clock, Route, WebLine
from runtime.references import References
from runtime.sender import Sender
from runtime.settings import Settings
from runtime.storage.bundles import PgBundles
from runtime.storage.claims import PgClaimSearch
from runtime.storage.ingest import PgIngest
from runtime.storage.outbox import PgOutbox
from runtime.storage.postgres import Pool
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Tenants
from runtime.storage.turns import PgTurns
from runtime.storage.wake import PgWake
from runtime.trust import trusted_keys
from runtime.web.arrivals import arrivals_of
from runtime.web.deps import visitor_token
from runtime.worker import Worker

PROMPT = "> "
ANSWER_WITHIN_S = 10.0
POLL_S = 0.1
OFFICE_HOURS = time(10, 30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where the conversation is stored."""

    settings: Settings
    clock: Clock
    tenant: Pool
    tenants: Tenants


def talk(tenant: Path, *, today: date | None, env: Mapping[str, str]) -> int:
    """Reads lines from stdin until it ends. Returns the exit code.

    With DATABASE_URL in `env`, with the bundle in force there; otherwise with the folder compiled now, on a database that is
    thrown away, and `today` talks as on that day at 10:30 UTC.
    """
    if env.get("DATABASE_URL"):
        return until_signal(lambda: _on_given(tenant.name, env), _say) or 0
    folder = Path(tempfile.mkdtemp(prefix="convo-chat-"))
    try:
        return until_signal(lambda: _on_embedded(tenant, folder, today, env), _say) or 0
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _on_given(tenant: str, env: Mapping[str, str]) -> int:
    settings = Settings.from_env(env)
    vault = Vault.open(master=settings.master_key, pepper=settings.pepper, env=env)
    async with _pool(settings, "tenant") as pool:
        place = Place(
            settings=settings,
            clock=clock_of(settings.clock_offset_s),
            tenant=pool,
            tenants=Tenants(pool, vault),
        )
        async with _visitor(place, tenant, env) as visitor:
            return await _converse(visitor, tenant)


async def _on_embedded(tenant: Path, folder: Path, today: date | None, env: Mapping[str, str]) -> int:
    day = today or datetime.now(UTC).date()
    offset_s = offset_to(datetime.combine(day, OFFICE_HOURS, UTC)) if today else 0.0
    compiled = await asyncio.to_thread(compile_all, tenant.parent, today=day, only=[tenant.name])
    async with deployment(folder, clock_offset_s=offset_s, durable=False, port=0, say=_quiet) as made:
        await made.put_in_force(compiled)
        place = Place(settings=made.settings, clock=made.clock, tenant=made.tenant, tenants=made.tenants)
        async with _visitor(place, compiled[0].tenant, env) as visitor:
            return await _converse(visitor, compiled[0].tenant)


async def _converse(visitor: Visitor, name: str) -> int:
    interactive = sys.stdin.isatty()
    if interactive:
        _say(f"You are a visitor of {name}'s web chat (sandbox). Ctrl-D ends.")
    while True:
        if interactive:
            print(PROMPT, end="", flush=True)
        line = await asyncio.to_thread(sys.stdin.readline)
        if not line:
            return 0
        if not line.strip():
            continue
        for reply in await visitor.says(line.strip()):
            options = "".join(f"  ({option})" for option in reply.options)
            print(f"{reply.text}{options}  [{', '.join(reply.claims)}]", flush=True)


@dataclass(slots=True)
class Visitor:
    """One visitor with everything that answers them. `position`: the last line they have seen."""

    made: Place
    route: Route
    keeper: BundleKeeper
    ingest: PgIngest
    worker: Worker
    sender: Sender
    token: str
    position: int = 0

    async def says(self, text: str) -> Sequence[WebLine]:
        """What appears on the page after these words: usually one line, sometimes several or none."""
        now = self.made.clock.now()
        message = inbound(self.token, uuid4().hex, text, now)
        bundle = self.keeper.bundle(self.route.digest)
        await self._seen()  # the page is open: it is answered at any hour
        await self.ingest.store(arrivals_of(self.route, bundle, [message]), now=now)
        lines: list[WebLine] = []
        deadline = self.made.clock.monotonic() + ANSWER_WITHIN_S
        while self.made.clock.monotonic() < deadline:
            await self.worker.claim()
            await self.worker.drain()
            while await self.sender.take():
                await self.sender.drain()
            lines += [line for line in await self._seen() if line.ours]
            if not await self._answering():
                break
            await asyncio.sleep(POLL_S)  # another process of this deployment has it
        return lines

    async def _answering(self) -> bool:
        return await self.ingest.answering(self.route.tenant_id, self.route.connection.id, self.token)

    async def _seen(self) -> Sequence[WebLine]:
        lines = await self.ingest.visitor_lines(
            self.route.tenant_id, self.route.connection.id, self.token, after=self.position
        )
        if lines:
            self.position = lines[-1].position
        return lines


@asynccontextmanager
async def _visitor(made: Place, tenant: str, env: Mapping[str, str]) -> AsyncIterator[Visitor]:
    settings = made.settings
    async with AsyncExitStack() as stack:
        asking = models(Settings.from_env(env), LocalBreakers(), made.clock, env)  # where `env` has a key
        model = (await stack.enter_async_context(asking)).ladder
        wake = await stack.enter_async_context(PgWake())
        http = await stack.enter_async_context(client())
        ingesting = await stack.enter_async_context(_pool(settings, "ingest"))
        dispatch = await stack.enter_async_context(_pool(settings, "dispatch"))
        keeper = BundleKeeper(
            store=PgBundles(made.tenant, made.tenants),
            stage=settings.stage,
            trusted=trusted_keys(settings.trust),
            last_good=LastGood(settings.data),
            clock=made.clock,
            wake=wake,
        )
        await keeper.start()
        in_force = next((entry for entry in keeper.tenants() if entry.tenant == tenant), None)
        if in_force is None:
            raise BundleMissing(
                f"no bundle of {tenant} is in force in this database: publish and activate one"
            )
        connection = next(
            c
            for c in in_force.bundle.connections.values()
            if (c.channel, c.stage) == ("webchat", settings.stage)
        )
        secrets = References(
            named=PgSecrets(made.tenant, made.tenants).value, env=os.environ, clock=made.clock
        )
        yield Visitor(
            made=made,
            route=Route(
                tenant_id=in_force.tenant_id,
                tenant=tenant,
                connection=connection,
                digest=in_force.bundle.digest,
            ),
            keeper=keeper,
            ingest=await stack.enter_async_context(PgIngest(ingesting, made.tenants, made.clock)),
            worker=Worker(
                turns=PgTurns(dispatch, made.tenant, made.tenants),
                bundles=keeper,
                claims=PgClaimSearch(made.tenant, embedder_of(made.settings.embedder)),
                model=model,
                checker=model,
                clock=made.clock,
                wake=wake,
            ),
            sender=Sender(
                outbox=PgOutbox(dispatch=dispatch, tenant=made.tenant, tenants=made.tenants),
                bundles=keeper,
                channels=channels(http),
                secrets=secrets,
                clock=made.clock,
                wake=wake,
            ),
            token=visitor_token(),
        )


def _pool(settings: Settings, role: str) -> Pool:
    return Pool(settings.url(role), role=role, max_size=2)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _quiet(_: str) -> None:
    """Starting a database is no news to somebody who wants to talk."""
