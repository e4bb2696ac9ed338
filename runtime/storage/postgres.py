"""The one place that opens connections: a small pool per role, with its time limits, and statements by name."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import psycopg
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from runtime.ports import DatabaseDown

STATEMENT_TIMEOUT_MS = 5_000
LOCK_TIMEOUT_MS = 2_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 2_000
CONNECT_TIMEOUT_S = 2
POOL_WAIT_S = 2.0
MAX_CONNECTIONS = 8

Params = Sequence[Any] | Mapping[str, Any]

# A connection that is lost, a server that is starting or stopping: what a retry may cure, and a fault in a row may not.
DOWN_CLASSES = ("08", "57")


def conninfo(url: str, *, role: str) -> str:
    """`url` with our limits added; what the url itself says wins."""
    given = conninfo_to_dict(url)
    limits = (
        f"-c statement_timeout={STATEMENT_TIMEOUT_MS} -c lock_timeout={LOCK_TIMEOUT_MS} "
        f"-c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_TIMEOUT_MS}"
    )
    ours: dict[str, Any] = {
        "application_name": f"convo {role}",
        "connect_timeout": CONNECT_TIMEOUT_S,
        "options": limits,
        "tcp_user_timeout": STATEMENT_TIMEOUT_MS,
        "keepalives_idle": 10,
    }
    return make_conninfo("", **{**ours, **given})


def is_down(error: BaseException) -> bool:
    """Whether an error says that the database is away, rather than that a statement is wrong."""
    match error:
        case PoolTimeout():
            return True
        case psycopg.errors.QueryCanceled():
            return False  # a statement's own time ran out; the database is there
        case psycopg.Error():
            state = error.sqlstate
            return isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) and (
                state is None or state[:2] in DOWN_CLASSES or state == "53300"
            )
        case _:
            return isinstance(error, OSError)


class Pool:
    """Connections of one role. Every call is one statement in autocommit: one round trip. Use `async with`."""

    def __init__(self, url: str, *, role: str, max_size: int = MAX_CONNECTIONS) -> None:
        self.role = role
        self._conninfo = conninfo(url, role=role)
        self._checking: asyncio.Task[None] | None = None
        self._pool = AsyncConnectionPool(
            self._conninfo,
            open=False,
            min_size=0,
            max_size=max_size,
            timeout=POOL_WAIT_S,
            reconnect_timeout=POOL_WAIT_S,
            # Server-side prepared statements are session state: not every transaction pooler carries them.
            kwargs={"autocommit": True, "prepare_threshold": None},
        )

    async def __aenter__(self) -> Self:
        await self._pool.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._checking is not None:
            self._checking.cancel()
        await self._pool.close()

    async def connect(self) -> psycopg.AsyncConnection[TupleRow]:
        """A connection beside the pool, for somebody who keeps it. Raises DatabaseDown."""
        try:
            return await psycopg.AsyncConnection.connect(
                self._conninfo, autocommit=True, prepare_threshold=None
            )
        except (psycopg.Error, OSError) as error:
            raise DatabaseDown(type(error).__name__) from error

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[psycopg.AsyncConnection[TupleRow]]:
        """A connection for more than one statement. Raises DatabaseDown."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (psycopg.Error, PoolTimeout, OSError) as error:
            if is_down(error):
                self._look_over()
                raise DatabaseDown(type(error).__name__) from error
            raise

    def _look_over(self) -> None:
        """One connection has died, so the idle ones may have, too: find out now, rather than one failed call at a time."""
        if self._checking is None or self._checking.done():
            self._checking = asyncio.create_task(self._pool.check())

    async def rows(self, statement: str, params: Params = ()) -> list[dict[str, Any]]:
        """All rows of one statement, as dicts. Raises DatabaseDown."""
        async with self.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(statement.encode(), params)
            return await cursor.fetchall() if cursor.description else []

    async def row(self, statement: str, params: Params = ()) -> dict[str, Any] | None:
        """The first row, or None. Raises DatabaseDown."""
        found = await self.rows(statement, params)
        return found[0] if found else None


def queries(file: Path) -> Mapping[str, str]:
    """Statements of a .sql file by name; each begins with a line `-- name: <name>`."""
    parts = re.split(r"^-- name: (\w+)\n", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))
