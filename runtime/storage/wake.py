"""Hints between processes that there is work: at most one NOTIFY per topic and 50 ms, after the commit, never relied upon."""

from __future__ import annotations

import asyncio
import contextlib
import weakref
from collections import defaultdict

import psycopg

from runtime.telemetry import error_fields, log

CHANNEL = "convo_wake"
TOPICS = ("turns", "sends", "pages", "bundles")
DEBOUNCE_S = 0.05
QUIET_CHECK_S = 30.0  # a listener that heard nothing for so long asks whether its connection still lives
RECONNECT_S = (0.2, 5.0)  # first and longest wait
CONNECT_TIMEOUT_S = 5


class PgWake:
    """Wakes waiters of this process at once and those of other processes through `url`; with None, this process only.

    Use `async with`. Everything works without the database too: then only polling is left, as through a proxy without LISTEN.
    """

    def __init__(self, url: str | None = None) -> None:
        self._url = url
        self._generation: dict[str, int] = defaultdict(int)
        # What each task saw last: a hint that comes while it works is not lost, and no waiter takes another's.
        self._seen: weakref.WeakKeyDictionary[asyncio.Task[object], dict[str, int]] = (
            weakref.WeakKeyDictionary()
        )
        self._waiting: dict[str, set[asyncio.Future[None]]] = defaultdict(set)
        self._outgoing: set[str] = set()
        self._has_outgoing = asyncio.Event()
        self._own_pid = -1
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> PgWake:
        if self._url is not None:
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._tell())]
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []

    def notify(self, topic: str) -> None:
        """Hints that there is work. Never blocks and never raises; call it after the commit."""
        self._hear(topic)
        if self._url is not None:
            self._outgoing.add(topic)
            self._has_outgoing.set()

    async def wait(self, topic: str, timeout_s: float) -> bool:
        """True when hinted since this task last waited for `topic`, False on time-out."""
        task = asyncio.current_task()
        assert task is not None
        seen = self._seen.setdefault(task, {})
        if seen.setdefault(topic, self._generation[topic]) == self._generation[topic]:
            future = asyncio.get_running_loop().create_future()
            self._waiting[topic].add(future)
            try:
                await asyncio.wait((future,), timeout=timeout_s)
            finally:
                self._waiting[topic].discard(future)
        hinted = seen[topic] != self._generation[topic]
        seen[topic] = self._generation[topic]
        return hinted

    def _hear(self, topic: str) -> None:
        self._generation[topic] += 1
        for future in self._waiting[topic]:
            if not future.done():
                future.set_result(None)

    async def _listen(self) -> None:
        delay = RECONNECT_S[0]
        while True:
            try:
                async with await self._connect() as connection:
                    await connection.execute(f"listen {CHANNEL}")
                    delay = RECONNECT_S[0]
                    for topic in TOPICS:  # what was said while nobody listened
                        self._hear(topic)
                    await self._hear_all(connection)
            except (psycopg.Error, OSError) as error:
                log().warning("wake listener lost", **error_fields(error))
            await asyncio.sleep(delay)
            delay = min(delay * 2, RECONNECT_S[1])

    async def _hear_all(self, connection: psycopg.AsyncConnection[tuple[object, ...]]) -> None:
        while True:
            async for hint in connection.notifies(timeout=QUIET_CHECK_S):
                if hint.pid != self._own_pid and hint.payload in TOPICS:
                    self._hear(hint.payload)
            await connection.execute("select 1")

    async def _tell(self) -> None:
        connection: psycopg.AsyncConnection[tuple[object, ...]] | None = None
        try:
            while True:
                await self._has_outgoing.wait()
                self._has_outgoing.clear()
                topics, self._outgoing = sorted(self._outgoing), set()
                try:
                    if connection is None or connection.closed:
                        connection = await self._connect()
                        self._own_pid = connection.info.backend_pid
                    for topic in topics:
                        await connection.execute("select pg_notify(%s, %s)", (CHANNEL, topic))
                except (psycopg.Error, OSError) as error:
                    log().warning("wake hint not sent", **error_fields(error))
                    if connection is not None:
                        await connection.close()
                        connection = None
                await asyncio.sleep(DEBOUNCE_S)
        finally:
            if connection is not None:
                with contextlib.suppress(psycopg.Error):
                    await connection.close()

    async def _connect(self) -> psycopg.AsyncConnection[tuple[object, ...]]:
        assert self._url is not None
        return await psycopg.AsyncConnection.connect(
            self._url, autocommit=True, connect_timeout=CONNECT_TIMEOUT_S, application_name="convo-wake"
        )
