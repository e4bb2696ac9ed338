"""The world of every send test: a fresh database with one firm in it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.conftest import Database, ManualClock
from tests.integration.send.world import World, world


@pytest_asyncio.fixture
async def firm(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with world(database, clock) as made:
        yield made
