"""A running process takes a new bundle and refuses a bad one; whatever happens, the last good one keeps serving and says so."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pytest

from compiler.write import SigningKey, new_key, sign, signing_key
from runtime.bundles import CACHE_BYTES, MEMORY_PER_BYTE, BundleKeeper, Report
from runtime.errors import BundleMissing, BundleRefused
from runtime.lastgood import LastGood
from runtime.ports import Activation, DatabaseDown
from runtime.storage.bundles import PgBundles
from runtime.storage.wake import PgWake
from schemas.bundle import Bundle, canonical, digest_of
from schemas.signing import trust
from tests.conftest import Database, ManualClock
from tests.drilled import withstood
from tests.integration.storage.world import World, bundle_bytes, world

PRIVATE, PUBLIC = new_key()
SIGNER = signing_key(PRIVATE)
OTHER_PRIVATE, OTHER_PUBLIC = new_key()
STRANGER = signing_key(OTHER_PRIVATE)


class FailingStore(PgBundles):
    """The real store with a switch for the outage."""

    down = False

    async def active(self, stage: str) -> Sequence[Activation]:
        if self.down:
            raise DatabaseDown
        return await super().active(stage)

    async def fetch(self, tenant_id: int, digest: str) -> tuple[bytes, Sequence[bytes]]:
        if self.down:
            raise DatabaseDown
        return await super().fetch(tenant_id, digest)


@dataclass(slots=True)
class Here:
    """A deployment of one stage with a keeper on it."""

    world: World
    clock: ManualClock
    folder: Path
    wake: PgWake
    store: FailingStore
    stage: str = "sandbox"

    def keeper(
        self, stage: str | None = None, *, trusts: bytes = PUBLIC, report: Report | None = None
    ) -> BundleKeeper:
        """A process that has just started."""
        return BundleKeeper(
            store=self.store,
            stage=stage or self.stage,
            trusted=trust([trusts]),
            last_good=LastGood(self.folder),
            clock=self.clock,
            wake=self.wake,
            report=report,
        )

    async def activate(
        self,
        data: bytes,
        *,
        signer: SigningKey = SIGNER,
        signed_for: str | None = None,
        envelope: bytes | None = None,
        stage: str = "sandbox",
    ) -> str:
        """Publishes and activates as somebody would who can write to the database, but may not have the key."""
        slug = Bundle.decode(data).tenant.slug
        seal = envelope or sign(data, tenant=signed_for or slug, stages=[stage], keys=[signer])
        now = self.clock.now()
        if stage != "sandbox":
            await withstood(self.store._pool, self.store._tenants, data, now=now, signer=SIGNER)
        digest = await self.store.publish(slug, data, seal, by="test", now=now)
        history = await self.store.history(slug, stage)
        await self.store.activate(
            slug, stage, digest, expect_active=history[0].digest if history else None, by="test", now=now
        )
        return digest

    async def attest(self, data: bytes, *, signer: SigningKey = SIGNER, stage: str = "sandbox") -> None:
        """Publishes bytes that are there already with one more signature."""
        slug = Bundle.decode(data).tenant.slug
        envelope = sign(data, tenant=slug, stages=[stage], keys=[signer])
        if stage != "sandbox":
            now = self.clock.now()
            await withstood(self.store._pool, self.store._tenants, data, now=now, signer=SIGNER)
        await self.store.publish(slug, data, envelope, by="test", now=self.clock.now())


@pytest.fixture
async def here(database: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Here]:
    async with _here(database, clock, tmp_path) as made:
        yield made


@asynccontextmanager
async def _here(database: Database, clock: ManualClock, folder: Path) -> AsyncIterator[Here]:
    async with world(database, clock) as made, PgWake() as wake:
        bundles = made.bundles
        store = FailingStore(bundles._pool, bundles._tenants)
        yield Here(world=made, clock=clock, folder=folder, wake=wake, store=store)


def _approved(data: bytes) -> bytes:
    """The same tenant with every claim approved, for a live connection."""
    document = json.loads(data)
    document["unapproved"] = False
    return canonical(document)


def _says(tag: str, slug: str = "dave") -> bytes:
    return bundle_bytes(slug, wording=f"You don't need to use us. {tag}.")


async def test_a_new_bundle_is_in_force_as_soon_as_it_is_hinted(here: Here) -> None:
    await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    following = asyncio.create_task(keeper.run())
    await asyncio.sleep(0.05)
    digest = await here.activate(_says("two"))
    here.wake.notify("bundles")
    for _ in range(100):
        if keeper.tenants()[0].bundle.digest == digest:
            break
        await asyncio.sleep(0.02)
    following.cancel()
    route = await keeper.route("dave-wa-sandbox")
    assert route is not None
    assert route.digest == digest
    assert keeper.bundle(digest).digest == digest
    assert not keeper.status()["stale"]


async def _refused(here: Here, keeper: BundleKeeper, good: str, reason: str) -> None:
    await keeper.refresh()
    status = keeper.status()["tenants"][0]
    assert status["active"] == good
    assert status["stale"]
    assert reason in status["error"]
    route = await keeper.route("dave-wa-sandbox")
    assert route is not None
    assert route.digest == good


async def test_an_unsigned_bundle_is_refused_and_the_last_good_one_serves(here: Here) -> None:
    good = await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    await here.activate(_says("two"), envelope=b"{}")
    await _refused(here, keeper, good, "cannot be read")


async def test_a_bundle_signed_by_a_stranger_is_refused(here: Here) -> None:
    good = await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    await here.activate(_says("two"), signer=STRANGER)
    await _refused(here, keeper, good, "trusted signature")


async def test_a_bundle_whose_signature_is_of_other_bytes_is_refused(here: Here) -> None:
    good = await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    stolen = sign(_says("one"), tenant="dave", stages=["sandbox"], keys=[SIGNER])
    await here.activate(_says("two"), envelope=stolen)
    await _refused(here, keeper, good, "not the ones that were signed")


async def test_a_bundle_signed_for_another_tenant_is_refused(here: Here) -> None:
    good = await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    await here.activate(_says("two"), signed_for="edward")
    await _refused(here, keeper, good, "edward")


async def test_a_bundle_signed_for_the_sandbox_alone_is_refused_live(here: Here) -> None:
    data = _approved(bundle_bytes("dave", stage="live", connections={"dave-wa": "whatsapp_360dialog"}))
    seal = sign(data, tenant="dave", stages=["sandbox"], keys=[SIGNER])
    await here.activate(data, envelope=seal, stage="live")
    keeper = here.keeper("live")
    await keeper.start()
    status = keeper.status()
    assert not status["ready"]
    assert "live" in status["tenants"][0]["error"]


async def test_an_unapproved_bundle_is_refused_on_a_real_connection(here: Here) -> None:
    data = bundle_bytes("dave", stage="live", connections={"dave-wa": "whatsapp_360dialog"})
    await here.activate(data, stage="live")
    keeper = here.keeper("live")
    await keeper.start()
    assert "unapproved" in keeper.status()["tenants"][0]["error"]
    assert await keeper.route("dave-wa") is None


async def test_only_connections_of_the_deployments_stage_are_served(here: Here) -> None:
    await here.activate(bundle_bytes("dave", stage="live", connections={"dave-wa": "whatsapp_360dialog"}))
    keeper = here.keeper("sandbox")
    await keeper.start()
    assert keeper.status()["ready"]
    assert await keeper.route("dave-wa") is None


async def test_a_connection_without_a_channel_is_refused_alone_and_named(here: Here) -> None:
    kinds = {"dave-web": "webchat", "dave-mail": "email", "dave-waha": "whatsapp_waha"}
    digest = await here.activate(bundle_bytes("dave", connections=kinds))
    told: list[str | None] = []

    async def report(
        tenant_id: int, *, digest: str | None, wanted: str, error: str | None, now: datetime
    ) -> None:
        told.append(error)

    reasons = [
        f"CV9001 connection {name}: this version has no channel {kinds[name]}"
        for name in ("dave-mail", "dave-waha")
    ]
    for down in (False, True):
        here.store.down = down  # the second time from what is kept on disk
        keeper = here.keeper(report=report)
        await keeper.start()
        assert await keeper.route("dave-web") is not None
        status = keeper.status()["tenants"][0]
        assert (status["active"], status["error"], status["refused"]) == (digest, None, reasons)
    assert told == ["; ".join(reasons)]
    here.store.down = False
    running = here.keeper()
    await running.start()
    assert await running.route("dave-mail") is None


async def test_a_bad_bundle_of_one_tenant_leaves_the_others_alone(here: Here) -> None:
    await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    await here.activate(_says("two"), signer=STRANGER)
    edward = await here.activate(_says("one", "edward"))
    await keeper.refresh()
    route = await keeper.route("edward-wa-sandbox")
    assert route is not None
    assert route.digest == edward


async def test_going_back_to_the_good_bundle_clears_the_fault(here: Here) -> None:
    good = await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    await here.activate(_says("two"), signer=STRANGER)
    await keeper.refresh()
    assert keeper.status()["stale"]
    await here.activate(_says("one"))
    await keeper.refresh()
    status = keeper.status()
    assert (status["stale"], status["tenants"][0]["error"], status["tenants"][0]["active"]) == (
        False,
        None,
        good,
    )


async def test_a_connection_nobody_has_is_unknown(here: Here) -> None:
    await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    assert await keeper.route("nobody") is None


async def test_a_connection_activated_a_moment_ago_is_found_without_a_hint(here: Here) -> None:
    keeper = here.keeper()
    await keeper.start()
    await here.activate(_says("one"))
    here.clock.advance(2)
    assert await keeper.route("dave-wa-sandbox") is not None


# ---- drills, whose signatures each process checks itself ---------------------------------------------------------------


async def _put_in_force(here: Here, data: bytes, *, drill_by: SigningKey | None) -> str:
    """Live, with a row that says the bundle withstood the suite, signed by this key or by nobody."""
    now, store = here.clock.now(), here.store
    await withstood(store._pool, store._tenants, data, now=now, signer=drill_by)
    seal = sign(data, tenant="dave", stages=["live"], keys=[SIGNER])
    digest = await store.publish("dave", data, seal, by="test", now=now)
    await store.activate("dave", "live", digest, expect_active=None, by="test", now=now)
    return digest


def _live(tag: str) -> bytes:
    connections = {"dave-wa": "whatsapp_360dialog"}
    wording = f"You don't need to use us. {tag}."
    return _approved(bundle_bytes("dave", wording=wording, stage="live", connections=connections))


@pytest.mark.parametrize("drill_by", [None, STRANGER], ids=["nobody", "a stranger"])
async def test_a_row_that_says_it_withstood_is_no_proof_without_a_trusted_signature(
    here: Here, drill_by: SigningKey | None
) -> None:
    good = await _put_in_force(here, _live("one"), drill_by=SIGNER)
    keeper = here.keeper("live")
    await keeper.start()
    digest = await _put_in_force(here, _live("two"), drill_by=drill_by)
    await keeper.refresh()
    [status] = keeper.status()["tenants"]
    assert (status["active"], status["desired"], status["stale"]) == (good, digest, True)
    assert "CV8012 no signed result says that it withstood" in status["error"]
    with pytest.raises(BundleRefused, match="CV8012"):
        await keeper.pinned(keeper.tenants()[0].tenant_id, digest)
    await withstood(here.store._pool, here.store._tenants, _live("two"), now=here.clock.now(), signer=SIGNER)
    await keeper.refresh()
    assert keeper.status()["tenants"][0]["active"] == digest


async def test_a_restart_during_an_outage_checks_the_drill_that_was_kept_on_disk(here: Here) -> None:
    digest = await _put_in_force(here, _live("one"), drill_by=SIGNER)
    await here.keeper("live").start()
    here.store.down = True
    restarted = here.keeper("live")
    await restarted.start()
    assert restarted.status()["tenants"][0]["active"] == digest
    [file] = (here.folder / "bundles").glob("live--*.json")
    kept = json.loads(file.read_bytes())
    file.write_text(json.dumps({**kept, "drills": []}))
    tampered = here.keeper("live")
    await tampered.start()
    assert not tampered.status()["ready"]


# ---- bytes that were signed more than once -------------------------------------------------------------------------------


async def test_the_same_bytes_go_from_the_sandbox_to_staging_when_they_are_signed_for_it(here: Here) -> None:
    data = _approved(_says("one"))
    digest = await here.activate(data)
    now = here.clock.now()
    await withstood(here.store._pool, here.store._tenants, data, now=now, signer=SIGNER)
    await here.store.activate("dave", "staging", digest, expect_active=None, by="test", now=here.clock.now())
    keeper = here.keeper("staging")
    await keeper.start()
    assert "signed for sandbox, not staging" in keeper.status()["tenants"][0]["error"]
    await here.attest(data, stage="staging")
    await keeper.refresh()
    assert keeper.in_force(keeper.tenants()[0].tenant_id).digest == digest
    sandbox = here.keeper()
    await sandbox.start()
    assert sandbox.status()["tenants"][0]["active"] == digest


async def test_after_a_rotation_the_new_keys_signature_counts_also_during_an_outage(here: Here) -> None:
    data = _says("one")
    digest = await here.activate(data, signer=STRANGER)
    running = here.keeper(trusts=OTHER_PUBLIC)
    await running.start()
    assert not here.keeper().status()["ready"]
    here.clock.advance(1)
    await here.attest(data)
    await running.refresh()  # serves it already, and keeps the new signature with it
    here.store.down = True
    for trusts in (PUBLIC, OTHER_PUBLIC):
        restarted = here.keeper(trusts=trusts)
        await restarted.start()
        assert restarted.status()["tenants"][0]["active"] == digest


@pytest.mark.parametrize("first", ["good", "bad"])
async def test_a_worthless_signature_beside_a_good_one_takes_nothing_away(here: Here, first: str) -> None:
    data = _says("one")
    good = sign(data, tenant="dave", stages=["sandbox"], keys=[SIGNER])
    document = json.loads(good)
    document["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    worthless = [
        json.dumps(document).encode(),
        b"{",
        sign(data, tenant="edward", stages=["sandbox"], keys=[SIGNER]),
        sign(_says("two"), tenant="dave", stages=["sandbox"], keys=[SIGNER]),
    ]
    digest = digest_of(data)
    for envelope in [good, *worthless] if first == "good" else [*worthless, good]:
        await here.activate(data, envelope=envelope)
        here.clock.advance(1)
    keeper = here.keeper()
    await keeper.start()
    assert keeper.status()["tenants"][0]["active"] == digest
    assert not keeper.status()["stale"]


async def test_bytes_altered_in_the_database_do_not_replace_what_is_kept(here: Here) -> None:
    data = _says("one")
    digest = await here.activate(data)
    keeper = here.keeper()
    await keeper.start()
    await here.attest(data, stage="live")
    async with here.world.owner.connection() as connection:
        await connection.execute("select set_config('app.every', 'on', false)")
        await connection.execute("update bundle set data = %s", [_says("two")])
        await connection.execute("select set_config('app.every', '', false)")
    await keeper.refresh()
    here.store.down = True
    restarted = here.keeper()
    await restarted.start()
    assert restarted.status()["tenants"][0]["active"] == digest


# ---- the database is away -----------------------------------------------------------------------------------------------


async def test_a_restart_during_an_outage_serves_what_was_good_last(here: Here) -> None:
    good = await here.activate(_says("one"))
    await here.keeper().start()
    here.store.down = True
    keeper = here.keeper()
    await keeper.start()
    route = await keeper.route("dave-wa-sandbox")
    assert route is not None
    assert route.digest == good
    assert keeper.status()["stale"]
    assert "cannot be reached" in keeper.status()["error"]


async def test_without_a_database_and_without_a_kept_bundle_nobody_is_told_that_a_connection_is_unknown(
    here: Here,
) -> None:
    here.store.down = True
    keeper = here.keeper()
    await keeper.start()
    with pytest.raises(DatabaseDown):
        await keeper.route("dave-wa-sandbox")


@pytest.mark.parametrize("damage", ["bundle", "envelopes", "file"])
async def test_a_kept_bundle_that_was_tampered_with_is_not_served(here: Here, damage: str) -> None:
    await here.activate(_says("one"))
    await here.keeper().start()
    (kept,) = (here.folder / "bundles").glob("*.json")
    document = json.loads(kept.read_bytes())
    if damage == "file":
        kept.write_bytes(b"{")
    else:
        other = _says("two") if damage == "bundle" else b"{}"
        text = base64.b64encode(other).decode()
        kept.write_text(json.dumps({**document, damage: [text] if damage == "envelopes" else text}))
    here.store.down = True
    keeper = here.keeper()
    await keeper.start()
    assert not keeper.status()["ready"]


async def test_a_folder_that_cannot_be_written_does_not_stop_a_bundle_from_serving(here: Here) -> None:
    (here.folder / "bundles").write_text("a file where the folder should be")
    good = await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    assert keeper.tenants()[0].bundle.digest == good


# ---- pinned bundles -----------------------------------------------------------------------------------------------------


async def test_a_pinned_bundle_is_fetched_checked_and_remembered(here: Here) -> None:
    old = await here.activate(_says("one"))
    await here.activate(_says("two"))
    keeper = here.keeper()
    await keeper.start()
    tenant_id = keeper.tenants()[0].tenant_id
    assert (await keeper.pinned(tenant_id, old)).digest == old
    here.store.down = True
    assert (await keeper.pinned(tenant_id, old)).digest == old
    assert keeper.bundle(old).digest == old


async def test_a_pinned_bundle_that_is_not_signed_is_refused(here: Here) -> None:
    bad = _says("bad")
    await here.store.publish("dave", bad, b"{}", by="test", now=here.clock.now())
    await here.activate(_says("one"))
    keeper = here.keeper()
    await keeper.start()
    with pytest.raises(BundleRefused):
        await keeper.pinned(keeper.tenants()[0].tenant_id, digest_of(bad))


async def test_pinned_bundles_are_forgotten_oldest_first_when_memory_is_full(
    here: Here, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = len(_says("1")) * MEMORY_PER_BYTE
    monkeypatch.setattr("runtime.bundles.CACHE_BYTES", 2 * size + size // 2)
    digests = [await here.activate(_says(str(n))) for n in range(1, 4)]
    await here.activate(_says("9"))
    keeper = here.keeper()
    await keeper.start()
    tenant_id = keeper.tenants()[0].tenant_id
    for digest in digests:
        await keeper.pinned(tenant_id, digest)
    with pytest.raises(BundleMissing):
        keeper.bundle(digests[0])
    assert keeper.bundle(digests[2]).digest == digests[2]
    assert CACHE_BYTES == 64 * 1024 * 1024
