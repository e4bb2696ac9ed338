"""`convo drill personas`: every part on one stage, those of one world together, those that need later days at the end."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from drills.facts.trace import origin_of, vouched_in
from drills.played_bundle import bundle_to_play
from drills.plays.checks import CHECKS, faults_of
from drills.plays.log import Log
from drills.plays.minds import Mind
from drills.plays.people import parts_for
from drills.plays.player import Player
from drills.plays.scripts import SCRIPTS, start
from drills.plays.values import Expectation, Part
from drills.rehearsal import Rehearsal, office_hours, rehearsal
from drills.reports import Report, Row, Said
from runtime.ports import ModelOrder, ModelReply, Prompt
from schemas.bundle import Bundle

KIND = "personas"
REGISTER, PRIMARY = "register_only", "primary"
Progress = Callable[[int, int], None]


STOPPED = "proactive_stopped"  # who asks for it is started with once more at the end, and it must not leave
WHEN_WE_START = (
    STOPPED,
    "quiet_after_suppression",
    "quiet_outside_hours",
)  # checks that are made after that start


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What was wrong, by which check, and where: `line 3: `, or nothing for the whole of a conversation."""

    check: str
    where: str
    told: str

    def __str__(self) -> str:
        return f"{self.where}{self.told}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """One part, the log at its end, and what was wrong."""

    part: Part
    log: Log
    faults: tuple[Fault, ...]


class Playing(Protocol):
    """A model and checker of a play: it may be put down, and keeps what it was shown."""

    down: bool
    prompts: list[Prompt]

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply: ...


def personas(
    tenant: Path, *, today: date, rungs: Sequence[str] = (REGISTER,), progress: Progress | None = None
) -> Report:
    """Plays everybody over one tenant, on each rung. Raises CompileRefused, EmbeddedPostgresError, PeopleUnreadable.

    `progress(done, of_all)` is told after every conversation.
    """
    compiled = bundle_to_play(tenant, today=today)
    bundle = Bundle.decode(compiled.bundle)
    parts = parts_for(bundle.tenant.slug, CHECKS)
    begins = office_hours(bundle.policy, today)
    done = count(1)

    async def play(rung: str) -> Sequence[Row]:
        mind = Mind()
        model = mind if rung == PRIMARY else _OnlyWhenDown(mind)
        rows = []
        async with rehearsal(compiled, moment=begins, model=model, checker=model) as stage:
            async for each in played(stage, parts, mind):
                rows.append(row_of(each, rung))
                if progress is not None:
                    progress(next(done), len(parts) * len(rungs))
        return rows

    return Report(
        kind=KIND,
        tenant=bundle.tenant.slug,
        digest=bundle.digest,
        seed=0,
        played_at=datetime.now(UTC),
        rows=tuple(row for rung in rungs for row in asyncio.run(play(rung))),
        notes={
            "rungs": ", ".join(rungs),
            "clock": f"{begins:%d %B %Y %H:%M} UTC",
            "without": without(bundle, parts),
        },
    )


class _OnlyWhenDown:
    """On the register's rung a model is there only to be down."""

    def __init__(self, mind: Mind) -> None:
        self._mind = mind

    async def ask(self, prompt: Any, order: Any) -> Any:
        before, self._mind.down = self._mind.down, True
        try:
            return await self._mind.ask(prompt, order)
        finally:
            self._mind.down = before


async def played(stage: Rehearsal, parts: Sequence[Part], mind: Playing) -> AsyncIterator[Played]:
    """In the order of the days they need: today first, evenings after, weeks of silence and clock changes at the end."""
    numbers = count(1)
    for part in sorted(parts, key=_lateness):
        _set_clock(stage, part)
        mind.down = part.world == "models_down"
        shown = len(mind.prompts)
        await _spend(stage, tripped=part.world == "budget_tripped")
        player = Player(stage=stage, part=part, prompts=mind.prompts[shown:], number=next(numbers))
        await player.agrees()
        yield await _one(player, mind, shown)


async def _one(player: Player, mind: Playing, shown: int) -> Played:
    faults: list[Fault] = []
    if player.part.script:
        await SCRIPTS[player.part.script](player)
    for number, line in enumerate(player.part.lines, 1):
        log = await player.writes(line)
        player.prompts = mind.prompts[shown:]
        faults += _faults(line.expect, log, f"line {number}: ")
    player.prompts = mind.prompts[shown:]
    log = await player.log()
    ours = [each for each in player.part.must if each.check in WHEN_WE_START]
    rest = [each for each in player.part.must if each not in ours]
    faults += _faults(rest, replace(log, fresh=log.outcomes), "")
    if any(each.check == STOPPED for each in ours) and not player.refusals:
        await start(player)
        log = await player.log()
    faults += _faults(ours, replace(log, fresh=log.outcomes), "")
    return Played(part=player.part, log=log, faults=tuple(dict.fromkeys(faults)))


