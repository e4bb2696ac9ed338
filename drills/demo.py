"""`convo demo`: two tenants on a machine that has nothing but Python, for a person to try or for a test to judge."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import httpx2

from compiler.pipeline import Compiled
from drills import demo_talks
from drills.deployment import Deployment, clock_day, deployment
from drills.rollout import STAGE, Rolled, compile_all
from drills.sandbox.dialog360 import PEOPLE, Options
from drills.sandbox_server import numbers, serving
from runtime import app
from runtime.clock import offset_to
from runtime.supervisor import Supervisor

DEMO_START = datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo("Europe/London"))
SANDBOX_PORT = 8360  # where the shipped tenants' sandbox connections call
READY_WITHIN_S = 60.0
HOST = "127.0.0.1"
INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for. `leave`: play the conversations and end."""

    leave: bool
    as_json: bool
    port: int
    keep: Path | None
    tenants: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """The running demo, as the conversations see it."""

    deployment: Deployment
    rolled: Sequence[Rolled]
    web: str  # http://127.0.0.1:port
    phone: str


def run(wishes: Wishes) -> int:
    """Runs the demo until Ctrl-C, or plays it through. Returns the exit code."""
    logging.getLogger().addHandler(logging.NullHandler())  # what concerns the person here is printed
    given = wishes.keep
    folder = Path(tempfile.mkdtemp(prefix="convo-demo-")) if given is None else given
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        return asyncio.run(_run(wishes, folder))
    finally:
        if given is None:
            shutil.rmtree(folder, ignore_errors=True)


async def _run(wishes: Wishes, folder: Path) -> int:
    told = _told_to_stop()
    work = asyncio.create_task(_play(wishes, folder))
    stopped = asyncio.create_task(told.wait())
    await asyncio.wait((work, stopped), return_when=asyncio.FIRST_COMPLETED)
    stopped.cancel()
    if not work.done():
        _say("\nstopping ...")
        work.cancel()
        await asyncio.wait((work,))
    if work.cancelled():
        return INTERRUPTED if wishes.leave else 0
    return work.result()


async def _play(wishes: Wishes, folder: Path) -> int:
    began = time.monotonic()
    async with _town(wishes, folder) as town:
        _say(f"ready after {time.monotonic() - began:.1f} s")
        if wishes.leave:
            talks = await demo_talks.play(
                demo_talks.Stage(
                    deployment=town.deployment, rolled=town.rolled, web=town.web, phone=town.phone
                )
            )
            if wishes.as_json:
                print(json.dumps({"conversations": [talk.as_json() for talk in talks]}, ensure_ascii=False))
            else:
                for talk in talks:
                    print(talk.as_text())
            return 0 if all(talk.passed for talk in talks) else 1
        await _print_links(town)
        await asyncio.Event().wait()  # until Ctrl-C cancels us
        return 0


@asynccontextmanager
async def _town(wishes: Wishes, folder: Path) -> AsyncIterator[Town]:
    offset_s = offset_to(DEMO_START)
    sandbox, web = _listener(SANDBOX_PORT), _listener(wishes.port)
    with sandbox, web:
        ports = sandbox.getsockname()[1], web.getsockname()[1]
        tenants = _with_port(wishes.tenants, folder, ports[0])
        today = DEMO_START.date()
        _say(f"compiling {wishes.tenants} for {clock_day(today)}")
        compiling = asyncio.create_task(asyncio.to_thread(_compiled, tenants, today))
        async with deployment(
            folder, clock_offset_s=offset_s, durable=wishes.keep is not None, port=ports[1], say=_say
        ) as made:
            compiled = await compiling
            _say("starting web, worker and sender")
            logs = folder / "logs"
            logs.mkdir(exist_ok=True)
            supervisor = Supervisor(app.children(web, made.env, logs))
            await supervisor.start()
            try:
                rolled = await made.put_in_force(compiled)
                for tenant in rolled:
                    claims = len(tenant.bundle.claims)
                    _say(
                        f"  {tenant.compiled.tenant}: {claims} claims, {tenant.compiled.digest[:19]}... in force"
                    )
                options = Options(
                    numbers=await numbers(made, rolled, f"http://{HOST}:{ports[1]}"),
                    clock=made.clock,
                    shifted=True,
                )
                async with serving(options, sandbox):
                    town = Town(
                        deployment=made,
                        rolled=rolled,
                        web=f"http://{HOST}:{ports[1]}",
                        phone=f"http://{HOST}:{ports[0]}",
                    )
                    await _until_ready(town, supervisor, logs)
                    yield town
            finally:
                await supervisor.stop()


