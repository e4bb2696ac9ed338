"""The processes of the development Postgres: started so that they end with us, and ended when somebody left them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from runtime.embedded.place import EmbeddedPostgresError, Place

START_TIMEOUT_S = 60
ORPHAN_TIMEOUT_S = 60
POLL_S = 0.02
LOG_MAX_BYTES = 5_000_000
LOG_TAIL_LINES = 12
PR_SET_PDEATHSIG = 1  # <sys/prctl.h>


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    pid: int
    ended: threading.Event


def launch(where: Place, settings: Mapping[str, str]) -> Server:
    """Starts the postmaster and returns when it takes connections. Raises EmbeddedPostgresError.

    The caller holds the folder's lock. A thread that lives as long as the postmaster does starts it: the kernel's death signal
    is bound to the thread that forks.
    """
    _end_orphans(where.pgdata)
    born: Future[Server] = Future()
    keeper = threading.Thread(
        target=_keep, args=(where, settings, born), name="embedded-postgres", daemon=True
    )
    keeper.start()
    server = born.result()
    deadline = time.monotonic() + START_TIMEOUT_S
    while _postmaster(where.pgdata, ready=True) != server.pid:
        if server.ended.wait(POLL_S):
            raise EmbeddedPostgresError(f"Postgres ended while starting:\n{_tail(where.log)}")
        if time.monotonic() > deadline:
            os.kill(server.pid, signal.SIGKILL)
            raise EmbeddedPostgresError(f"Postgres was not ready in {START_TIMEOUT_S} s:\n{_tail(where.log)}")
    return server


def _keep(where: Place, settings: Mapping[str, str], born: Future[Server]) -> None:
    options = ["-D", str(where.pgdata), *(f"--{name}={value}" for name, value in settings.items())]
    try:
        if where.log.exists() and where.log.stat().st_size > LOG_MAX_BYTES:
            where.log.unlink()
        with where.log.open("ab") as log:
            postmaster = spawn(where, "postgres", options, output=log)
    except BaseException as error:
        born.set_exception(error)
        return
    ended = threading.Event()
    born.set_result(Server(pid=postmaster.pid, ended=ended))
    postmaster.wait()
    ended.set()


def spawn(
    where: Place, program: str, options: Sequence[str], *, output: IO[bytes] | int
) -> subprocess.Popen[bytes]:
    """Starts one of the binaries as the server's user, with nothing of our environment."""
    account = where.account
    return subprocess.Popen(
        [where.binaries / program, *options],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT,
        cwd="/",
        env={"PATH": os.defpath, "LC_ALL": "C"},
        user=account.pw_uid if account else None,
        group=account.pw_gid if account else None,
        extra_groups=[] if account else None,
        umask=0o077,
        start_new_session=True,  # Ctrl-C is for us: the database stops last
        preexec_fn=_dies_with_us(),  # noqa: PLW1509  (it makes one system call and takes no lock, so threads are no danger)
    )


def _dies_with_us() -> Callable[[], None] | None:
    """What the child does first: ask the kernel for a fast shutdown when we end, by whatever cause (Linux only)."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    us = os.getpid()

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
        if os.getppid() != us:
            os._exit(1)

    return ask


def _end_orphans(pgdata: Path) -> None:
    """We hold the lock, so whatever still works on the folder is left of a server or a convo that was killed."""
    deadline = time.monotonic() + ORPHAN_TIMEOUT_S
    while servers := _servers_on(pgdata):
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(f"Postgres processes {servers} still run on {pgdata} and do not stop")
        for pid in servers if servers[0] != _postmaster(pgdata) else servers[:1]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGINT if pid == _postmaster(pgdata) else signal.SIGQUIT)
        time.sleep(POLL_S)
    # The process id in it may be another program's by now, and Postgres would refuse to start.
    (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _servers_on(pgdata: Path) -> list[int]:
    """Processes of any Postgres that works in `pgdata`, the postmaster first."""
    first = _postmaster(pgdata)
    if sys.platform != "linux":
        command = ["ps", "-o", "comm=", "-p", str(first)]
        name = subprocess.run(command, check=False, capture_output=True, text=True).stdout
        return [first] if first and "postgres" in name else []
    processes = (entry for entry in Path("/proc").iterdir() if entry.name.isdigit())
    return sorted(
        (int(entry.name) for entry in processes if _works_in(entry, pgdata)), key=lambda pid: pid != first
    )


def _works_in(entry: Path, pgdata: Path) -> bool:
    try:
        return (
            entry.joinpath("cwd").readlink() == pgdata and entry.joinpath("comm").read_text() == "postgres\n"
        )
    except OSError:  # ended meanwhile, or another user's
        return False


def _postmaster(pgdata: Path, *, ready: bool = False) -> int:
    """The process id in postmaster.pid; 0 when there is none, or none that is ready."""
    try:
        lines = (pgdata / "postmaster.pid").read_text(encoding="utf-8").splitlines()
        return int(lines[0]) if not ready or lines[7].strip() == "ready" else 0
    except (OSError, ValueError, IndexError):
        return 0


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_TAIL_LINES:])
