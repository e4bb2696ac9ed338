"""What tests share: one Postgres per session, a fresh database per test, and a clock that stands where it is put."""

from __future__ import annotations

import gc
import itertools
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from runtime import embedded
from runtime.embedded import SUPERUSER, EmbeddedPostgres
from runtime.storage.migrate import migrate

NOON = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)  # a Tuesday in opening hours
TEMPLATE = "convo_template"
# Files of one long test each, then those that would come late by the alphabet.
SLOWEST = (
    "test_chain.py",
    "test_tutorial.py",
    "test_cache.py",
    "test_hostile.py",
    "test_mutants.py",
    "test_forge.py",
    "test_last_look.py",
)
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 1 << 30  # asked for; a session uses about a third of it
IN_MEMORY = "convo-tests-"
_numbers = itertools.count(1)


@dataclass(slots=True)
class ManualClock:
    """A clock that moves only when told to; `monotonic` moves with it."""

    at: datetime = NOON
    elapsed: float = 0.0

    def now(self) -> datetime:
        return self.at

    def monotonic(self) -> float:
        return self.elapsed

    def advance(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)
        self.elapsed += seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """One migrated, empty database. `role` without or with the `convo_` prefix."""

    name: str
    server: EmbeddedPostgres = field(repr=False)

    def url(self, role: str = "convo_owner") -> str:
        return self.server.url(role if role.startswith("convo_") else f"convo_{role}", self.name)


def pytest_configure(config: pytest.Config) -> None:
    """The order of files is ours: xdist would start with the files of most tests, which are not those that take longest."""
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slowest files first, each in a worker of its own, so that none is left running alone at the end."""
    places = {name: number for number, name in enumerate(SLOWEST)}
    items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_collection_finish() -> None:
    """Ten thousand collected tests will never be garbage: no collection need look at them again."""
    gc.collect()
    gc.freeze()


def pytest_runtest_teardown() -> None:
    """A command that ran in this process may have turned the collector off, as it may in its own, which ends with it."""
    gc.enable()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedPostgres]:
    """A Postgres of this session's own, without fsync, holding the migrated template."""
    with in_memory() as folder:
        running = embedded.start(
            folder or tmp_path_factory.mktemp("postgres"), fsync=False, settings={"max_wal_size": "128MB"}
        )
        try:
            embedded.bootstrap(running, TEMPLATE)
            migrate(running.url("convo_owner", TEMPLATE), now=NOON)
            yield running
        finally:
            running.discard()


@contextmanager
def in_memory() -> Iterator[Path | None]:
    """A folder that is memory, gone at the end; None where there is too little of it.

    A clone of the template is four hundred small files, and a disk takes several times as long over them.
    """
    for left in MEMORY.glob(f"{IN_MEMORY}*"):  # of a session that was killed: nothing else would free it
        if not _runs(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < MEMORY_BYTES:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix=f"{IN_MEMORY}{os.getpid()}-", dir=MEMORY))
    if os.geteuid() == 0:
        folder.chmod(0o755)  # the server runs as another user, who has to pass
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # of another user
        pass
    return True


@pytest.fixture
def database(server: EmbeddedPostgres) -> Iterator[Database]:
    """A fresh database per test, cloned from the template."""
    with fresh_database(server) as made:
        yield made


@pytest.fixture(scope="module")
def module_database(server: EmbeddedPostgres) -> Iterator[Database]:
    """One database for a whole test module."""
    with fresh_database(server) as made:
        yield made


class fresh_database:
    """Clones the template, and drops the clone at the end."""

    def __init__(self, server: EmbeddedPostgres) -> None:
        self._made = Database(name=f"test_{os.getpid()}_{next(_numbers)}", server=server)

    def __enter__(self) -> Database:
        name = sql.Identifier(self._made.name)
        with self._admin() as admin:
            admin.execute(
                sql.SQL("create database {} template {} owner convo_owner").format(
                    name, sql.Identifier(TEMPLATE)
                )
            )
            roles = sql.SQL(", ").join(sql.Identifier(role) for role in embedded.ROLES)
            admin.execute(sql.SQL("grant connect on database {} to {}").format(name, roles))
        return self._made

    def __exit__(self, *_: object) -> None:
        with self._admin() as admin:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(self._made.name)))

    def _admin(self) -> psycopg.Connection:
        return psycopg.connect(self._made.server.url(SUPERUSER, "postgres"), autocommit=True)


@pytest.fixture(scope="session")
def repository() -> Path:
    """The root of the source tree."""
    return Path(__file__).parent.parent
