"""What lets a change through: the approval of a claim or script as it now stands, or a waiver of exactly this change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from compiler.plan.change import BREAKING, NEEDS_APPROVAL, Change
from compiler.plan.filled import VALUES
from compiler.plan.rules import APPROVE, RULES
from compiler.plan.waivers import Waiver, waived
from compiler.source.held import Held

ALL_APPROVED = "every claim and script of it is approved"
_SCRIPTS = {"quick reply": "quick_reply/", "campaign": "campaign/"}
_PERSONA = "persona"
_IN_SCRIPT = ("name", "display_name", "languages", "voice", "opening", "lines", "phrases", "prompt")


def approvable(change: Change) -> str | None:
    """What one would approve to let a change through, as `convo approve` names it; None where approving does nothing."""
    if change.kind == "claim" and RULES[change.rule].way == APPROVE:
        return change.id
    if change.kind in _SCRIPTS and RULES[change.rule].way == APPROVE:
        return _SCRIPTS[change.kind] + change.id
    section, _, rest = change.pointer.partition("/")
    return _PERSONA if section == _PERSONA and rest.split("/")[0] in _IN_SCRIPT else None


def by_approval(change: Change, held: Held, *, fills: Sequence[str] = ()) -> Change:
    """The change, let through where what it is about is approved as it now stands. `fills`: the claims a value fills."""
    if change.rule == "TENANT_ADDED":
        return replace(change, covered=ALL_APPROVED if held.whole else "")
    if change.pointer.startswith(VALUES):
        return _by_claims(change, held, fills)
    subject = approvable(change)
    if subject is None or change.klass not in (BREAKING, NEEDS_APPROVAL):
        return change
    if subject not in held.digests or not held.approved(subject):
        return replace(change, covered="")
    names = sorted({f"{line['by']} ({line['role']})" for line in held.lines[subject]})
    return replace(change, covered="approved by " + ", ".join(names))


def _by_claims(change: Change, held: Held, claims: Sequence[str]) -> Change:
    """A value is part of what is approved of every claim it is filled into."""
    if change.klass not in (BREAKING, NEEDS_APPROVAL) or not claims:
        return change
    if not all(claim in held.digests and held.approved(claim) for claim in claims):
        return change
    names = sorted({f"{line['by']} ({line['role']})" for claim in claims for line in held.lines[claim]})
    return replace(change, covered=f"{', '.join(claims)} approved by {', '.join(names)}")


def by_waiver(change: Change, tenant: str, waivers: Sequence[Waiver]) -> Change:
    """The change, let through where it still has to be and a waiver does."""
    if not change.open:
        return change
    found = waived(change, tenant, waivers)
    return change if found is None else replace(change, covered=found.told())
