"""Storing what arrives: webhooks gather while a flusher is busy and go to disk together, with no timer in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, NamedTuple, Self
from uuid import UUID

import psycopg
from psycopg.rows import dict_row

from runtime.errors import Overloaded
from runtime.messages import Arrival, StatusUpdate, Stored
from runtime.ports import Clock, DatabaseDown, WebLine
from runtime.storage.arrivals import AliasRow, MessageRow, StatusRow, alias_rows, message_row, status_row
from runtime.storage.contacts import Contacts
from runtime.storage.postgres import STATEMENT_TIMEOUT_MS, Pool, is_down
from runtime.storage.tenants import Tenants
from runtime.telemetry import error_fields, log

FLUSHERS = 2  # measured: no loss at few connections, three times one-insert-per-request at many
BUFFER_ROWS = 2_000
BATCH_ROWS = 500
GIVE_UP_S = STATEMENT_TIMEOUT_MS / 1000 + 1  # a server that does not even say that its time is up is away
TRIES = 3  # for two flushers or processes that got in each other's way

INGEST = """select * from ingest_v1(
  %s::int[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::date[], %b::bytea[],
  %s::uuid[], %s::text[], %b::bytea[], %s::text[], %s::text[], %s::uuid[], %b::bytea[], %s::uuid[], %s::uuid[],
  %s::uuid[], %s::text[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[],
  %s::int[], %s::uuid[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[])"""
INGEST_STATUSES = """select * from ingest_statuses_v1(
  %s::int[], %s::text[], %b::bytea[], %s::date[], %s::uuid[], %b::bytea[], %s::text[], %s::text[], %s::timestamptz[],
  %s::int[], %s::timestamptz[])"""
REJECT = "select ingest_reject_v1(%s, %s, %s, %s, %s, %s, %s)"
VISITOR_LINES = "select * from visitor_lines_v1(%s, %s, %s, %s, %s)"
ANSWERING = "select answering_v1(%s, %s, %s) as answering"


_Result = Stored | DatabaseDown


class _Item(NamedTuple):
    arrival: Arrival
    now: datetime


@dataclass(frozen=True, slots=True)
class _Job:
    """One webhook's arrivals: never split between flushers, so that they keep their order."""

    items: tuple[_Item, ...]
    done: asyncio.Future[list[Stored]]


class PgIngest:
    """Implements ports.Ingest as convo_ingest. Use `async with`: it runs the flushers."""

    def __init__(self, pool: Pool, tenants: Tenants, clock: Clock) -> None:
        self._pool = pool
        self._tenants = tenants
        self._clock = clock
        self._contacts = Contacts(tenants.vault)
        self._waiting: deque[_Job] = deque()
        self._rows = 0
        self._has_work = asyncio.Condition()
        self._flushers: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        self._flushers = [asyncio.create_task(self._flush_for_ever()) for _ in range(FLUSHERS)]
        return self

    async def __aexit__(self, *_: object) -> None:
        """What is in the buffer was not acknowledged: whoever waits is told that it is not stored."""
        for flusher in self._flushers:
            flusher.cancel()
        await asyncio.gather(*self._flushers, return_exceptions=True)
        for job in self._waiting:
            _settle(job, DatabaseDown("stopping"))
        self._waiting.clear()

    async def store(self, arrivals: Sequence[Arrival], *, now: datetime) -> Sequence[Stored]:
        """See ports.Ingest. Returns after the commit. Raises DatabaseDown, Overloaded."""
        if not arrivals:
            return []
        if self._rows + len(arrivals) > BUFFER_ROWS:
            raise Overloaded
        for tenant_id in {arrival.tenant_id for arrival in arrivals}:
            await self._tenants.get(tenant_id)  # its key, so that the flusher need not wait for it
        job = _Job(
            tuple(_Item(arrival, now) for arrival in arrivals), asyncio.get_running_loop().create_future()
        )
        self._rows += len(arrivals)
        self._waiting.append(job)
        async with self._has_work:
            self._has_work.notify()
        return await job.done

    async def visitor_lines(
        self, tenant_id: int, connection_id: str, visitor: str, *, after: int
    ) -> Sequence[WebLine]:
        """See ports.Ingest. An erased visitor sees nothing."""
        owner = await self._tenants.get(tenant_id)
        blind = owner.keys.blind_index("visitor", visitor)
        rows = await self._pool.rows(
            VISITOR_LINES, [tenant_id, connection_id, blind, after, self._clock.now()]
        )
        if not rows:
            return []
        key = owner.keys.open_contact(rows[0]["contact_id"], rows[0]["wrapped_key"])
        return [
            _line(row, key.decrypt(row["ciphertext"], row=row["id"], **_PLACE[row["ours"]])) for row in rows
        ]

    async def answering(self, tenant_id: int, connection_id: str, visitor: str) -> bool:
        """See ports.Ingest."""
        owner = await self._tenants.get(tenant_id)
        blind = owner.keys.blind_index("visitor", visitor)
        row = await self._pool.row(ANSWERING, [tenant_id, connection_id, blind])
        return row is not None and bool(row["answering"])

    # ---- the flushers -----------------------------------------------------------------------------------------------

    async def _flush_for_ever(self) -> None:
        async with _Line(self._pool) as line:
            while True:
                jobs = await self._gather()
                try:
                    results = await self._write(line, [item for job in jobs for item in job.items])
                except BaseException as error:
                    for job in jobs:
                        _settle(
                            job,
                            DatabaseDown("stopping") if isinstance(error, asyncio.CancelledError) else error,
                        )
                    if not isinstance(error, Exception):
                        raise
                else:
                    for job in jobs:
                        _settle(job, results[: len(job.items)])
                        results = results[len(job.items) :]
                finally:
                    self._rows -= sum(len(job.items) for job in jobs)

    async def _gather(self) -> list[_Job]:
        """All that waits, up to a batch; waits for the first."""
        async with self._has_work:
            await self._has_work.wait_for(lambda: bool(self._waiting))
            jobs = [self._waiting.popleft()]
            rows = len(jobs[0].items)
            while self._waiting and rows + len(self._waiting[0].items) <= BATCH_ROWS:
                jobs.append(self._waiting.popleft())
                rows += len(jobs[-1].items)
            return jobs

    async def _write(self, line: _Line, items: list[_Item]) -> list[_Result]:
        """Messages and statuses are separate statements, so that a fault in one kind never repeats the other."""
        statuses = [n for n, item in enumerate(items) if isinstance(item.arrival.event, StatusUpdate)]
        messages = [n for n, item in enumerate(items) if not isinstance(item.arrival.event, StatusUpdate)]
        results: dict[int, _Result] = {}
        for numbers, write in ((messages, self._messages), (statuses, self._statuses)):
            chosen = [items[n] for n in numbers]
            results |= zip(numbers, await self._or_bisect(line, chosen, write) if chosen else [], strict=True)
        return [results[n] for n in range(len(items))]

    async def _or_bisect(
        self, line: _Line, items: list[_Item], write: Callable[[_Line, list[_Item]], Awaitable[list[Stored]]]
    ) -> list[_Result]:
        """All of them, or all but the one that cannot be stored, or not in time. Raises DatabaseDown for all of them."""
        for _ in range(TRIES):
            try:
                return [*await write(line, items)]
            except DatabaseDown:
                raise
            except (
                psycopg.errors.DeadlockDetected,
                psycopg.errors.SerializationFailure,
                _Undecided,
            ) as error:
                log().warning("batch got in another's way", rows=len(items), **error_fields(error))
            except (
                psycopg.errors.OperationalError
            ) as error:  # somebody holds a row; the others shall not wait for it
                log().warning("batch waited too long", rows=len(items), **error_fields(error))
                break
            except (psycopg.Error, ValueError) as error:
                if len(items) == 1:
                    return [await self._reject(line, items[0], error)]
                break
        if len(items) == 1:
            return [DatabaseDown("the row could not be stored in time")]
        half = len(items) // 2
        return [
            *await self._or_bisect(line, items[:half], write),
            *await self._or_bisect(line, items[half:], write),
        ]

    async def _messages(self, line: _Line, items: list[_Item]) -> list[Stored]:
        stored: dict[int, Stored] = {}
        left = list(range(len(items)))
        for _ in range(TRIES):
            rows, aliases = await self._rows_of([items[n] for n in left])
            answers = await line.call(INGEST, [*_columns(MessageRow, rows), *_columns(AliasRow, aliases)])
            again = []
            for answer in answers:
                n = left[answer["n"] - 1]
                if answer["outcome"] == "rekey":
                    await self._learn(items[n].arrival, answer["contact_id"], answer["wrapped_key"])
                    again.append(n)
                else:
                    stored[n] = Stored(
                        outcome=answer["outcome"],
                        conversation_id=answer["conversation_id"],
                        seq=answer["seq"],
                    )
            left = sorted(again)
            if not left:
                return [stored[n] for n in range(len(items))]
        raise _Undecided

    async def _rows_of(self, items: list[_Item]) -> tuple[list[MessageRow], list[AliasRow]]:
        rows: list[MessageRow] = []
        aliases: list[AliasRow] = []
        for n, (arrival, now) in enumerate(items, start=1):
            owner = await self._tenants.get(arrival.tenant_id)
            rows.append(message_row(arrival, owner, self._contacts, now))
            aliases += alias_rows(n, arrival, owner, self._contacts)
        return rows, aliases

    async def _learn(self, arrival: Arrival, contact: UUID, wrapped_key: bytes | None) -> None:
        assert not isinstance(arrival.event, StatusUpdate)
        owner = await self._tenants.get(arrival.tenant_id)
        self._contacts.learn(owner, arrival.event.sender, contact, wrapped_key)

    async def _statuses(self, line: _Line, items: list[_Item]) -> list[Stored]:
        rows = [
            status_row(arrival, await self._tenants.get(arrival.tenant_id), now) for arrival, now in items
        ]
        answers = await line.call(INGEST_STATUSES, _columns(StatusRow, rows))
        outcomes = {answer["n"]: answer["outcome"] for answer in answers}
        return [Stored(outcome=outcomes[n]) for n in range(1, len(items) + 1)]

    async def _reject(self, line: _Line, item: _Item, fault: Exception) -> Stored:
        """Kept for an operator, with the error's class: an error's text could quote the row."""
        arrival, now = item
        owner = await self._tenants.get(arrival.tenant_id)
        # A redelivery of the same event is the same row.
        row = UUID(bytes=owner.keys.blind_index("reject", json.dumps(arrival.event.provider_id))[:16])
        body = json.dumps(asdict(arrival.event), default=str).encode("ascii")
        reason = type(fault).__name__
        await line.call(
            REJECT,
            [
                arrival.tenant_id,
                row,
                arrival.connection_id,
                type(arrival.event).__name__,
                reason,
                owner.keys.fields.encrypt(body, table="ingest_reject", column="body", row=row),
                now,
            ],
        )
        log().error("arrival rejected", tenant=owner.slug, connection=arrival.connection_id, error=reason)
        return Stored(outcome="rejected", reason=reason)


class _Undecided(Exception):
    """Other processes kept being quicker with the same people."""


class _Line:
    """A flusher's own connection, opened when needed: a database that is away is noticed at once, not after a pool's wait."""

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


_PLACE = {True: {"table": "outbox", "column": "body"}, False: {"table": "inbox", "column": "payload"}}


def _line(row: dict[str, Any], plain: bytes) -> WebLine:
    words = json.loads(plain)
    return WebLine(
        position=row["line_position"],
        ours=row["ours"],
        text=words["text"],
        at=row["at"],
        client_id=words.get("provider_id"),
        options=tuple(words.get("options", ())),
        claims=tuple(row["claims"]),
    )


def _columns(kind: type[NamedTuple] | Any, rows: Sequence[tuple[Any, ...]]) -> list[list[Any]]:
    """Rows as one array per column, an empty one each when there are no rows."""
    return [[row[n] for row in rows] for n in range(len(kind._fields))]


def _settle(job: _Job, result: list[_Result] | BaseException) -> None:
    """A webhook is acknowledged whole or not at all; what was stored of it already is a duplicate the next time."""
    if job.done.done():  # whoever asked has gone
        return
    if isinstance(result, BaseException):
        job.done.set_exception(result)
        return
    stored = [one for one in result if isinstance(one, Stored)]
    if len(stored) < len(result):
        job.done.set_exception(DatabaseDown("not all of it could be stored in time"))
    else:
        job.done.set_result(stored)
