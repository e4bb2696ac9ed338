"""A connection that somebody keeps for themselves, and that is replaced when it has died."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Any, Self

import psycopg
from psycopg.rows import dict_row

from runtime.ports import DatabaseDown
from runtime.storage.postgres import STATEMENT_TIMEOUT_MS, Pool, is_down

GIVE_UP_S = STATEMENT_TIMEOUT_MS / 1000 + 1  # a server that does not even say that its time is up is away


class KeptConnection:
    """Opened when needed: a database that is away is noticed at once, not after a pool's wait. Use `async with`."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._connection: psycopg.AsyncConnection[Any] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._drop()

    async def call(self, statement: str, params: Sequence[Any]) -> list[dict[str, Any]]:
        """One statement, committed. Raises DatabaseDown, and psycopg.Error for what is wrong with the rows.

        A connection that died while idle is replaced once. Should the first attempt have been committed after all, the
        second finds its rows as duplicates.
        """
        if self._connection is not None:
            with contextlib.suppress(DatabaseDown):
                return await self._try(self._connection, statement, params)
        self._connection = await self._pool.connect()
        return await self._try(self._connection, statement, params)

    async def _try(
        self, connection: psycopg.AsyncConnection[Any], statement: str, params: Sequence[Any]
    ) -> list[dict[str, Any]]:
        try:
            async with asyncio.timeout(GIVE_UP_S), connection.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(statement.encode(), params)
                return await cursor.fetchall()
        except (psycopg.Error, OSError, TimeoutError) as error:
            if isinstance(error, TimeoutError) or connection.broken or is_down(error):
                await self._drop()
                raise DatabaseDown(type(error).__name__) from error
            raise

    async def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()
