"""The send table: what happens to a message of some class, on some channel, when certain facts hold. Pure.

The compiler writes these rows into the bundle, proves them and compares a tenant's with its packs'; the last look
(`runtime/storage/migrations/0004_send.sql`) executes the same rows. `decide` is the meaning of both: a property test
holds the SQL to it. Nothing that is missing, unknown or misspelt ever means "send".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from typing import Any

from schemas.bundle import SendRow

CLASSES = ("safety", "confirmation", "reply", "human", "service", "proactive")
CHANNELS = ("whatsapp_360dialog", "whatsapp_waha", "webchat", "email")

# From the strictest. A page is a case that also rings somebody; a pause is a defer with no known end.
SEVERITY: Mapping[str, int] = {
    "refuse": 7,
    "drop": 6,
    "page": 5,
    "case": 4,
    "redo": 3,
    "defer": 2,
    "pause": 2,
    "template": 1,
    "send": 0,
}
UNTILS = ("open", "processed", "frequency", "spend", "kill")

# Conditions of a restricted send: each must be among the message's flags, or the row's `otherwise` applies.
RESTRICTIONS = (
    "wrote_first",  # the person wrote to us before we wrote to them
    "first_confirmation",  # no confirmation of this opt-out went out yet
    "answers_after_stop",  # it answers a message that came after the opt-out
    "after_stop_or_case",  # that, or a case of this person is open
    "no_link",
    "no_ask",
    "template",  # an approved template goes with it
)
# Notes on a send: they stop nothing, they are recorded with the decision and shown.
ADVICE = ("warn", "cheaper_rung")

CLEAR = "clear"  # always among the facts, so that even an untroubled message needs a row that says send
RULE_TABLE = "R-TABLE-1"  # no row, an unknown state, effect or restriction: refused


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What the table says. `row` is None only when no row was found; `until` names everything a defer waits for.

    `notes` are the pieces of advice on a send. `rule` is the rule of the row that decided.
    """

    effect: str
    rule: str
    row: int | None
    until: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One thing wrong with a table, as a sentence for the reader of a diagnostic."""

    state: str
    send_class: str
    channel: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cell:
    effect: str
    only: tuple[str, ...] = ()
    otherwise: str | None = None
    until: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """One fact the last look works out, with the rule it stands for. `cells` follow the order of CLASSES."""

    id: str
    title: str
    rule: str
    cells: tuple[_Cell, ...]


_SEND = _Cell(effect="send")
_DROP = _Cell(effect="drop")
_CASE = _Cell(effect="case")
_REDO = _Cell(effect="redo")
_PAGE = _Cell(effect="page")
_REFUSE = _Cell(effect="refuse")
_WARN = _Cell(effect="send", only=("warn",))
_CHEAPER = _Cell(effect="send", only=("cheaper_rung",))
_ONCE = _Cell(effect="send", only=("first_confirmation",), otherwise="drop")
_WROTE_FIRST = _Cell(effect="send", only=("wrote_first",), otherwise="refuse")
_AFTER_STOP = _Cell(effect="send", only=("answers_after_stop", "no_link", "no_ask"), otherwise="drop")
_AFTER_STOP_OR_CASE = _Cell(effect="send", only=("after_stop_or_case",), otherwise="refuse")
_TEMPLATE = _Cell(effect="template", only=("template",), otherwise="case")
_UNTIL_OPEN = _Cell(effect="defer", until="open")
_UNTIL_PROCESSED = _Cell(effect="defer", until="processed")
_UNTIL_FREQUENCY = _Cell(effect="defer", until="frequency")
_UNTIL_KILL = _Cell(effect="defer", until="kill")
_PAUSE_SPEND = _Cell(effect="pause", until="spend")
_PAUSE_KILL = _Cell(effect="pause", until="kill")


def _state(id_: str, title: str, rule: str, *cells: _Cell) -> State:
    return State(id=id_, title=title, rule=rule, cells=cells)


# The grid, one column per class: safety, confirmation, reply, human, service, proactive.
# The order decides which of two equally strict rows is named, never what happens: an opt-out withdraws consent too, and
# what people want to read then is that the person said stop.
_QUIET = (_SEND, _UNTIL_OPEN, _UNTIL_OPEN, _UNTIL_OPEN, _UNTIL_OPEN, _UNTIL_OPEN)
STATES: tuple[State, ...] = (
    _state("opted_out", "opted out", "R-OPT-1",
           _SEND, _ONCE, _AFTER_STOP, _AFTER_STOP_OR_CASE, _DROP, _DROP),
    _state("no_consent", "no consent naming this sender", "R-PECR-1",
           _SEND, _SEND, _SEND, _WROTE_FIRST, _DROP, _DROP),
    _state("hold", "on hold", "R-COND-4",
           _SEND, _SEND, _CASE, _SEND, _DROP, _DROP),
    _state("quiet_hours", "quiet hours", "R-TIME-1", *_QUIET),
    _state("quiet_day", "quiet day", "R-TIME-2", *_QUIET),
    # The person sits at the page: answering there disturbs nobody. What they did not ask for still waits.
    _state("quiet_page_open", "quiet hours, web chat with the page open", "R-TIME-1",
           _SEND, _SEND, _SEND, _SEND, _UNTIL_OPEN, _UNTIL_OPEN),
    _state("human_owns", "a human owns the conversation", "R-WA-3",
           _SEND, _SEND, _DROP, _SEND, _SEND, _DROP),
    _state("newer_inbound", "newer inbound not yet processed", "R-TURN-1",
           _SEND, _SEND, _REDO, _WARN, _UNTIL_PROCESSED, _UNTIL_PROCESSED),
    _state("window_shut", "WhatsApp window shut", "R-WA-1",
           _CASE, _DROP, _TEMPLATE, _TEMPLATE, _TEMPLATE, _TEMPLATE),
    _state("three_strikes", "three strikes", "R-FREQ-2",
           _SEND, _SEND, _SEND, _SEND, _DROP, _DROP),
    _state("frequency_cap", "frequency cap", "R-FREQ-1",
           _SEND, _SEND, _SEND, _SEND, _SEND, _UNTIL_FREQUENCY),
    _state("spend_cap", "spend cap", "R-SPEND-1",
           _SEND, _SEND, _CHEAPER, _SEND, _SEND, _PAUSE_SPEND),
    _state("claim_gone", "claim withdrawn or expired meanwhile", "R-PERIM-3",
           _SEND, _SEND, _REDO, _WARN, _REDO, _DROP),
    _state("kill_machine", "machine kill", "R-KILL-1",
           _PAGE, _DROP, _UNTIL_KILL, _SEND, _UNTIL_KILL, _PAUSE_KILL),
    _state("kill_everything", "kill everything", "R-KILL-2",
           _PAGE, _DROP, _UNTIL_KILL, _REFUSE, _UNTIL_KILL, _PAUSE_KILL),
    # "defer, then redo": what waited out a kill is composed again rather than sent stale.
    _state("kill_lifted", "waited out a kill", "R-KILL-3",
           _SEND, _DROP, _REDO, _SEND, _REDO, _SEND),
    _state(CLEAR, "nothing against it", "R-CLEAR",
           _SEND, _SEND, _SEND, _SEND, _SEND, _SEND),
)  # fmt: skip

# What each rule comes to, in one sentence, for whoever asks why.
RULES: Mapping[str, str] = {
    "R-OPT-1": "Somebody who said stop hears nothing more that we start, and a reply only to what they wrote since.",
    "R-PECR-1": "We start nothing with a person whose consent does not name this sender.",
    "R-COND-4": "While a person may be in difficulty or has complained, people decide what is sent.",
    "R-TIME-1": "Outside the hours of the policy WhatsApp and e-mail wait for the next opening; an open page is answered.",
    "R-TIME-2": "On quiet weekdays and bank holidays everything but safety waits for the next opening.",
    "R-WA-3": "Once a person has taken a conversation over, the machine does not talk across them.",
    "R-TURN-1": "A reply takes in what the person wrote last; until that has been read, nothing is started.",
    "R-WA-1": "WhatsApp lets us write freely for a day after the person wrote; later only an approved template may go.",
    "R-FREQ-1": "We start no more conversations with one person than the caps on frequency allow.",
    "R-FREQ-2": "After three messages without an answer we start nothing with that person again.",
    "R-SPEND-1": "Past the day's breaker we start nothing, and answer in a cheaper way.",
    "R-PERIM-3": "A statement that was withdrawn or has expired is not sent; what held it is composed again.",
    "R-KILL-1": "With the machine stopped nothing automated is sent; a person is called where somebody may be in danger.",
    "R-KILL-2": "With everything stopped nobody sends, people included.",
    "R-KILL-3": "What waited while sending was stopped is composed again rather than sent stale.",
    "R-CLEAR": "Nothing stands against it.",
    RULE_TABLE: "What the table does not know, or cannot read, is not sent.",
}

_SAFETY_STOPS = {"window_shut": "case", "kill_machine": "page", "kill_everything": "page"}


def default_rows() -> list[dict[str, Any]]:
    """The grid as rows of the bundle (the keys of SendRow), numbered from 1 in the order of STATES."""
    rows: list[dict[str, Any]] = []
    for state in STATES:
        for channel in CHANNELS:
            for send_class, cell in zip(CLASSES, state.cells, strict=True):
                rows.append(asdict(_row(len(rows) + 1, state, send_class, channel, cell)))
    return rows


def _row(number: int, state: State, send_class: str, channel: str, cell: _Cell) -> SendRow:
    if state.id == "window_shut" and not channel.startswith("whatsapp"):
        cell = _SEND  # only WhatsApp has a window
    if state.id == "quiet_page_open" and channel != "webchat" and send_class != "safety":
        cell = _UNTIL_OPEN  # only web chat has a page
    return SendRow(
        row=number,
        state=state.id,
        send_class=send_class,
        channel=channel,
        effect=cell.effect,
        only=cell.only,
        otherwise=cell.otherwise,
        until=cell.until,
        rule=state.rule,
    )


def rows_of(documents: Iterable[Mapping[str, Any]]) -> tuple[SendRow, ...]:
    """Rows as the bundle's JSON holds them, typed."""
    return tuple(SendRow(**{**doc, "only": tuple(doc["only"])}) for doc in documents)


