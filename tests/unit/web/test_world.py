"""The in-memory ports keep the promises that the real ones make."""

from __future__ import annotations

import pytest

from tests.unit.web.ingest_contract import CHECKS, Check
from tests.unit.web.world import MemoryIngest


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
async def test_the_memory_ingest_keeps_the_contract(check: Check) -> None:
    ingest = MemoryIngest()
    await check(ingest, 1)
    assert ingest.calls <= 2
