"""The send table, every combination of facts at once, and one combination explained. Pure.

`decide` answers one question. Here the same rows answer all of them: for a class, a channel and what is true of the
message, a byte for each of the 2**16 sets of facts. That is how a table is proved rather than tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from itertools import combinations

from schemas.bundle import SendRow
from schemas.sendtable import (
    CHANNELS,
    CLASSES,
    CLEAR,
    RESTRICTIONS,
    SEVERITY,
    STATES,
    Decision,
    decide,
    effect_of,
    needs,
)

FACTS: tuple[str, ...] = tuple(state.id for state in STATES if state.id != CLEAR)
REFUSED = SEVERITY["refuse"]
MOST_CHANGES = 3  # facts that would have to go together before we stop looking


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """What one fact's row has to say: its effect for this message, and the conditions the message does not meet."""

    fact: str
    row: SendRow
    effect: str
    unmet: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What would make the decision milder: these facts no longer holding, or these things being true of the message."""

    without: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    effect: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A decision with everything that had a say in it, strictest first, and what would change it."""

    decision: Decision
    says: tuple[Say, ...]
    changes: tuple[Change, ...]


def contexts() -> Iterator[tuple[str, str]]:
    """Every (class, channel)."""
    for send_class in CLASSES:
        for channel in CHANNELS:
            yield send_class, channel


def flags_that_matter(rows: Sequence[SendRow], send_class: str, channel: str) -> tuple[str, ...]:
    """The conditions any row of this class and channel asks for: no other flag can change anything."""
    asked = {
        flag for row in rows if (row.send_class, row.channel) == (send_class, channel) for flag in needs(row)
    }
    return tuple(flag for flag in RESTRICTIONS if flag in asked)


def subsets(names: Sequence[str]) -> Iterator[frozenset[str]]:
    """Every set of some names, the empty one first."""
    for size in range(len(names) + 1):
        for chosen in combinations(names, size):
            yield frozenset(chosen)


def outcomes(rows: Sequence[SendRow], send_class: str, channel: str, flags: Set[str]) -> bytes:
    """The severity `decide` would find for every set of facts: byte n is for the facts whose bits are set in n.

    Bit i is FACTS[i]. The strictest row wins, so a set with one more fact is the set without it, raised to that fact's
    severity: each fact doubles the table.
    """
    found: dict[str, list[SendRow]] = {}
    for row in rows:
        if (row.send_class, row.channel) == (send_class, channel):
            found.setdefault(row.state, []).append(row)

    def severity(state: str) -> int:
        match found.get(state, []):
            case [row]:
                return SEVERITY[effect_of(row, flags)]
            case _:
                return REFUSED

    table = bytes([severity(CLEAR)])
    for fact in FACTS:
        least = severity(fact)
        table += table.translate(bytes(max(value, least) for value in range(256)))
    return table


def explain(
    rows: Sequence[SendRow], facts: Set[str], send_class: str, channel: str, flags: Set[str] = frozenset()
) -> Explanation:
    """`decide`, with the reasons. What would change it is the smallest change: fewest facts gone, or one flag more."""
    says = [
        Say(
            fact=row.state,
            row=row,
            effect=effect_of(row, flags),
            unmet=tuple(sorted(needs(row) - flags)),
        )
        for row in rows
        if (row.send_class, row.channel) == (send_class, channel) and row.state in facts | {CLEAR}
    ]
    decision = decide(rows, facts, send_class, channel, flags)
    return Explanation(
        decision=decision,
        says=tuple(sorted(says, key=lambda say: (-SEVERITY[say.effect], say.row.row))),
        changes=tuple(_changes(rows, facts, send_class, channel, flags)),
    )


def _changes(
    rows: Sequence[SendRow], facts: Set[str], send_class: str, channel: str, flags: Set[str]
) -> Iterator[Change]:
    """Milder decisions within reach. None where the message goes already."""
    now = SEVERITY[decide(rows, facts, send_class, channel, flags).effect]
    if now == SEVERITY["send"]:
        return
    for flag in flags_that_matter(rows, send_class, channel):
        if flag not in flags:
            then = decide(rows, facts, send_class, channel, {*flags, flag})
            if SEVERITY[then.effect] < now:
                yield Change(given=(flag,), effect=then.effect)
    for size in range(1, min(MOST_CHANGES, len(facts)) + 1):
        found = [
            Change(without=gone, effect=then.effect)
            for gone in combinations(sorted(facts), size)
            if SEVERITY[(then := decide(rows, facts - set(gone), send_class, channel, flags)).effect] < now
        ]
        if found:
            yield from found
            return
