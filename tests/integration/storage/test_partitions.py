"""Partitions are made ahead and dropped behind; a row of any other day is still at home in the default one."""

from __future__ import annotations

from datetime import timedelta

import psycopg
import pytest

from tests.conftest import NOON, Database, ManualClock
from tests.integration.storage.world import message, words, world

DAY_S = 86_400
KEEP_DAYS = 10


def make(database: Database, *, days_later: int = 0) -> int:
    with psycopg.connect(database.url()) as connection:
        row = connection.execute(
            "select partitions_v1(2, %s, %s)", [KEEP_DAYS, NOON + timedelta(days=days_later)]
        ).fetchone()
        assert row is not None
        return int(row[0])


async def test_partitions_are_made_once_and_used(database: Database, clock: ManualClock) -> None:
    assert make(database) == 6
    assert make(database) == 0
    async with world(database, clock) as w:
        dave = await w.tenant()
        stored = await w.arrive(message(dave, clock.now(), text="today"))
        clock.advance(5 * DAY_S)
        stored += await w.arrive(message(dave, clock.now(), text="a day without a partition"))
        assert [s.seq for s in stored] == [1, 2]
        rows = await w.see("select tableoid::regclass::text as kept from inbox order by seq")
        assert [row["kept"] for row in rows] == ["inbox_20261124", "inbox_default"]
        assert await words(w, dave) == ["today", "a day without a partition"]


async def test_a_redelivery_is_known_until_its_day_is_dropped(database: Database, clock: ManualClock) -> None:
    make(database)
    async with world(database, clock) as w:
        dave = await w.tenant()
        same = message(dave, clock.now())
        outcomes = []
        for day in (0, 8, 12):
            clock.at = NOON + timedelta(days=day)
            make(database, days_later=day)
            outcomes += [stored.outcome for stored in await w.arrive(same)]
        assert outcomes == ["stored", "duplicate", "stored"]


async def test_a_day_whose_rows_are_in_the_default_partition_stays_there(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now(), text="early"))
        assert make(database) == 4  # not today's two
        await w.arrive(message(dave, clock.now(), text="late"))
        assert await words(w, dave) == ["early", "late"]


@pytest.mark.parametrize("partition", ["inbox_20261124", "inbox_seen_20261124"])
async def test_a_partition_shows_another_tenant_nothing(
    database: Database, clock: ManualClock, partition: str
) -> None:
    make(database)
    async with world(database, clock) as w:
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now()))
    with psycopg.connect(database.url()) as connection:
        for tenant, rows in ((dave.tenant_id, 1), (dave.tenant_id + 1, 0)):
            connection.execute("select set_config('app.tenant', %s, true)", [str(tenant)])
            assert connection.execute(f"select count(*) from {partition}".encode()).fetchone() == (rows,)
    with (
        psycopg.connect(database.url("tenant")) as reader,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        reader.execute(f"select * from {partition}".encode())
