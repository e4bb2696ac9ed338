"""The rows that audit entries name, compared with what the entries recorded: a chain proves itself, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from runtime.storage.postgres import Pool, queries
from runtime.storage.sealing import Stream

SQL = queries(Path(__file__).with_suffix(".sql"))
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

Entry = Mapping[str, Any]  # as audit_entries_v1 returns it


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A row that entry `n` of `stream` says was written. `key`: the parameters of the table's statement in audited.sql.

    `wanted`: columns as recorded. Where one key has several rows, `nth` of them by now, there are `alike` with these columns.
    """

    table: str
    stream: Stream
    n: int
    key: tuple[Any, ...]
    wanted: Mapping[str, Any]
    nth: int = 1
    alike: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One row that is not what was recorded. kind: row_edited | row_missing."""

    kind: str
    table: str
    stream: Stream
    n: int
    message: str


class Audited:
    """Takes the entries of one verification in the order of their streams, a page at a time. Over a pool of convo_owner."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._instant: tuple[Any, ...] = ()
        self._so_far: Counter[tuple[Any, ...]] = Counter()  # decisions of that instant

    async def compare(self, entries: Sequence[Entry]) -> list[Fault]:
        """What these entries name and is gone or changed. Raises DatabaseDown."""
        faults: list[Fault] = []
        by_table: dict[str, list[Named]] = {}
        for entry in entries:
            try:
                for named in self._named(entry):
                    by_table.setdefault(named.table, []).append(named)
            except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
                stream = (entry["tenant_id"], entry["stream"])
                message = "the entry cannot be read: it names no row that could be looked for"
                faults.append(
                    Fault(kind="row_missing", table="", stream=stream, n=entry["n"], message=message)
                )
        for table, wanted in by_table.items():
            found = await self._look(table, wanted)
            for place, named in enumerate(wanted, start=1):
                if fault := _fault(named, found.get(place, [])):
                    faults.append(fault)
        return faults

    async def _look(self, table: str, wanted: Sequence[Named]) -> dict[int, list[dict[str, Any]]]:
        params = [list(column) for column in zip(*(named.key for named in wanted), strict=True)]
        found: dict[int, list[dict[str, Any]]] = {}
        async with self._pool.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.every', 'on', true)")
            async with connection.cursor(row_factory=dict_row) as cursor:
                await cursor.execute(SQL[table].encode(), params)
                for row in await cursor.fetchall():
                    found.setdefault(row["i"], []).append(row)
        return found

    def _named(self, entry: Entry) -> Iterator[Named]:
        header = json.loads(entry["header"])
        kind, _, owner = entry["stream"].partition("/")
        match kind, header["what"]:
            case "conv", what:
                if what == "received":
                    yield _received(entry, header, UUID(owner))
                if what == "turn":
                    yield from _sends(entry, header, owner)
                if header.get("stop") or "Suppress" in header.get("effects", ()):
                    yield _stop(entry, UUID(owner), wide=header.get("stop") == "organisation")
            case "send", what:
                if "outbox" in header or what in ("queued", "decision"):
                    yield _send(entry, header, owner)
                if what == "decision":
                    yield self._decision(entry, header)
                if header.get("stopped"):
                    yield _stop(entry, UUID(owner), wide=False)
            case "desk", "consent":
                yield _consent(entry, header)
            case _:
                pass  # acts of people leave no row but their entry

    def _decision(self, entry: Entry, header: Mapping[str, Any]) -> Named:
        wanted = {name: header[name] for name in ("effect", "rule", "row")}
        # Not every decision is a look at the table: what the others say of it is compared, too.
        wanted |= {name: header[name] for name in ("facts", "flags", "bundle") if name in header}
        instant = (entry["tenant_id"], entry["stream"], entry["at_us"])
        if instant != self._instant:
            self._instant = instant
            self._so_far.clear()
        outbox, alike = (header["outbox"],), (header["outbox"], json.dumps(wanted, sort_keys=True))
        self._so_far.update([outbox, alike])
        named = _row("outbox_decision", entry, (UUID(header["outbox"]), _at(entry)), wanted)
        return replace(named, nth=self._so_far[outbox], alike=self._so_far[alike])


def _received(entry: Entry, header: Mapping[str, Any], conversation: UUID) -> Named:
    wanted = {
        "id": header["inbox"],
        "kind": header["kind"],
        "payload": header["payload_sha256"],
        "stop": header.get("stop"),
        "matched": header.get("matched"),
    }
    return _row("inbox", entry, (conversation, header["seq"], _at(entry)), wanted)


def _sends(entry: Entry, header: Mapping[str, Any], conversation: str) -> Iterator[Named]:
    for send in header["sends"]:
        wanted = {
            "conversation": conversation,
            "class": send["class"],
            "claims": send["claims"],
            "body": send["body_sha256"],
        }
        yield _row("outbox", entry, (UUID(send["outbox"]),), wanted)


def _send(entry: Entry, header: Mapping[str, Any], conversation: str) -> Named:
    wanted = {"conversation": conversation}
    if header["what"] == "queued":  # its body is the digest
        wanted |= {
            "class": header["class"],
            "claim_digests": header["claims"],
            "body": bytes(entry["body"]).hex(),
        }
    return _row("outbox", entry, (UUID(header["outbox"]),), wanted)


def _stop(entry: Entry, conversation: UUID, *, wide: bool) -> Named:
    return _row("suppression", entry, (conversation, _at(entry), wide), {"opted_out_at": True, "at": True})


def _consent(entry: Entry, header: Mapping[str, Any]) -> Named:
    wanted = {name: header[name] for name in ("contact", "channel", "purpose", "basis", "source")}
    return _row("consent_event", entry, (UUID(header["event"]),), {**wanted, "kind": "granted"})


def _row(table: str, entry: Entry, key: tuple[Any, ...], wanted: Mapping[str, Any]) -> Named:
    tenant_id = entry["tenant_id"]
    stream = (tenant_id, entry["stream"])
    return Named(table=table, stream=stream, n=entry["n"], key=(tenant_id, *key), wanted=wanted)


def _at(entry: Entry) -> datetime:
    return EPOCH + timedelta(microseconds=entry["at_us"])


def _fault(named: Named, rows: Sequence[Mapping[str, Any]]) -> Fault | None:
    if sum(not _differing(named, row) for row in rows) >= named.alike:
        return None
    if len(rows) < named.nth:
        kind, message = "row_missing", f"its row in {named.table} is gone"
    else:
        columns = min((_differing(named, row) for row in rows), key=lambda found: (not found, len(found)))
        kind, message = (
            "row_edited",
            f"its row in {named.table} is not what was recorded: {', '.join(columns)}",
        )
    return Fault(kind=kind, table=named.table, stream=named.stream, n=named.n, message=message)


def _differing(named: Named, row: Mapping[str, Any]) -> list[str]:
    return [column for column, value in named.wanted.items() if row[column] != value]
