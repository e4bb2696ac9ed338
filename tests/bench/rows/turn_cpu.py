"""Row 3b: the processor time of a turn without model and embedder, in a real worker process at 20 turns a second."""

from __future__ import annotations

import asyncio
import itertools
import time
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from uuid import uuid4

from runtime.messages import Arrival, Identity, InboundMessage
from runtime.storage.ingest import PgIngest
from runtime.storage.postgres import Pool
from tests.bench.asking import questions_of
from tests.bench.cpu import below, cpu_s, parent_of
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import WHATSAPP, Ground, Site, everything, process, running, site
from tests.sets.measure import lines

TURNS_PER_S = 20.0
EACH_ROUND = 200
WARM = 20
EACH_PERSON = 4  # messages of one person, all a round apart
GOAL_P95_MS = 25.0
WITHIN_S = 120.0
WAITING = "select 1 from conversation_queue where done_seq < last_seq limit 1"


@dataclass(frozen=True, slots=True)
class Turn:
    """`own_ms`: of its steps on the loop's thread. `process_ms`: of the whole process until it ended."""

    own_ms: float
    process_ms: float


async def run(ground: Ground) -> Row:
    rounds: list[Sequence[Turn]] = []
    postgres: list[float] = []
    async with AsyncExitStack() as stack:
        place = await stack.enter_async_context(site(ground, "turn-cpu"))
        meter = ground.folder / "turn-cpu.txt"
        env = {"CONVO_EMBEDDER": "none", "CONVO_JOBS": "0"}
        worker = process(place, "worker", str(meter), module="tests.bench.metered", env=env)
        await stack.enter_async_context(running(worker))
        pool = await stack.enter_async_context(Pool(place.made.settings.url("ingest"), role="ingest"))
        ingest = await stack.enter_async_context(PgIngest(pool, place.made.tenants, place.made.clock))
        said = _said(place)
        [(backend,)] = await everything(place.made.owner, "select pg_backend_pid()")
        server = parent_of(backend)
        done = 0
        for turns in [WARM, *[ground.size(EACH_ROUND)] * ground.rounds]:
            before = cpu_s(*below(server))
            await _arrive(place, ingest, said, turns)
            found = await _taken(place, meter)
            postgres.append(1000 * (cpu_s(*below(server)) - before) / max(1, len(found) - done))
            rounds.append(found[done:])
            done = len(found)
        totals = await everything(
            place.made.owner,
            "select (select count(*) from inbox), (select sum(done_seq) from conversation_queue), (select count(*) from turn)",
        )
    brought = WARM + ground.rounds * ground.size(EACH_ROUND)
    measured = rounds[1:]
    return Row(
        name="turn-cpu",
        work=f"a turn without model and embedder, processor time in a real worker at {TURNS_PER_S:.0f} turns per s: claim, load, "
        "screen, search, compose, review, audit, encrypt, commit",
        figures=(
            Figure(
                what="a turn with its share of the process's other work, p95",
                unit="ms",
                value=spread(_p95(turns) + _other_ms(turns) for turns in measured),
                goal=GOAL_P95_MS,
            ),
            Figure(what="the turn alone, p95", unit="ms", value=spread(map(_p95, measured))),
            Figure(
                what="the turn alone, median",
                unit="ms",
                value=spread(median(t.own_ms for t in r) for r in measured),
            ),
            Figure(what="the process, a turn, mean", unit="ms", value=spread(map(_whole_ms, measured))),
            Figure(what="Postgres, a turn and its message, mean", unit="ms", value=spread(postgres[1:])),
        ),
        checks={
            "every message was stored and done": totals[0][:2] == (brought, brought),
            "every turn was measured": totals[0][2] == sum(map(len, rounds)),
        },
        notes=(
            f"{len(said)} different messages: half questions of the registers, half everyday ones of tests/sets/benign.jsonl; "
            f"language detection is on; each person writes {EACH_PERSON} times, a few minutes' messages of others apart",
        ),
    )


def _said(place: Site) -> Sequence[str]:
    """Questions and everyday messages in turn."""
    asked = [question for rolled in place.rolled for question in questions_of(rolled.bundle)]
    return [
        text
        for pair in zip(asked, itertools.cycle(line.text for line in lines("benign")), strict=False)
        for text in pair
    ]


_numbers: Iterator[int] = itertools.count()


async def _arrive(place: Site, ingest: PgIngest, said: Sequence[str], turns: int) -> None:
    """One message after the other, each when it is due, from people who have a few to write."""
    began = time.monotonic()
    people = max(1, turns // EACH_PERSON)
    for n in range(turns):
        await asyncio.sleep(max(0.0, began + n / TURNS_PER_S - time.monotonic()))
        number = next(_numbers)
        tenant = place.rolled[n % len(place.rolled)]
        connection = next(c.id for c in tenant.bundle.connections.values() if c.channel == WHATSAPP)
        arrival = Arrival(
            tenant_id=tenant.activation.tenant_id,
            connection_id=connection,
            channel=WHATSAPP,
            event=InboundMessage(
                provider_id=f"wamid.{uuid4().hex}",
                sender=Identity(kind="phone", value=f"+447700900{(number - n + n % people) % 1000:03d}"),
                sent_at=place.made.clock.now(),
                kind="text",
                text=said[number % len(said)],
            ),
            stop=None,
        )
        await ingest.store([arrival], now=place.made.clock.now())
        place.made.wake.notify("turns")


async def _taken(place: Site, meter: Path) -> Sequence[Turn]:
    """Every turn so far, once nothing waits. Raises TimeoutError."""
    deadline = time.monotonic() + WITHIN_S
    while await everything(place.made.owner, WAITING):
        if time.monotonic() > deadline:
            raise TimeoutError("turns still wait")
        await asyncio.sleep(0.25)
    await asyncio.sleep(0.5)  # the last one writes its line after its commit
    return _read(meter)


def _read(meter: Path) -> Sequence[Turn]:
    return [Turn(*map(float, line.split())) for line in meter.read_text(encoding="ascii").splitlines()]


def _p95(turns: Sequence[Turn]) -> float:
    return quantiles((turn.own_ms for turn in turns), n=20)[-1]


def _whole_ms(turns: Sequence[Turn]) -> float:
    return (turns[-1].process_ms - turns[0].process_ms) / (len(turns) - 1)


def _other_ms(turns: Sequence[Turn]) -> float:
    """What the process does beside its turns: its loop, claims, polling, what it runs in threads."""
    return max(0.0, _whole_ms(turns) - sum(turn.own_ms for turn in turns[1:]) / (len(turns) - 1))
