"""Arrivals into the database: one statement a batch, and of a batch that fails all rows but the guilty one."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import psycopg

from runtime.messages import Arrival, Malformed, StatusUpdate, Stored
from runtime.ports import DatabaseDown
from runtime.storage.arrays import columns
from runtime.storage.arrivals import (
    AliasRow,
    MessageRow,
    StatusRow,
    alias_rows,
    message_row,
    person_of,
    status_row,
)
from runtime.storage.contacts import Contacts
from runtime.storage.kept import KeptConnection
from runtime.storage.tenants import Tenants
from runtime.telemetry import error_fields, log

BURST_MOST_S = 4.0  # a turn waits for the next message no longer than this after the first
TRIES = 3  # for two flushers or processes that got in each other's way

INGEST = """select * from ingest_v2(
  %s::int[], %s::text[], %s::text[], %s::text[], %s::timestamptz[], %s::timestamptz[], %s::date[], %b::bytea[],
  %s::uuid[], %s::text[], %b::bytea[], %s::text[], %s::text[], %s::uuid[], %b::bytea[], %s::uuid[], %s::uuid[],
  %s::uuid[], %s::text[], %b::bytea[], %b::bytea[], %b::bytea[], %b::bytea[], %s::int[], %s::boolean[],
  %s::int[], %s::uuid[], %s::text[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[], %s)"""
INGEST_STATUSES = """select * from ingest_statuses_v1(
  %s::int[], %s::text[], %b::bytea[], %s::date[], %s::uuid[], %b::bytea[], %s::text[], %s::text[], %s::timestamptz[],
  %s::int[], %s::timestamptz[])"""
REJECT = "select ingest_reject_v1(%s, %s, %s, %s, %s, %s, %s)"

Result = Stored | DatabaseDown


class Item(NamedTuple):
    """One arrival and when it came."""

    arrival: Arrival
    now: datetime


class ArrivalWriter:
    """Writes batches on one connection. `contacts` may be shared: what it holds is confirmed or corrected by each answer."""

    def __init__(self, connection: KeptConnection, tenants: Tenants, contacts: Contacts) -> None:
        self._connection = connection
        self._tenants = tenants
        self._contacts = contacts

    async def write(self, items: list[Item]) -> list[Result]:
        """Messages and statuses are separate statements, so that a fault in one kind never repeats the other."""
        unreadable = [n for n, item in enumerate(items) if isinstance(item.arrival.event, Malformed)]
        statuses = [n for n, item in enumerate(items) if isinstance(item.arrival.event, StatusUpdate)]
        messages = sorted({*range(len(items))} - {*statuses, *unreadable})
        results: dict[int, Result] = {}
        for numbers, write in (
            (messages, self._messages),
            (statuses, self._statuses),
            (unreadable, self._unreadable),
        ):
            chosen = [items[n] for n in numbers]
            results |= zip(numbers, await self._or_bisect(chosen, write) if chosen else [], strict=True)
        return [results[n] for n in range(len(items))]

    async def _or_bisect(
        self, items: list[Item], write: Callable[[list[Item]], Awaitable[list[Stored]]]
    ) -> list[Result]:
        """All of them, or all but the one that cannot be stored, or not in time. Raises DatabaseDown for all of them."""
        for _ in range(TRIES):
            try:
                return [*await write(items)]
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
                    return [await self._reject(items[0], error)]
                break
        if len(items) == 1:
            return [DatabaseDown("the row could not be stored in time")]
        half = len(items) // 2
        return [
            *await self._or_bisect(items[:half], write),
            *await self._or_bisect(items[half:], write),
        ]

    async def _messages(self, items: list[Item]) -> list[Stored]:
        stored: dict[int, Stored] = {}
        left = list(range(len(items)))
        for _ in range(TRIES):
            rows, aliases = await self._rows_of([items[n] for n in left])
            answers = await self._connection.call(
                INGEST, [*columns(MessageRow, rows), *columns(AliasRow, aliases), BURST_MOST_S]
            )
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

    async def _rows_of(self, items: list[Item]) -> tuple[list[MessageRow], list[AliasRow]]:
        rows: list[MessageRow] = []
        aliases: list[AliasRow] = []
        for n, (arrival, now) in enumerate(items, start=1):
            owner = await self._tenants.get(arrival.tenant_id)
            rows.append(message_row(arrival, owner, self._contacts, now))
            aliases += alias_rows(n, arrival, owner, self._contacts)
        return rows, aliases

    async def _learn(self, arrival: Arrival, contact: UUID, wrapped_key: bytes | None) -> None:
        assert not isinstance(arrival.event, StatusUpdate | Malformed)
        owner = await self._tenants.get(arrival.tenant_id)
        self._contacts.learn(owner, person_of(arrival.event), contact, wrapped_key)

    async def _statuses(self, items: list[Item]) -> list[Stored]:
        rows = [
            status_row(arrival, await self._tenants.get(arrival.tenant_id), now) for arrival, now in items
        ]
        answers = await self._connection.call(INGEST_STATUSES, columns(StatusRow, rows))
        outcomes = {answer["n"]: answer["outcome"] for answer in answers}
        return [Stored(outcome=outcomes[n]) for n in range(1, len(items) + 1)]

    async def _unreadable(self, items: list[Item]) -> list[Stored]:
        """What the channel could not read was refused before it came here; it is only kept."""
        return [
            await self._keep(item, item.arrival.event.reason)
            for item in items
            if isinstance(item.arrival.event, Malformed)
        ]

    async def _reject(self, item: Item, fault: Exception) -> Stored:
        """With the error's class alone: an error's text could quote the row."""
        return await self._keep(item, type(fault).__name__)

    async def _keep(self, item: Item, reason: str) -> Stored:
        """Kept for an operator, under the tenant's key."""
        arrival, now = item
        owner = await self._tenants.get(arrival.tenant_id)
        # A redelivery of the same event is the same row.
        row = UUID(bytes=owner.keys.blind_index("reject", json.dumps(arrival.event.provider_id))[:16])
        body = json.dumps(asdict(arrival.event), default=str).encode("ascii")
        await self._connection.call(
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
