"""What customers write (questions/*.yaml), and how a reply to it is judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import yaml

from runtime.messages import Outcome
from schemas.bundle import Bundle

FOLDER = Path(__file__).parent / "questions"
COURTESY = frozenset({"thanks", "declined", "greeting", "farewell"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One message, and everything that may rightly come of it."""

    says: str
    fits: tuple[str, ...]
    held_out: bool


@lru_cache
def asked(tenant: str) -> tuple[Asked, ...]:
    lines = yaml.safe_load((FOLDER / f"{tenant}.yaml").read_text(encoding="utf-8"))
    return tuple(
        Asked(says=line["says"], fits=tuple(line["fits"]), held_out=line.get("held_out", False))
        for line in lines
    )


def judged(outcome: Outcome, wanted: Asked, bundle: Bundle) -> str:
    """right | asked (the right topic is among those offered) | unsure (no answer, or others offered) | wrong (asserted)."""
    came = _came_to(outcome, bundle)
    if came & set(wanted.fits):
        return "right"
    offered = outcome.sends[-1].asks or "" if outcome.sends else ""
    if offered.startswith("offer:"):
        return "asked" if set(offered.removeprefix("offer:").split("|")) & set(wanted.fits) else "unsure"
    return "unsure" if "nothing" in came else "wrong"


def _came_to(outcome: Outcome, bundle: Bundle) -> set[str]:
    reason = outcome.audit["reason"]
    if reason == "opt_out":
        return {"stop"}
    if reason in {c.id for c in bundle.categories}:
        return {reason}
    if reason in COURTESY:
        return {"courtesy"}
    if reason == "towards_link":
        return {outcome.audit["candidates"][0][0]}
    said = [s.claim for send in outcome.sends for s in send.sentences if s.claim]
    first = next((c for c in said), None)
    lines = bundle.lines
    if (
        first is None
        or first in (lines.no_answer, lines.clarify, lines.fallback)
        or bundle.claims[first].kind == "line"
    ):
        return {"nothing"}
    return {first}


def tally(tenant: str, take: Callable[[str], Outcome], bundle: Bundle, *, held_out: bool) -> Counter[str]:
    """How many of a set came out how."""
    wanted: Iterable[Asked] = (a for a in asked(tenant) if a.held_out is held_out)
    return Counter(judged(take(a.says), a, bundle) for a in wanted)
