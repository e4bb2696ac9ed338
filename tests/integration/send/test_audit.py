"""The audit as an adversary with the database's superuser would treat it: every kind of damage is found and named."""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from runtime.storage.audit import PgAudit, Verified
from runtime.storage.sealing import Head, Root, SealKey, Stream, Tree, seal_key
from tests.integration.send.world import Person, World


def new_key() -> SealKey:
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return seal_key(pem)


KEY = new_key()


async def busy(firm: World, sends: int = 3) -> Person:
    """A conversation with some decisions in its stream."""
    person = firm.person()
    firm.holds(person)
    for _ in range(sends):
        await firm.look(firm.waiting(person))
    return person


async def seal(firm: World, export: Path | None = None, key: SealKey | None = KEY) -> Root | None:
    firm.clock.advance(60)
    return await PgAudit(firm.pools["dispatch"]).seal(key=key, now=firm.clock.now(), export=export)


async def verify(firm: World, exported: Path | None = None, key: SealKey = KEY) -> Verified:
    return await PgAudit(firm.pools["owner"]).verify(trusted={key.key_id: key.public}, exported=exported)


def stream(person: Person) -> str:
    return f"send/{person.conversation}"


async def test_an_untouched_audit_verifies_and_says_how_far_it_is_sealed(firm: World) -> None:
    person = await busy(firm)
    root = await seal(firm)
    assert root is not None
    await firm.look(firm.waiting(person))
    found = await verify(firm)
    assert found.ok
    assert (found.entries, found.streams, found.roots, found.unsealed) == (4, 1, 1, 1)
    assert found.sealed_until == firm.clock.now()


async def test_an_empty_audit_verifies(firm: World) -> None:
    found = await verify(firm)
    assert (found.ok, found.entries, found.sealed_until) == (True, 0, None)


async def test_nothing_is_sealed_when_nothing_moved(firm: World) -> None:
    await busy(firm)
    assert await seal(firm) is not None
    assert await seal(firm) is None


async def test_roots_are_chained_and_cover_streams_that_stand_still(firm: World) -> None:
    await busy(firm)
    first = await seal(firm)
    await busy(firm)
    second = await seal(firm)
    assert first is not None
    assert second is not None
    assert second.prev == first.hash
    assert (first.leaves, second.leaves) == (1, 2)
    assert (await verify(firm)).ok


async def test_of_several_sealers_at_once_one_seals(firm: World) -> None:
    await busy(firm)
    roots = await asyncio.gather(*(seal(firm) for _ in range(4)))
    assert len([root for root in roots if root is not None]) == 1
    assert (await verify(firm)).ok


DAMAGE = {
    "a header edited": (
        'update audit set header = header || \'{"effect": "send"}\' where stream = %s and n = 2',
        "edited",
        2,
    ),
    "a ciphertext edited": ("update audit set body = 'x' where stream = %s and n = 2", "edited", 2),
    "a time edited": (
        "update audit set at = at - interval '1 hour' where stream = %s and n = 1",
        "edited",
        1,
    ),
    "an entry removed": ("delete from audit where stream = %s and n = 2", "gap", 3),
    "the first entry removed": ("delete from audit where stream = %s and n = 1", "gap", 2),
    "the end cut off": ("delete from audit where stream = %s and n = 3", "truncated", 3),
    "the whole stream removed": ("delete from audit where stream = %s", "missing", 1),
    "the head removed": ("delete from audit_stream where stream = %s", "missing", 3),
    "an entry moved to another place": ("update audit set n = n + 1 where stream = %s and n = 3", "gap", 4),
}


@pytest.mark.parametrize("damage", DAMAGE)
async def test_damage_is_found_and_the_first_bad_entry_named(firm: World, damage: str) -> None:
    await busy(firm)
    person = await busy(firm)
    await seal(firm)
    statement, kind, n = DAMAGE[damage]
    firm.sql(statement, [stream(person)])
    found = await verify(firm)
    assert found.first is not None
    assert (found.first.kind, found.first.stream, found.first.n) == (kind, stream(person), n)
    assert len(found.findings) == 1