async def _until_ready(town: Town, supervisor: Supervisor, logs: Path) -> None:
    watching = asyncio.create_task(supervisor.watch())
    deadline = time.monotonic() + READY_WITHIN_S
    async with httpx2.AsyncClient(trust_env=False) as http:
        while True:
            if watching.done():
                watching.result()
            with suppress(httpx2.HTTPError):
                answer = await http.get(f"{town.web}/readyz", timeout=2)
                if answer.status_code == 200 and len(answer.json()["tenants"]) == len(town.rolled):
                    break
            if time.monotonic() > deadline:
                raise RuntimeError(
                    f"web was not ready after {READY_WITHIN_S:.0f} s; its log: {_tail(logs / 'web.log')}"
                )
            await asyncio.sleep(0.05)
    watching.cancel()


async def _print_links(town: Town) -> None:
    start = DEMO_START.strftime("%H:%M")
    _say("")
    _say(f"This is a sandbox. It speaks wording that nobody has approved; its clock began at {start} London,")
    _say(f"{clock_day(DEMO_START.date())}, and ticks.")
    for tenant in town.rolled:
        _say("")
        _say(f"{tenant.bundle.tenant.display_name}")
        for connection in tenant.bundle.connections.values():
            if connection.stage != STAGE:
                continue
            if connection.channel == "webchat":
                _say(f"  web chat       {town.web}/chat/{connection.id}")
            elif connection.channel == "whatsapp_360dialog":
                _say(f"  sandbox phone  {town.phone}/phone/{connection.id}?as={PEOPLE[0].phone}")
    _say("")
    for name, link in await desk_links(town):
        _say(f"desk for {name}: {link}")
    _say("(each desk link works once; two people are needed to re-enable what one has stopped)")
    _say("")
    _say("Ctrl-C stops everything.")


async def desk_links(town: Town) -> Sequence[tuple[str, str]]:
    """One-time loopback logins of two operators."""
    from runtime.storage.access import make_link

    made = town.deployment
    ids = [tenant.activation.tenant_id for tenant in town.rolled]
    found = []
    for operator, role in (("Asha Example", "owner"), ("Ben Sample", "admin")):
        path = await make_link(made.desk, operator, role, ids, made.clock.now())
        found.append((f"{operator} ({role})", f"{town.web}{path}"))
    return found


# ---- helpers ------------------------------------------------------------------------------------------------------------


def _compiled(tenants: Path, today: date) -> Sequence[Compiled]:
    return compile_all(tenants, today=today)


def _listener(port: int) -> socket.socket:
    """The wanted port of loopback, or any free one when it is in use."""
    try:
        return app.listening(HOST, port)
    except OSError:
        return app.listening(HOST, 0)


def _with_port(tenants: Path, folder: Path, port: int) -> Path:
    """The tenants, or a copy whose sandbox connections call `port` because the usual one is in use."""
    if port == SANDBOX_PORT:
        return tenants
    copy = folder / "tenants"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(tenants, copy)
    for path in copy.glob("*/channels.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace(f"{HOST}:{SANDBOX_PORT}", f"{HOST}:{port}"), encoding="utf-8")
    return copy


def _told_to_stop() -> asyncio.Event:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(how, told.set)
    return told


def _tail(log: Path) -> str:
    return (
        "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
        if log.exists()
        else ""
    )


def _say(line: str) -> None:
    """Progress goes to stderr: stdout is for transcripts and JSON."""
    print(line, file=sys.stderr, flush=True)
