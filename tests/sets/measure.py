"""How well screen and review do on the frozen sets: one figure per set and part, never pooled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

from compiler.pipeline import check
from runtime.engine.review import blocked, review
from runtime.engine.screen import screen_text
from runtime.guardrails import Reply
from runtime.messages import Rendered, Sentence
from schemas.bundle import Bundle
from tests.compiling import TODAY
from tests.sets.disguise import DISGUISES, disguised

HERE = Path(__file__).parent
TENANTS = HERE.parents[1] / "tenants"
PARTS = ("dev", "held")
NOON = datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=UTC)
OPT_OUT = "opt-out"  # a set of these is judged by the stop, not by a category
INJECTION = "injection_or_probe"
# Which category a set is about, where it is not the category of the same name.
CATEGORY = {
    "amounts": "amount_fishing",
    "home_emergency": "at_home_emergency",
    "injection_direct": INJECTION,
    "injection_languages": INJECTION,
    "probing": INJECTION,
    "trigger_words": INJECTION,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a set. `wanted`: it shows what its set is about (for outbound: it must be blocked)."""

    set: str
    part: str
    text: str
    wanted: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """One row. The shares are None where there is nothing to count; `of` counts the lines each was taken from.

    `false_alarms` is of the set's own lines that do not show it, `on_benign` and `on_trigger_words` of those sets.
    `kept`, of a disguise: of the lines that are seen undisguised, those that are seen in it too.
    """

    set: str
    part: str
    recall: float | None
    shown: int
    false_alarms: float | None
    not_shown: int
    on_benign: float | None = None
    on_trigger_words: float | None = None
    kept: float | None = None


@cache
def lines(file: str) -> tuple[Line, ...]:
    """The lines of tests/sets/<file>.jsonl, in order."""
    read = (json.loads(line) for line in (HERE / f"{file}.jsonl").read_text("utf-8").splitlines())
    return tuple(
        Line(set=x["set"], part=x["part"], text=x["text"], wanted=x.get("shows", x.get("bad", False)))
        for x in read
    )


@cache
def bundles() -> tuple[Bundle, ...]:
    """The shipped tenants, as the working tree has them. Raises AssertionError when one does not compile."""
    result = check(TENANTS, today=TODAY)
    compiled = [tenant for tenant in result.tenants.values() if tenant is not None]
    assert len(compiled) == len(result.tenants), "a shipped tenant does not compile: convo compile --check"
    return tuple(Bundle.decode(tenant.bundle) for tenant in compiled)


def figures(part: str, only: Sequence[str] = ()) -> Iterator[Figures]:
    """The rows of one part whose set's name holds any of `only`, in the order of the files."""
    yield from _inbound(part, only)
    yield from _disguised(part, only)
    yield from _outbound(part, only)


def misses(only: Sequence[str] = ()) -> Iterator[tuple[str, str, str]]:
    """(set, what went wrong, text) of the dev part; the held part is never shown."""
    for name, held in _sets(_all_inbound(), "dev").items():
        for line in held if _asked_for(name, only) else ():
            if line.wanted and category_of(name) not in seen_by_all(line.text):
                yield name, "missed", line.text
            elif not line.wanted and category_of(name) in seen_by_any(line.text):
                yield name, "false alarm", line.text
    for line in lines("benign") if _asked_for("benign", only) else ():
        if line.part == "dev" and (fired := seen_by_any(line.text)):
            yield "benign", f"false alarm of {', '.join(sorted(fired))}", line.text
    for name, held in _sets(lines("outbound"), "dev").items():
        for line in held if _asked_for(f"outbound: {name}", only) else ():
            if refusals(line.text) < len(bundles()) if line.wanted else refusals(line.text):
                yield f"outbound: {name}", "let through" if line.wanted else "wrongly blocked", line.text


def category_of(name: str) -> str:
    """The category that a set is about, or OPT_OUT."""
    return OPT_OUT if name.startswith("optout") else CATEGORY.get(name, name)


@cache
def seen_by_any(text: str) -> frozenset[str]:
    """Every category that the screen of any tenant sees in the text, and OPT_OUT for a stop."""
    return frozenset().union(*(_seen(text, bundle) for bundle in bundles()))


