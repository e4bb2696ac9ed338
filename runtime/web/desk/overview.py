"""The overview: its title is the state in a sentence, made from the facts below it; then what wants a look, and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import assert_never

from starlette.responses import Response

from runtime.ports import BreakerState
from runtime.storage.desk_rows import CaseRow, Now
from runtime.web.desk import words
from runtime.web.desk.frame import show
from runtime.web.desk.gate import Visit
from runtime.web.desk.wanted import Wanted, wanted
from schemas.bundle import Bundle
from schemas.sendtable import STATES

SLOW_AFTER = timedelta(seconds=30)  # a message that waits longer than this is not "normally"
GOT = ("sent", "unknown", "sending")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One number that matters. `share`: 0..100 of a limit, for a bar; None for no bar."""

    title: str
    number: str
    unit: str
    note: str
    share: int | None = None
    tone: str = "own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """How often a rule stopped or delayed something in the last 24 hours."""

    rule: str
    words: str
    effect: str
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Cases of one kind."""

    kind: str
    n: int
    oldest: str
    due: str
    late: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """One model that failed lately, and what is done about it."""

    model: str
    words: str
    clock: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The context of desk/overview.html."""

    title: str
    wanted: tuple[Wanted, ...]
    cells: tuple[Cell, ...]
    refused: tuple[Refused, ...]
    waiting: tuple[Waiting, ...]
    cases_url: str
    breakers: tuple[Breaker, ...]
    models: bool  # whether breakers are kept here at all


async def overview(visit: Visit) -> Response:
    """Everything on one page, in one look at the database."""
    day = visit.now.astimezone(visit.zone).date()
    now = await visit.deps.desk.now(visit.owner.tenant_id, day=day, now=visit.now)
    page = Overview(
        title=title(visit, now),
        wanted=wanted(visit, now),
        cells=tuple(_cells(visit, now)),
        refused=_refused(now),
        waiting=tuple(_waiting(visit, now.cases)),
        cases_url=visit.url("/cases"),
        breakers=await _breakers(visit),
        models=visit.deps.breakers is not None,
    )
    return await show(visit, "desk/overview.html", page, title="Overview", current="")


def title(visit: Visit, now: Now) -> str:
    """What is so, in one or two sentences."""
    parts = [_answering(visit, now)]
    urgent = [case for case in now.cases if case.priority == 0]
    late = [case for case in now.cases if case.due_at is not None and case.due_at < visit.now]
    if urgent:
        parts.append(f"{words.many(len(urgent), 'person needs', 'people need')} somebody now.")
    elif late:
        parts.append(f"{words.many(len(late), 'promised reply is', 'promised replies are')} late.")
    elif now.queue.stuck:
        parts.append(f"{words.many(len(now.queue.stuck), 'thing wants', 'things want')} a decision.")
    elif now.cases:
        parts.append(f"{words.many(len(now.cases), 'case is', 'cases are')} open.")
    return " ".join(parts)


def _answering(visit: Visit, now: Now) -> str:
    if any(switch.scope == "everything" for switch in now.switches):
        return "Everything is stopped, people too."
    if any(switch.scope == "machine" for switch in now.switches):
        return "Everything automated is stopped."
    if visit.bundle is None:
        return "Nothing is answered: no bundle is in force."
    oldest = now.queue.depth.oldest_turn
    if oldest is not None and visit.now - oldest > SLOW_AFTER:
        return f"Answering late: somebody has waited {words.long(visit.now - oldest)}."
    return "Answering normally."


def _cells(visit: Visit, now: Now) -> list[Cell]:
    today, depth = now.today, now.queue.depth
    sent = sum(fate.n for fate in today.fates if fate.state in GOT)
    kept = sum(fate.n for fate in today.fates if fate.state not in (*GOT, "pending"))
    typical, slow = today.answer_s or (0.0, 0.0)
    cells = [
        Cell(
            title="Conversations, 24 hours",
            number=f"{today.conversations:,}",
            unit="",
            note=f"{today.with_people:,} with people now",
        ),
        Cell(
            title="Time to answer",
            number=words.seconds(typical) if today.answer_s else "–",
            unit="typical" if today.answer_s else "",
            note=f"p95 {words.seconds(slow)}, from stored to let go"
            if today.answer_s
            else "No answer in 24 hours",
        ),
        Cell(
            title="Queue",
            number=f"{depth.turns + depth.sends:,}",
            unit="waiting",
            note=_later(visit, now),
        ),
        Cell(
            title="Messages, 24 hours",
            number=f"{sent:,}",
            unit="sent",
            note=f"{kept:,} not sent, on purpose or by a fault",
        ),
    ]
    return [*cells, *_money(now, visit.bundle), _bundle(visit, now)]


def _later(visit: Visit, now: Now) -> str:
    depth = now.queue.depth
    if depth.later and depth.next_later:
        return f"{words.many(depth.later, 'message')} kept, the next for {words.when(depth.next_later, visit.zone)}"
    return "Nothing is kept for later"


def _money(now: Now, bundle: Bundle | None) -> list[Cell]:
    if bundle is None:
        return []
    cap = bundle.policy.spend_pence_per_day * words.PENCE
    spent = now.today.spent_micropence
    return [
        Cell(
            title="Spend today",
            number=words.money(spent),
            unit=f"of {words.money(cap)}",
            note="Over it, what we start pauses; replies go on",
            share=min(100, spent * 100 // cap) if cap else 100,
            tone="own" if spent < cap else "hold",
        )
    ]


def _bundle(visit: Visit, now: Now) -> Cell:
    here = [p for p in now.bundled.pointers if p.stage == visit.deps.stage]
    if not here:
        return Cell(
            title="Bundle in force", number="none", unit="", note="Publish and activate one", tone="hold"
        )
    newest = max(here, key=lambda p: p.serial)
    note = f"Since {words.when(newest.at, visit.zone)}, by {newest.by}"
    return Cell(
        title="Bundle in force", number=str(newest.serial), unit=words.short(newest.digest), note=note
    )


def _refused(now: Now) -> tuple[Refused, ...]:
    titles = {state.rule: state.title for state in reversed(STATES)}
    rows = [
        Refused(
            rule=fate.rule,
            words=titles.get(fate.rule, ""),
            effect=words.EFFECTS.get(fate.effect or "", fate.effect or ""),
            n=fate.n,
        )
        for fate in now.today.fates
        if fate.rule is not None and fate.effect not in (None, "send", "template")
    ]
    return tuple(sorted(rows, key=lambda row: (-row.n, row.rule)))


async def _breakers(visit: Visit) -> tuple[Breaker, ...]:
    """Of every tenant alike: breakers are of models, and all share them."""
    if visit.deps.breakers is None:
        return ()
    return tuple(_breaker(visit, state) for state in await visit.deps.breakers.states(visit.now))


def _breaker(visit: Visit, found: BreakerState) -> Breaker:
    failed = words.many(found.failures, "failure")
    match found.state:
        case "open":
            told, tone = f"not asked, after {failed} in a row", "danger"
        case "half_open":
            told, tone = "one question tries whether it answers again", "hold"
        case "closed":
            told, tone = f"asked as usual; {failed} in a row" if found.failures else "asked as usual", "ok"
        case _:
            assert_never(found.state)
    until = found.until if found.state == "open" else None
    clock = f"until {words.when(until, visit.zone)}" if until else ""
    return Breaker(model=f"{found.provider} {found.model}", words=told, clock=clock, tone=tone)


def _waiting(visit: Visit, found: tuple[CaseRow, ...]) -> list[Waiting]:
    rows = []
    for kind in dict.fromkeys(case.kind for case in found):
        mine = [case for case in found if case.kind == kind]
        due = min((case.due_at for case in mine if case.due_at is not None), default=None)
        late = due is not None and due < visit.now
        clock = (
            "–"
            if due is None
            else f"{words.long(visit.now - due)} late"
            if late
            else words.when(due, visit.zone)
        )
        rows.append(
            Waiting(
                kind=words.case(kind).capitalize(),
                n=len(mine),
                oldest=words.long(visit.now - min(case.opened_at for case in mine)),
                due=clock,
                late=late,
            )
        )
    return rows
