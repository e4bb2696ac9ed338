"""Running the `convo` command as somebody at a terminal does."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
CONVO = (sys.executable, "-P", "-m", "cli")
TODAY = "2026-11-24"
WITHIN_S = 60.0


def clean_env(more: Mapping[str, str] = {}) -> dict[str, str]:
    """Our environment without settings of convo, and with `more`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("CONVO_") and k != "DATABASE_URL"}
    return {**kept, "TERM": "dumb", "COLUMNS": "100", **more}


def convo(
    *arguments: str,
    env: Mapping[str, str] = {},
    stdin: str = "",
    cwd: Path = ROOT,
    within_s: int = 120,
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end."""
    return subprocess.run(
        [*CONVO, *arguments],
        env=clean_env(env),
        input=stdin,
        capture_output=True,
        text=True,
        cwd=cwd,
        check=False,
        timeout=within_s,
    )


@contextmanager
def running(
    *arguments: str, env: Mapping[str, str] = {}, output: Path, cwd: Path = ROOT
) -> Iterator[subprocess.Popen[bytes]]:
    """A command that runs until told; it is ended by its process id."""
    with output.open("wb") as file:
        process = subprocess.Popen(
            [*CONVO, *arguments],
            env=clean_env(env),
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            cwd=cwd,
        )
    try:
        yield process
    finally:
        stop(process)


def stop(process: subprocess.Popen[bytes], how: signal.Signals = signal.SIGTERM) -> int:
    """Asks it to end and waits. Returns the exit code."""
    if process.poll() is None:
        process.send_signal(how)
        try:
            process.wait(40)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
    return process.returncode


def until(what: Callable[[], bool], *, why: Callable[[], str], within_s: float = WITHIN_S) -> None:
    """Waits for something to become true."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.05)


def descendants(pid: int) -> Sequence[int]:
    """The process ids below one (Linux)."""
    found = [int(p.name) for p in Path("/proc").iterdir() if p.name.isdigit() and _parent(p) == pid]
    return [*found, *(below for child in found for below in descendants(child))]


def alive(pid: int) -> bool:
    """Whether the process runs; one that ended and waits for its parent does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (FileNotFoundError, ProcessLookupError):
        return 0
