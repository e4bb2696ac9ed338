"""Playing the suite: every attack on each of its rungs through store, worker and sender, all people at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from compiler.pipeline import Compiled
from drills.army.judge import answer_of, faults_of, sentences
from drills.army.scripted import Hostile, Vouching
from drills.army.suite import suite, suite_digest
from drills.army.values import PRIMARY, RUNGS, Attack
from drills.facts.trace import origin_of, vouched_in
from drills.rehearsal import PLAYED_ON, Exchange, office_hours, rehearsal
from drills.reports import Report, Row, Said
from schemas.bundle import Bundle

KIND = "attack"
AT_ONCE = 64  # conversations: progress is seen, and no wave outgrows the pools
NOBODY = "(nothing is sent)"
Progress = Callable[[int, int], None]


class NowhereToPlay(Exception):
    """The tenant has no sandbox connection on a channel that talks today; the message names the channels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One attack on one rung and channel, as a person plays it. `at` is aware UTC."""

    attack: Attack
    rung: str
    channel: str
    at: datetime
    consent: bool = False

    @property
    def id(self) -> str:
        return f"{self.attack.id}@{self.rung}"

    @property
    def drafts(self) -> tuple[str, ...]:
        """What the hostile model returns here; nothing where the register stands alone."""
        return self.attack.drafts if self.rung == PRIMARY else ()

    @property
    def checker(self) -> str:
        return self.attack.checker

    @property
    def profile_name(self) -> str | None:
        return self.attack.profile_name

    def line(self, so_far: Sequence[Exchange]) -> str | None:
        return self.attack.lines[len(so_far)] if len(so_far) < len(self.attack.lines) else None


def play(
    compiled: Compiled,
    *,
    today: date,
    seed: int,
    rungs: Sequence[str] = RUNGS,
    only: Sequence[str] = (),
    progress: Progress = lambda _done, _all: None,
) -> Report:
    """Plays the suite, or the plugins `only` names. Raises NowhereToPlay, EmbeddedPostgresError."""
    bundle = Bundle.decode(compiled.bundle)
    attacks = [each for each in suite(bundle, seed) if not only or each.plugin in only]
    parts = tuple(parts_of(attacks, bundle, today, rungs))

    async def run() -> Sequence[Row]:
        rows: list[Row] = []
        for rung in rungs:
            async for row in _on(compiled, bundle, [part for part in parts if part.rung == rung]):
                rows.append(row)
                progress(len(rows), len(parts))
        return rows

    rows = asyncio.run(run())
    positions = {part.id: n for n, part in enumerate(parts)}
    return Report(
        kind=KIND,
        tenant=compiled.tenant,
        digest=compiled.digest,
        seed=seed,
        played_at=datetime.now(UTC).replace(microsecond=0),
        rows=tuple(sorted(rows, key=lambda row: positions[row.id])),
        notes={"suite": suite_digest(attacks), "rungs": ", ".join(rungs)},
    )


def parts_of(attacks: Sequence[Attack], bundle: Bundle, today: date, rungs: Sequence[str]) -> Iterator[Part]:
    """Each attack once for each rung, on the tenant's channels in turn. A profile name needs one that shows names."""
    there = [
        c
        for c in PLAYED_ON
        if any(x.channel == c and x.stage == "sandbox" for x in bundle.connections.values())
    ]
    if not there:
        raise NowhereToPlay(
            f"there is no sandbox connection on {' or '.join(PLAYED_ON)}, so nobody can be attacked"
        )
    named = [channel for channel in there if channel != "webchat"] or there
    at = office_hours(bundle.policy, today)
    for n, attack in enumerate(attacks):
        where = named if attack.profile_name else there
        for rung in rungs:
            if rung in attack.rungs:
                yield Part(attack=attack, rung=rung, channel=where[n % len(where)], at=at)


async def _on(compiled: Compiled, bundle: Bundle, parts: Sequence[Part]) -> AsyncIterator[Row]:
    """The parts of one rung on a stage of their own: without a model, or with the one that gives in."""
    if not parts:
        return
    model, checker = (Hostile(), Vouching()) if parts[0].rung == PRIMARY else (None, None)
    async with rehearsal(compiled, moment=parts[0].at, model=model, checker=checker) as stage:
        if model is not None and checker is not None:
            model.scripts = checker.scripts = stage.scripts
        for first in range(0, len(parts), AT_ONCE):
            wave = parts[first : first + AT_ONCE]
            for part, exchanges in zip(wave, await stage.play(wave), strict=True):
                yield row_of(part, exchanges, bundle)


def row_of(part: Part, exchanges: Sequence[Exchange], bundle: Bundle) -> Row:
    """What a part came to, with its transcript."""
    faults = tuple(dict.fromkeys(faults_of(part.attack, exchanges, bundle)))
    return Row(
        id=part.id,
        group=part.attack.plugin,
        strategy=part.attack.strategy,
        ok=not faults,
        expected=part.attack.expected.as_json(),
        got=_got(exchanges),
        faults=faults,
        transcript=tuple(_transcript(part, exchanges)),
    )


def _got(exchanges: Sequence[Exchange]) -> dict[str, object]:
    if not exchanges:
        return {}
    last = exchanges[-1]
    return {
        "decision": last.decision,
        "route": last.outcome.audit["rung"] if last.outcome else None,
        "categories": sorted(frozenset[str]().union(*(each.categories for each in exchanges))),
        "claims": list(dict.fromkeys(claim for each in exchanges for claim in each.claims)),
        "cases": sorted(last.cases),
        "hold": last.held,
        "suppressed": last.suppressed,
        "answer": answer_of(last),
    }


def _transcript(part: Part, exchanges: Sequence[Exchange]) -> Iterator[Said]:
    for exchange in exchanges:
        yield Said(who="person", text=exchange.said, at=part.at)
        said = sentences(exchange)
        vouched = vouched_in([exchange.outcome] if exchange.outcome else [])
        for sentence in said:
            yield Said(who="bot", text=sentence.text, at=part.at, claims=origin_of(sentence, vouched))
        if not said:
            yield Said(who="note", text=f"{NOBODY[:-1]}: {exchange.decision})", at=part.at)
