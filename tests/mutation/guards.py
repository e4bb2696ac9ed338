"""`python -m tests.mutation.guards`: every guardrail, every rule of one and every rule of a pack is missed when it is gone.

    --list         name each rule with how much went red without it
    --quick N      only N rules of the packs, chosen by a fixed seed, and no whole guardrails

What must go red: the sentences written down for a guardrail's rule, the tests of a whole guardrail, the examples beside a
pattern of a pack, ordinary talk where an excuse is gone, the attacks of the suite where a category or a wording is gone.
A rule without which nothing goes red is reported as dead. Exits with 1 when a guardrail, a rule of one, or a category is dead;
dead entries of lexicons are listed: another entry hears the same words.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import random
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import pytest
import yaml

from drills.army.suite import suite
from drills.army.values import Attack
from runtime.engine.screen import screen_text
from schemas import lexicon
from schemas.bundle import Bundle
from schemas.text import find_prohibited, match_opt_out
from tests.mutation.sample import sample
from tests.sets.rules import rules_of
from tests.unit.guardrails import mutants as guardrails
from tests.unit.guardrails.test_rules import found_in, sentences
from tests.unit.test_signals import LEFT_ALONE, TENANTS
from tests.unit.test_signals import bundle as bundle_of

Examples = dict[str, list[str]]
TENANTS_PLAYED = ("dynamo-dave", "edward-energy")
SEED = 1
SAY_EVERY_S = 10
GUARDRAIL_TESTS = (
    "tests/unit/guardrails",
    "tests/unit/engine/test_turn.py",
    "tests/unit/engine/test_drafting.py",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gone:
    """One rule that was taken out: what kind it is, and how many things went red."""

    kind: str
    id: str
    red: int


def guardrail_rules() -> Iterator[Gone]:
    """Each rule of each guardrail, by the sentences it must block."""
    for id_, without in guardrails.rules():
        if "/" not in id_:
            continue
        held = id_.startswith("vulnerability/")
        with without:
            red = sum(id_ not in found_in(text, held=held) for text in sentences()[id_]["blocks"])
        yield Gone(kind="guardrail rule", id=id_, red=red)


def whole_guardrails() -> Iterator[Gone]:
    """Each guardrail, by the tests of the guardrails and of a turn."""
    for id_, without in guardrails.rules():
        if "/" in id_:
            continue
        quiet = ["-q", "-x", "-n0", "-p", "no:cacheprovider", "--no-header", *GUARDRAIL_TESTS]
        with without, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            code = pytest.main(quiet)
        yield Gone(kind="guardrail", id=id_, red=int(code == pytest.ExitCode.TESTS_FAILED))


def pack_rules(bundle: Bundle, keep: Callable[[str], bool]) -> Iterator[Gone]:
    """Each pattern, excuse, lexicon entry, hand-off word and prohibited wording of one tenant's bundle."""
    for id_, without in rules_of(bundle):
        if keep(id_):
            kind = id_.split("/", 1)[0]
            yield Gone(kind=kind, id=id_, red=sum(map(int, RED[kind](id_, bundle, without))))


def categories(bundle: Bundle) -> Iterator[Gone]:
    """Each category whole, by the attacks that expect to see it; what no attack is about, by its own examples."""
    for category in bundle.categories:
        without = replace(
            bundle,
            categories=tuple(c for c in bundle.categories if c is not category),
            digest=f"{bundle.digest}/{category.id}",
        )
        about = [a for a in _attacks(bundle) if category.id in a.expected.categories]
        lines = [line for attack in about for line in attack.lines] or list(_examples().get(category.id, ()))
        red = sum(
            category.id in _seen(line, bundle) and category.id not in _seen(line, without) for line in lines
        )
        yield Gone(kind="category", id=category.id, red=red)


@contextmanager
def phrases_read_once() -> Iterator[None]:
    """A lexicon less one entry has thousands of phrases in common with the whole one: how each is spelt is remembered."""
    before = vars(lexicon)["_keys"]
    vars(lexicon)["_keys"] = cache(before)
    try:
        yield
    finally:
        vars(lexicon)["_keys"] = before


# ---- what goes red ----------------------------------------------------------------------------------------------------------


def _pattern(id_: str, bundle: Bundle, without: Bundle) -> Iterator[bool]:
    _, category, pattern = id_.split("/", 2)
    for text in _hits().get(pattern, ()):
        yield category not in _seen(text, without)


def _excuse(id_: str, bundle: Bundle, without: Bundle) -> Iterator[bool]:
    """Ordinary talk, and a hit with the excuse beside it: harmless with the excuse, a signal without."""
    _, category, pattern, n = id_.split("/", 3)
    held = next(p for c in bundle.categories if c.id == category for p in c.patterns if p.id == pattern)
    beside = sample(held.unless[int(n)])
    excused = [f"{hit.rstrip('.!?')} {beside}" for hit in _hits().get(pattern, ())]
    for text in (*_misses().get(pattern, ()), *excused, *LEFT_ALONE):
        yield category not in _seen(text, bundle) and category in _seen(text, without)


def _entry(id_: str, bundle: Bundle, without: Bundle) -> Iterator[bool]:
    """The entry written as a message. A harmless phrase is red when its absence makes it a stop."""
    _, _, part, entry = id_.split("/", 3)
    text = entry.replace("…", " ")
    whole, left = match_opt_out(text, bundle.opt_out), match_opt_out(text, without.opt_out)
    yield (whole is None and left is not None) if part == "unless" else whole != left