@pytest.mark.parametrize("damage", DAMAGE)
async def test_all_but_a_redone_head_is_found_before_the_first_seal_too(firm: World, damage: str) -> None:
    person = await busy(firm)
    firm.sql(DAMAGE[damage][0], [stream(person)])
    assert (await verify(firm)).ok == (damage == "the head removed")


async def test_a_chain_rewritten_whole_with_its_head_is_found_by_the_seal(firm: World) -> None:
    person = await busy(firm)
    await seal(firm)
    firm.sql('update audit set header = header || \'{"effect": "send"}\' where stream = %s', [stream(person)])
    for n in (1, 2, 3):
        firm.sql(
            "update audit a set prev = coalesce((select p.hash from audit p where p.stream = a.stream and p.n = a.n - 1), ''), "
            "hash = audit_hash_v1(coalesce((select p.hash from audit p where p.stream = a.stream and p.n = a.n - 1), ''), "
            "a.tenant_id, a.stream, a.n, a.id, a.at, a.header, a.body) where a.n = %s",
            [n],
        )
    firm.sql(
        "update audit_stream s set hash = (select hash from audit a where a.stream = s.stream and a.n = 3)"
    )
    found = await verify(firm)
    assert found.first is not None
    assert (found.first.kind, found.first.n) == ("edited", 3)


async def test_a_stream_cut_back_together_with_its_head_is_found_by_the_seal(firm: World) -> None:
    person = await busy(firm)
    await seal(firm)
    firm.sql("delete from audit where n = 3")
    firm.sql(
        "update audit_stream s set n = 2, hash = (select hash from audit a where a.stream = s.stream and a.n = 2)"
    )
    found = await verify(firm)
    assert found.first is not None
    assert (found.first.kind, found.first.stream, found.first.n) == ("truncated", stream(person), 3)


ROOT_DAMAGE = {
    "a root removed": ("delete from audit_root where n = 1", "root"),
    "the last root removed": ("delete from audit_root where n = 2", "root"),
    "a root's time edited": ("update audit_root set at = at - interval '1 day' where n = 1", "root"),
    "a leaf edited": ("update audit_root_leaf set n = n + 1 where root_n = 1", "root"),
    "a leaf removed": ("delete from audit_root_leaf where root_n = 2", "root"),
    "a signature removed": ("update audit_root set signature = '' where n = 1", "signature"),
    "a signature of another key": ("update audit_root set key_id = 'other' where n = 2", "signature"),
}


@pytest.mark.parametrize("damage", ROOT_DAMAGE)
async def test_damage_to_the_roots_is_found(firm: World, damage: str) -> None:
    for _ in range(2):
        await busy(firm)
        await seal(firm)
    statement, kind = ROOT_DAMAGE[damage]
    firm.sql(statement)
    found = await verify(firm)
    assert found.first is not None
    assert found.first.kind == kind


async def test_everything_since_some_day_removed_with_its_roots_is_found_by_the_exported_copy(
    firm: World, tmp_path: Path
) -> None:
    export = tmp_path / "roots.jsonl"
    person = await busy(firm)
    await seal(firm, export)
    await firm.look(firm.waiting(person))
    await seal(firm, export)
    assert (await verify(firm, export)).ok
    firm.sql("delete from audit where n = 4")
    firm.sql(
        "update audit_stream s set n = 3, hash = (select hash from audit a where a.stream = s.stream and a.n = 3)"
    )
    firm.sql("delete from audit_root_leaf where root_n = 2")
    firm.sql("delete from audit_root where n = 2")
    assert (await verify(firm)).ok, "without the exported copy nothing shows"
    found = await verify(firm, export)
    assert found.first is not None
    assert (found.first.kind, found.first.n) == ("export", 2)


