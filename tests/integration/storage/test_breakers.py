"""Circuit breakers: three failures in a row, a minute, one trial; the same in one process and over several."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from runtime.models.breaker import FAILURES, OPEN_S, TRIAL_S, LocalBreakers
from runtime.ports import Breakers, BreakerState
from runtime.storage.breakers import FRESH_S, PgBreakers
from runtime.storage.postgres import Pool
from tests.conftest import NOON, Database

_models = itertools.count(1)


@dataclass(slots=True)
class Watched:
    """One model's breaker, asked by a worker whose clock we hold."""

    breakers: Breakers
    model: str
    now: datetime = NOON

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    async def admit(self) -> str | None:
        return await self.breakers.admit("openai", self.model, now=self.now)

    async def failed(self, *, trial: bool = False) -> None:
        await self.breakers.report("openai", self.model, "failed", trial=trial, now=self.now)

    async def answered(self, *, trial: bool = False) -> None:
        await self.breakers.report("openai", self.model, "answered", trial=trial, now=self.now)

    async def unsaid(self, *, trial: bool = False) -> None:
        await self.breakers.report("openai", self.model, "unsaid", trial=trial, now=self.now)

    async def state(self) -> BreakerState | None:
        states = await self.breakers.states(self.now)
        return next((each for each in states if each.model == self.model), None)

    async def open(self) -> None:
        for _ in range(FAILURES):
            await self.failed()


@pytest.fixture(params=["one process", "postgres"])
async def watched(request: pytest.FixtureRequest, module_database: Database) -> AsyncIterator[Watched]:
    model = f"model-{next(_models)}"
    if request.param == "one process":
        yield Watched(breakers=LocalBreakers(), model=model)
        return
    async with Pool(module_database.url("dispatch"), role="dispatch") as pool:
        yield Watched(breakers=PgBreakers(pool), model=model)


async def test_two_failures_leave_it_closed_and_the_third_in_a_row_opens_it(watched: Watched) -> None:
    await watched.failed()
    await watched.failed()
    assert await watched.admit() == "closed"
    await watched.failed()
    assert await watched.admit() is None
    found = await watched.state()
    assert found is not None
    assert (found.state, found.failures) == ("open", 3)
    assert (found.opened_at, found.until) == (NOON, NOON + timedelta(seconds=OPEN_S))


async def test_an_answer_between_failures_begins_the_count_again(watched: Watched) -> None:
    await watched.failed()
    await watched.failed()
    await watched.answered()
    await watched.failed()
    await watched.failed()
    assert await watched.admit() == "closed"


async def test_after_a_minute_exactly_one_caller_may_try(watched: Watched) -> None:
    await watched.open()
    watched.later(OPEN_S - 0.5)
    assert await watched.admit() is None
    watched.later(0.5)
    assert sorted(filter(None, [await watched.admit() for _ in range(5)])) == ["trial"]
    found = await watched.state()
    assert found is not None
    assert found.state == "half_open"


async def test_a_trial_that_is_answered_closes_it(watched: Watched) -> None:
    await watched.open()
    watched.later(OPEN_S)
    assert await watched.admit() == "trial"
    await watched.answered(trial=True)
    assert [await watched.admit() for _ in range(3)] == ["closed"] * 3


async def test_a_trial_that_fails_opens_it_for_another_minute(watched: Watched) -> None:
    await watched.open()
    watched.later(OPEN_S)
    assert await watched.admit() == "trial"
    await watched.failed(trial=True)
    watched.later(OPEN_S - 0.5)
    assert await watched.admit() is None
    watched.later(0.5)
    assert await watched.admit() == "trial"


async def test_a_trial_that_says_nothing_is_given_to_the_next(watched: Watched) -> None:
    await watched.open()
    watched.later(OPEN_S)
    assert await watched.admit() == "trial"
    await watched.unsaid(trial=True)
    assert await watched.admit() == "trial"


