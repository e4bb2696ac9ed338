"""Two web processes and four workers at once, some of them too late: every message answered once, in order."""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass, field
from uuid import UUID

import pytest

from runtime.messages import Lease, Turn
from runtime.storage.turns import PgTurns
from schemas.bundle import Bundle
from tests.conftest import Database, ManualClock
from tests.integration.storage.test_turns import outcome, reply
from tests.integration.storage.world import World, bundle_bytes, message, phone, words, world

MESSAGES = 200
PEOPLE = 4
LEASE_S = 30.0


async def write(webs: tuple[World, World], slug: str, chance: random.Random) -> None:
    """Each message once, some again and again, through whichever process."""
    dave = await webs[0].tenants.by_slug(slug)
    await webs[1].tenants.every()
    sent = []
    for n in range(MESSAGES):
        sent.append(message(dave, webs[0].clock.now(), person=phone(n % PEOPLE), text=f"{n % PEOPLE}:{n}"))
        again = chance.sample(sent, k=min(len(sent), chance.randrange(3)))
        # One person's next message comes after the answer to the last, as a provider that waits for its 200 does.
        await asyncio.gather(*(chance.choice(webs).arrive(arrival) for arrival in (sent[-1], *again)))


@dataclass(slots=True)
class Worker:
    """One worker process, and what its committed turns had heard. It answers until told to stop and idle."""

    w: World
    turns: PgTurns
    bundle: Bundle
    chance: random.Random
    heard: list[tuple[UUID, int]] = field(default_factory=list)
    late: int = 0

    async def run(self, stop: asyncio.Event) -> None:
        clock = self.w.clock
        while True:
            leases = await self.turns.claim(owner="w", limit=3, lease_s=LEASE_S, now=clock.now())
            if not leases and stop.is_set():
                return
            for lease in leases:
                turn = await self.turns.load(lease, pinned=None, active=self.bundle, now=clock.now())
                match self.chance.randrange(10):
                    case 0:  # dies: its lease runs out
                        clock.advance(LEASE_S + 1)
                    case 1 | 2:  # sleeps past its lease, and then goes on
                        clock.advance(LEASE_S + 1)
                        await asyncio.sleep(self.chance.random() / 25)
                        await self.commit(lease, turn)
                    case 3:
                        await self.turns.fail(lease, "Boom", now=clock.now(), max_attempts=1_000)
                        clock.advance(60)
                    case _:
                        await asyncio.sleep(self.chance.random() / 50)
                        await self.commit(lease, turn)
            await asyncio.sleep(0)

    async def commit(self, lease: Lease, turn: Turn | None) -> None:
        if turn is None:
            return
        if await self.turns.commit(lease, outcome(turn, reply()), now=self.w.clock.now()):
            self.heard += [(turn.conversation_id, pending.seq) for pending in turn.pending]
        else:
            self.late += 1


@pytest.mark.parametrize("seed", [1, 2])
async def test_every_message_is_answered_once_and_in_order(
    database: Database, clock: ManualClock, seed: int
) -> None:
    await storm(database, clock, seed)


async def storm(database: Database, clock: ManualClock, seed: int) -> None:
    chance = random.Random(seed)
    async with world(database, clock) as one, world(database, clock) as two:
        bundle = await one.publish(bundle_bytes())
        stop = asyncio.Event()
        workers = [
            Worker(w, w.turns, bundle, random.Random(seed * 10 + n))
            for n, w in enumerate((one, two, one, two))
        ]
        running = [asyncio.create_task(worker.run(stop)) for worker in workers]
        await write((one, two), "dave", chance)
        stop.set()
        await asyncio.gather(*running)
        while await one.see("select 1 from conversation_queue where done_seq < last_seq"):
            clock.advance(10_000)  # whatever still waits for a lease or a back-off
            await workers[0].run(stop)
        assert sum(worker.late for worker in workers) > 0, "nobody was ever late: the storm was none"
        heard = [message for worker in workers for message in worker.heard]
        assert len(heard) == len(set(heard)) == MESSAGES, "heard twice, or never"

        by_person: dict[str, list[int]] = {}
        for text in await words(one, await one.tenant()):
            person, number = text.split(":")
            by_person.setdefault(person, []).append(int(number))
        assert sorted(n for numbers in by_person.values() for n in numbers) == list(range(MESSAGES))
        assert all(numbers == sorted(numbers) for numbers in by_person.values())

        turns = await one.see("select conversation_id, from_seq, upto_seq from turn order by 1, 3")
        for conversation in {row["conversation_id"] for row in turns}:
            own = [
                (row["from_seq"], row["upto_seq"]) for row in turns if row["conversation_id"] == conversation
            ]
            assert [start for start, _ in own] == [0, *(end for _, end in own[:-1])]
        queues = await one.see("select last_seq, done_seq, out_n, audit_n, ready_at from conversation_queue")
        assert all(row["last_seq"] == row["done_seq"] and row["ready_at"] is None for row in queues)
        assert sum(row["out_n"] for row in queues) == len(turns) == len(await one.see("select 1 from outbox"))
        broken = await one.see(
            "select 1 from audit a left join audit b on b.tenant_id = a.tenant_id and b.stream = a.stream and b.n = a.n - 1 "
            "where a.prev <> coalesce(b.hash, '') or a.hash <> "
            "audit_hash_v1(a.prev, a.tenant_id, a.stream, a.n, a.id, a.at, a.header, a.body)"
        )
        assert broken == []