def _faults(expected: Sequence[Expectation], log: Log, where: str) -> Iterator[Fault]:
    for each in expected:
        for told in faults_of(each.check, log, each.given):
            yield Fault(check=each.check, where=where, told=told)


# ---- the world a part is played in ---------------------------------------------------------------------------------------------


def _lateness(part: Part) -> tuple[int, str]:
    order = {"": 0, "race": 2, "silence": 3, "silence_then_back": 3, "clocks_forward": 4, "clocks_back": 5}
    return (1 if part.at else order[part.script]), part.at


def _set_clock(stage: Rehearsal, part: Part) -> None:
    """The next day the tenant is open on, at office hours or at the part's own hour."""
    zone = ZoneInfo(stage.bundle.policy.timezone)
    here = stage.clock.now().astimezone(zone)
    if not part.at:
        day = here.date() if here.hour < 16 else here.date() + timedelta(days=1)
        stage.clock.advance_to(office_hours(stage.bundle.policy, day))
        return
    hour, minute = map(int, part.at.split(":"))
    day = office_hours(stage.bundle.policy, here.date() + timedelta(days=1)).astimezone(zone)
    stage.clock.advance_to(day.replace(hour=hour, minute=minute).astimezone(UTC))


async def _spend(stage: Rehearsal, *, tripped: bool) -> None:
    """Books the whole of today's money, or takes that booking back."""
    cap = stage.bundle.policy.spend_pence_per_day * 1_000_000
    async with stage.owner.connection() as connection, connection.transaction():
        await connection.execute("select set_config('app.every', 'on', true)")
        await connection.execute(
            SPEND, {"tenant": stage.tenant_id, "day": stage.clock.now().date(), "spent": cap * tripped}
        )


SPEND = """
insert into spend_shard (tenant_id, day, shard, granted_micropence, spent_micropence)
values (%(tenant)s, %(day)s, 15, 0, %(spent)s)
on conflict (tenant_id, day, shard) do update set spent_micropence = excluded.spent_micropence
"""


# ---- the report ----------------------------------------------------------------------------------------------------------------


def row_of(one: Played, rung: str) -> Row:
    """What a part came to on a rung, with its transcript."""
    part, log = one.part, one.log
    expected = [each.check for line in part.lines for each in line.expect] + [
        each.check for each in part.must
    ]
    return Row(
        id=f"{part.id}/{rung}",
        group=part.person,
        strategy=part.script or (part.world if part.world != "plain" else part.at or rung),
        ok=not one.faults,
        expected={"checks": list(dict.fromkeys(expected))},
        got={
            "turns": len(log.outcomes),
            "categories": sorted(log.seen),
            "claims": [claim.id for claim in log.ever_stated],
            "cases": [case.kind for case in log.cases],
            "refusals": list(log.refusals),
        },
        faults=tuple(map(str, one.faults)),
        transcript=tuple(_transcript(log)),
    )


def _transcript(log: Log) -> Iterator[Said]:
    if log.conversation is None:
        return
    said = [Said(who="person", text=s.text or f"[{s.kind}]", at=s.received_at) for s in log.conversation.said]
    vouched = vouched_in(log.outcomes)
    ours = [
        Said(
            who="bot",
            text=sentence.text,
            at=row.sending_at or row.created_at,
            claims=origin_of(sentence, vouched),
        )
        for row in log.rows
        for sentence in row.sentences
    ]
    yield from sorted([*said, *ours], key=lambda each: each.at)


def without(bundle: Bundle, parts: Sequence[Part]) -> str:
    """Checks on claims that this tenant has none of."""
    asked: set[str] = set()
    for each in (e for p in parts for e in (*p.must, *(e for line in p.lines for e in line.expect))):
        named = each.given.get("id", each.given.get("claim", ()))
        asked |= {named} if isinstance(named, str) else set(named)
    missing = [n for n in asked if not any(c.endswith(n.removeprefix("*")) for c in bundle.claims)]
    return ", ".join(sorted(missing)) or "nothing"
