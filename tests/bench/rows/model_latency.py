"""Row 11: how long draft, check and repair take together through providers of 700 ms, with and without a failover."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median, quantiles
from typing import Any

from drills.demo import DEMO_START
from drills.rehearsal import rehearsal
from drills.sandbox.models import Asked, Fault
from tests.bench.asking import Remembering, Talk, asking, questions_of
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import Ground

LATENCY_S = 0.7
SEED = 11
EACH_ROUND = 40
REPAIRED_EVERY = 10
GOAL_MEDIAN_MS, GOAL_P95_MS = 2_000, 5_000
# name -> what the first model asked for a draft does; the breaker never opens, so that it does so in every turn
CASES: Mapping[str, Fault | None] = {
    "no failover": None,
    "a failover, from an error": "503",
    "a failover, from silence": "timeout",
}


@dataclass(slots=True)
class FirstFails:
    """The first request of every turn fails. Turns are told apart by their words: no two ask the same."""

    fault: Fault | None
    seen: set[str] = field(default_factory=set)

    def __call__(self, asked: Asked) -> Fault | None:
        if asked.turn in self.seen or "moves" not in asked.schema.get("properties", {}):
            return None
        if "Your last draft was refused" in asked.turn:
            return None
        self.seen.add(asked.turn)
        return self.fault


async def run(ground: Ground) -> Row:
    compiled = ground.compiled()[0]
    took: dict[str, list[list[float]]] = {name: [] for name in CASES}
    audits: dict[str, list[Mapping[str, Any]]] = {name: [] for name in CASES}
    brain = Remembering(latency_s=LATENCY_S, repaired_every=REPAIRED_EVERY)
    async with (
        asking(brain) as (server, ladder),
        rehearsal(compiled, moment=DEMO_START, model=ladder, checker=ladder) as there,
    ):
        asked = random.Random(SEED).sample(questions_of(there.bundle), ground.size(EACH_ROUND))
        for number in range(ground.rounds + 1):
            for name, fault in CASES.items():
                server.faults = FirstFails(fault)
                scripts = [Talk(at=there.clock.now(), lines=(question,)) for question in asked]
                met = [e for talk in await there.play(scripts) for e in talk]
                found = [e.outcome.audit for e in met if e.outcome and e.outcome.audit["asks"]]
                if number == 0:
                    continue  # every path has been walked once
                took[name].append([float(audit["latency_ms"]) for audit in found])
                audits[name] += found
    return Row(
        name="model-latency",
        work=f"draft, check and repair together, providers of {LATENCY_S * 1000:.0f} ms, eight turns at once",
        figures=[figure for name, rounds in took.items() for figure in _figures(name, rounds)],
        checks={
            "every turn was drafted by a model and checked by another": all(
                map(_by_two, audits["no failover"])
            ),
            "a failover was in every turn that should have one": all(
                _failures(audit) >= 1 for name, fault in CASES.items() if fault for audit in audits[name]
            ),
            "some were repaired": any(_purposes(audit)["repair"] for audit in audits["no failover"]),
        },
        notes=(
            f"one draft in {REPAIRED_EVERY} names a claim that is none, and is repaired; the engine's time, without load and "
            "commit; the breaker never opens here, after three failures it would spare everybody the wait",
            *(f"{name}: {_rungs(found)}" for name, found in audits.items()),
        ),
    )


def _figures(name: str, rounds: Sequence[Sequence[float]]) -> Sequence[Figure]:
    return (
        Figure(
            what=f"{name}, median", unit="ms", value=spread(map(median, rounds)),
            goal=None if CASES[name] else GOAL_MEDIAN_MS,
        ),
        Figure(
            what=f"{name}, p95",
            unit="ms",
            value=spread(quantiles(times, n=20, method="inclusive")[-1] for times in rounds),
            goal=GOAL_P95_MS,
        ),
    )  # fmt: skip


def _by_two(audit: Mapping[str, Any]) -> bool:
    drafted = {ask["provider"] for ask in audit["asks"] if ask["purpose"] != "check"}
    checked = {ask["provider"] for ask in audit["asks"] if ask["purpose"] == "check"}
    return bool(drafted) and bool(checked) and drafted.isdisjoint(checked)


def _failures(audit: Mapping[str, Any]) -> int:
    return sum(ask["result"] not in ("answered", "no_key") for ask in audit["asks"])


def _purposes(audit: Mapping[str, Any]) -> Counter[str]:
    return Counter(ask["purpose"] for ask in audit["asks"])


def _rungs(audits: Sequence[Mapping[str, Any]]) -> str:
    rungs = Counter(str(audit["rung"]) for audit in audits)
    return ", ".join(f"{count} by {rung}" for rung, count in rungs.most_common())
