"""Routing: whether a turn goes to the cheap model, the full one or none. A rule decides, and the audit names it.

Money comes first, then what makes a turn hard, then what makes it simple; what is neither goes to the full model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.engine.answers import Answer
from runtime.engine.ranking import FIRM_FROM
from runtime.engine.register import answer, recorded
from runtime.engine.scene import Scene
from runtime.messages import Silence
from runtime.ports import Hit
from schemas.bundle import Category

SPENT = 100  # percent of the day's money
LONG_CHARS = 280  # somebody who writes so much asks more than one thing
SIMPLE = {  # what the register came to by itself, where that leaves little to choose
    "greeting": "courtesy",
    "thanks": "courtesy",
    "declined": "courtesy",
    "accepted": "courtesy",
    "noted": "courtesy",
    "quick_reply": "quick-reply",
    "picked": "picked-an-offer",
    "clear_winner": "clear-winner",
    "clear_part": "clear-winner",
    "again_in_short": "clear-winner",
    "towards_link": "scripted-flow",
    "link": "scripted-flow",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a turn goes and by which rule. `none`: no model is asked, the register answers."""

    route: Literal["simple", "full", "none"]
    rule: str


def route_of(scene: Scene, hits: Sequence[Hit], *, known: Answer | None = None) -> Route:
    """The route of one turn. Pure: same turn, same route. `known`: the register's own answer, if it was worked out before."""
    return _by_money(scene) or _by_needs(scene) or _by_answer(scene, known or answer(scene, hits))


def unpaid(refused: Literal["day", "person", "lost"]) -> Route:
    """The route of a turn whose money could not be reserved: of the day's, or this person's, there is less than it may cost."""
    match refused:
        case "day":
            return Route(route="none", rule="day-budget-taken")
        case "person":
            return Route(route="none", rule="person-budget-taken")
        case "lost":
            return Route(route="none", rule="lease-lost")


def _by_money(scene: Scene) -> Route | None:
    turn, limits = scene.turn, scene.bundle.limits
    if turn.spent_percent >= SPENT:
        return Route(route="none", rule="day-budget-spent")
    if turn.contact_spent_percent >= SPENT:
        return Route(route="none", rule="person-budget-spent")
    if limits is not None and turn.spent_percent >= limits.cheaper_from_percent:
        return Route(route="simple", rule="day-budget-low")
    return None


def _by_needs(scene: Scene) -> Route | None:
    if any(media.data for pending in scene.fresh for media in pending.media):
        return Route(route="full", rule="pictures")
    if scene.held or any(_does_something(category) for category in scene.categories):
        return Route(route="full", rule="signals")
    if scene.language != scene.bundle.tenant.language:
        return Route(route="full", rule="other-language")
    if sum(map(len, scene.heard)) > LONG_CHARS:
        return Route(route="full", rule="long")
    return None


def _does_something(category: Category) -> bool:
    """Whether anything may follow from it. One that is only counted says nothing about how hard the question is."""
    return bool(
        category.priority <= 1
        or category.reply is not None
        or category.case is not None
        or category.hold
        or category.suppress
        or category.stops_bot
        or category.page
        or category.pause_days
    )


def _by_answer(scene: Scene, known: Answer) -> Route:
    if known.moves and all(isinstance(move, Silence) for move in known.moves):
        return Route(route="none", rule="nothing-to-add")  # a model would find one more polite thing to say
    if recorded(scene) is not None:
        return Route(route="simple", rule="answer-to-a-question")
    rule = SIMPLE.get(known.reason)
    if rule == "clear-winner" and known.candidates and known.candidates[0][1] < FIRM_FROM:
        rule = None
    if rule is not None:
        return Route(route="simple", rule=rule)
    return Route(route="full", rule="several-questions" if known.reason == "several" else "not-clear")
