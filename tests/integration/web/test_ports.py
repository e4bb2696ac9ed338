"""The real Ingest keeps the promises that web relies on, the same as the one its unit tests run on."""

from __future__ import annotations

import pytest

from tests.conftest import Database, ManualClock
from tests.integration.storage.world import world
from tests.unit.web.ingest_contract import CHECKS, Check


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_real_ingest_keeps_the_contract(
    check: Check, database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await check(w.ingest, dave.tenant_id)
        assert await w.see("select 1 from ingest_reject") == []
