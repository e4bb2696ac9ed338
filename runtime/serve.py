"""web, worker and sender as children of one parent, on a socket that outlives a crash of the web process."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg

from runtime.crypto import Vault
from runtime.errors import NotConfigured
from runtime.settings import Settings
from runtime.storage import migrate
from runtime.supervisor import Child, Supervisor
from runtime.telemetry import configure, error_fields, log
from runtime.trust import trusted_keys

CONNECT_TIMEOUT_S = 2


def listening(host: str, port: int) -> socket.socket:
    """A listening socket that survives a crash of the web process. Raises OSError when the port is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
        made.listen(2048)
    except OSError:
        made.close()
        raise
    made.set_inheritable(True)
    return made


def children(web_socket: socket.socket, env: Mapping[str, str], logs: Path | None = None) -> Sequence[Child]:
    """web, worker and sender as children; their output goes to files in `logs`, or to our own stderr."""
    run = (sys.executable, "-P", "-m", "runtime")  # -P: no module of the current folder stands in for ours

    def child(name: str, *more: str, fds: tuple[int, ...] = ()) -> Child:
        return Child(
            name=name,
            argv=(*run, name, *more),
            env=env,
            output=logs / f"{name}.log" if logs else None,
            pass_fds=fds,
        )

    fd = web_socket.fileno()
    return (child("web", "--fd", str(fd), fds=(fd,)), child("worker"), child("sender"))


async def serve(settings: Settings, *, port: int | None = None) -> int:
    """Runs all three until SIGINT or SIGTERM. Returns the exit code. Raises NotConfigured or SettingsError."""
    configure(settings.log, process="serve")
    settings.check_sealing()
    trusted_keys(settings.trust)
    Vault.open(master=settings.master_key, pepper=settings.pepper, env=os.environ)
    if settings.database_url or "owner" in settings.role_urls:
        await asyncio.to_thread(_migrated, settings.url("owner"))
    wanted = settings.port if port is None else port
    try:
        web_socket = listening(settings.host, wanted)
    except OSError as error:
        raise NotConfigured(
            f"port {wanted} of {settings.host}: {error.strerror}; choose another (--port)"
        ) from error
    with web_socket:
        await _until_told(Supervisor(children(web_socket, {"CONVO_PORT": str(web_socket.getsockname()[1])})))
    return 0


def _migrated(url: str) -> None:
    """A database that is away may come back; one of another version will not change by itself."""
    try:
        with psycopg.connect(url, connect_timeout=CONNECT_TIMEOUT_S) as connection:
            missing = migrate.pending(connection)
    except psycopg.OperationalError as error:
        log().warning("schema not checked", **error_fields(error))
        return
    if missing:
        raise NotConfigured(f"the database lacks {len(missing)} migration(s): run `convo migrate`")


async def _until_told(supervisor: Supervisor) -> None:
    """Starts the children and waits for a signal, then stops them in order. Raises ChildrenGone."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for told in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(told, stop.set)
    try:
        await supervisor.start()
        waiting = {asyncio.create_task(stop.wait()), asyncio.create_task(supervisor.watch())}
        done, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()  # ChildrenGone is told to whoever started us
    finally:
        await supervisor.stop()