def decide(
    rows: Iterable[SendRow], facts: Set[str], send_class: str, channel: str, flags: Set[str] = frozenset()
) -> Decision:
    """What happens to a message of `send_class` on `channel` while `facts` (ids of STATES) hold.

    `flags` are what is true of the message itself (RESTRICTIONS). Each fact's row has its say and the strictest
    wins; a fact without exactly one row, or a row this version cannot read, refuses. Of equally strict rows the first
    is named; of rows that let it go, the one that says most (`_tells`).
    """
    found: dict[str, list[SendRow]] = {}
    for row in rows:
        if row.send_class == send_class and row.channel == channel:
            found.setdefault(row.state, []).append(row)
    says: list[tuple[str, SendRow]] = []
    for state in facts | {CLEAR}:
        match found.get(state, []):
            case [row]:
                says.append((effect_of(row, flags), row))
            case _:
                return Decision(effect="refuse", rule=RULE_TABLE, row=None)
    effect, decider = min(says, key=lambda said: (-SEVERITY[said[0]], _tells(*said), said[1].row))
    waits = {row.until for said, row in says if SEVERITY[said] == SEVERITY["defer"] and row.until}
    notes = {note for _, row in says for note in row.only if note in ADVICE}
    return Decision(
        effect=effect,
        rule=decider.rule,
        row=decider.row,
        until=tuple(u for u in UNTILS if u in waits) if effect in {"defer", "pause"} else (),
        notes=tuple(n for n in ADVICE if n in notes) if effect in {"send", "template"} else (),
    )


