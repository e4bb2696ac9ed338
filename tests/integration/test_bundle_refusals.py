"""Every code of passes 8 and 9, provoked for real at the operator's console or in a running process, and then put right."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path

import psycopg
import pytest
import pytest_asyncio

from compiler.write import SigningKey, new_key, sign, signing_key
from runtime.console import Console
from runtime.errors import BundleMissing, BundleRefused, PointerMoved, SecretMissing
from runtime.lastgood import Kept, LastGood
from runtime.settings import Settings
from runtime.storage.drills import PgDrills
from runtime.storage.postgres import Pool
from runtime.storage.secrets import PgSecrets
from runtime.storage.tenants import Tenants
from runtime.storage.wake import PgWake
from schemas.bundle import Bundle, canonical, digest_of
from tests.conftest import Database, ManualClock
from tests.drilled import result_of, signed, withstood
from tests.integration.storage.world import VAULT, bundle_bytes, world
from tests.integration.test_bundle_keeper import PUBLIC, SIGNER, STRANGER, Here, here

__all__ = ["here"]  # a fixture
ADA = "Ada Example"


@pytest_asyncio.fixture
async def console(database: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Console]:
    """A deployment that trusts one key."""
    (tmp_path / "trusted.pub").write_bytes(PUBLIC)
    async with (
        Pool(database.url("owner"), role="owner", max_size=2) as owner,
        Pool(database.url("desk"), role="desk", max_size=2) as desk,
        PgWake(database.url("owner")) as wake,
    ):
        yield Console(
            settings=Settings.from_env({"CONVO_TRUST": f"{tmp_path / 'trusted.pub'}"}),
            clock=clock,
            owner=owner,
            desk=desk,
            tenants=Tenants(owner, VAULT),
            wake=wake,
        )


async def publish(
    console: Console,
    data: bytes,
    *,
    slug: str = "dave",
    stage: str = "sandbox",
    signer: SigningKey = SIGNER,
    signed_for: str = "",
    signed_stage: str = "",
    signed: bytes = b"",
) -> str:
    envelope = sign(signed or data, tenant=signed_for or slug, stages=[signed_stage or stage], keys=[signer])
    return await console.publish(slug, data, envelope, stage=stage, by=ADA)


async def activate(console: Console, digest: str, *, slug: str = "dave", expect: str | None = None) -> int:
    return (await console.activate(slug, "sandbox", digest, expect_active=expect, by=ADA)).serial


async def held(console: Console, data: bytes, *, failed: int = 0, at: str = "") -> None:
    """The attack suite was played against these bytes, and signed."""
    envelope = signed(result_of(data, failed=failed, at=at), SIGNER)
    await console.attest(Bundle.decode(data).tenant.slug, data, envelope, by=ADA)


def changed(data: bytes, **fields: object) -> bytes:
    return canonical({**json.loads(data), **fields})


async def test_cv8001_bundle_unreadable(console: Console) -> None:
    with pytest.raises(BundleRefused, match="CV8001 not a readable bundle"):
        await publish(console, b"{}")
    assert await publish(console, bundle_bytes()) == digest_of(bundle_bytes())


async def test_cv8002_bundle_of_another_format(console: Console) -> None:
    with pytest.raises(BundleRefused, match=r"CV8002 bundle format is 'convo\.bundle/v2'"):
        await publish(console, changed(bundle_bytes(), format="convo.bundle/v2"))
    assert await publish(console, changed(bundle_bytes(), format="convo.bundle/v1"))


async def test_cv8003_signature_does_not_hold(console: Console) -> None:
    with pytest.raises(BundleRefused, match="dave: CV8003 0 trusted"):
        await publish(console, bundle_bytes(), signer=STRANGER)
    with pytest.raises(BundleRefused, match="CV8003 the envelope cannot be read"):
        await console.publish("dave", bundle_bytes(), b"{", stage="sandbox", by=ADA)
    with pytest.raises(BundleRefused, match="CV8003"):
        await publish(console, bundle_bytes(), signer=signing_key(new_key()[0]))
    assert await publish(console, bundle_bytes(), signer=SIGNER)


async def test_cv8004_signed_for_another_tenant(console: Console) -> None:
    with pytest.raises(BundleRefused, match="CV8004 signed for tenant 'edward', not 'dave'"):
        await publish(console, bundle_bytes(), signed_for="edward")
    with pytest.raises(BundleRefused, match="CV8004 the bundle is dave's, not edward's"):
        await publish(console, bundle_bytes(), slug="edward")
    assert await publish(console, bundle_bytes(), signed_for="dave")


async def test_cv8005_signed_for_another_stage(console: Console) -> None:
    approved = changed(bundle_bytes(), unapproved=False)
    with pytest.raises(BundleRefused, match="CV8005 signed for sandbox, not live"):
        await publish(console, approved, stage="live", signed_stage="sandbox")
    await held(console, approved)
    assert await publish(console, approved, stage="live", signed_stage="live")


async def test_cv8006_not_the_bytes_that_were_signed(console: Console) -> None:
    with pytest.raises(BundleRefused, match="CV8006 the bytes are not the ones that were signed"):
        await publish(console, bundle_bytes(), signed=bundle_bytes(wording="Other words."))
    assert await publish(console, bundle_bytes(), signed=bundle_bytes())


async def test_cv8007_unapproved_bundle(console: Console) -> None:
    with pytest.raises(BundleRefused, match="dave: CV8007 it holds unapproved claims"):
        await publish(console, bundle_bytes(), stage="live")
    await held(console, approved := changed(bundle_bytes(), unapproved=False))
    assert await publish(console, approved, stage="live")


async def test_cv8008_no_longer_in_force(console: Console) -> None:
    one, two = [await publish(console, bundle_bytes(wording=words)) for words in ("One.", "Two.")]
    await activate(console, one, expect="none")
    with pytest.raises(PointerMoved, match="CV8008 Somebody activated another bundle meanwhile"):
        await activate(console, two, expect="none")
    assert await activate(console, two, expect=one) == 2


async def test_cv8009_bundle_not_published(console: Console) -> None:
    digest = await publish(console, bundle_bytes())
    with pytest.raises(BundleMissing, match="CV8009 No bundle of that digest is published"):
        await activate(console, "sha256:" + "0" * 64)
    assert await activate(console, digest) == 1
    with pytest.raises(BundleMissing, match="CV8009 dave/sandbox has no bundle before the present one"):
        await console.rollback("dave", "sandbox", by=ADA)


async def test_cv8010_another_organisation(console: Console) -> None:
    await publish(console, bundle_bytes(organisation="dynamo"))
    with pytest.raises(BundleRefused, match="CV8010 dave belongs to organisation dynamo"):
        await publish(console, bundle_bytes(organisation="elsewhere"))
    assert await publish(console, bundle_bytes(organisation="dynamo", wording="Other words."))


async def test_cv8011_connection_of_another_tenant(console: Console) -> None:
    await activate(console, await publish(console, bundle_bytes(connections={"shared": "webchat"})))
    stolen = await publish(console, bundle_bytes("edward", connections={"shared": "webchat"}), slug="edward")
    with pytest.raises(BundleRefused, match="CV8011 connection shared belongs to another tenant"):
        await activate(console, stolen, slug="edward")
    own = await publish(console, bundle_bytes("edward", connections={"edward-web": "webchat"}), slug="edward")
    assert await activate(console, own, slug="edward") == 1


async def test_cv8012_attack_suite_not_withstood(console: Console) -> None:
    data = changed(bundle_bytes(), unapproved=False)
    for stage in ("staging", "live"):
        with pytest.raises(BundleRefused, match=f"CV8012 dave/{digest_of(data)} may not go to {stage}"):
            await publish(console, data, stage=stage)
    assert await publish(console, data)  # the sandbox needs none
    await held(console, data, failed=1)
    with pytest.raises(BundleRefused, match="drill attack dave --sign-key KEY --publish"):
        await publish(console, data, stage="live")
    await held(console, data, at="2026-11-24T10:31:00+00:00")
    digest = await publish(console, data, stage="live")
    assert (await console.activate("dave", "live", digest, expect_active=None, by=ADA)).serial == 1
    with pytest.raises(BundleRefused, match="CV8012"):
        await publish(console, changed(data, unapproved=False, handoff_words=["person"]), stage="live")


async def test_the_last_result_counts_and_the_way_back_is_never_shut(console: Console) -> None:
    one, two = [changed(bundle_bytes(wording=words), unapproved=False) for words in ("One.", "Two.")]
    for data in (one, two):
        await held(console, data)
        digest = await publish(console, data, stage="live")
        await console.activate("dave", "live", digest, expect_active=None, by=ADA)
    for data in (one, two):
        await held(console, data, failed=2, at="2026-11-24T10:32:00+00:00")
    with pytest.raises(BundleRefused, match="CV8012"):
        await publish(console, one, stage="staging")
    assert (await console.rollback("dave", "live", by=ADA)).digest == digest_of(one)


async def test_of_several_results_the_last_received_counts_and_an_older_run_undoes_no_later_miss(
    console: Console,
) -> None:
    one, two = [changed(bundle_bytes(wording=words), unapproved=False) for words in ("One.", "Two.")]
    await held(console, one, at="2026-11-24T10:34:00+00:00")
    await held(console, one, failed=1, at="2026-11-24T09:00:00+00:00")
    with pytest.raises(BundleRefused, match="CV8012"):
        await publish(console, one, stage="live")
    await held(console, two, failed=1, at="2026-11-24T09:00:00+00:00")
    await held(console, two, at="2026-11-24T08:00:00+00:00")
    with pytest.raises(BundleRefused, match="CV8012"):
        await publish(console, two, stage="live")
    await held(console, two, at="2026-11-24T09:30:00+00:00")
    assert await publish(console, two, stage="live")


async def test_a_result_of_the_future_is_refused_by_the_console_and_by_the_database(
    console: Console, clock: ManualClock
) -> None:
    data = changed(bundle_bytes(), unapproved=False)
    late = "2026-11-24T10:35:01+00:00"
    with pytest.raises(BundleRefused, match=r"dave: CV8012 .*which has not come yet"):
        await held(console, data, at=late)
    await held(console, data, failed=1, at="2026-11-24T10:35:00+00:00")  # clocks may differ by as much
    dave, result = await console.tenants.by_slug("dave"), result_of(data, at=late)
    drills = PgDrills(console.owner)
    with pytest.raises(psycopg.errors.CheckViolation, match="drill_result_not_of_the_future"):
        await drills.record(dave.tenant_id, result, signed(result, SIGNER), by=ADA, now=clock.now())
    await console.owner.rows("alter table drill_result drop constraint drill_result_not_of_the_future")
    await drills.record(dave.tenant_id, result, signed(result, SIGNER), by=ADA, now=clock.now())
    assert not await drills.drilled(dave.tenant_id, digest_of(data), "live")


async def test_a_row_that_no_trusted_key_signed_opens_nothing_at_the_console(console: Console) -> None:
    data = changed(bundle_bytes(), unapproved=False)
    await withstood(console.owner, console.tenants, data, now=console.clock.now())
    with pytest.raises(BundleRefused, match=r"dave: CV8012 .*the envelope cannot be read"):
        await publish(console, data, stage="live")
    await held(console, data, at="2026-11-24T10:31:00+00:00")
    assert await publish(console, data, stage="live")


async def test_a_result_is_kept_only_when_a_trusted_key_signed_it_about_these_bytes(console: Console) -> None:
    data, other = bundle_bytes(), bundle_bytes(wording="Other words.")
    for envelope, reason in (
        (signed(result_of(data), STRANGER), "CV8003 no trusted key"),
        (signed(result_of(other), SIGNER), "CV8006 the drill result is about"),
        (signed(result_of(bundle_bytes("edward")), SIGNER), "CV8004 the drill result is about 'edward'"),
        (sign(data, tenant="dave", stages=["live"], keys=[SIGNER]), "CV8003 the signed statement"),
        (b"{", "CV8003 the envelope cannot be read"),
    ):
        with pytest.raises(BundleRefused, match=reason):
            await console.attest("dave", data, envelope, by=ADA)


async def test_each_result_stands_in_the_audit_once_and_for_good(console: Console) -> None:
    data = bundle_bytes()
    for _ in range(2):
        await held(console, data, failed=3)
    async with console.owner.connection() as connection, connection.transaction():
        await connection.execute("select set_config('app.every', 'on', true)")
        rows = await connection.execute("select header from audit where header ->> 'what' = 'drill'")
        [(header,)] = await rows.fetchall()
    assert (header["digest"], header["failed"], header["by"]) == (digest_of(data), 3, ADA)
    for statement in ("delete from drill_result", "update drill_result set failed = 0"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await console.owner.rows(statement)


async def test_nobody_gets_round_the_gate_by_talking_to_the_database_himself(here: Here) -> None:
    data = changed(bundle_bytes(), unapproved=False)
    for_live = sign(data, tenant="dave", stages=["live"], keys=[SIGNER])
    with pytest.raises(BundleRefused, match="CV8012"):
        await here.store.publish("dave", data, for_live, by="test", now=here.clock.now())
    for_sandbox = sign(data, tenant="dave", stages=["sandbox"], keys=[SIGNER])
    digest = await here.store.publish("dave", data, for_sandbox, by="test", now=here.clock.now())
    with pytest.raises(BundleRefused, match="CV8012"):
        await here.store.activate("dave", "live", digest, expect_active=None, by="test", now=here.clock.now())
    await withstood(here.store._pool, here.store._tenants, data, now=here.clock.now())
    assert await here.store.publish("dave", data, for_live, by="test", now=here.clock.now()) == digest


async def test_cv9001_unknown_channel(here: Here) -> None:
    keeper = here.keeper()
    await here.activate(bundle_bytes(connections={"dave-web": "webchat", "dave-mail": "email"}))
    await keeper.start()
    [status] = keeper.status()["tenants"]
    assert status["refused"] == ["CV9001 connection dave-mail: this version has no channel email"]
    await here.activate(bundle_bytes(connections={"dave-web": "webchat"}))
    await keeper.refresh()
    assert keeper.status()["tenants"][0]["refused"] == []


async def test_cv9002_connection_served_for_another(here: Here) -> None:
    edward = bundle_bytes("edward", connections={"shared": "webchat"})
    kept = Kept(
        tenant="edward",
        tenant_id=9,
        stage="sandbox",
        digest=digest_of(edward),
        serial=1,
        bundle=edward,
        envelopes=(sign(edward, tenant="edward", stages=["sandbox"], keys=[SIGNER]),),
    )
    LastGood(here.folder).write(kept)  # of another database
    await here.activate(bundle_bytes(connections={"shared": "webchat"}))
    keeper = here.keeper()
    await keeper.start()
    [error] = [each["error"] for each in keeper.status()["tenants"] if each["tenant"] == "dave"]
    assert error == "dave: CV9002 connection shared belongs to edward already"
    good = await here.activate(bundle_bytes(connections={"dave-web": "webchat"}))
    await keeper.refresh()
    assert {tenant.bundle.digest for tenant in keeper.tenants()} == {good, digest_of(edward)}


async def test_cv9003_secret_unreadable(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        reader = PgSecrets(w.web, w.tenants)
        with pytest.raises(
            SecretMissing, match="CV9003 dave has no secret HOOK: `convo secret set dave HOOK`"
        ):
            await reader.value(dave.tenant_id, "HOOK")
        owner = PgSecrets(w.owner, Tenants(w.owner, VAULT))
        await owner.set(dave.tenant_id, "HOOK", "value", by=ADA, now=clock.now())
        assert await reader.value(dave.tenant_id, "HOOK") == "value"