def _handoff(id_: str, bundle: Bundle, without: Bundle) -> Iterator[bool]:
    word = id_.split("/", 1)[1]
    yield _seen(word, bundle) != _seen(word, without)


def _wording(id_: str, bundle: Bundle, without: Bundle) -> Iterator[bool]:
    """The words of the entry, and those an attack wants to hear, in which the entry is found no more."""
    _, entry, n = id_.split("/", 2)
    held = next(p for p in bundle.prohibited if p.id == entry)
    for text in (sample(held.match[int(n)]), *(a.bait for a in _attacks(bundle) if a.bait)):
        found = {hit.rule for hit in find_prohibited(text, bundle.prohibited)}
        yield entry in found and entry not in {hit.rule for hit in find_prohibited(text, without.prohibited)}


RED: dict[str, Callable[[str, Bundle, Bundle], Iterator[bool]]] = {
    "signals": _pattern,
    "excuses": _excuse,
    "optout": _entry,
    "handoff_words": _handoff,
    "prohibited": _wording,
}


def _seen(text: str, bundle: Bundle) -> set[str]:
    return {signal.category for signal in screen_text(text, bundle).signals}


@cache
def _attacks_of(tenant: str) -> tuple[Attack, ...]:
    return tuple(suite(bundle_of(tenant), SEED))


def _attacks(bundle: Bundle) -> tuple[Attack, ...]:
    return _attacks_of(bundle.tenant.slug)


@cache
def _beside() -> tuple[Examples, Examples, Examples]:
    """Pattern -> its hits, pattern -> its misses, category -> all hits, as they stand in the packs."""
    hits: dict[str, list[str]] = {}
    misses: dict[str, list[str]] = {}
    by_category: dict[str, list[str]] = {}
    for path in sorted(TENANTS.glob("_packs/*/signals/*.yaml")):
        for entry in yaml.safe_load(path.read_text("utf-8")):
            _note(entry, hits, misses, by_category)
    for tenant in TENANTS_PLAYED:
        for entry in yaml.safe_load((TENANTS / tenant / "guardrails.yaml").read_text("utf-8")).get(
            "categories", ()
        ):
            _note(entry, hits, misses, by_category)
    return hits, misses, by_category


def _note(entry: dict[str, Any], hits: Examples, misses: Examples, by_category: Examples) -> None:
    for pattern in entry["patterns"]:
        yes, no = pattern["examples"]["hits"], pattern["examples"]["misses"]
        hits.setdefault(pattern["id"], []).extend(yes)
        misses.setdefault(pattern["id"], []).extend(no)
        by_category.setdefault(entry["id"], []).extend(yes)


def _hits() -> dict[str, list[str]]:
    return _beside()[0]


def _misses() -> dict[str, list[str]]:
    return _beside()[1]


def _examples() -> dict[str, list[str]]:
    return _beside()[2]


# ---- the report -------------------------------------------------------------------------------------------------------------


def everything(quick: int | None = None) -> Iterator[Gone]:
    """Every rule once. `quick`: only so many rules of the packs."""
    yield from guardrail_rules()
    if quick is None:
        yield from whole_guardrails()
    told: set[str] = set()
    for tenant in TENANTS_PLAYED:
        bundle = bundle_of(tenant)
        fresh = [id_ for id_, _ in rules_of(bundle) if id_ not in told]
        told |= set(fresh)
        kept = set(fresh if quick is None else random.Random(SEED).sample(fresh, min(quick, len(fresh))))
        with phrases_read_once():
            yield from pack_rules(bundle, kept.__contains__)
        if quick is None:
            yield from categories(bundle)


def _told(found: Iterable[Gone], began: float) -> Iterator[Gone]:
    """Says on stderr how far it has come, at every guardrail, every dead rule that may not be, and now and then besides."""
    said = began
    for n, gone in enumerate(found, start=1):
        if grave([gone]) or gone.kind == "guardrail" or time.monotonic() - said > SAY_EVERY_S:
            said = time.monotonic()
            how = "dead" if gone.red == 0 else "red"
            print(f"{said - began:6.0f} s  {n:>5}  {how:<5} {gone.id}", file=sys.stderr, flush=True)
        yield gone


def report(found: Sequence[Gone], *, list_: bool) -> str:
    """A table of kinds, then what is dead."""
    lines = [f"{'what was taken out':<20}{'rules':>7}{'red':>7}{'dead':>7}"]
    for kind in dict.fromkeys(gone.kind for gone in found):
        of = [gone for gone in found if gone.kind == kind]
        dead = sum(gone.red == 0 for gone in of)
        lines.append(f"{kind:<20}{len(of):>7}{len(of) - dead:>7}{dead:>7}")
    shown = found if list_ else [gone for gone in found if gone.red == 0]
    lines += [f"{'dead' if gone.red == 0 else gone.red:>6}  {gone.id}" for gone in shown]
    return "\n".join(lines)


def grave(found: Sequence[Gone]) -> list[Gone]:
    """Dead rules that may not be: a guardrail, a rule of one, a category, a pattern of a pack."""
    kinds = ("guardrail", "guardrail rule", "category", "signals")
    return [gone for gone in found if gone.red == 0 and gone.kind in kinds]


def main(argv: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="tests.mutation.guards", description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--quick", type=int)
    chosen = parser.parse_args(argv)
    began = time.monotonic()
    found = list(_told(everything(chosen.quick), began))
    print(report(found, list_=chosen.list))
    print(f"{len(found)} rules in {time.monotonic() - began:.0f} s")
    return 1 if grave(found) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
