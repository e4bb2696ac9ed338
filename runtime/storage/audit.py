"""Sealing the audit every minute, and finding out whether anything in it, or a row it names, was altered, cut off or lost.

What was written after the last root is chained but not sealed: whoever can write the database and its heads could redo that
last minute. That is the limit of `verify`, and the exported roots are what guards against a redone database.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from runtime.storage.audited import Audited, Fault
from runtime.storage.exported import append_roots, exported_roots
from runtime.storage.postgres import Pool
from runtime.storage.sealing import (
    Head,
    Root,
    SealKey,
    Stream,
    Tree,
    entry_hash,
    make_root,
    root_hash,
    signed_by,
)

PAGE = 2_000  # entries read at once
ROOTS = 100  # roots whose leaves are read at once
LAST_ROOT = 2**62
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_HEADS = "select * from audit_heads_v1()"
_MOVED = "select * from audit_moved_v1()"
_SEALED = "select * from audit_sealed_v1()"
_ROOTS = (
    "select n, (extract(epoch from at) * 1000000)::bigint as at_us, root, prev, hash, leaves, key_id, signature "
    "from audit_roots_v1(%s) order by n"
)
_LAST = (
    "select n, (extract(epoch from at) * 1000000)::bigint as at_us, root, prev, hash, leaves, key_id, signature "
    "from audit_roots_v1(0) order by n desc limit 1"
)
_LEAVES = "select root_n, tenant_id, stream, n, hash from audit_leaves_v1(%s, %s)"
_SEAL = "select audit_seal_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s::int[], %s, %s) as sealed"
_ENTRIES = "select * from audit_entries_v1(null, %s, %s, %s, %s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong. kind: edited | gap | truncated | missing | unsealed_head | root | signature | export of the
    audit itself; row_edited | row_missing of a row that entry `n` names."""

    kind: str
    tenant_id: int | None
    stream: str | None
    n: int | None
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """The result of a check. `unsealed`: entries newer than the last root, which only their chain protects.

    `limits`: what this check could not have found, in words for whoever reads the result.
    """

    findings: tuple[Finding, ...]
    entries: int
    streams: int
    roots: int
    unsealed: int
    sealed_until: datetime | None
    limits: tuple[str, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.findings

    @property
    def first(self) -> Finding | None:
        """The first bad entry, in order of tenant, stream and number: of a stream first what is wrong with its chain, then
        with rows. Faults of the roots come before all."""
        return self.findings[0] if self.findings else None


@dataclass(slots=True)
class _Checked:
    """What has been found so far."""

    findings: list[Finding] = field(default_factory=list)
    entries: int = 0
    streams: set[Stream] = field(default_factory=set)
    unsealed: int = 0
    rows: dict[tuple[Stream, str, str], tuple[Fault, int]] = field(default_factory=dict)

    def add_row(self, fault: Fault) -> None:
        """The first of its kind in a stream and table is told, the others are counted: a table may have been emptied."""
        place = (fault.stream, fault.table, fault.kind)
        first, count = self.rows.get(place, (fault, 0))
        self.rows[place] = first, count + 1

    def add_rows(self) -> None:
        for fault, count in self.rows.values():
            more = f", and so it is for {count - 1} later in this stream" if count > 1 else ""
            self.add(fault.kind, fault.message + more, fault.stream, fault.n)

    def add(self, kind: str, message: str, stream: Stream | None = None, n: int | None = None) -> None:
        tenant_id, name = stream or (None, None)
        self.findings.append(Finding(kind=kind, tenant_id=tenant_id, stream=name, n=n, message=message))


class PgAudit:
    """Over a pool of convo_dispatch (`seal`) or convo_owner (`seal` and `verify`)."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    # ---- sealing ------------------------------------------------------------------------------------------

    async def seal(self, *, key: SealKey | None, now: datetime, export: Path | None = None) -> Root | None:
        """Bind the heads of all streams into a new root. None when nothing moved or another sealer was quicker.

        `export`: a file that gets every root as one JSON line; keep it where the database's administrators cannot write.
        """
        # The last root is read first: whoever seals after that takes our number, and then we write nothing.
        last = await self._pool.row(_LAST)
        moved = _by_stream(await self._pool.rows(_MOVED))
        root = None
        if moved:
            tree = Tree(_by_stream(await self._pool.rows(_SEALED)))
            tree.move(moved)
            at_us = (now - EPOCH) // timedelta(microseconds=1)
            root = make_root(_root(last) if last else None, tree, at_us=at_us, key=key)
            if not await self._write(root, moved, tree, now):
                root = None
        if export is not None:
            await self._export(export)
        return root

    async def _write(self, root: Root, moved: Mapping[Stream, Head], tree: Tree, now: datetime) -> bool:
        streams = sorted(moved)
        row = await self._pool.row(
            _SEAL,
            [
                root.n,
                now,
                root.root,
                root.prev,
                root.hash,
                root.leaves,
                root.key_id,
                root.signature,
                [tenant for tenant, _ in streams],
                [name for _, name in streams],
                [tree.places[stream] for stream in streams],
                [moved[stream][0] for stream in streams],
                [moved[stream][1] for stream in streams],
            ],
        )
        return bool(row and row["sealed"])

    async def _export(self, file: Path) -> None:
        """Append what the file lacks, so that a root that was sealed just before a crash is exported by the next run."""
        have = await asyncio.to_thread(exported_roots, file)
        rows = await self._pool.rows(_ROOTS, [max(have, default=0)])
        if rows:
            await asyncio.to_thread(append_roots, file, [_root(row) for row in rows])

    # ---- verifying ----------------------------------------------------------------------------------------

    async def verify(
        self, *, trusted: Mapping[str, bytes] | None = None, exported: Path | None = None
    ) -> Verified:
        """Check every chain, head and root, and every row an entry names. Reads a page at a time.

        `trusted`: key id -> public key; None leaves signatures unchecked.
        `exported`: a file `seal` wrote; a root that is there and not here was removed or redone.
        """
        checked = _Checked()
        heads = _by_stream(await self._pool.rows(_HEADS))
        roots = [_root(row) for row in await self._pool.rows(_ROOTS, [0])]
        sealed = await self._roots(checked, roots, trusted)
        if exported is not None:
            _compare(checked, roots, await asyncio.to_thread(exported_roots, exported))
        await self._streams(checked, heads, sealed)
        return Verified(
            findings=tuple(checked.findings),
            entries=checked.entries,
            streams=len(checked.streams),
            roots=len(roots),
            unsealed=checked.unsealed,
            sealed_until=EPOCH + timedelta(microseconds=roots[-1].at_us) if roots else None,
            limits=_limits(trusted is not None, exported is not None, checked.unsealed),
        )

    async def _roots(
        self, checked: _Checked, roots: list[Root], trusted: Mapping[str, bytes] | None
    ) -> dict[Stream, dict[int, bytes]]:
        """Check the chain of roots, each with its own leaves only; return what each stream was sealed at: number -> hash."""
        sealed: dict[Stream, dict[int, bytes]] = {}
        tree = Tree()
        before: Root | None = None
        after = 0
        # The last batch is what lies beyond the last root: leaves whose root was taken away.
        for batch in [*(roots[i : i + ROOTS] for i in range(0, len(roots), ROOTS)), []]:
            upto = batch[-1].n if batch else LAST_ROOT
            by_root = _by_root(await self._pool.rows(_LEAVES, [after, upto]))
            for n in sorted(by_root.keys() - {root.n for root in batch}):
                checked.add("root", f"root {n} is missing, though its leaves are there", n=n)
            for moved in by_root.values():
                for stream, (n, digest) in moved.items():
                    sealed.setdefault(stream, {})[n] = digest
            for root in batch:
                tree.move(by_root.get(root.n, {}))
                for kind, message in _root_faults(before, root, tree, trusted):
                    checked.add(kind, message, n=root.n)
                before = root
            after = upto
        return sealed

    async def _streams(
        self, checked: _Checked, heads: Mapping[Stream, Head], sealed: Mapping[Stream, Mapping[int, bytes]]
    ) -> None:
        last: dict[Stream, int] = {}
        spoilt: set[Stream] = set()
        prev: bytes = b""
        rows = Audited(self._pool)
        async for page in self._pages():
            believed = []
            for entry in page:
                stream = (entry["tenant_id"], entry["stream"])
                if stream not in last:
                    prev = b""
                fault = _entry_fault(
                    entry, last.get(stream, 0) + 1, prev, sealed.get(stream, {}), heads.get(stream)
                )
                # One finding a stream: what follows a bad entry is bad because of it, and proves nothing about rows.
                if fault and stream not in spoilt:
                    spoilt.add(stream)
                    checked.add(*fault, stream, entry["n"])
                if stream not in spoilt:
                    believed.append(entry)
                checked.entries += 1
                checked.unsealed += entry["n"] > max(sealed.get(stream, {}), default=0)
                last[stream], prev = entry["n"], bytes(entry["hash"])
            for lost in await rows.compare(believed):
                checked.add_row(lost)
        checked.add_rows()
        checked.streams = set(last)
        for stream in sorted({*heads, *sealed}):
            if stream in spoilt:
                continue
            reached, known = last.get(stream, 0), max(sealed.get(stream, {}), default=0)
            wanted = max(known, heads[stream][0] if stream in heads else 0)
            if not reached:
                checked.add("missing", f"the whole stream of {wanted} entries is gone", stream, 1)
            elif reached < wanted:
                checked.add("truncated", f"entries {reached + 1} to {wanted} are gone", stream, reached + 1)
            elif stream not in heads:
                checked.add("missing", "the stream's head is gone", stream, reached)
            elif heads[stream][0] < known:
                checked.add(
                    "truncated", f"the head stands at {heads[stream][0]}, sealed was {known}", stream, known
                )
        checked.findings.sort(
            key=lambda f: (
                f.stream is not None,
                f.tenant_id or 0,
                f.stream or "",
                f.kind.startswith("row_"),
                f.n or 0,
            )
        )

    async def _pages(self) -> AsyncIterator[list[dict[str, Any]]]:
        tenant, stream, n = -1, "", 0
        while page := await self._pool.rows(_ENTRIES, [tenant, stream, n, PAGE]):
            yield page
            tenant, stream, n = page[-1]["tenant_id"], page[-1]["stream"], page[-1]["n"]


def _limits(signatures: bool, export: bool, unsealed: int) -> tuple[str, ...]:
    found = []
    if not export:
        found.append(
            "no exported copy of the roots was compared (CONVO_SEAL_EXPORT): roots that were cut back from the end, "
            "together with what they sealed, would not show"
        )
    if not signatures:
        found.append("no signature was checked: whoever writes the database could have made every root again")
    if unsealed:
        found.append(
            "entries newer than the last root could be redone, with the rows they name, by whoever writes the database"
        )
    return tuple(found)


def _entry_fault(
    entry: Mapping[str, Any], expected: int, prev: bytes, sealed: Mapping[int, bytes], head: Head | None
) -> tuple[str, str] | None:
    if entry["n"] != expected:
        return "gap", f"entry {expected} is gone"
    if entry_hash(entry["tenant_id"], entry) != bytes(entry["hash"]):
        return "edited", "the entry is not what was written: its hash does not fit"
    if bytes(entry["prev"]) != prev:
        return "edited", "the entry does not follow the one before it"
    if entry["n"] in sealed and sealed[entry["n"]] != bytes(entry["hash"]):
        return "edited", "the entry is not the one that was sealed: this or an earlier one was rewritten"
    if head is not None and entry["n"] == head[0] and head[1] != bytes(entry["hash"]):
        return "unsealed_head", "the stream's head is not this entry's hash"
    return None


def _root_faults(
    before: Root | None, root: Root, tree: Tree, trusted: Mapping[str, bytes] | None
) -> list[tuple[str, str]]:
    faults = []
    if root.n != (before.n + 1 if before else 1):
        faults.append(("root", f"the root before root {root.n} is gone"))
    elif root.prev != (before.hash if before else b""):
        faults.append(("root", f"root {root.n} does not follow the one before it"))
    if root.hash != root_hash(n=root.n, at_us=root.at_us, root=root.root, prev=root.prev, leaves=root.leaves):
        faults.append(("root", f"root {root.n} is not what was sealed: its hash does not fit"))
    if root.leaves != len(tree) or root.root != tree.root():
        faults.append(("root", f"the leaves of root {root.n} are not those that were sealed"))
    if trusted is not None and not signed_by(root, trusted):
        faults.append(("signature", f"root {root.n} is not signed by a trusted key"))
    return faults


def _compare(checked: _Checked, roots: list[Root], exported: Mapping[int, str]) -> None:
    here = {root.n: root.hash.hex() for root in roots}
    for n, digest in sorted(exported.items()):
        if here.get(n) != digest:
            what = "differs from" if n in here else "is missing, but stands in"
            checked.add("export", f"root {n} {what} the exported copy", n=n)


def _root(row: Mapping[str, Any]) -> Root:
    return Root(
        n=row["n"],
        at_us=row["at_us"],
        root=bytes(row["root"]),
        prev=bytes(row["prev"]),
        hash=bytes(row["hash"]),
        leaves=row["leaves"],
        key_id=row["key_id"],
        signature=bytes(row["signature"]),
    )


def _by_root(rows: list[dict[str, Any]]) -> dict[int, dict[Stream, Head]]:
    found: dict[int, dict[Stream, Head]] = {}
    for row in rows:
        found.setdefault(row["root_n"], {})[row["tenant_id"], row["stream"]] = (row["n"], bytes(row["hash"]))
    return found


def _by_stream(rows: list[dict[str, Any]]) -> dict[Stream, Head]:
    return {(row["tenant_id"], row["stream"]): (row["n"], bytes(row["hash"])) for row in rows}
