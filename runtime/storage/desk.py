"""The desk's reads: one round trip a page, as convo_desk, under one tenant's row policies; words decrypted here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from psycopg.rows import dict_row

from runtime.crypto import TenantKeys
from runtime.storage import desk_values as values
from runtime.storage.desk_rows import (
    Bundled,
    CaseRow,
    ConsentRow,
    Conversation,
    Counts,
    Flight,
    HoldRow,
    LookRow,
    Now,
    Queue,
    Summary,
    Switch,
    Withdrawal,
)
from runtime.storage.postgres import Pool, queries
from runtime.storage.tenants import Owner, Tenants

SQL = queries(Path(__file__).with_suffix(".sql"))
TENANT = "select set_config('app.tenant', %s, true)"
LOOK = "select desk_look_v1(%s, %s, %s, %s, %s, %s) as n"
SWITCHES = "select * from desk_switches_v1(%s)"

Row = Mapping[str, Any]

ROWS_SHOWN = 200  # messages each way of one conversation; desk.sql says the same


class PgDesk:
    """Reads for the desk. Every method raises DatabaseDown when the database is away."""

    def __init__(self, pool: Pool, tenants: Tenants) -> None:
        self._pool = pool
        self._tenants = tenants

    async def owners(self) -> Sequence[Owner]:
        """Every tenant; the session says which of them may be shown."""
        return await self._tenants.every()

    async def look(
        self, tenant_id: int, conversation_id: UUID, *, by: str, role: str, now: datetime
    ) -> int | None:
        """Record that somebody opens a conversation: the number of the entry, None when the tenant has no such one."""
        row = await self._pool.row(LOOK, [tenant_id, conversation_id, by, role, uuid4(), now])
        return None if row is None else row["n"]

    async def has(self, tenant_id: int, conversation_id: UUID) -> bool:
        """Whether this tenant has such a conversation. Nothing of it is shown, so nothing is recorded."""
        (rows,) = await self._read(tenant_id, ["has"], {"conversation": conversation_id})
        return bool(rows[0]["has"])

    async def conversations(
        self, tenant_id: int, *, show: str = "all", channel: str | None = None, claim: str | None = None
    ) -> tuple[Summary, ...]:
        """The latest hundred that fit, newest first."""
        params = {"show": show, "channel": channel, "claim": claim}
        (rows,) = await self._read(tenant_id, ["conversations"], params)
        keys = await self._keys(tenant_id)
        return tuple(values.summary_of(row, keys) for row in rows)

    async def conversation(self, tenant_id: int, conversation_id: UUID) -> Conversation | None:
        """One conversation with everything about it; None when this tenant has no such one."""
        at = {"conversation": conversation_id, "contact": None}
        (heads,) = await self._read(tenant_id, ["heading"], at)
        if not heads:
            return None
        keys = await self._keys(tenant_id)
        head = heads[0]
        key = values.contact_key(head, keys)
        names = [
            "said",
            "sends",
            "looks",
            "record",
            "desk_entries",
            "holds",
            "cases_of",
            "consents",
            "withdrawn",
        ]
        found = await self._read(tenant_id, names, {**at, "contact": head["contact_id"]})
        said, sends, looks, record, desk, holds, cases, consents, withdrawn = found
        by_send: dict[UUID, list[LookRow]] = {}
        for row in reversed(looks):
            by_send.setdefault(row["outbox_id"], []).append(values.look_of(row))
        return Conversation(
            heading=values.heading_of(head, keys),
            earlier=len(said) >= ROWS_SHOWN or len(sends) >= ROWS_SHOWN,
            said=tuple(values.said_of(row, key) for row in reversed(said)),
            sends=tuple(values.sending_of(row, key, by_send.get(row["id"], [])) for row in reversed(sends)),
            record=tuple(values.entry_of(row, key) for row in reversed(record)),
            desk=tuple(values.entry_of(row, keys.fields) for row in reversed(desk)),
            holds=tuple(HoldRow(**row) for row in holds),
            cases=tuple(values.case_of({**head, **row}, keys) for row in cases),
            consents=tuple(ConsentRow(**row) for row in consents),
            withdrawn=tuple(values.withdrawal_of(row, keys) for row in withdrawn),
        )

    async def withdrawn(self, tenant_id: int) -> tuple[Withdrawal, ...]:
        """Every wording that may not be said any more, oldest first."""
        (rows,) = await self._read(tenant_id, ["withdrawn"], {})
        keys = await self._keys(tenant_id)
        found = [values.withdrawal_of(row, keys) for row in rows]
        return tuple(sorted(found, key=lambda w: (w.at, w.claim_digest)))

    async def waiting_with(self, tenant_id: int, digests: Sequence[str]) -> Mapping[str, int]:
        """How many sends wait with each of these claim digests in them."""
        (rows,) = await self._read(tenant_id, ["waiting_with"], {"digests": list(digests)})
        return {row["claim_digest"]: row["waiting"] for row in rows}

    async def cases(self, tenant_id: int) -> tuple[CaseRow, ...]:
        """Open cases, most serious and soonest due first."""
        (rows,) = await self._read(tenant_id, ["cases"], {})
        keys = await self._keys(tenant_id)
        return tuple(values.case_of(row, keys) for row in rows)

    async def queue(self, tenant_id: int, *, now: datetime) -> Queue:
        """How much waits, and what will not move by itself."""
        depth, stuck = await self._read(tenant_id, ["depth", "stuck"], {"now": now})
        return values.queue_of(depth, stuck, await self._keys(tenant_id))

    async def bundled(self, tenant_id: int) -> Bundled:
        """Pointers and what the processes hold."""
        return values.bundled_of(*await self._read(tenant_id, ["pointers", "seen"], {}))

    async def switches(self, tenant_id: int) -> tuple[Switch, ...]:
        """The tenant's switch, then the one over all tenants."""
        keys = await self._keys(tenant_id)
        return tuple(values.switch_of(row, keys) for row in await self._pool.rows(SWITCHES, [tenant_id]))

    async def in_flight(self, tenant_id: int) -> tuple[Flight, ...]:
        """Sends that have begun: a kill waits for these."""
        (rows,) = await self._read(tenant_id, ["in_flight"], {})
        return tuple(
            Flight(
                id=row["id"],
                conversation_id=row["conversation_id"],
                send_class=row["send_class"],
                channel=row["channel"],
                since=row["sending_at"],
            )
            for row in rows
        )

    async def counts(self, tenant_id: int) -> Counts:
        """The numbers beside the desk's links."""
        (rows,) = await self._read(tenant_id, ["counts"], {})
        return Counts(**rows[0])

    async def now(self, tenant_id: int, *, day: date, now: datetime) -> Now:
        """The overview. `day` is the tenant's own."""
        names = ["today", "fates", "depth", "stuck", "cases", "pointers", "seen"]
        found = await self._read(tenant_id, names, {"now": now, "day": day})
        today, fates, depth, stuck, cases, pointers, seen = found
        keys = await self._keys(tenant_id)
        return Now(
            today=values.today_of(today[0], fates),
            queue=values.queue_of(depth, stuck, keys),
            cases=tuple(values.case_of(row, keys) for row in cases),
            bundled=values.bundled_of(pointers, seen),
            switches=await self.switches(tenant_id),
        )

    # ---- below: one round trip, and rows made into values ------------------------------------------------------------

    async def _read(self, tenant_id: int, names: Sequence[str], params: Row) -> list[list[dict[str, Any]]]:
        """Several statements under one tenant, sent together. The setting ends with the transaction."""
        cursors = []
        async with self._pool.connection() as connection, connection.pipeline(), connection.transaction():
            await connection.execute(TENANT, [str(tenant_id)])
            for name in names:
                cursor = connection.cursor(row_factory=dict_row)
                await cursor.execute(SQL[name].encode(), {"tenant": tenant_id, **params})
                cursors.append(cursor)
            return [await cursor.fetchall() for cursor in cursors]

    async def _keys(self, tenant_id: int) -> TenantKeys:
        return (await self._tenants.get(tenant_id)).keys
