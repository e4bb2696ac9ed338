"""The plays with the configured models in place of the scripted one: three runs, because a model does not say a thing twice.

Hard checks must hold in each of them; which of several safe answers is given may differ in one.
"""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

from compiler.pipeline import Compiled
from drills.army.real import JUDGED_RUNS, RUNS, NoModels
from drills.played_bundle import bundle_to_play
from drills.plays.checks import CHECKS, JUDGED
from drills.plays.people import parts_for
from drills.plays.run import KIND, Fault, Played, Progress, played, row_of, without
from drills.plays.values import Part
from drills.rehearsal import office_hours, rehearsal
from drills.reports import Report, Row
from runtime.app import models
from runtime.clock import clock_of
from runtime.models.breaker import LocalBreakers
from runtime.ports import Model, ModelDown, ModelOrder, ModelReply, Prompt
from runtime.settings import Settings
from schemas.bundle import Bundle

RUNG = "models"


@dataclass(slots=True)
class Overheard:
    """A configured ladder that keeps what it is shown, and answers nothing while a play has every model down."""

    ladder: Model
    down: bool = False
    prompts: list[Prompt] = field(default_factory=list)

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        self.prompts.append(prompt)
        if self.down:
            raise ModelDown("played as down")
        return await self.ladder.ask(prompt, order)


def personas_with_models(
    tenant: Path,
    *,
    today: date,
    progress: Progress | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Report:
    """Everybody over one tenant, three times. Raises NoModels, CompileRefused, EmbeddedPostgresError, SettingsError."""
    compiled = bundle_to_play(tenant, today=today)
    bundle = Bundle.decode(compiled.bundle)
    parts = parts_for(bundle.tenant.slug, CHECKS)
    begins = office_hours(bundle.policy, today)
    runs = asyncio.run(_runs(compiled, parts, begins, progress, environment))
    return Report(
        kind=f"{KIND}-{RUNG}",
        tenant=bundle.tenant.slug,
        digest=bundle.digest,
        seed=0,
        played_at=datetime.now(UTC),
        rows=tuple(_row([run[part.id] for run in runs]) for part in parts),
        notes={
            "runs": str(RUNS),
            "judged": f"{JUDGED_RUNS} of {RUNS}: {', '.join(sorted(JUDGED))}",
            "without": without(bundle, parts),
        },
    )


async def _runs(
    compiled: Compiled,
    parts: Sequence[Part],
    begins: datetime,
    progress: Progress | None,
    environment: Mapping[str, str],
) -> Sequence[Mapping[str, Played]]:
    """Each run on a database and a clock of its own, all at once: a model is mostly waited for."""
    done = Counter[str]()

    def tell() -> None:
        done["parts"] += 1
        if progress is not None:
            progress(done["parts"], RUNS * len(parts))

    async with models(Settings.from_env(environment), LocalBreakers(), clock_of(0), environment) as asking:
        if (ladder := asking.ladder) is None:
            raise NoModels("no model can be asked: set a key (ANTHROPIC_API_KEY, ...) and install litellm")
        return await asyncio.gather(
            *(_run(compiled, parts, begins, Overheard(ladder), tell) for _ in range(RUNS))
        )


async def _run(
    compiled: Compiled,
    parts: Sequence[Part],
    begins: datetime,
    mind: Overheard,
    tell: Callable[[], None],
) -> Mapping[str, Played]:
    found: dict[str, Played] = {}
    async with rehearsal(compiled, moment=begins, model=mind, checker=mind) as stage:
        async for each in played(stage, parts, mind):
            found[each.part.id] = each
            tell()
    return found


def _row(runs: Sequence[Played]) -> Row:
    """One row of three runs, with the transcript of the first that has a fault that counts, else of the last."""
    counted = counting([each.faults for each in runs])
    shown = next((each for each, faults in zip(runs, counted, strict=True) if faults), runs[-1])
    told = tuple(
        dict.fromkeys(f"run {n}: {fault}" for n, faults in enumerate(counted, 1) for fault in faults)
    )
    return replace(row_of(shown, RUNG), ok=not told, faults=told)


def counting(runs: Sequence[Sequence[Fault]]) -> Sequence[Sequence[Fault]]:
    """Of each run the faults that count: every one of a hard check; of a judged one, where too few runs held at that place."""
    broken = Counter(place for faults in runs for place in {(f.where, f.check) for f in faults})
    most = len(runs) - JUDGED_RUNS
    return [
        [f for f in faults if f.check not in JUDGED or broken[f.where, f.check] > most] for faults in runs
    ]
