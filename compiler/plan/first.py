"""A tenant seen for the first time: everything it says and every setting, as new. Nothing of it is looser than before.

What it says is let through by approvals, as everywhere. What it may do is bounded by its packs, which the compiler holds it
to, and is looked at in the review that merges it: so settings are told, and need nobody by themselves.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from compiler.plan.change import ADDED, BEHAVIOUR, COSMETIC, NEEDS_APPROVAL, Change
from compiler.plan.compare import KINDS, compare
from compiler.plan.covered import approvable
from compiler.plan.fields import DERIVED, pointer_of, way_of
from compiler.plan.rules import rule_of

SETTING = "SETTING_FIRST_SEEN"
# Told item by item.
ITEMS = ("claims", "prohibited", "links", "connections", "quick_replies", "campaigns", "consent_bases")
# Told property by property.
SETTINGS = ("tenant", "persona", "policy", "limits", "lines", "escalation", "journeys", "record")
LISTS = ("handoff_words", "guardrails")
# Of packs, which say it for every tenant that takes them.
NOT_ITS_OWN = (
    "sources",
    "duties",
    "checklist",
    "packs",
    "opening_order",
    "retention_floor",
    "more",
    "organisation",
)


def first(after: Mapping[str, Any]) -> Iterator[Change]:
    """Everything in a bundle with which nothing can be compared."""
    nothing = {**{section: [] for section in ITEMS}, "tenant": after["tenant"]}
    for change in compare(nothing, {section: after[section] for section in (*ITEMS, "tenant")}):
        yield _new(change)
    slug = str(after["tenant"]["slug"])
    for section in SETTINGS:
        for name, value in sorted(after[section].items()):
            path = f"{section}/{name}"
            if (
                path not in DERIVED
                and not (section == "record" and name in NOT_ITS_OWN)
                and value not in (None, [], {})
            ):
                yield _new(_setting(section, name, value, slug))
    for section in LISTS:
        if after[section]:
            yield _new(_setting(section, "", after[section], slug))


def _setting(section: str, name: str, value: Any, slug: str) -> Change:
    pointer = pointer_of(section, "")
    path = f"{section}/{name}" if name else section
    own = name and section in ("policy", "limits")
    kind = KINDS.get(section, section.replace("_", " "))
    there = pointer_of(path, pointer) if name else pointer
    return Change(
        klass=NEEDS_APPROVAL,
        rule=rule_of(there, path, ADDED, None),
        kind=kind if not own else section.removesuffix("s"),
        id=name if own else slug,
        what=ADDED if own or not name else name,
        op=ADDED,
        after=value,
        pointer=there,
    )


def _new(change: Change) -> Change:
    """Without a direction, which needs something before it. What can be approved has to be."""
    if approvable(change) is not None:
        return replace(change, klass=NEEDS_APPROVAL, direction=None)
    klass = COSMETIC if way_of(change.pointer) == "cosmetic" else BEHAVIOUR
    return replace(change, klass=klass, rule=SETTING, direction=None)