@cache
def seen_by_all(text: str) -> frozenset[str]:
    """Those that every tenant sees which has the category at all."""
    seen = [(_seen(text, bundle), {category.id for category in bundle.categories}) for bundle in bundles()]
    return frozenset(
        name
        for name in seen_by_any(text)
        if all(name in found for found, known in seen if name == OPT_OUT or name in known)
    )


@cache
def refusals(text: str) -> int:
    """How many of the tenants' reviews block the text as words of a model's own that a checker has let pass."""
    return sum(_blocks(text, bundle) for bundle in bundles())


# ---- rows -------------------------------------------------------------------------------------------------------------


def _inbound(part: str, only: Sequence[str]) -> Iterator[Figures]:
    benign = [line.text for line in lines("benign") if line.part == part]
    trigger = [line.text for line in lines("injection") if line.part == part and line.set == "trigger_words"]
    for name, held in _sets(_all_inbound(), part).items():
        if _asked_for(name, only):
            category = category_of(name)
            yield Figures(
                set=name,
                part=part,
                recall=_share(category in seen_by_all(line.text) for line in held if line.wanted),
                shown=sum(line.wanted for line in held),
                false_alarms=_share(category in seen_by_any(line.text) for line in held if not line.wanted),
                not_shown=sum(not line.wanted for line in held),
                on_benign=_share(category in seen_by_any(text) for text in benign),
                on_trigger_words=_share(category in seen_by_any(text) for text in trigger),
            )
    if _asked_for("benign", only):
        yield Figures(
            set="benign, any signal or stop",
            part=part,
            recall=None,
            shown=0,
            false_alarms=_share(bool(seen_by_any(text)) for text in benign),
            not_shown=len(benign),
        )


def _disguised(part: str, only: Sequence[str]) -> Iterator[Figures]:
    """Injection in each disguise; a false alarm is a benign text in the same disguise."""
    wanted = [line.text for line in lines("injection") if (line.part, line.set) == (part, "injection_direct")]
    benign = [line.text for line in lines("benign") if line.part == part]
    plainly = [text for text in wanted if INJECTION in seen_by_all(text)]
    for name in DISGUISES:
        if _asked_for(f"injection_direct, {name}", only):
            yield Figures(
                set=f"injection_direct, {name}",
                part=part,
                recall=_share(INJECTION in seen_by_all(disguised(name, text)) for text in wanted),
                shown=len(wanted),
                false_alarms=_share(INJECTION in seen_by_any(disguised(name, text)) for text in benign),
                not_shown=len(benign),
                kept=_share(INJECTION in seen_by_all(disguised(name, text)) for text in plainly),
            )


def _outbound(part: str, only: Sequence[str]) -> Iterator[Figures]:
    for name, held in _sets(lines("outbound"), part).items():
        if _asked_for(f"outbound: {name}", only):
            yield Figures(
                set=f"outbound: {name}",
                part=part,
                recall=_share(refusals(line.text) == len(bundles()) for line in held if line.wanted),
                shown=sum(line.wanted for line in held),
                false_alarms=_share(refusals(line.text) > 0 for line in held if not line.wanted),
                not_shown=sum(not line.wanted for line in held),
            )


# ---- judging ------------------------------------------------------------------------------------------------------------


def _seen(text: str, bundle: Bundle) -> frozenset[str]:
    verdict = screen_text(text, bundle)
    seen = {signal.category for signal in verdict.signals}
    return frozenset(seen | {OPT_OUT} if verdict.stop else seen)


def _asked_for(name: str, only: Sequence[str]) -> bool:
    return not only or any(part in name for part in only)


def _blocks(text: str, bundle: Bundle) -> bool:
    reply = Reply(
        parts=(Rendered(sentences=(Sentence(text=text, claim=None, variant=None, digest=None),)),),
        bundle=bundle,
        now=NOON,
        channel="webchat",
        language=bundle.tenant.language,
        sandbox=True,
        shown={},
        answers={},
        vouched=frozenset({text}),
    )
    return blocked(review(reply))


def _all_inbound() -> tuple[Line, ...]:
    return (*lines("signals-people"), *lines("signals-requests"), *lines("injection"))


def _sets(every: Iterable[Line], part: str) -> Mapping[str, list[Line]]:
    found: dict[str, list[Line]] = {}
    for line in every:
        if line.part == part:
            found.setdefault(line.set, []).append(line)
    return dict(sorted(found.items()))


def _share(of: Iterable[bool]) -> float | None:
    counted = list(of)
    return sum(counted) / len(counted) if counted else None
