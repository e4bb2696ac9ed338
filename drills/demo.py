"""`convo demo`: two tenants on a machine that has nothing but Python, for a person to try or for a test to judge."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from compiler.report import render
from drills import demo_talks
from drills.demo_customer import Stage
from drills.deployment import clock_day
from drills.rollout import CompileRefused
from drills.town import Plan, links, town
from runtime.clock import offset_to
from runtime.telemetry import configure

DEMO_START = datetime(2026, 11, 24, 10, 30, tzinfo=ZoneInfo("Europe/London"))
INTERRUPTED = 130


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line asked for. `leave`: play the conversations and end."""

    leave: bool
    as_json: bool
    port: int
    keep: Path | None
    tenants: Path


def run(wishes: Wishes) -> int:
    """Runs the demo until Ctrl-C, or plays it through. Returns the exit code."""
    folder = wishes.keep or Path(tempfile.mkdtemp(prefix="convo-demo-"))
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        code = until_signal(lambda: _play(wishes, folder), say)
        return (INTERRUPTED if wishes.leave else 0) if code is None else code
    finally:
        if wishes.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


def until_signal(work: Callable[[], Coroutine[Any, Any, int]], tell: Callable[[str], None]) -> int | None:
    """Runs `work`; Ctrl-C, SIGTERM or a closed terminal cancel it, and it cleans up. None when it was cancelled."""
    configure("pretty", process="convo", level=logging.ERROR)  # what concerns the person here is printed

    async def supervised() -> int | None:
        told = asyncio.Event()
        loop = asyncio.get_running_loop()
        for how in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(how, told.set)
        task, stopped = asyncio.create_task(work()), asyncio.create_task(told.wait())
        await asyncio.wait((task, stopped), return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not task.done():
            tell("\nstopping ...")
            task.cancel()
            await asyncio.wait((task,))
        return None if task.cancelled() else task.result()

    try:
        return asyncio.run(supervised())
    except CompileRefused as refused:
        tell(render(refused.result, color=sys.stderr.isatty()))
        return 1


async def _play(wishes: Wishes, folder: Path) -> int:
    began = time.monotonic()
    plan = Plan(
        folder=folder,
        tenants=wishes.tenants,
        today=DEMO_START.date(),
        clock_offset_s=offset_to(DEMO_START),
        durable=wishes.keep is not None,
        port=wishes.port,
        logs=folder / "logs",
    )
    async with town(plan, say) as there:
        say(f"ready after {time.monotonic() - began:.1f} s")
        if wishes.leave:
            return await _judge(Stage(there=there), as_json=wishes.as_json)
        say(
            f"\nA sandbox: it speaks wording that nobody has approved, to people who do not exist. Its clock began at\n"
            f"{DEMO_START:%H:%M} London on {clock_day(DEMO_START.date())}, and ticks."
        )
        say("\n".join(await links(there)))
        say("\nCtrl-C stops everything.")
        await there.supervisor.watch()
        return 0


async def _judge(stage: Stage, *, as_json: bool) -> int:
    talks = await demo_talks.play(stage)
    if as_json:
        print(json.dumps({"conversations": [talk.as_json() for talk in talks]}, ensure_ascii=False))
    else:
        for talk in talks:
            print(talk.as_text())
    return 0 if all(talk.passed for talk in talks) else 1


def say(line: str) -> None:
    """Progress goes to stderr: stdout is for transcripts and JSON."""
    print(line, file=sys.stderr, flush=True)