async def test_a_trial_of_somebody_who_died_lapses(watched: Watched) -> None:
    await watched.open()
    watched.later(OPEN_S)
    assert await watched.admit() == "trial"
    watched.later(TRIAL_S - 1)
    assert await watched.admit() is None
    watched.later(1)
    assert await watched.admit() == "trial"


async def test_a_late_answer_from_before_it_opened_does_not_close_it(watched: Watched) -> None:
    await watched.open()
    await watched.answered()
    await watched.failed()
    assert await watched.admit() is None
    watched.later(OPEN_S)
    assert await watched.admit() == "trial"


# ---- over several workers ----------------------------------------------------------------------------------------------


async def test_what_one_worker_learned_another_knows_within_a_second(module_database: Database) -> None:
    model = f"model-{next(_models)}"
    async with (
        Pool(module_database.url("dispatch"), role="dispatch") as first,
        Pool(module_database.url("dispatch"), role="dispatch") as second,
    ):
        one, other = Watched(PgBreakers(first), model), Watched(PgBreakers(second), model)
        assert await other.admit() == "closed"
        await one.open()
        assert await one.admit() is None
        other.later(FRESH_S)
        assert await other.admit() is None


async def test_failures_of_several_workers_add_up(module_database: Database) -> None:
    model = f"model-{next(_models)}"
    async with Pool(module_database.url("dispatch"), role="dispatch") as pool:
        workers = [Watched(PgBreakers(pool), model) for _ in range(FAILURES)]
        for worker in workers:
            await worker.failed()
        workers[0].later(FRESH_S)
        assert await workers[0].admit() is None


async def test_of_many_workers_at_once_one_may_try(module_database: Database) -> None:
    model = f"model-{next(_models)}"
    async with (
        Pool(module_database.url("dispatch"), role="dispatch") as first,
        Pool(module_database.url("dispatch"), role="dispatch") as second,
    ):
        workers = [Watched(PgBreakers(pool), model) for pool in (first, second) for _ in range(10)]
        await workers[0].open()
        for worker in workers:
            worker.later(OPEN_S)
        told = await asyncio.gather(*(worker.admit() for worker in workers))
        assert sorted(filter(None, told)) == ["trial"]


async def test_while_all_is_well_a_turn_asks_the_database_nothing(module_database: Database) -> None:
    pool = _Counting(module_database.url("dispatch"), role="dispatch")
    async with pool:
        worker = Watched(PgBreakers(pool), f"model-{next(_models)}")
        assert await worker.admit() == "closed"
        asked = pool.statements
        for _ in range(20):
            assert await worker.admit() == "closed"
            await worker.answered()
        assert pool.statements == asked


async def test_while_the_database_is_away_each_worker_keeps_its_own(tmp_path: object) -> None:
    async with Pool(f"postgresql://convo_dispatch@/convo?host={tmp_path}", role="dispatch") as pool:
        worker = Watched(PgBreakers(pool), "model")
        assert await worker.admit() == "closed"
        await worker.open()
        assert await worker.admit() is None
        worker.later(OPEN_S)
        assert [await worker.admit(), await worker.admit()] == ["trial", None]


async def test_the_desk_may_look_and_nothing_more(module_database: Database) -> None:
    async with (
        Pool(module_database.url("dispatch"), role="dispatch") as pool,
        Pool(module_database.url("desk"), role="desk") as desk,
    ):
        worker = Watched(PgBreakers(pool), f"model-{next(_models)}")
        await worker.open()
        looking = Watched(PgBreakers(desk), worker.model)
        found = await looking.state()
        assert found is not None
        assert found.state == "open"
        with pytest.raises(Exception, match="permission denied"):
            await desk.rows("select breaker_try_v1('openai', 'm', 60, 15, now())")


class _Counting(Pool):
    """A pool that counts its statements."""

    statements = 0

    async def rows(self, statement: str, params: object = ()) -> list[dict[str, object]]:
        self.statements += 1
        return await super().rows(statement, params)  # type: ignore[arg-type]
