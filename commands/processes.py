"""Running it: the demo, everything under one parent, or one process at a time."""

from __future__ import annotations

import asyncio
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from commands import OK, WRONG, UsageProblem
from commands.options import Port, day_of, shipped
from runtime.settings import Settings


def demo(
    exit_: Annotated[bool, typer.Option("--exit", help="play three conversations and leave")] = False,
    json_: Annotated[bool, typer.Option("--json", help="with --exit: print them as JSON")] = False,
    port: Port = 8000,
    keep: Annotated[Path | None, typer.Option(help="keep database, keys and logs in this folder")] = None,
    tenants: Annotated[
        Path | None, typer.Option(help="folder of tenants (default: the shipped ones)")
    ] = None,
) -> int:
    """Two tenants with a sandbox phone, web chats and the desk, on a database of their own. Needs no key and no network."""
    from drills.demo import Wishes, run

    if json_ and not exit_:
        raise UsageProblem("--json goes with --exit")
    return run(Wishes(leave=exit_, as_json=json_, port=port, keep=keep, tenants=tenants or shipped()))


def serve(
    dev: Annotated[
        bool, typer.Option("--dev", help="on an embedded Postgres, with keys made for it")
    ] = False,
    watch: Annotated[
        Path | None, typer.Option(help="with --dev: recompile this folder and swap on save")
    ] = None,
    clock: Annotated[
        datetime | None, typer.Option(help="with --dev: start at this time (UTC), ticking")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65_535, help="of the web process (default: CONVO_PORT or 8000)"),
    ] = None,
    data: Annotated[Path | None, typer.Option(help="with --dev: where the database is kept")] = None,
) -> int:
    """Run web, worker and sender as children of this process. Without --dev it needs DATABASE_URL."""
    if dev:
        from drills.serve_dev import run

        begin = clock.replace(tzinfo=UTC) if clock else None
        day = day_of(clock)
        return run(
            tenants=shipped(),
            watch=watch,
            clock=begin,
            port=8000 if port is None else port,
            today=day,
            folder=data,
        )

    if watch or clock or data:
        raise UsageProblem("--watch, --clock and --data go with --dev")
    from runtime.serve import serve as serve_all

    settings = Settings.from_env(os.environ)
    settings.url("ingest")  # without a database it refuses here, before anything starts
    return asyncio.run(serve_all(settings, port=port))


def web() -> int:
    """Run the web process: webhooks, web chat, desk."""
    from runtime.app import web as run

    return run(Settings.from_env(os.environ))


def worker() -> int:
    """Run a worker: it answers conversations."""
    from runtime.app import worker as run

    return run(Settings.from_env(os.environ))


def sender() -> int:
    """Run a sender: it looks once more, then sends."""
    from runtime.app import sender as run

    return run(Settings.from_env(os.environ))


def migrate() -> int:
    """Bring the database to this version."""
    from runtime.console import migrate as run

    applied = run(Settings.from_env(os.environ))
    print("\n".join(f"applied {name}" for name in applied) or "nothing to do")
    return OK


def doctor() -> int:
    """Check settings, keys, database, roles and installation; say what is wrong and how to put it right."""
    from runtime.doctor import examine

    findings = examine(os.environ)
    for finding in findings:
        print(
            f"{'ok  ' if finding.ok else 'FAIL'} {finding.what}{'' if finding.ok else f': {finding.advice}'}"
        )
    return OK if all(finding.ok for finding in findings) else WRONG
