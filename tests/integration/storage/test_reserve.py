"""The day's money for models is reserved before they are asked, settled with the turn, and held by its cap for all workers."""

from __future__ import annotations

import asyncio
import dataclasses
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from runtime.messages import Lease, Outcome, Turn
from runtime.storage.turns import PgTurns
from schemas.bundle import Bundle
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, bundle_bytes, message, phone, world

PENNY = 1_000_000
LEASE_S = 30.0


@dataclass
class Town:
    """A tenant whose day holds `cap` pence, and two workers with nothing in common but the database."""

    world: World
    bundle: Bundle
    workers: tuple[PgTurns, PgTurns]

    async def turns(self, people: int) -> list[tuple[PgTurns, Turn]]:
        """One turn for each of so many people, dealt out to the two workers."""
        owner = await self.world.tenant()
        now = self.world.clock.now()
        await self.world.arrive(*(message(owner, now, person=phone(n)) for n in range(people)))
        self.world.clock.advance(10)
        found = []
        for i in range(people):
            worker = self.workers[i % 2]
            (lease,) = await worker.claim(
                owner=f"worker-{i % 2}", limit=1, lease_s=LEASE_S, now=self.world.clock.now()
            )
            found.append((worker, await self.loaded(worker, lease)))
        return found

    async def loaded(self, worker: PgTurns, lease: Lease) -> Turn:
        turn = await worker.load(lease, pinned=None, active=self.bundle, now=self.world.clock.now())
        assert turn is not None
        return turn

    async def committed(self, worker: PgTurns, turn: Turn, cost: int) -> bool:
        outcome = Outcome(
            tenant_id=turn.tenant_id,
            conversation_id=turn.conversation_id,
            upto_seq=turn.pending[-1].seq,
            disposition="reply",
            sends=(),
            effects=(),
            audit={},
            bundle=turn.active.digest,
            pinned=turn.pinned.digest,
            cost_micropence=cost,
        )
        return await worker.commit(turn.lease, outcome, now=self.world.clock.now())

    async def spent(self, of: str = "spend_shard") -> int:
        (row,) = await self.world.see(f"select coalesce(sum(spent_micropence), 0)::bigint as n from {of}")
        return int(row["n"])


@asynccontextmanager
async def town(database: Database, *, cap: int, person: int = 100) -> AsyncIterator[Town]:
    async with world(database, ManualClock()) as made:
        bundle = await made.publish(bundle_bytes())
        policy = dataclasses.replace(
            bundle.policy, spend_pence_per_day=cap, spend_pence_per_contact_per_day=person
        )
        yield Town(made, dataclasses.replace(bundle, policy=policy), (made.turns, made.turns))


async def test_two_workers_together_never_reserve_more_than_the_days_cap(database: Database) -> None:
    async with town(database, cap=9) as t:
        turns = await t.turns(12)
        told = Counter(await asyncio.gather(*(worker.reserve(turn, 2 * PENNY) for worker, turn in turns)))
        assert set(told) <= {"reserved", "day"}
        assert 1 <= told["reserved"] <= 4
        assert await t.spent() == await t.spent("spend_contact") == told["reserved"] * 2 * PENNY
        again = [await worker.reserve(turn, 2 * PENNY) for worker, turn in turns]
        assert Counter(again)["reserved"] == 4  # and one after the other exactly what there is
        assert await t.spent() == 8 * PENNY


async def test_the_commit_books_what_the_turn_cost_and_gives_the_rest_back(database: Database) -> None:
    async with town(database, cap=2) as t:
        (first, one), (second, two) = await t.turns(2)
        assert await first.reserve(one, 2 * PENNY) == "reserved"
        assert await second.reserve(two, 2 * PENNY) == "day"
        assert await t.committed(first, one, 123_456)
        assert await t.spent() == await t.spent("spend_contact") == 123_456
        assert await second.reserve(two, PENNY) == "reserved"
        rows = await t.world.see(
            "select reserved_micropence, settled_micropence from spend_reservation order by reserved_at, settled_micropence"
        )
        assert [tuple(row.values()) for row in rows] == [(2 * PENNY, 123_456), (PENNY, None)]