async def test_an_export_that_a_crash_cut_short_is_completed(firm: World, tmp_path: Path) -> None:
    export = tmp_path / "roots.jsonl"
    await busy(firm)
    await seal(firm, export)
    text = export.read_text()
    export.write_text(text[: len(text) // 2])
    await busy(firm)
    await seal(firm, export)
    assert [line[:7] for line in export.read_text().splitlines() if line.endswith("}")] == [
        '{"n": 1',
        '{"n": 2',
    ]
    assert (await verify(firm, export)).ok


async def test_roots_without_a_key_bind_but_are_not_trusted(firm: World) -> None:
    await busy(firm)
    await seal(firm, key=None)
    assert (await PgAudit(firm.pools["owner"]).verify()).ok
    found = await verify(firm)
    assert found.first is not None
    assert found.first.kind == "signature"


async def test_a_message_through_its_whole_life_leaves_a_chain_that_verifies(firm: World) -> None:
    row = firm.waiting(firm.person())
    await firm.look(row)
    await firm.outbox.put_back(firm.tenant_id, row, owner="sender-1", now=firm.clock.now())
    await firm.look(row)
    firm.clock.advance(timedelta(seconds=31).total_seconds())
    await firm.outbox.sweep(now=firm.clock.now())
    await seal(firm)
    found = await verify(firm)
    assert found.ok
    assert found.entries == 4
    kinds = [r["what"] for r in firm.sql("select header ->> 'what' as what from audit order by n")]
    assert kinds == ["decision", "put_back", "decision", "swept"]


async def test_no_role_may_change_what_is_written(firm: World) -> None:
    await busy(firm)
    for role in ("owner", "dispatch", "tenant", "desk"):
        for statement in ("update audit set body = ''", "delete from audit", "delete from audit_root"):
            with pytest.raises(Exception, match="permission denied"):
                await firm.pools[role].rows(statement)


def test_the_tree_tells_streams_and_numbers_apart() -> None:
    heads = {(1, "a"): (1, b"x"), (1, "b"): (2, b"y"), (2, "a"): (1, b"x")}
    assert Tree(heads).root() != Tree({**heads, (2, "a"): (2, b"x")}).root()
    assert Tree(heads).root() != Tree({k: v for k, v in heads.items() if k != (2, "a")}).root()
    once = Tree()
    once.move(dict(reversed(heads.items())))
    assert once.root() == Tree(heads).root(), "those that come at once are placed by tenant and name"


def plain_root(leaves: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: split at the largest power of two below the number of leaves."""
    if len(leaves) < 2:
        return leaves[0] if leaves else hashlib.sha256(b"").digest()
    split = 1 << (len(leaves) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + plain_root(leaves[:split]) + plain_root(leaves[split:])).digest()


@given(
    st.lists(
        st.dictionaries(
            st.tuples(st.integers(1, 2), st.sampled_from("abcdefghijk")),
            st.tuples(st.integers(1, 9), st.binary(min_size=2, max_size=2)),
            max_size=8,
        ),
        max_size=8,
    )
)
def test_a_tree_that_grew_root_by_root_is_the_tree_of_where_everything_stands(
    moves: list[dict[Stream, Head]],
) -> None:
    grown, heads = Tree(), dict[Stream, Head]()
    for moved in moves:
        grown.move(moved)
        heads.update({stream: moved[stream] for stream in sorted(moved)})  # a dict keeps first places, too
        leaves = [
            hashlib.sha256(b"\x00" + f"{tenant}\n{name}\n{n}\n".encode() + digest).digest()
            for (tenant, name), (n, digest) in heads.items()
        ]
        assert grown.root() == Tree(heads).root() == plain_root(leaves)
        assert len(grown) == len(heads)


async def test_a_root_stores_the_leaves_of_what_moved_and_no_others(firm: World) -> None:
    people = [await busy(firm) for _ in range(5)]
    await seal(firm)
    await firm.look(firm.waiting(people[2]))
    second = await seal(firm)
    assert second is not None
    assert second.leaves == 5
    assert firm.sql("select root_n, count(*) as n from audit_root_leaf group by root_n order by root_n") == [
        {"root_n": 1, "n": 5},
        {"root_n": 2, "n": 1},
    ]
    assert (await verify(firm)).ok


async def test_what_the_sealer_keeps_for_itself_cannot_hide_a_stream(firm: World) -> None:
    person = await busy(firm)
    await busy(firm)
    await seal(firm)
    for table in ("audit", "audit_stream", "audit_sealed"):
        firm.sql(f"delete from {table} where stream = %s", [stream(person)])
    await busy(firm)
    await seal(firm)
    kinds = {(f.kind, f.stream) for f in (await verify(firm)).findings}
    assert kinds == {("root", None), ("missing", stream(person))}