def effect_of(row: SendRow, flags: Set[str]) -> str:
    """What one row does to a message of which `flags` are true; what cannot be read refuses."""
    effect = row.effect
    if effect in {"send", "template"} and not needs(row) <= flags:
        effect = row.otherwise or "refuse"
    if effect not in SEVERITY or (effect in {"defer", "pause"} and row.until not in UNTILS):
        return "refuse"
    return effect


def _tells(effect: str, row: SendRow) -> int:
    """How much a row says about a message that goes, the smaller the more: that it met a restriction, that there is a
    piece of advice, that nothing stood against it. A fact that does not concern the message says nothing."""
    if effect != "send":
        return 0
    if needs(row):
        return 0
    if row.only:
        return 1
    return 2 if row.state == CLEAR else 3


def needs(row: SendRow) -> Set[str]:
    """The conditions a message must meet for the row's effect; without one of them the row's `otherwise` applies."""
    conditions = set(row.only) - set(ADVICE)
    return conditions | {"template"} if row.effect == "template" else conditions


def enumerate_grid() -> Iterator[tuple[str, str, str]]:
    """Every (state, class, channel) that must have exactly one row."""
    for state in STATES:
        for channel in CHANNELS:
            for send_class in CLASSES:
                yield state.id, send_class, channel


