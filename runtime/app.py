"""The only wiring: settings become adapters, and adapters become a web process, a worker or a sender."""

from __future__ import annotations

import asyncio
import gc
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from runtime.bundles import BundleKeeper
from runtime.clock import clock_of
from runtime.crypto import Vault
from runtime.errors import SecretMissing
from runtime.health import Health
from runtime.lastgood import LastGood
from runtime.ports import Breakers, Clock, DatabaseDown, Embedder
from runtime.references import References, read_reference
from runtime.settings import Settings, SettingsError
from runtime.storage.bundles import PgBundles
from runtime.storage.postgres import Pool
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Tenants
from runtime.storage.wake import PgWake
from runtime.telemetry import BREAKER, QUEUE_DEPTH, QUEUE_OLDEST, configure, error_fields, log
from runtime.trust import trusted_keys

READY_WITHIN_S = 2.0
MEASURE_S = 5.0
PARTITIONS_AHEAD_DAYS = 14
KEEP_SEEN_DAYS = 40  # providers redeliver for a week; a month of margin costs little

if TYPE_CHECKING:
    from runtime.jobs import Job
    from runtime.models.ladder import Ladder

Loop = Callable[[asyncio.Event], Coroutine[Any, Any, None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What every process has: a clock, the bundles in force, secrets, hints, and a pool of its own role."""

    settings: Settings
    process: str
    clock: Clock
    pool: Pool
    tenants: Tenants
    keeper: BundleKeeper
    secrets: References
    wake: PgWake
    stack: AsyncExitStack

    async def also(self, role: str) -> Pool:
        """A pool of another role, closed with the rest."""
        return await self.stack.enter_async_context(Pool(self.settings.url(role), role=role))


@asynccontextmanager
async def base(settings: Settings, process: str, *, role: str) -> AsyncIterator[Base]:
    """Opens what every process has. `role` reads bundles and secrets: ingest or tenant."""
    vault = Vault.open(master=settings.master_key, pepper=settings.pepper, env=os.environ)
    trusted = trusted_keys(settings.trust)
    clock = clock_of(settings.clock_offset_s)
    async with AsyncExitStack() as stack:
        pool = await stack.enter_async_context(Pool(settings.url(role), role=role))
        wake = await stack.enter_async_context(PgWake(settings.url(role)))
        tenants = Tenants(pool, vault)
        store = PgBundles(pool, tenants)
        name = f"{process}@{socket.gethostname()}/{os.getpid()}"

        async def report(
            tenant_id: int, *, digest: str | None, wanted: str, error: str | None, now: datetime
        ) -> None:
            await store.saw(
                tenant_id,
                process=name,
                stage=settings.stage,
                digest=digest,
                wanted=wanted,
                error=error,
                now=now,
            )

        keeper = BundleKeeper(
            store=store,
            stage=settings.stage,
            trusted=trusted,
            last_good=LastGood(settings.data),
            clock=clock,
            wake=wake,
            report=report,
        )
        ours = (settings.master_key, settings.pepper, settings.seal_key, *settings.model_keys.values())
        own_keys = frozenset(filter(None, ours))
        secrets = References(
            named=PgSecrets(pool, tenants).value, env=os.environ, clock=clock, forbidden=own_keys
        )
        await keeper.start()
        following = asyncio.create_task(keeper.run())
        stack.push_async_callback(_cancelled, following)
        yield Base(
            settings=settings,
            process=process,
            clock=clock,
            pool=pool,
            tenants=tenants,
            keeper=keeper,
            secrets=secrets,
            wake=wake,
            stack=stack,
        )


# ---- the three processes ------------------------------------------------------------------------------------------------


def web(settings: Settings, *, fd: int | None = None) -> int:
    """Webhooks, web chat and desk, until SIGTERM. `fd`: a socket that listens already."""
    configure(settings.log, process="web")
    return _run(_web(settings, fd))


def worker(settings: Settings) -> int:
    """Answers conversations until SIGTERM, then finishes those it has begun. Raises SettingsError if it may not seal."""
    configure(settings.log, process="worker")
    if settings.jobs:
        settings.check_sealing()
    return _run(_worker(settings))


def sender(settings: Settings) -> int:
    """Sends until SIGTERM, then finishes the calls it has begun."""
    configure(settings.log, process="sender")
    return _run(_sender(settings))


async def _web(settings: Settings, fd: int | None) -> None:
    import uvicorn

    from runtime.channels import channels, client
    from runtime.storage.ingest import PgIngest
    from runtime.web.site import Deps, build

    async with base(settings, "web", role="ingest") as parts, client() as http:
        ingest = await parts.stack.enter_async_context(PgIngest(parts.pool, parts.tenants, parts.clock))
        site = build(
            Deps(
                clock=parts.clock,
                routes=parts.keeper,
                ingest=ingest,
                secrets=parts.secrets,
                wake=parts.wake,
                channels=channels(http),
                readiness=Ready(parts),
                dev=settings.dev,
                clock_shifted=bool(settings.clock_offset_s),
                desk=await desk_routes(parts),
            )
        )
        config = uvicorn.Config(
            site,
            host=settings.host,
            port=settings.port,
            lifespan="on",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=5,  # pages hold streams open; they come back by themselves
        )
        # uvicorn raises the signal that stopped it once more when it is done: without a handler that would end us at once.
        for told in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(told, lambda: None)
        server = uvicorn.Server(config)
        sockets = [socket.socket(fileno=fd)] if fd is not None else None
        log().info("web listens", stage=settings.stage)
        await server.serve(sockets=sockets)


async def _worker(settings: Settings) -> None:
    from runtime import jobs  # procrastinate is for workers alone
    from runtime.channels import channels, client
    from runtime.channels.pictures import FetchedPictures
    from runtime.embedder import warmed
    from runtime.linguist import linguist
    from runtime.storage.breakers import PgBreakers
    from runtime.storage.claims import PgClaimSearch
    from runtime.storage.turns import PgTurns
    from runtime.worker import Worker

    async with base(settings, "worker", role="tenant") as parts, client() as http:
        dispatch = await parts.also("dispatch")
        spoken = linguist()
        if spoken is not None:
            await asyncio.to_thread(spoken.warm)
        turns = PgTurns(dispatch, parts.pool, parts.tenants)
        breakers = PgBreakers(dispatch)
        asking = await parts.stack.enter_async_context(models(settings, breakers, parts.clock, os.environ))
        work = Worker(
            turns=turns,
            bundles=parts.keeper,
            claims=PgClaimSearch(parts.pool, await warmed(settings.embedder, remote=asking.remote)),
            model=asking.ladder,
            checker=asking.ladder,  # asked for another provider than the drafter's, where there is one
            clock=parts.clock,
            wake=parts.wake,
            concurrency=settings.concurrency,
            lease_s=settings.lease_s,
            linguist=spoken,
            purse=turns,
            pictures=FetchedPictures(
                channels=channels(http), secrets=parts.secrets, keep=turns.keep_media, clock=parts.clock
            ),
        )
        also = [_measure_queues(parts, dispatch)]
        if asking.ladder is not None:
            also.append(_measure_breakers(parts, breakers))
        if settings.jobs:
            also.append(lambda stop: jobs.run(settings.url("dispatch"), periodic(parts, dispatch), stop))
        settle_heap()
        await _until_told(parts, work.run, *also)


def settle_heap() -> None:
    """What is loaded by now stays for good. The collector would walk it all again and again, and hold the loop up meanwhile: by
    some 35 ms each time, on a core of its own."""
    gc.collect()
    gc.freeze()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """What models are asked through. Without any key, or without litellm, there is none: `ladder` and `remote` are None."""

    ladder: Ladder | None = None
    remote: Callable[[str], Embedder] | None = None


@asynccontextmanager
async def models(
    settings: Settings, breakers: Breakers, clock: Clock, env: Mapping[str, str]
) -> AsyncIterator[Asking]:
    """Every provider there is a key for, ready to be asked."""
    from runtime.models.caller import Caller
    from runtime.models.embedding import RemoteEmbedder
    from runtime.models.ladder import Ladder

    def key_of(provider: str) -> str:
        return read_reference(settings.model_keys[provider], env).strip()

    keys = {provider for provider in settings.model_keys if _readable(provider, key_of)}
    if keys and find_spec("litellm") is None:
        log().error("models are not asked: litellm is not installed", count=len(keys))
        keys.clear()
    if not keys:
        yield Asking()
        return
    async with Caller(key_of, settings.model_urls) as caller:
        if not await caller.ready():  # turns begin all the same, and are answered from the register meanwhile
            log().error("models are not ready yet")
        yield Asking(
            ladder=Ladder(call=caller, keys=frozenset(keys), breakers=breakers, clock=clock),
            remote=lambda chosen: RemoteEmbedder(chosen, lambda: nullcontext(caller)),
        )


def _readable(provider: str, key_of: Callable[[str], str]) -> bool:
    try:
        return bool(key_of(provider))
    except SecretMissing as error:
        log().error("no key behind the reference", provider=provider, **error_fields(error))
        return False


def periodic(parts: Base, dispatch: Pool) -> Sequence[Job]:
    """What runs by the clock, in whichever worker gets it. Raises SettingsError or SecretMissing without a key it can use."""
    from runtime.jobs import Job
    from runtime.storage.audit import PgAudit
    from runtime.storage.sealing import seal_key

    settings = parts.settings
    try:
        key = seal_key(read_reference(settings.seal_key, os.environ).encode()) if settings.seal_key else None
    except (ValueError, TypeError) as error:
        raise SettingsError(
            "CONVO_SEAL_KEY does not lead to an Ed25519 private key in PEM without a password"
        ) from error

    async def seal() -> None:
        await PgAudit(dispatch).seal(key=key, now=parts.clock.now(), export=settings.seal_export)

    async def partitions() -> None:
        await dispatch.rows(
            "select partitions_job_v1(%s, %s, %s)",
            [PARTITIONS_AHEAD_DAYS, KEEP_SEEN_DAYS, parts.clock.now()],
        )

    return [
        Job(name="seal", cron="* * * * *", run=seal),
        Job(name="partitions", cron="7 * * * *", run=partitions),
    ]


def _measure_queues(parts: Base, dispatch: Pool) -> Loop:
    """Keeps the gauges of /metrics: how much waits, and since when."""

    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                for row in await dispatch.rows("select * from queue_gauges_v1(%s)", [parts.clock.now()]):
                    QUEUE_DEPTH.labels(queue=row["queue"]).set(row["depth"])
                    QUEUE_OLDEST.labels(queue=row["queue"]).set(max(row["oldest_s"], 0.0))
            except DatabaseDown as error:
                log().warning("queues not measured", **error_fields(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), MEASURE_S)

    return loop


def _measure_breakers(parts: Base, breakers: Breakers) -> Loop:
    """Keeps the gauge of /metrics: which models nobody asks at the moment."""

    async def loop(stop: asyncio.Event) -> None:
        while not stop.is_set():
            for each in await breakers.states(parts.clock.now()):
                value = ("closed", "half_open", "open").index(each.state)
                BREAKER.labels(provider=each.provider, model=each.model).set(value)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), MEASURE_S)

    return loop


async def _sender(settings: Settings) -> None:
    from runtime.channels import channels, client
    from runtime.sender import Sender
    from runtime.storage.outbox import PgOutbox

    async with base(settings, "sender", role="tenant") as parts, client() as http:
        dispatch = await parts.also("dispatch")
        kinds = channels(http)
        send = Sender(
            outbox=PgOutbox(
                dispatch=dispatch,
                tenant=parts.pool,
                tenants=parts.tenants,
                deduplicating=frozenset(kind for kind, channel in kinds.items() if channel.deduplicates),
            ),
            bundles=parts.keeper,
            channels=kinds,
            secrets=parts.secrets,
            clock=parts.clock,
            wake=parts.wake,
            concurrency=settings.concurrency,
            lease_s=settings.lease_s,
        )
        await _until_told(parts, send.run)


async def _until_told(parts: Base, *loops: Loop) -> None:
    """Runs loops until SIGTERM or SIGINT, showing the process's health meanwhile. One that fails ends the process."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    async with (
        Health(parts.settings.host, parts.settings.metrics_port, parts.keeper.status),
        asyncio.TaskGroup() as running,
    ):
        log().info("process ready", stage=parts.settings.stage)
        for each in loops:
            running.create_task(each(stop))


def _run(main: Any) -> int:
    """Runs a process on uvloop where there is one."""
    try:
        import uvloop

        uvloop.run(main)
    except ImportError:
        asyncio.run(main)
    return 0


async def _cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


# ---- what web asks ------------------------------------------------------------------------------------------------------


class Ready:
    """Implements web's Readiness on the pool and the keeper."""

    def __init__(self, parts: Base) -> None:
        self._parts = parts

    async def database(self) -> bool:
        """Whether a statement runs now. Answers within READY_WITHIN_S and never raises."""
        try:
            async with asyncio.timeout(READY_WITHIN_S):
                await self._parts.pool.rows("select 1")
        except (DatabaseDown, TimeoutError):
            return False
        except Exception as error:
            log().error("readiness check failed", **error_fields(error))
            return False
        return True

    def tenants(self) -> Sequence[Any]:
        """Every tenant with a pointer, and what is served of it."""
        from runtime.web.deps import TenantState

        return [
            TenantState(
                tenant=status["tenant"],
                digest=status["active"],
                serial=status["serial"],
                fault=status["error"] or ("not taken yet" if status["stale"] else None),
                refused=tuple(status["refused"]),
            )
            for status in self._parts.keeper.status()["tenants"]
        ]


async def desk_routes(parts: Base) -> Sequence[Any]:
    """The desk's pages; they log in as convo_desk."""
    from runtime.storage.access import PgAccess
    from runtime.storage.breakers import PgBreakers
    from runtime.storage.desk import PgDesk
    from runtime.storage.operations import PgOperations
    from runtime.web.desk import DeskDeps, routes

    pool = await parts.also("desk")
    tenants = Tenants(pool, parts.tenants.vault)
    return routes(
        DeskDeps(
            clock=parts.clock,
            access=PgAccess(pool),
            desk=PgDesk(pool, tenants),
            operations=PgOperations(pool, tenants),
            bundles=parts.keeper,
            wake=parts.wake,
            stage=parts.settings.stage,
            dev=parts.settings.dev,
            clock_shifted=bool(parts.settings.clock_offset_s),
            breakers=PgBreakers(pool),
        )
    )
