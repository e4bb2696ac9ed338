"""The order in which a reader wants a plan: what the bot newly says, no longer says, says otherwise; what is looser; the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from compiler.plan.change import ADDED, BREAKING, COSMETIC, LOOSENED, NEEDS_APPROVAL, REMOVED, Change
from compiler.plan.first import SETTING
from compiler.plan.whole import Plan, Row

NEWLY, NO_LONGER, DIFFERENTLY, ANSWERS = "newly says", "no longer says", "says differently", "answers"
LOOSER, DECIDE, FIRST, BEHAVES = "loosened", "to decide", "first seen", "behaves"
AFFECTED, LOOKS = "affected", "cosmetic"

TITLES: Mapping[str, str] = {
    NEWLY: "The bot may newly say",
    NO_LONGER: "The bot no longer says",
    DIFFERENTLY: "The bot says differently",
    ANSWERS: "The bot answers these questions with it",
    LOOSER: "Loosened",
    DECIDE: "Somebody must decide",
    FIRST: "Seen for the first time",
    BEHAVES: "Behaves differently, within what was approved",
    AFFECTED: "Affected indirectly",
    LOOKS: "Cosmetic",
}
_SPEAKING = {"claim", "quick reply", "campaign", "link", "ask flow"}
# Of a claim or a script that stays: words that a customer reads, by their place in the schemas.
_SHOWN = ("claims/*/options", "claims/*/topic", "journeys/quick_replies/*/title")
_QUESTIONS = ("claims/*/questions", "journeys/quick_replies/*/questions")
_PHRASES = "persona/phrases"
_WORDS = {"CLAIM_REWORDED", "PERSONA_CHANGED", "SLOT_VALUE_CHANGED", "LINE_REPLACED", "DESTINATION_CHANGED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """A heading and what stands under it, (owner, row) each."""

    name: str
    rows: tuple[tuple[str, Row], ...]

    @property
    def title(self) -> str:
        return TITLES[self.name]


def groups(plan: Plan) -> tuple[Group, ...]:
    """Every change under exactly one heading, headings without any left out."""
    found: dict[str, list[tuple[str, Row]]] = {name: [] for name in TITLES}
    for owner, row in plan.rows:
        found[group_of(row)].append((owner, row))
    return tuple(Group(name=name, rows=tuple(rows)) for name, rows in found.items() if rows)


def group_of(row: Row) -> str:
    """The heading a change belongs under."""
    change = row.change
    if change.indirect:
        return AFFECTED
    if change.klass == COSMETIC:
        return LOOKS
    if change.kind in _SPEAKING and change.op == ADDED and change.what == ADDED:
        return NEWLY
    if change.kind in _SPEAKING and change.op == REMOVED and change.what == REMOVED:
        return NO_LONGER
    if change.rule == SETTING:
        return FIRST
    if _within(change, _QUESTIONS):
        return ANSWERS
    if _within(change, (_PHRASES,)) and change.op in (ADDED, REMOVED):
        return NEWLY if change.op == ADDED else NO_LONGER
    if change.rule in _WORDS or _within(change, _SHOWN):
        return DIFFERENTLY
    if change.direction == LOOSENED:
        return LOOSER
    return DECIDE if change.klass in (BREAKING, NEEDS_APPROVAL) else BEHAVES


def _within(change: Change, places: Sequence[str]) -> bool:
    return any(change.pointer == place or change.pointer.startswith(f"{place}/") for place in places)


def verdict(plan: Plan) -> str:
    """The plan in one sentence, without any text of a tenant's."""
    if plan.head_fails:
        return "This does not compile."
    rows = list(plan.rows)
    voids = (
        f" {len(plan.void)} approval{'s' * (len(plan.void) != 1)} or waivers do not hold."
        if plan.void
        else ""
    )
    if not rows:
        return voids.strip() or "Nothing changes."
    names = [(group.name, len(group.rows)) for group in groups(plan)]
    said = {
        NEWLY: "new",
        NO_LONGER: "gone",
        DIFFERENTLY: "reworded",
        ANSWERS: "changed questions",
        LOOSER: "loosened",
    }
    parts = [f"{count} {said[name]}" for name, count in names if name in said]
    counted = ", ".join(parts) or f"{len(rows)} change{'s' * (len(rows) != 1)}"
    waits = waiting(len(plan.open)) if plan.open or not plan.void else ""
    return f"{waits} {counted[0].upper()}{counted[1:]}.{voids}".strip()


def waiting(count: int) -> str:
    """How many changes still wait for somebody."""
    if not count:
        return "Nothing waits for anybody."
    return f"{count} change{'s' * (count != 1)} still need{'s' * (count == 1)} somebody's approval."


def said(plan: Plan) -> Sequence[Group]:
    """The headings a compliance reviewer reads first."""
    return [group for group in groups(plan) if group.name in (NEWLY, NO_LONGER, DIFFERENTLY, ANSWERS, LOOSER)]
