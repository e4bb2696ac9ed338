"""The real Ingest keeps the promises that web relies on, the same as the one its unit tests run on."""

from __future__ import annotations

import pytest

from runtime.messages import Arrival, Malformed
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import world
from tests.unit.web.ingest_contract import CHECKS, Check, texted
from tests.unit.web.world import PHONE


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_real_ingest_keeps_the_contract(
    check: Check, database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await check(w.ingest, dave.tenant_id)
        assert await w.see("select 1 from ingest_reject") == []


async def test_an_item_that_cannot_be_read_is_kept_once_beside_its_stored_neighbours(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        bad = Malformed(provider_id="malformed.1", reason="messages[1] names no sender", raw='{"text": "hi"}')
        unreadable = Arrival(
            tenant_id=dave.tenant_id, connection_id=PHONE.id, channel=PHONE.channel, event=bad, stop=None
        )
        batch = [texted(dave.tenant_id, "one", "a"), unreadable, texted(dave.tenant_id, "three", "c")]
        stored = await w.ingest.store(batch, now=clock.now())
        assert [(s.outcome, s.reason) for s in stored] == [
            ("stored", None),
            ("rejected", bad.reason),
            ("stored", None),
        ]
        again = await w.ingest.store(batch, now=clock.now())
        assert [s.outcome for s in again] == ["duplicate", "rejected", "duplicate"]
        [kept] = await w.see("select kind, error, state, body from ingest_reject")
        assert (kept["kind"], kept["error"], kept["state"]) == ("Malformed", bad.reason, "open")
        assert b"hi" not in kept["body"]
        assert (await w.see("select count(*) as n from inbox"))[0]["n"] == 2
