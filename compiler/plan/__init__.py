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
from compiler.plan.covered import ALL_APPROVED
from compiler.plan.first import first
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
    "removed",
]

# What an approval of a claim answers for; a claim that is approved as it now stands covers changes of just these.
APPROVED_FIELDS = (
    "CLAIM_ADDED",
    "CLAIM_REWORDED",
    "CLAIM_TERMS_CHANGED",
    "CLAIM_FOUND_DIFFERENTLY",
    "CLAIM_RENAMED",
)


def plan(base: bytes | None, head: bytes | None, *, unknown: bool = False) -> tuple[Change, ...]:
    """Every change from `base` (None: there was nothing) to `head` (None: nothing is left), the gravest first.

    `unknown`: there was something, but it does not compile. Then nobody can say what changes, and all of `head` is told.
    """
    before: dict[str, Any] = json.loads(base) if base is not None else {}
    after: dict[str, Any] = json.loads(head) if head is not None else {}
    if not after:
        return tuple(_removed(before)) if before else ()
    found = list(_told(before, after)) if before else list(_first(after, unknown=unknown))
    reaching = {c.id for c in found if c.kind == "claim" and c.rule in REACHING and not c.indirect}
    found = [_approved(change, after) for change in [*found, *affected(after, reaching)]]
    return tuple(sorted(found, key=lambda change: change.order))


def gravest(changes: Sequence[Change]) -> str | None:
    """The class of the whole plan, or None when nothing changes."""
    return min((c.klass for c in changes), key=CLASSES.index, default=None)


def removed(slug: str) -> Change:
    """The tenant is not there any more, whatever it was."""
    return Change(klass=BREAKING, rule="TENANT_REMOVED", kind="tenant", id=slug, what=REMOVED, op=REMOVED)


def _first(after: Mapping[str, Any], *, unknown: bool) -> Iterator[Change]:
    slug = after["tenant"]["slug"]
    if unknown:
        what = "cannot be compared"
        yield Change(klass=BREAKING, rule="BASE_DOES_NOT_COMPILE", kind="tenant", id=slug, what=what)
    else:
        yield Change(klass=NEEDS_APPROVAL, rule="TENANT_ADDED", kind="tenant", id=slug, what=ADDED, op=ADDED)
    yield from first(after)


def _removed(before: Mapping[str, Any]) -> Iterator[Change]:
    yield removed(before["tenant"]["slug"])


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
    """A claim approved as it now stands lets its own changes through; a tenant of which all is approved may come."""
    if change.rule == "TENANT_ADDED" and not after["unapproved"]:
        return replace(change, covered=ALL_APPROVED)
    if change.kind != KINDS["claims"] or change.rule not in APPROVED_FIELDS:
        return change
    claim = next((c for c in after["claims"] if c["id"] == change.id), None)
    if claim is None or not claim["approved"]:
        return change
    names = sorted({f"{a['by']} ({a['role']})" for a in claim["approvals"]})
    return replace(change, covered="approved by " + ", ".join(names))
