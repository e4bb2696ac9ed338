"""Periodic jobs run once each however many workers there are, and their tables are laid once."""

import asyncio

import psycopg
import pytest

from runtime import jobs
from tests.conftest import Database

EVERY_MINUTE = "* * * * *"


async def test_preparing_twice_does_it_once_and_touches_no_other_schema(database: Database) -> None:
    assert jobs.prepare(database.url("owner"))
    assert not jobs.prepare(database.url("owner"))
    with psycopg.connect(database.url("owner")) as connection:
        stray = connection.execute(
            "select count(*) from pg_tables where schemaname = 'public' and tablename like 'procrastinate%'"
        ).fetchone()
    assert stray == (0,)


async def test_a_job_runs_once_though_two_workers_are_there(database: Database) -> None:
    jobs.prepare(database.url("owner"))
    ran = asyncio.Event()
    count = 0

    async def once() -> None:
        nonlocal count
        count += 1
        ran.set()

    stop = asyncio.Event()
    job = jobs.Job(name="once", cron=EVERY_MINUTE, run=once)
    workers = [asyncio.create_task(jobs.run(database.url("dispatch"), [job], stop)) for _ in range(2)]
    await asyncio.wait_for(ran.wait(), 20)
    await asyncio.sleep(1)
    stop.set()
    await asyncio.wait_for(asyncio.gather(*workers), 20)
    assert count in (1, 2)  # two only when the minute turned meanwhile


async def test_a_job_that_fails_does_not_stop_the_others(database: Database) -> None:
    jobs.prepare(database.url("owner"))
    ran = asyncio.Event()

    async def bad() -> None:
        raise RuntimeError

    async def good() -> None:
        ran.set()

    stop = asyncio.Event()
    wanted = [
        jobs.Job(name="bad", cron=EVERY_MINUTE, run=bad),
        jobs.Job(name="good", cron=EVERY_MINUTE, run=good),
    ]
    working = asyncio.create_task(jobs.run(database.url("dispatch"), wanted, stop))
    await asyncio.wait_for(ran.wait(), 20)
    stop.set()
    await asyncio.wait_for(working, 20)


def test_the_role_that_runs_jobs_makes_partitions_in_the_owners_name(database: Database) -> None:
    with psycopg.connect(database.url("dispatch"), autocommit=True) as connection:
        made = connection.execute("select partitions_job_v1(2, 40, '2026-11-24 10:30+00')").fetchone()
        assert made is not None
        assert made[0] > 0
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("create table mine (id int)")
