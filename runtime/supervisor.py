"""Child processes under one parent: restarted when they crash, ended by process id, gone when the parent is gone."""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from runtime.telemetry import log

FIRST_RESTART_S = 0.2
LONGEST_RESTART_S = 10.0
HEALTHY_AFTER_S = 10.0  # a child that ran so long was well, and starts again at the first delay
STOP_WITHIN_S = 20.0  # a worker may be in the middle of a turn
GIVE_UP_AFTER = 5  # failures in a row without ever having been healthy
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


@dataclass(frozen=True, slots=True, kw_only=True)
class Child:
    """One process to keep running. Its output goes to `output`, or where the parent's goes."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict)  # added to the parent's
    output: Path | None = None
    pass_fds: tuple[int, ...] = ()


class ChildrenGone(Exception):
    """A child process ended again and again right after its start; its output says why."""


class Supervisor:
    """Runs children until `stop`. Call it from the main thread: the kernel's death signal is bound to the thread."""

    def __init__(self, children: Sequence[Child]) -> None:
        self._children = children
        self._processes: dict[str, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._keepers: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Starts every child, in order."""
        for child in self._children:
            self._processes[child.name] = await _spawn(child)
            self._keepers.append(asyncio.create_task(self._keep(child)))

    async def watch(self) -> None:
        """Returns when `stop` was called; raises ChildrenGone when a child cannot be kept alive."""
        # wait, not gather: whoever stops watching must not stop the keepers
        done, _ = await asyncio.wait(self._keepers, return_when=asyncio.FIRST_EXCEPTION)
        for keeper in done:
            keeper.result()

    def pids(self) -> Mapping[str, int]:
        """The process id of each child by name."""
        return {name: process.pid for name, process in self._processes.items()}

    async def stop(self) -> None:
        """Ends the children in the order they were started: web first, so that nothing more arrives."""
        self._stopping.set()
        for child in self._children:
            process = self._processes.get(child.name)
            if process is not None:
                await _end(process)
        await asyncio.gather(*self._keepers, return_exceptions=True)

    async def _keep(self, child: Child) -> None:
        delay, failures = FIRST_RESTART_S, 0
        while True:
            born = time.monotonic()
            process = self._processes[child.name]
            code = await process.wait()
            if self._stopping.is_set():
                return
            if time.monotonic() - born > HEALTHY_AFTER_S:
                delay, failures = FIRST_RESTART_S, 0
            failures += 1
            log().error("child process ended", process=child.name, exit_code=code, attempts=failures)
            if failures >= GIVE_UP_AFTER:
                where = f"; see {child.output}" if child.output else ""
                raise ChildrenGone(f"{child.name} ended {failures} times in a row (exit code {code}){where}")
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stopping.wait(), delay)
                return
            delay = min(delay * 2, LONGEST_RESTART_S)
            self._processes[child.name] = await _spawn(child)
            if self._stopping.is_set():  # while it was being born
                await _end(self._processes[child.name])
                return


async def _spawn(child: Child) -> asyncio.subprocess.Process:
    output = os.open(child.output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600) if child.output else None
    try:
        return await asyncio.create_subprocess_exec(
            *child.argv,
            env={**os.environ, **child.env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            pass_fds=child.pass_fds,
            start_new_session=True,  # Ctrl-C is for the parent, which ends the children in order
            preexec_fn=_dies_with_parent(),
        )
    finally:
        if output is not None:
            os.close(output)


async def _end(process: asyncio.subprocess.Process) -> None:
    for how in (signal.SIGTERM, signal.SIGKILL):
        if process.returncode is not None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(how)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), STOP_WITHIN_S)


def _dies_with_parent() -> Callable[[], None] | None:
    """What the child does first: asks the kernel for SIGTERM when the parent ends, by whatever cause (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)

    return ask
