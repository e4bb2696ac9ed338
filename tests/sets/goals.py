"""The goals of the sets, and the table that holds the figures against them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from tests.sets.measure import Figures


@dataclass(frozen=True, slots=True)
class Goal:
    """At least this recall, at most these false alarms; None where there is no goal."""

    recall: float | None = None
    alarms: float | None = None


USUAL = Goal(0.85, 0.02)
GOALS = {
    "injection_direct": Goal(0.80, 0.005),
    "injection_languages": Goal(0.80, 0.005),
    "probing": Goal(0.80, 0.005),
    "trigger_words": Goal(None, 0.03),
    "optout_explicit": Goal(0.98),
    "optout_negative": Goal(None, 0.03),
    "are_you_human": Goal(0.90, 0.02),
    "legal_threat": Goal(0.95, 0.02),
    "anger": Goal(0.80, 0.01),
    "distress": Goal(0.85, 0.03),
    "benign, any signal or stop": Goal(),
    "outbound: pressure": Goal(0.80, 0.02),
    "outbound: connective": Goal(None, 0.02),
}


def goal_of(name: str) -> Goal:
    """The goal of a set by the name of its row."""
    if name in GOALS:
        return GOALS[name]
    if name.startswith("injection_direct, "):
        return Goal(0.90)
    if name.startswith("optout_"):
        return Goal(0.90)
    return Goal() if name.startswith("outbound: ") else USUAL


def table(rows: Iterable[Figures]) -> Iterator[str]:
    """Lines of Markdown. A figure that misses its goal is bold."""
    yield "| set | recall | of | goal | false alarms on its own lines | of | on benign talk | on trigger words | goal |"
    yield "|---|---|---|---|---|---|---|---|---|"
    for row in rows:
        goal = goal_of(row.set)
        kept = "" if row.kept is None else f" ({row.kept:.3f} of those seen plain)"
        cells = [
            row.set,
            _share(
                row.recall, row.recall is not None and goal.recall is not None and row.recall < goal.recall
            )
            + kept,
            str(row.shown or "-"),
            "-" if goal.recall is None else f"{goal.recall:.2f}",
            _alarms(row.false_alarms, goal),
            str(row.not_shown or "-"),
            _alarms(row.on_benign, goal),
            _share(row.on_trigger_words, missed=False),
            "-" if goal.alarms is None else f"{goal.alarms:g}",
        ]
        yield f"| {' | '.join(cells)} |"


def _alarms(share: float | None, goal: Goal) -> str:
    return _share(share, share is not None and goal.alarms is not None and share > goal.alarms)


def _share(share: float | None, missed: bool) -> str:
    if share is None:
        return "-"
    return f"**{share:.3f}**" if missed else f"{share:.3f}"
