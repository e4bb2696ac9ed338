"""What a row comes to: medians with their spread, held against a goal, and checks that must be true whatever the speed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One value per round: the middle, the lowest and the highest."""

    middle: float
    low: float
    high: float
    rounds: int


def spread(values: Iterable[float]) -> Spread:
    """Raises ValueError when nothing was measured."""
    found = sorted(values)
    if not found:
        raise ValueError("nothing was measured")
    return Spread(middle=median(found), low=found[0], high=found[-1], rounds=len(found))


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One measured value and, where there is one, its goal. `unit`: x (a ratio), ms, s, MB, %, or per s."""

    what: str
    unit: str
    value: Spread
    goal: float | None = None
    better: Literal["more", "less"] = "less"

    @property
    def holds(self) -> bool | None:
        """Whether the median keeps the goal; None without a goal."""
        if self.goal is None:
            return None
        return self.value.middle >= self.goal if self.better == "more" else self.value.middle <= self.goal


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the table of goals. A check that is False is a fault of convo, not a slow machine."""

    name: str
    work: str
    figures: Sequence[Figure]
    checks: Mapping[str, bool] = field(default_factory=dict)
    notes: Sequence[str] = ()

    @property
    def sound(self) -> bool:
        return all(self.checks.values())


def as_json(row: Row) -> dict[str, Any]:
    """The row with `holds` and `sound` written out."""
    figures = [{**asdict(figure), "holds": figure.holds} for figure in row.figures]
    return {
        "name": row.name,
        "work": row.work,
        "figures": figures,
        "checks": dict(row.checks),
        "sound": row.sound,
        "notes": list(row.notes),
    }


def as_text(row: Row) -> str:
    """A few lines for a terminal."""
    lines = [f"{row.name}: {row.work}"]
    for figure in row.figures:
        verdict = {True: "holds", False: "MISSED", None: ""}[figure.holds]
        lines.append(f"  {figure.what:<58} {shown(figure):<30} {goal(figure):<16} {verdict}".rstrip())
    lines += [f"  {'ok' if true else 'WRONG'}: {what}" for what, true in row.checks.items()]
    lines += [f"  ({note})" for note in row.notes]
    return "\n".join(lines)


def as_markdown(row: Row) -> Sequence[str]:
    """Lines of the table in docs/reference/benchmarks.md."""
    verdicts = {True: "yes", False: "**no**", None: ""}
    return [
        f"| {row.work if n == 0 else ''} | {figure.what} | {shown(figure)} | {goal(figure)} | {verdicts[figure.holds]} |"
        for n, figure in enumerate(row.figures)
    ]


def shown(figure: Figure) -> str:
    """`3.1x [2.9-3.4]`: the median and the lowest and highest round."""
    value, unit = figure.value, "x" if figure.unit == "x" else f" {figure.unit}"
    if value.rounds == 1:
        return f"{_number(value.middle)}{unit}"
    return f"{_number(value.middle)}{unit} [{_number(value.low)}-{_number(value.high)}]"


def goal(figure: Figure) -> str:
    if figure.goal is None:
        return ""
    unit = "x" if figure.unit == "x" else f" {figure.unit}"
    return f"{'>=' if figure.better == 'more' else '<='} {_number(figure.goal)}{unit}"


def _number(value: float) -> str:
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"
