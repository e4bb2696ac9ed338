"""A hint reaches other processes soon, is kept for whoever was busy, and its loss loses nothing but time."""

import asyncio
import time

import psycopg
import pytest

from runtime.storage.wake import CHANNEL, PgWake
from tests.conftest import Database


async def _listening(wake: PgWake, database: Database) -> None:
    """Until the wake's own LISTEN is in place."""
    with psycopg.connect(database.url("dispatch"), autocommit=True) as connection:
        deadline = time.monotonic() + 5
        while time.monotonic() < deadline:
            connection.execute("select pg_notify(%s, 'bundles')", (CHANNEL,))
            if await wake.wait("bundles", 0.1):
                return
    raise AssertionError("the listener never heard anything")


async def test_a_hint_in_one_process_wakes_a_waiter_in_another(database: Database) -> None:
    async with PgWake(database.url("ingest")) as web, PgWake(database.url("dispatch")) as worker:
        await _listening(worker, database)
        waiter = asyncio.create_task(worker.wait("turns", 5))
        await asyncio.sleep(0)
        began = time.monotonic()
        web.notify("turns")
        assert await waiter
        assert time.monotonic() - began < 1


async def test_a_hint_wakes_only_those_who_wait_for_its_topic() -> None:
    async with PgWake() as wake:
        turns = asyncio.create_task(wake.wait("turns", 0.05))
        sends = asyncio.create_task(wake.wait("sends", 0.05))
        await asyncio.sleep(0)
        wake.notify("sends")
        assert (await turns, await sends) == (False, True)


async def test_every_waiter_of_a_topic_is_woken() -> None:
    async with PgWake() as wake:
        waiters = [asyncio.create_task(wake.wait("pages", 1)) for _ in range(3)]
        await asyncio.sleep(0)
        wake.notify("pages")
        assert await asyncio.gather(*waiters) == [True, True, True]


async def test_a_hint_that_comes_while_a_task_works_is_kept_for_it() -> None:
    async with PgWake() as wake:
        await wake.wait("turns", 0)
        wake.notify("turns")
        assert await wake.wait("turns", 0)
        assert not await wake.wait("turns", 0)


async def test_many_hints_become_few_notifications(database: Database) -> None:
    with psycopg.connect(database.url("dispatch"), autocommit=True) as connection:
        connection.execute(f"listen {CHANNEL}")
        async with PgWake(database.url("ingest")) as wake:
            for _ in range(200):
                wake.notify("turns")
                await asyncio.sleep(0.001)
            await asyncio.sleep(0.2)
        heard = [hint for hint in connection.notifies(timeout=0.2) if hint.payload == "turns"]
    assert 1 <= len(heard) <= 12


@pytest.mark.parametrize("url", ["postgresql://convo_ingest@/nowhere?host=/nonexistent"])
async def test_without_a_database_hints_still_work_inside_the_process(url: str) -> None:
    async with PgWake(url) as wake:
        waiter = asyncio.create_task(wake.wait("sends", 1))
        await asyncio.sleep(0)
        wake.notify("sends")
        assert await waiter


async def test_a_listener_whose_connection_is_cut_listens_again(database: Database) -> None:
    async with PgWake(database.url("dispatch")) as wake:
        await _listening(wake, database)
        with psycopg.connect(database.url("dispatch"), autocommit=True) as connection:
            cut = connection.execute(
                "select pid, pg_terminate_backend(pid) from pg_stat_activity "
                "where application_name = 'convo-wake' and pid <> pg_backend_pid()"
            ).fetchall()
        assert cut and all(gone for _, gone in cut)
        await _listening(wake, database)
        with psycopg.connect(database.url("dispatch"), autocommit=True) as connection:
            now = connection.execute(
                "select pid from pg_stat_activity where application_name = 'convo-wake'"
            ).fetchall()
        assert now
        assert not {pid for pid, _ in cut} & {pid for (pid,) in now}
