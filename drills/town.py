"""A deployment with everything running: children under a supervisor, a sandbox phone, and links for whoever wants to look."""

from __future__ import annotations

import asyncio
import shutil
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx2

from drills.deployment import Deployment, Say, clock_day, deployment
from drills.rollout import STAGE, Rolled, compile_all
from drills.sandbox.dialog360 import PEOPLE, Options
from drills.sandbox_server import KIND, numbers, serving
from runtime.serve import children, listening
from runtime.storage.access import make_link
from runtime.supervisor import Supervisor

SANDBOX_PORT = 8360  # where the shipped tenants' sandbox connections call
READY_WITHIN_S = 60.0
HOST = "127.0.0.1"
OPERATORS = (("Asha Example", "owner"), ("Ben Sample", "admin"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What to build. `durable`: the folder is kept. `logs`: where the children's output goes; None = to our stderr."""

    folder: Path
    tenants: Path
    today: date
    clock_offset_s: float
    durable: bool
    port: int
    logs: Path | None
    log: str = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """What stands, with its addresses (http://127.0.0.1:port). `tenants` is the folder that was really compiled."""

    deployment: Deployment
    supervisor: Supervisor
    rolled: Sequence[Rolled]
    tenants: Path
    web: str
    phone: str


@asynccontextmanager
async def town(plan: Plan, say: Say) -> AsyncIterator[Town]:
    """Builds it, and takes it down in order. Raises CompileRefused, EmbeddedPostgresError, ChildrenGone."""
    sandbox, web = _listener(SANDBOX_PORT), _listener(plan.port)
    with sandbox, web:
        ports = sandbox.getsockname()[1], web.getsockname()[1]
        address = f"http://{HOST}:{ports[1]}"
        tenants = with_sandbox_port(plan.tenants, plan.folder, ports[0])
        say(f"compiling {plan.tenants} for {clock_day(plan.today)}")
        compiling = asyncio.create_task(
            asyncio.to_thread(compile_all, tenants, today=plan.today, named=plan.tenants)
        )
        async with deployment(
            plan.folder, clock_offset_s=plan.clock_offset_s, durable=plan.durable, port=ports[1], say=say
        ) as made:
            compiled = await compiling
            say("starting web, worker and sender")
            if plan.logs:
                plan.logs.mkdir(exist_ok=True)
            supervisor = Supervisor(children(web, {**made.env, "CONVO_LOG": plan.log}, plan.logs))
            await supervisor.start()
            try:
                rolled = await made.put_in_force(compiled)
                for tenant in rolled:
                    say(
                        f"  {tenant.compiled.tenant}: {len(tenant.bundle.claims)} claims, {tenant.compiled.digest[:19]}..."
                    )
                options = Options(
                    numbers=await numbers(made, rolled, address),
                    clock=made.clock,
                    shifted=bool(plan.clock_offset_s),
                )
                async with serving(options, sandbox):
                    await _until_ready(address, len(rolled), supervisor, plan.logs)
                    yield Town(
                        deployment=made,
                        supervisor=supervisor,
                        rolled=rolled,
                        tenants=tenants,
                        web=address,
                        phone=f"http://{HOST}:{ports[0]}",
                    )
            finally:
                await supervisor.stop()


async def links(there: Town) -> Sequence[str]:
    """Lines to print: every page there is, and a one-time desk login for each of two operators."""
    lines = []
    for tenant in there.rolled:
        lines += ["", tenant.bundle.tenant.display_name]
        for connection in tenant.bundle.connections.values():
            if connection.stage == STAGE and connection.channel == KIND:
                lines.append(f"  sandbox phone  {there.phone}/phone/{connection.id}?as={PEOPLE[0].phone}")
            elif connection.stage == STAGE and connection.channel == "webchat":
                lines.append(f"  web chat       {there.web}/chat/{connection.id}")
    made = there.deployment
    ids = [tenant.activation.tenant_id for tenant in there.rolled]
    lines += [
        "",
        "Desk (each link works once, for fifteen minutes; two people are needed to re-enable what one stopped)",
    ]
    for operator, role in OPERATORS:
        path = await make_link(made.owner, operator, role, ids, made.clock.now())
        lines.append(f"  {operator + ', ' + role:<20} {there.web}{path}")
    return lines


def with_sandbox_port(tenants: Path, folder: Path, port: int) -> Path:
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


async def _until_ready(web: str, tenants: int, supervisor: Supervisor, logs: Path | None) -> None:
    watching = asyncio.create_task(supervisor.watch())
    deadline = time.monotonic() + READY_WITHIN_S
    try:
        async with httpx2.AsyncClient(trust_env=False) as http:
            while not await _ready(http, web, tenants):
                if watching.done():
                    watching.result()
                if time.monotonic() > deadline:
                    where = f"; see {logs}" if logs else ""
                    raise TownNotReady(f"web was not ready after {READY_WITHIN_S:.0f} s{where}")
                await asyncio.sleep(0.05)
    finally:
        watching.cancel()


class TownNotReady(Exception):
    """The processes started and do not serve."""


async def _ready(http: httpx2.AsyncClient, web: str, tenants: int) -> bool:
    with suppress(httpx2.HTTPError):
        answer = await http.get(f"{web}/readyz", timeout=2)
        return answer.status_code == 200 and len(answer.json()["tenants"]) == tenants
    return False


def _listener(port: int) -> socket.socket:
    """The wanted port of loopback, or any free one when it is in use."""
    try:
        return listening(HOST, port)
    except OSError:
        return listening(HOST, 0)
