"""Bundles are kept by digest, pointers only move forward, and activation lays out what the runtime executes."""

from __future__ import annotations

import asyncio

import pytest

from runtime.errors import BundleMissing, BundleRefused, PointerMoved, SecretMissing
from runtime.ports import Hit
from runtime.storage.claims import PgClaimSearch
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Tenants, TenantUnknown
from schemas.bundle import digest_of
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import VAULT, World, bundle_bytes, world


async def publish(w: World, data: bytes, slug: str = "dave") -> str:
    return await w.bundles.publish(slug, data, b"envelope", by="ann", now=w.clock.now())


async def activate(
    w: World, digest: str, *, expect: str | None = None, slug: str = "dave", stage: str = "sandbox"
) -> int:
    made = await w.bundles.activate(slug, stage, digest, expect_active=expect, by="ann", now=w.clock.now())
    return made.serial


async def test_published_bytes_come_back_under_their_digest(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        data = bundle_bytes()
        assert await publish(w, data) == await publish(w, data) == digest_of(data)
        dave = await w.tenants.by_slug("dave")
        assert await w.bundles.fetch(dave.tenant_id, digest_of(data)) == (data, (b"envelope",))
        with pytest.raises(BundleMissing):
            await w.bundles.fetch(dave.tenant_id + 1, digest_of(data))


async def test_every_signature_over_the_same_bytes_is_kept_once_newest_first(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        data = bundle_bytes()
        digest = digest_of(data)
        for envelope in (b"for the sandbox", b"for staging", b"for the sandbox"):
            await w.bundles.publish("dave", data, envelope, by="ann", now=w.clock.now())
            w.clock.advance(60)
        dave, edward = await w.tenant(), await w.tenant("edward")
        assert await w.bundles.fetch(dave.tenant_id, digest) == (data, (b"for staging", b"for the sandbox"))
        with pytest.raises(BundleMissing):
            await w.bundles.fetch(edward.tenant_id, digest)
        await activate(w, digest)
        [active] = await w.bundles.active("sandbox")
        assert active.attestations == 2


async def test_a_pointer_moves_forward_and_back_and_remembers(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        one, two = [await publish(w, bundle_bytes(wording=wording)) for wording in ("first", "second")]
        assert [await activate(w, one), await activate(w, two, expect=one)] == [1, 2]
        with pytest.raises(PointerMoved):
            await activate(w, two, expect=one)
        assert await activate(w, one, expect=two) == 3  # the rollback
        [active] = await w.bundles.active("sandbox")
        assert (active.digest, active.serial, active.tenant, active.by) == (one, 3, "dave", "ann")
        history = await w.bundles.history("dave", "sandbox")
        assert [(a.digest, a.serial) for a in history] == [(one, 3), (two, 2), (one, 1)]
        assert await w.bundles.active("live") == []
        audit = await w.see(
            "select header ->> 'before' as before from audit where stream like 'desk/%%' order by n"
        )
        assert [row["before"] for row in audit] == [None, one, two]


async def test_of_two_that_expect_the_same_one_moves_the_pointer(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        one, two, three = [await publish(w, bundle_bytes(wording=wording)) for wording in "abc"]
        await activate(w, one)
        results = await asyncio.gather(
            activate(w, two, expect=one), activate(w, three, expect=one), return_exceptions=True
        )
        assert [type(r) for r in results if not isinstance(r, int)] == [PointerMoved]
        assert [r for r in results if isinstance(r, int)] == [2]


async def test_what_is_not_published_cannot_be_activated(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        await publish(w, bundle_bytes())
        with pytest.raises(BundleMissing):
            await activate(w, digest_of(b"something else"))
        with pytest.raises(TenantUnknown):
            await activate(w, digest_of(bundle_bytes()), slug="nobody")


async def test_bytes_of_another_tenant_or_organisation_are_refused(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        with pytest.raises(BundleRefused, match="dave's"):
            await publish(w, bundle_bytes("dave"), slug="edward")
        with pytest.raises(BundleRefused):
            await publish(w, b"{}")
        await publish(w, bundle_bytes())
        with pytest.raises(BundleRefused, match="organisation dynamo"):
            await publish(w, bundle_bytes(organisation="elsewhere"))


async def test_a_connection_of_another_tenant_is_refused(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        await activate(w, await publish(w, bundle_bytes("dave", connections={"shared": "webchat"})))
        stolen = await publish(w, bundle_bytes("edward", connections={"shared": "webchat"}), slug="edward")
        with pytest.raises(BundleRefused, match="shared belongs to another tenant"):
            await activate(w, stolen, slug="edward")
        assert [a.tenant for a in await w.bundles.active("sandbox")] == ["dave"]


async def test_activation_lays_out_rules_claims_and_connections(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        rules = await w.see("select * from send_rule where digest = %s order by n", bundle.digest)
        assert len(rules) == len(bundle.send_table)
        first = bundle.send_table[0]
        assert (rules[0]["row_no"], rules[0]["state"], rules[0]["effect"], tuple(rules[0]["only_when"])) == (
            first.row,
            first.state,
            first.effect,
            first.only,
        )
        [policy] = await w.see("select body, unapproved, organisation from policy")
        assert policy["body"]["open_minute"] == 540
        assert policy["body"]["legal_entity"] == "EXAMPLE Ltd"
        assert (policy["unapproved"], policy["organisation"]) == (True, "dynamo")
        claims = await w.see("select * from bundle_claim order by claim_id")
        assert [
            (c["claim_id"], str(c["expires"]), c["approved"], str(c["approved_until"])) for c in claims
        ] == [
            ("D-1", "None", True, "2027-03-01"),
            ("D-2", "None", True, "2027-03-01"),
            ("D-3", "2027-01-01", False, "None"),
        ]
        connections = await w.see("select id, stage, channel, digest from connection order by id")
        assert [(c["id"], c["stage"]) for c in connections] == [
            ("dave-wa-sandbox", "sandbox"),
            ("dave-web-sandbox", "sandbox"),
        ]
        await w.publish(bundle_bytes(connections={"dave-new": "webchat"}))
        assert [c["id"] for c in await w.see("select id from connection")] == ["dave-new"]


async def test_connections_of_another_stage_are_not_in_force(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        await activate(w, await publish(w, bundle_bytes(stage="live")))
        assert await w.see("select 1 from connection") == []


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("can I do it myself for free?", "D-1"),
        ("what do you charge", "D-2"),
        ("charges?", "D-2"),
        ("who are you?", "D-3"),
        ("nul \x00 byte \ud83d charge", "D-2"),
    ],
)
async def test_claims_are_found_by_question_and_by_wording(
    database: Database, clock: ManualClock, question: str, best: str
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenants.by_slug("dave")
        search = PgClaimSearch(w.tenant_pool)

        async def found(tenant_id: int, digest: str) -> list[Hit]:
            return list(await search.search(tenant_id=tenant_id, digest=digest, question=question, limit=3))

        hits = await found(dave.tenant_id, bundle.digest)
        assert hits[0].claim_id == best
        assert all(0 < hit.score <= 1 for hit in hits)
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        assert await found(dave.tenant_id, "sha256:other") == []
        assert await found(dave.tenant_id + 1, bundle.digest) == []


async def test_nothing_is_found_where_no_word_is_shared(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenants.by_slug("dave")
        search = PgClaimSearch(w.tenant_pool)
        for question in ("", "zebra", "the of and"):
            assert (
                await search.search(
                    tenant_id=dave.tenant_id, digest=bundle.digest, question=question, limit=3
                )
                == []
            )


async def test_a_secret_is_replaced_and_read_back_and_audited(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave, edward = await w.tenant(), await w.tenant("edward")
        keeper = PgSecrets(w.owner, Tenants(w.owner, VAULT))
        for value in ("first", "the second, longer £"):
            await keeper.set(dave.tenant_id, "D360_KEY", value, by="ann", now=clock.now())
        reader = PgSecrets(w.web, w.tenants)
        assert await reader.value(dave.tenant_id, "D360_KEY") == "the second, longer £"
        with pytest.raises(SecretMissing, match="convo secret set edward D360_KEY"):
            await reader.value(edward.tenant_id, "D360_KEY")
        audit = await w.see("select header from audit where stream = %s", f"desk/{dave.tenant_id}")
        assert [row["header"]["name"] for row in audit] == ["D360_KEY", "D360_KEY"]
        assert "second" not in str(audit)


async def test_tenants_made_at_once_are_made_once(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        makers = [Tenants(w.owner, VAULT) for _ in range(4)]
        made = await asyncio.gather(
            *(m.ensure("dave", name="Dave", organisation="dynamo", now=clock.now()) for m in makers)
        )
        assert len({owner.tenant_id for owner in made}) == 1
        blinds = {owner.keys.blind_index("phone", "+447700900001") for owner in made}
        assert len(blinds) == 1
