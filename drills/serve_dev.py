"""`convo serve --dev`: the whole runtime on this machine, on a database that is kept, following a folder of tenants."""

from __future__ import annotations

import asyncio
import shlex
import sys
from datetime import date, datetime
from pathlib import Path

from compiler.report import render
from drills.demo import say, until_signal
from drills.deployment import write_environment
from drills.rollout import CompileRefused, compile_all
from drills.town import Plan, Town, links, town, with_sandbox_port
from runtime.clock import offset_to

FOLDER = Path("~/.local/state/convo/dev")
LOOK_S = 0.4


def run(
    *,
    tenants: Path,
    watch: Path | None,
    clock: datetime | None,
    port: int,
    today: date,
    folder: Path | None = None,
) -> int:
    """Runs until Ctrl-C. `clock`: an aware time to begin at. Returns the exit code."""
    plan = Plan(
        folder=(folder or FOLDER).expanduser(),
        tenants=watch or tenants,
        today=today,
        clock_offset_s=offset_to(clock) if clock else 0.0,
        durable=True,
        port=port,
        logs=None,
        log="pretty" if sys.stderr.isatty() else "json",
    )
    plan.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return until_signal(lambda: _serve(plan, watch), say) or 0


async def _serve(plan: Plan, watch: Path | None) -> int:
    async with town(plan, say) as there:
        say("\n".join(await links(there)))
        file = write_environment(plan.folder, there.deployment.env)
        say("\nThe other commands (status, queue, why, publish ...) work on it from another terminal, after:")
        say(f"  set -a; . {shlex.quote(str(file))}; set +a")
        say(f"(publish signs with --sign-key {shlex.quote(str(there.deployment.keys.signing))})")
        watching = [asyncio.create_task(_follow(plan, watch, there))] if watch else []
        alive = asyncio.create_task(there.supervisor.watch())
        try:
            done, _ = await asyncio.wait({alive, *watching}, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in (alive, *watching):
                task.cancel()
        return 0


async def _follow(plan: Plan, folder: Path, there: Town) -> None:
    """Recompiles and swaps on every save. A folder with errors changes nothing: the bundles in force keep serving."""
    say(f"\nwatching {folder}")
    port = int(there.phone.rpartition(":")[2])
    in_force = {tenant.compiled.tenant: tenant.compiled.digest for tenant in there.rolled}
    seen, at_fault = await asyncio.to_thread(_snapshot, folder), False
    while True:
        await asyncio.sleep(LOOK_S)
        found = await asyncio.to_thread(_snapshot, folder)
        if found == seen:
            continue
        seen = found
        try:
            tenants = await asyncio.to_thread(with_sandbox_port, folder, plan.folder, port)
            compiled = await asyncio.to_thread(compile_all, tenants, today=plan.today, named=folder)
        except CompileRefused as refused:
            at_fault = True
            say(render(refused.result, color=sys.stderr.isatty()))
            say("nothing was changed: the bundles in force keep serving")
            continue
        changed = False
        for tenant in await there.deployment.put_in_force(compiled):
            if in_force.get(tenant.compiled.tenant) != tenant.compiled.digest:
                in_force[tenant.compiled.tenant] = tenant.compiled.digest
                changed = True
                say(
                    f"{tenant.compiled.tenant}: {tenant.compiled.digest[:19]}... in force (serial {tenant.activation.serial})"
                )
        if at_fault and not changed:
            say("no fault any more: what is in the folder is in force already")
        at_fault = False


def _snapshot(folder: Path) -> dict[Path, tuple[int, int]]:
    """Every file with its time and size; a file that vanishes meanwhile is not there."""
    found = {}
    for path in folder.rglob("*"):
        try:
            if path.is_file():
                stat = path.stat()
                found[path] = (stat.st_mtime_ns, stat.st_size)
        except FileNotFoundError:
            continue
    return found
