"""`convo withdraw`: from the next last look on nobody says the words, at any stage, and no turn composes them again."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from runtime.console import Console
from runtime.guardrails.registered_facts import why_not
from runtime.settings import Settings
from runtime.storage.tenants import TenantUnknown
from runtime.storage.turns import PgTurns
from runtime.storage.wake import PgWake
from schemas.bundle import Bundle
from tests.conftest import NOON
from tests.integration.send.world import BUNDLE, CLAIM, World

STAGES = ("sandbox", "staging", "live")
FIRM, ADA = "example-firm", "Ada Example"


@pytest_asyncio.fixture
async def console(firm: World) -> AsyncIterator[Console]:
    async with PgWake(firm.database.url("owner")) as wake:
        yield Console(
            settings=Settings.from_env({}),
            clock=firm.clock,
            owner=firm.pools["owner"],
            desk=firm.pools["desk"],
            tenants=firm.tenants,
            wake=wake,
        )


async def test_what_waits_with_the_words_is_composed_again_or_dropped(firm: World, console: Console) -> None:
    reply = firm.waiting(firm.person())
    campaign = firm.waiting(
        firm.person(wrote=False), "proactive", template="winter_1", campaign="winter", purpose="claims"
    )
    (wording,) = await console.wordings(FIRM, "DD-D04", stages=STAGES)
    assert (wording.digest, wording.stages, wording.waiting, wording.gone) == (CLAIM, ("sandbox",), 2, False)

    await console.withdraw(FIRM, [wording.digest], by=ADA, reason="the fee changed")

    assert await firm.decided(reply) == ("redo", "R-PERIM-3")
    assert await firm.decided(campaign) == ("drop", "R-PERIM-3")
    header = firm.one("select header from audit where header ->> 'what' = 'claim withdrawn'")["header"]
    assert (header["claim"], header["by"]) == (CLAIM, ADA)


async def test_no_further_turn_says_the_words(firm: World, console: Console) -> None:
    await console.withdraw(FIRM, [CLAIM], by=ADA, reason="the fee changed")
    firm.writes(firm.person())
    turns = PgTurns(firm.pools["dispatch"], firm.pools["tenant"], firm.tenants)
    (lease,) = await turns.claim(owner="worker-1", limit=1, lease_s=30, now=firm.clock.now())
    bundle = Bundle.decode(firm.one("select data from bundle")["data"])
    turn = await turns.load(lease, pinned=None, active=bundle, now=firm.clock.now())
    assert turn is not None
    why = why_not(
        bundle.claims["DD-D04"],
        bundle,
        now=NOON,
        channel="webchat",
        language="en-GB",
        sandbox=True,
        withdrawn=turn.withdrawn,
    )
    assert why == "withdrawn"


async def test_words_in_force_at_two_stages_are_found_once_and_other_words_each(
    firm: World, console: Console
) -> None:
    other = "sha256:" + "d" * 64
    document = json.loads(bytes(firm.one("select data from bundle")["data"]))
    document["claims"][0]["digest"] = other
    firm.sql(
        "insert into bundle (tenant_id, digest, data, unapproved, published_by, published_at) "
        "values (%s, %s, %s, false, 'test', %s)",
        [firm.tenant_id, "sha256:" + "2" * 64, json.dumps(document).encode(), NOON],
    )
    for stage, digest in (("staging", BUNDLE), ("live", "sha256:" + "2" * 64)):
        firm.drilled(digest)
        firm.sql(
            "insert into bundle_pointer values (%s, %s, 1, %s, 'test', %s)",
            [firm.tenant_id, stage, digest, NOON],
        )
    found = await console.wordings(FIRM, "DD-D04", stages=STAGES)
    assert {(w.digest, w.stages) for w in found} == {(CLAIM, ("sandbox", "staging")), (other, ("live",))}
    (one,) = await console.wordings(FIRM, "DD-D04", stages=["live"])
    assert one.digest == other


async def test_words_in_no_bundle_are_withdrawn_by_their_digest_and_listed(
    firm: World, console: Console
) -> None:
    old = "sha256:" + "0" * 64
    assert await console.wordings(FIRM, "DD-D99", stages=STAGES) == []
    (wording,) = await console.wordings(FIRM, old, stages=STAGES)
    assert (wording.claim, wording.stages, wording.waiting) == (None, (), 0)
    await console.withdraw(FIRM, [old], by=ADA, reason="could come back with a rollback")
    listed = await console.withdrawals(FIRM)
    assert [(w.claim_digest, w.by, w.reason) for w in listed] == [
        (old, ADA, "could come back with a rollback")
    ]
    (again,) = await console.wordings(FIRM, old, stages=STAGES)
    assert again.gone


async def test_nobody_s_words_are_not_withdrawn(console: Console) -> None:
    with pytest.raises(TenantUnknown):
        await console.wordings("nosuch", "DD-D04", stages=STAGES)
