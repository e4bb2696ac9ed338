"""Postgres away: whoever waits is told at once, and nothing is acknowledged that is not stored."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Iterator

import pytest

from runtime import embedded
from runtime.embedded import EmbeddedPostgres
from runtime.ports import DatabaseDown
from runtime.storage.migrate import migrate
from runtime.storage.tenants import Owner
from tests.conftest import NOON, Database, ManualClock
from tests.integration.storage.world import World, message, phone, words, world

AT_ONCE_S = 1.0


@pytest.fixture
def breakable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A server of this test's own, to be stopped at will."""
    # Without fsync a crash of Postgres still loses nothing, as long as a commit waits for its write.
    server = embedded.start(
        tmp_path_factory.mktemp("breakable"),
        fsync=False,
        settings={"synchronous_commit": "on", "full_page_writes": "on"},
    )
    try:
        embedded.bootstrap(server)
        migrate(server.url("convo_owner"), now=NOON)
        yield Database(name="convo", server=server)
    finally:
        server.discard()


def stop(server: EmbeddedPostgres) -> None:
    server.crash()
    assert not server.running


async def stored_words(w: World, tenant: Owner) -> list[str]:
    """The inbox, once the pool has noticed that its idle connections died."""
    for _ in range(20):
        with contextlib.suppress(DatabaseDown):
            return await words(w, tenant)
        await asyncio.sleep(0.1)
    raise AssertionError("the pool did not recover")


async def test_a_message_while_postgres_is_away_is_refused_at_once_and_stored_when_it_is_back(
    breakable: Database, clock: ManualClock
) -> None:
    async with world(breakable, clock) as w:
        dave = await w.tenant()
        [first] = await w.arrive(message(dave, clock.now(), text="before"))
        assert first.outcome == "stored"

        await asyncio.to_thread(stop, breakable.server)
        began = time.monotonic()
        during = message(dave, clock.now(), text="during")
        refused = await asyncio.gather(*(w.arrive(during) for _ in range(20)), return_exceptions=True)
        assert {type(r) for r in refused} == {DatabaseDown}
        assert time.monotonic() - began < AT_ONCE_S

        await asyncio.to_thread(breakable.server.restart)
        began = time.monotonic()
        [again] = await w.arrive(during)
        assert time.monotonic() - began < AT_ONCE_S
        assert again.outcome == "stored"
        assert await stored_words(w, dave) == ["before", "during"]


async def test_whatever_was_acknowledged_while_postgres_died_is_there(
    breakable: Database, clock: ManualClock
) -> None:
    async with world(breakable, clock) as w:
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now(), person=phone(0), text="0"))
        acknowledged: list[str] = []
        sent: list[str] = []
        stopping = asyncio.Event()

        async def write(worker: int) -> None:
            n = 0
            while not stopping.is_set():
                n += 1
                text = f"{worker}-{n}"
                sent.append(text)
                try:
                    [stored] = await w.arrive(message(dave, clock.now(), person=phone(worker), text=text))
                except DatabaseDown:
                    await asyncio.sleep(0.05)
                else:
                    assert stored.outcome in {"stored", "duplicate"}
                    acknowledged.append(text)

        writers = [asyncio.create_task(write(n)) for n in range(1, 9)]
        for _ in range(2):
            await asyncio.sleep(0.5)
            await asyncio.to_thread(stop, breakable.server)
            await asyncio.sleep(0.2)
            await asyncio.to_thread(breakable.server.restart)
        before = len(acknowledged)
        await asyncio.sleep(1)
        stopping.set()
        await asyncio.gather(*writers)
        assert len(acknowledged) > before > 0
        there = await stored_words(w, dave)
        assert len(there) == len(set(there))
        assert set(acknowledged) <= set(there) <= {"0", *sent}