def prove(rows: Sequence[SendRow]) -> tuple[Fault, ...]:
    """Everything that keeps these rows from being a send table; empty when they are one.

    Each state x class x channel has exactly one row, nothing else has one, every row can be read and numbers are
    unique; safety is stopped by a shut window (a case) or a kill (a human is paged) and by nothing else.
    """
    faults: list[Fault] = []
    grid = dict.fromkeys(enumerate_grid(), 0)
    numbers: set[int] = set()
    for row in rows:
        key = (row.state, row.send_class, row.channel)
        if key in grid:
            grid[key] += 1
        else:
            faults.append(_fault(row, "is no cell of the send table"))
        if row.row in numbers:
            faults.append(_fault(row, f"has the number {row.row}, which another row has already"))
        numbers.add(row.row)
        faults += [_fault(row, message) for message in _unreadable(row)]
        faults += [_fault(row, message) for message in _unsafe(row)]
    for (state, send_class, channel), count in grid.items():
        if count != 1:
            message = f"has {count} rows, it needs exactly one"
            faults.append(Fault(state=state, send_class=send_class, channel=channel, message=message))
    return tuple(faults)


def _fault(row: SendRow, message: str) -> Fault:
    return Fault(state=row.state, send_class=row.send_class, channel=row.channel, message=message)


def _unreadable(row: SendRow) -> Iterator[str]:
    if row.effect not in SEVERITY:
        yield f"has the unknown effect {row.effect!r}"
    if row.otherwise is not None and row.otherwise not in SEVERITY:
        yield f"has the unknown effect {row.otherwise!r} in `otherwise`"
    for name in row.only:
        if name not in RESTRICTIONS and name not in ADVICE:
            yield f"has the unknown restriction {name!r}"
    if row.effect in {"send", "template"} and needs(row) and row.otherwise in {None, "send", "template"}:
        yield "is restricted but does not say what happens otherwise"
    if row.effect not in {"send", "template"} and (row.only or row.otherwise):
        yield "restricts something that is not a send"
    if row.effect in {"defer", "pause"} and row.until not in UNTILS:
        yield f"waits for {row.until!r}, which never comes"
    if row.effect not in {"defer", "pause"} and row.until is not None:
        yield "waits without deferring"
    if row.otherwise in {"defer", "pause"}:
        yield "defers in `otherwise`, where it cannot say until when"
    if not row.rule:
        yield "names no rule"


def _unsafe(row: SendRow) -> Iterator[str]:
    if row.send_class != "safety" or (row.effect == "send" and not row.only):
        return
    if row.effect != _SAFETY_STOPS.get(row.state):
        yield f"stops a safety message ({row.effect}); only a shut window or a kill may"


def looser_than(tenant_rows: Iterable[SendRow], pack_rows: Iterable[SendRow]) -> tuple[SendRow, ...]:
    """The tenant's rows that let through what the pack's row of the same cell does not, in the tenant's order.

    A tenant may only tighten. A cell the pack does not have cannot be loosened; a cell the tenant lacks refuses.
    """
    packs: dict[tuple[str, str, str], list[SendRow]] = {}
    for row in pack_rows:
        packs.setdefault((row.state, row.send_class, row.channel), []).append(row)
    return tuple(
        row
        for row in tenant_rows
        if any(_looser(row, pack) for pack in packs.get((row.state, row.send_class, row.channel), []))
    )


def _looser(row: SendRow, pack: SendRow) -> bool:
    mine, theirs = SEVERITY.get(row.effect, 7), SEVERITY.get(pack.effect, 7)
    if mine > SEVERITY["template"] or theirs > SEVERITY["template"]:
        return mine < theirs or (mine == theirs and row.until != pack.until)
    if not needs(row) >= needs(pack) or not set(row.only) >= set(pack.only):
        return True
    return bool(needs(pack)) and SEVERITY.get(row.otherwise or "refuse", 7) < SEVERITY.get(
        pack.otherwise or "refuse", 7
    )