async def test_what_many_turns_left_over_is_enough_for_another_although_no_shard_has_it(
    database: Database,
) -> None:
    async with town(database, cap=4) as t:
        turns = await t.turns(5)
        for worker, turn in turns[:4]:
            assert await worker.reserve(turn, PENNY) == "reserved"
        for worker, turn in turns[:4]:
            assert await t.committed(worker, turn, 300_000)
        worker, turn = turns[4]
        assert await worker.reserve(turn, 2_800_001) == "day"
        assert await worker.reserve(turn, 2_800_000) == "reserved"
        assert await t.spent() == 4 * PENNY


async def test_a_turn_that_asked_no_model_gives_everything_back(database: Database) -> None:
    async with town(database, cap=5) as t:
        ((worker, turn),) = await t.turns(1)
        assert await worker.reserve(turn, 5 * PENNY) == "reserved"
        assert await t.committed(worker, turn, 0)
        assert await t.spent() == await t.spent("spend_contact") == 0


async def test_one_person_cannot_have_more_than_a_persons_day(database: Database) -> None:
    async with town(database, cap=100, person=3) as t:
        ((worker, turn),) = await t.turns(1)
        assert await worker.reserve(turn, 4 * PENNY) == "person"
        assert await t.spent() == await t.spent("spend_contact") == 0
        assert await worker.reserve(turn, 3 * PENNY) == "reserved"


async def test_a_reservation_asked_for_twice_is_taken_once(database: Database) -> None:
    async with town(database, cap=100) as t:
        ((worker, turn),) = await t.turns(1)
        assert [await worker.reserve(turn, PENNY) for _ in range(3)] == ["reserved"] * 3
        assert await t.spent() == PENNY


async def test_of_a_worker_that_died_the_reservation_stays_spent_and_the_next_one_makes_its_own(
    database: Database,
) -> None:
    async with town(database, cap=100) as t:
        ((dead, turn),) = await t.turns(1)
        assert await dead.reserve(turn, PENNY) == "reserved"
        t.world.clock.advance(LEASE_S + 1)
        (lease,) = await t.workers[1].claim(
            owner="worker-1", limit=1, lease_s=LEASE_S, now=t.world.clock.now()
        )
        assert await dead.reserve(turn, PENNY) == "lost"
        taken_over = await t.loaded(t.workers[1], lease)
        assert await t.workers[1].reserve(taken_over, PENNY) == "reserved"
        assert await t.committed(t.workers[1], taken_over, 10)
        assert await t.spent() == PENNY + 10


async def test_a_turn_lost_to_a_newer_lease_has_cost_what_it_cost(database: Database) -> None:
    async with town(database, cap=100) as t:
        ((slow, turn),) = await t.turns(1)
        assert await slow.reserve(turn, PENNY) == "reserved"
        t.world.clock.advance(LEASE_S + 1)
        (lease,) = await t.workers[1].claim(
            owner="worker-1", limit=1, lease_s=LEASE_S, now=t.world.clock.now()
        )
        for _ in range(2):  # whoever does not know whether it was heard says it again
            assert not await t.committed(slow, turn, 777)
            assert await t.spent() == await t.spent("spend_contact") == 777
        assert await t.committed(t.workers[1], await t.loaded(t.workers[1], lease), 0)


async def test_what_was_booked_without_a_reservation_counts_against_the_cap(database: Database) -> None:
    async with town(database, cap=3) as t:
        (first, one), (second, two) = await t.turns(2)
        assert await t.committed(first, one, 2 * PENNY)  # as a worker of the release before does
        assert await second.reserve(two, 2 * PENNY) == "day"
        assert await t.spent() == 2 * PENNY
        assert await second.reserve(two, PENNY) == "reserved"
