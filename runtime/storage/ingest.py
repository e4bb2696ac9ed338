"""Storing what arrives: webhooks gather while a flusher is busy and go to disk together, with no timer in between."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from runtime.errors import Overloaded
from runtime.messages import Arrival, Stored
from runtime.ports import Clock, DatabaseDown, WebLine
from runtime.storage.arrival_writer import ArrivalWriter, Item, Result
from runtime.storage.contacts import Contacts
from runtime.storage.kept import KeptConnection
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants

FLUSHERS = 2  # measured: no loss at few connections, three times one-insert-per-request at many
BUFFER_ROWS = 2_000
BATCH_ROWS = 500

VISITOR_LINES = "select * from visitor_lines_v1(%s, %s, %s, %s, %s)"
ANSWERING = "select answering_v1(%s, %s, %s) as answering"


@dataclass(frozen=True, slots=True)
class _Job:
    """One webhook's arrivals: never split between flushers, so that they keep their order."""

    items: tuple[Item, ...]
    done: asyncio.Future[list[Stored]]


class PgIngest:
    """Implements ports.Ingest as convo_ingest. Use `async with`: it runs the flushers."""

    def __init__(self, pool: Pool, tenants: Tenants, clock: Clock, *, buffer_rows: int = BUFFER_ROWS) -> None:
        self._buffer_rows = buffer_rows
        self._pool = pool
        self._tenants = tenants
        self._clock = clock
        self._contacts = Contacts(tenants.vault)
        self._waiting: deque[_Job] = deque()
        self._rows = 0
        self._idle: deque[asyncio.Future[None]] = deque()  # flushers that wait for work
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
        if self._rows + len(arrivals) > self._buffer_rows:
            raise Overloaded
        for tenant_id in {arrival.tenant_id for arrival in arrivals}:
            await self._tenants.get(tenant_id)  # its key, so that the flusher need not wait for it
        job = _Job(
            tuple(Item(arrival, now) for arrival in arrivals), asyncio.get_running_loop().create_future()
        )
        self._rows += len(arrivals)
        self._waiting.append(job)
        self._wake_one()
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
        async with KeptConnection(self._pool) as connection:
            writer = ArrivalWriter(connection, self._tenants, self._contacts)
            while True:
                jobs = await self._gather()
                try:
                    results = await writer.write([item for job in jobs for item in job.items])
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

    def _wake_one(self) -> None:
        while self._idle:
            woken = self._idle.popleft()
            if not woken.done():  # one that is being cancelled is no help
                woken.set_result(None)
                return

    async def _gather(self) -> list[_Job]:
        """All that waits, up to a batch; waits for the first."""
        while not self._waiting:  # the other flusher may have taken what this one was woken for
            woken = asyncio.get_running_loop().create_future()
            self._idle.append(woken)
            try:
                await woken
            finally:
                with contextlib.suppress(ValueError):
                    self._idle.remove(woken)
        jobs = [self._waiting.popleft()]
        rows = len(jobs[0].items)
        while self._waiting and rows + len(self._waiting[0].items) <= BATCH_ROWS:
            jobs.append(self._waiting.popleft())
            rows += len(jobs[-1].items)
        return jobs


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
        author="person" if row["by_person"] else "bot",
    )


def _settle(job: _Job, result: list[Result] | BaseException) -> None:
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
