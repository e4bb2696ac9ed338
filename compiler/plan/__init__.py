"""Two bundles -> what changes, by id, how grave it is, which way it goes and what lets it through. Pure.

Both bundles must come from the same compiler. A loosening is breaking, a tightening only behaviour; a field nobody
thought of needs approval. What merely names a changed claim is listed as affected indirectly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from compiler.plan.change import (
    ADDED,
    BEHAVIOUR,
    BREAKING,
    CLASSES,
    COSMETIC,
    LOOSENED,
    NEEDS_APPROVAL,
    REMOVED,
    TIGHTENED,
    Change,
    Place,
    change_digest,
)
from compiler.plan.compare import KINDS, compare
from compiler.plan.indirect import REACHING, affected

__all__ = [
    "BEHAVIOUR",
    "BREAKING",
    "CLASSES",
    "COSMETIC",
    "LOOSENED",
    "NEEDS_APPROVAL",
    "TIGHTENED",
    "Change",
    "Place",
    "change_digest",
    "gravest",
    "plan",
]

# What a tenant's first bundle is said to add, item by item; the rest comes with it.
_SAID = ("claims", "prohibited", "links", "connections", "quick_replies", "campaigns", "consent_bases")
# What an approval of a claim answers for; a claim that is approved as it now stands covers changes of just these.
APPROVED_FIELDS = ("CLAIM_ADDED", "CLAIM_REWORDED", "CLAIM_TERMS_CHANGED", "CLAIM_RENAMED")


def plan(base: bytes | None, head: bytes | None) -> tuple[Change, ...]:
    """Every change from `base` (None: there was nothing) to `head` (None: nothing is left), the gravest first."""
    before: dict[str, Any] = json.loads(base) if base is not None else {}
    after: dict[str, Any] = json.loads(head) if head is not None else {}
    if not after:
        return tuple(_removed(before)) if before else ()
    found = list(_told(before, after)) if before else list(_first(after))
    reaching = {c.id for c in found if c.kind == "claim" and c.rule in REACHING and not c.indirect}
    found = [_approved(change, after) for change in [*found, *affected(after, reaching)]]
    return tuple(sorted(found, key=lambda change: change.order))


def gravest(changes: Sequence[Change]) -> str | None:
    """The class of the whole plan, or None when nothing changes."""
    return min((c.klass for c in changes), key=CLASSES.index, default=None)


def _first(after: Mapping[str, Any]) -> Iterator[Change]:
    slug = after["tenant"]["slug"]
    yield Change(klass=NEEDS_APPROVAL, rule="TENANT_ADDED", kind="tenant", id=slug, what=ADDED, op=ADDED)
    nothing = {**{section: [] for section in _SAID}, "tenant": after["tenant"]}
    yield from compare(nothing, {section: after[section] for section in (*_SAID, "tenant")})


def _removed(before: Mapping[str, Any]) -> Iterator[Change]:
    slug = before["tenant"]["slug"]
    yield Change(klass=BREAKING, rule="TENANT_REMOVED", kind="tenant", id=slug, what=REMOVED, op=REMOVED)


def _told(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """Direct changes; a required set that grew only because another claim's did follows from that."""
    old, new = ({c["id"]: c["digest"] for c in document["claims"]} for document in (before, after))
    for change in compare(before, after):
        follows = change.kind == "claim" and change.what.startswith("required_with")
        if follows and old.get(change.id) == new.get(change.id):
            yield replace(change, klass=BEHAVIOUR, rule="AFFECTED", direction=None, indirect=True)
        else:
            yield change


def _approved(change: Change, after: Mapping[str, Any]) -> Change:
    """A claim approved as it now stands lets its own changes through."""
    if change.kind != KINDS["claims"] or change.rule not in APPROVED_FIELDS:
        return change
    claim = next((c for c in after["claims"] if c["id"] == change.id), None)
    if claim is None or not claim["approved"]:
        return change
    names = sorted({f"{a['by']} ({a['role']})" for a in claim["approvals"]})
    return replace(change, covered="approved by " + ", ".join(names))
