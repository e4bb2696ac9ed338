"""The development Postgres: the wheel's binaries under our own supervisor, on a Unix socket, gone when we are gone.

Only binaries are taken from the wheel; its Python server class is not used (it trusts every login and, as root, makes a user
and opens folders). Here: peer authentication mapped to our roles, no TCP, a socket folder of mode 0700. As root the server
runs as `nobody` from a copy of the binaries, and no folder's mode is changed but of those made here.
"""

import atexit
import contextlib
import os
import shutil
import signal
import subprocess
import urllib.parse
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import psycopg
from psycopg import sql

from runtime.embedded import cluster, place, process
from runtime.embedded.cluster import ROLES, SUPERUSER
from runtime.embedded.place import EmbeddedPostgresError, Place

__all__ = ["ROLES", "SUPERUSER", "EmbeddedPostgres", "EmbeddedPostgresError", "bootstrap", "start"]

STOP_TIMEOUT_S = 60


class EmbeddedPostgres:
    """A running server. It stops with `stop()`, at interpreter exit, and when this process is killed."""

    def __init__(self, where: Place, lock: int, settings: Mapping[str, str]) -> None:
        self._place = where
        self._lock = lock
        self._settings = settings
        self._owner = os.getpid()
        self._server = process.launch(where, settings)
        atexit.register(self._at_exit)

    @property
    def data_dir(self) -> Path:
        return self._place.data_dir

    @property
    def socket_dir(self) -> Path:
        return self._place.socket_dir

    @property
    def pid(self) -> int:
        """The postmaster's process id; another one after `restart()`."""
        return self._server.pid

    @property
    def running(self) -> bool:
        return not self._server.ended.is_set()

    def url(self, role: str, database: str = "convo") -> str:
        host = urllib.parse.quote(str(self.socket_dir), safe="/")
        return f"postgresql://{role}@/{database}?host={host}"

    def stop(self, *, fast: bool = True) -> None:
        """Ends the server and releases the folder. `fast` disconnects clients; otherwise they get a minute."""
        self._end(signal.SIGINT if fast else signal.SIGTERM)
        atexit.unregister(self._at_exit)
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def crash(self) -> None:
        """Ends the server as a power cut would (`-m immediate`): the next start replays the log."""
        self._end(signal.SIGQUIT)

    def restart(self) -> None:
        """Starts again on the same folder and socket, after `crash()` or while running."""
        if self._lock < 0:
            raise EmbeddedPostgresError("stopped, and the folder released: use start() to open it again")
        self._end(signal.SIGINT)
        self._server = process.launch(self._place, self._settings)

    def discard(self) -> None:
        """Stops, and deletes the database and what was made for it outside the data folder."""
        self.stop()
        shutil.rmtree(self._place.pgdata)
        shutil.rmtree(self._place.socket_dir)
        self._place.forget_home()

    def _end(self, first: signal.Signals) -> None:
        for how in (first, signal.SIGINT, signal.SIGQUIT, signal.SIGKILL):
            if not self.running:
                return
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, how)
            self._server.ended.wait(STOP_TIMEOUT_S)

    def _at_exit(self) -> None:
        if os.getpid() == self._owner:  # a forked child that exits must not take its parent's server along
            self.stop()


def start(
    data_dir: Path, *, fsync: bool = True, settings: Mapping[str, str] = MappingProxyType({})
) -> EmbeddedPostgres:
    """Starts a server on `data_dir`, making the cluster the first time. Raises EmbeddedPostgresError.

    `fsync=False` is for tests: quick, and a power cut may lose or break the database. `settings` are Postgres's own.
    """
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        lock = place.lock(data_dir)
        try:
            return _start(data_dir, lock, fsync=fsync, settings=settings)
        except BaseException:
            os.close(lock)
            raise
    except (OSError, subprocess.SubprocessError) as error:
        raise EmbeddedPostgresError(f"Postgres could not be started on {data_dir}: {error}") from error


def _start(data_dir: Path, lock: int, *, fsync: bool, settings: Mapping[str, str]) -> EmbeddedPostgres:
    where = place.choose(data_dir, os.environ.get("CONVO_PG_BIN"))
    cluster.write_access(where)
    if not where.pgdata.exists():
        cluster.make(where, sync=fsync)
    return EmbeddedPostgres(where, lock, {**cluster.server_settings(where, fsync=fsync), **settings})


def bootstrap(pg: EmbeddedPostgres, database: str = "convo") -> None:
    """Makes the roles, the database that `convo_owner` owns, and its vector extension, where they are missing."""
    with psycopg.connect(pg.url(SUPERUSER, "postgres"), autocommit=True) as connection:
        _make_roles(connection)
        if connection.execute("select 1 from pg_database where datname = %s", [database]).fetchone() is None:
            _make_database(connection, sql.Identifier(database))
    with psycopg.connect(pg.url(SUPERUSER, database), autocommit=True) as connection:
        connection.execute("create extension if not exists vector")


def _make_roles(connection: psycopg.Connection) -> None:
    statement = sql.SQL("create role {} login noinherit nosuperuser nocreatedb nocreaterole nobypassrls")
    known = {name for (name,) in connection.execute("select rolname from pg_roles")}
    for role in ROLES:
        if role not in known:
            connection.execute(statement.format(sql.Identifier(role)))


def _make_database(connection: psycopg.Connection, name: sql.Identifier) -> None:
    roles = sql.SQL(", ").join(map(sql.Identifier, ROLES))
    connection.execute(sql.SQL("create database {} owner convo_owner").format(name))
    connection.execute(sql.SQL("revoke all on database {} from public").format(name))
    connection.execute(sql.SQL("grant connect on database {} to {}").format(name, roles))
