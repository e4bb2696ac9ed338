"""What happens by the clock and to nobody in particular: sealing the audit, partitions. procrastinate runs it, once each.

Its tables live in a schema of their own. Any number of workers may run this: the database lets one of them have each job.
Jobs carry no arguments but a time, are safe to repeat, and never use procrastinate's `lock`, which a crash would hold for ever.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib import metadata, resources
from urllib.parse import quote

import procrastinate
import psycopg
from psycopg import sql

from runtime.telemetry import ERRORS, error_fields, log

SCHEMA = "procrastinate"
QUEUE = "convo"
ROLE = "convo_dispatch"
POLL_S = 15.0
PRUNE_AFTER_S = 300.0  # a worker that was killed is forgotten, and its job is tried again by the next tick


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`cron` has five fields, in UTC. `run` must be safe to repeat."""

    name: str
    cron: str
    run: Callable[[], Awaitable[None]]


async def run(url: str, jobs: Sequence[Job], stop: asyncio.Event) -> None:
    """Runs jobs until `stop`, as convo_dispatch. A database that is away is waited for."""
    while not stop.is_set():
        try:
            async with _app(url, jobs).open_async() as app:
                await _until(app, stop)
        except (procrastinate.exceptions.ConnectorException, psycopg.Error, OSError) as error:
            log().warning("jobs wait for the database", **error_fields(error))
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), POLL_S)


def prepare(url: str) -> bool:
    """Brings procrastinate's own tables to the installed version, as convo_owner. Returns whether anything was done."""
    wanted = metadata.version("procrastinate")
    with psycopg.connect(url, application_name="convo migrate") as connection:
        connection.execute("select pg_advisory_xact_lock(hashtext(%s))", [SCHEMA])
        connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(SCHEMA)))
        row = connection.execute(
            "select obj_description(oid, 'pg_namespace') from pg_namespace where nspname = %s", [SCHEMA]
        ).fetchone()
        installed = row[0] if row else None
        if installed == wanted:
            return False
        connection.execute(sql.SQL("set local search_path = {}").format(sql.Identifier(SCHEMA)))
        for text in _statements(installed):
            connection.execute(text.encode())
        connection.execute(
            sql.SQL(
                "grant usage on schema {schema} to {role};"
                "grant select, insert, update, delete on all tables in schema {schema} to {role};"
                "grant usage, select on all sequences in schema {schema} to {role};"
                "grant execute on all functions in schema {schema} to {role};"
                "comment on schema {schema} is {version}"
            ).format(schema=sql.Identifier(SCHEMA), role=sql.Identifier(ROLE), version=sql.Literal(wanted))
        )
    return True


def _statements(installed: str | None) -> Sequence[str]:
    """The whole schema for a new database; for an old one, what later versions changed, in order."""
    folder = resources.files("procrastinate.sql")
    if installed is None:
        return [(folder / "schema.sql").read_text(encoding="utf-8")]
    files = sorted(
        (f for f in (folder / "migrations").iterdir() if f.name.endswith(".sql")), key=lambda f: f.name
    )
    return [f.read_text(encoding="utf-8") for f in files if _version(f.name) > _version(installed)]


def _version(text: str) -> tuple[int, ...]:
    found = re.match(r"(\d+)\.(\d+)\.(\d+)", text)
    return tuple(int(part) for part in found.groups()) if found else (0, 0, 0)


def _app(url: str, jobs: Sequence[Job]) -> procrastinate.App:
    joined = "&" if "?" in url else "?"
    # The search path travels with the connection; behind a transaction pooler, give CONVO_DISPATCH_URL a direct address.
    options = quote(f"-c search_path={SCHEMA}")
    app = procrastinate.App(
        connector=procrastinate.PsycopgConnector(
            conninfo=f"{url}{joined}options={options}", min_size=0, max_size=2
        )
    )
    for job in jobs:
        task = app.task(name=job.name, queue=QUEUE)(_guarded(job))
        app.periodic(cron=job.cron)(task)
    return app


def _guarded(job: Job) -> Callable[[int], Awaitable[None]]:
    async def run(timestamp: int) -> None:
        """`timestamp` is the tick this was deferred for; what is done depends on the clock alone."""
        try:
            await job.run()
        except Exception as error:  # the next tick tries again: a failed job is no reason to retry at once
            ERRORS.labels(process="jobs", error=type(error).__name__).inc()
            log().error("job failed", job=job.name, **error_fields(error))

    return run


async def _until(app: procrastinate.App, stop: asyncio.Event) -> None:
    working = asyncio.create_task(
        app.run_worker_async(
            queues=[QUEUE],
            concurrency=1,
            install_signal_handlers=False,
            listen_notify=False,
            fetch_job_polling_interval=POLL_S,
            delete_jobs="always",
            stalled_worker_timeout=PRUNE_AFTER_S,
        )
    )
    stopped = asyncio.create_task(stop.wait())
    await asyncio.wait((working, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not working.done():
        working.cancel()
    with suppress(asyncio.CancelledError):
        await working
