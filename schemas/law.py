"""The rules of law and policy this engine answers for, and the named things of the code that enforce or evidence each.

The table is data (law.json): what a rule asks, in our own words, and what stands behind it. docs/reference/rules.md is written
from it, and a test looks every name up in the code.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

ENFORCE, EVIDENCE = "enforce", "evidence"

# What a name can be: where it is looked up.
KINDS = {
    "rule": "a code of the compiler",
    "state": "a fact of the send table",
    "guardrail": "a check of every reply",
    "category": "a signal of a pack",
    "claim": "an entry of a pack's register",
    "duty": "a duty of a pack, as pack/duty",
    "item": "an item of a go-live checklist",
    "function": "a function of the database",
    "table": "a table of the database",
    "schema": "a place in the schema of a tenant's file, as kind#/path",
    "code": "a name of a module, as module:name",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """One thing that enforces or evidences a rule. `kind` is one of KINDS."""

    kind: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LawRule:
    """A rule. `mode`: enforce (code stands in the way) or evidence (it is recorded). `falls_short`: what is not done yet."""

    id: str
    area: str
    packs: tuple[str, ...]
    asks: str
    source: tuple[str, ...]
    mode: str
    by: tuple[Means, ...]
    falls_short: str


@lru_cache(maxsize=1)
def rules() -> tuple[LawRule, ...]:
    """Every rule, in the order of the table."""
    held = json.loads((Path(__file__).parent / "law.json").read_bytes())
    return tuple(
        LawRule(
            id=each["id"],
            area=each["area"],
            packs=tuple(each["packs"]),
            asks=each["asks"],
            source=tuple(each["source"]),
            mode=each["mode"],
            by=tuple(Means(kind=means["kind"], name=means["name"]) for means in each["by"]),
            falls_short=each.get("falls_short", ""),
        )
        for each in held["rules"]
    )


def rule(id_: str) -> LawRule | None:
    """The rule of that id, or None: the send table also has rules of its own, such as those of the kill switch."""
    return next((each for each in rules() if each.id == id_), None)
