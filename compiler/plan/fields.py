"""Where each field of a bundle stands in the schemas, and from there what changing it means.

The schemas say it by `x-convo-change`. Only names that differ are listed here; a field whose property the schemas do not
know, or do not class, needs approval.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.plan.change import BEHAVIOUR, BREAKING, COSMETIC, LOOSENED, NEEDS_APPROVAL, TIGHTENED
from schemas.properties import property_at

UP, DOWN = "loosen_up", "loosen_down"
CLASS_OF = {
    "breaking": BREAKING,
    "reapproval": NEEDS_APPROVAL,
    "behaviour": BEHAVIOUR,
    "cosmetic": COSMETIC,
}

# Fields that follow from others, or say where something stands: no change of their own.
DERIVED = frozenset(
    {
        "format",
        "unapproved",
        "tenant/example",
        "tenant/hours_text",
        "tenant/values/form_url",
        "persona/topic",
        "claims/*/file",
        "claims/*/line",
        "claims/*/digest",
        "prohibited/*/file",
        "prohibited/*/line",
        "record/duties/*/pack",
    }
)
# Whether a claim is approved is no property of any file.
OWN_CLASS: Mapping[str, str] = {"claims/*/approvals": COSMETIC, "claims/*/approved": BEHAVIOUR}
PLACES: Mapping[str, str] = {
    "claims/*/sources": "claims/*/source",
    "claims/*/texts": "claims/*/says",
    "claims/*/document_digest": "claims/*/document",
    "prohibited": "claims",
    "prohibited/*/sources": "claims/*/source",
    "categories": "signals",
    "opt_out/*": "optout",
    "handoff_words": "guardrails/handoff_words",
    "lines": "persona/lines",
    "links": "destinations/links",
    "connections": "channels/connections",
    "consent_bases": "consent/bases",
    "consent_bases/*/id": "consent/bases/*/purpose",
    "guardrails": "guardrails/active",
    "quick_replies": "journeys/quick_replies",
    "campaigns": "journeys/campaigns",
    "escalation": "destinations/escalation",
    "policy/timezone": "tenant/timezone",
    "policy/open_minute": "consent/open_from",
    "policy/close_minute": "consent/open_until",
    "policy/quiet_weekdays": "consent/quiet_weekdays",
    "policy/quiet_dates": "calendar/nations/*/days",
    "policy/proactive_per_day": "consent/per_day",
    "policy/proactive_per_30_days": "consent/per_30_days",
    "policy/min_gap_hours": "consent/min_gap_hours",
    "policy/strikes": "consent/strikes",
    "policy/consent_max_age_days": "consent/max_age_days",
    "policy/window_hours": "consent/window_hours",
    "policy/spend_pence_per_day": "caps/spend_pence/per_day",
    "policy/spend_pence_per_contact_per_day": "caps/spend_pence/per_contact_per_day",
    "policy/prices": "caps/prices",
    "journeys/activation/hours/open_from": "journeys/activation/hours/from",
    "journeys/activation/hours/open_until": "journeys/activation/hours/until",
    "limits/inbound_per_contact_per_minute": "caps/rates/inbound_per_contact_per_minute",
    "limits/outbound_per_minute": "caps/rates/outbound_per_minute",
    "limits/concurrency": "caps/concurrency",
    "limits/pence_per_turn": "caps/models/pence_per_turn",
    "limits/cheaper_from_percent": "caps/models/cheaper_from_percent",
    "limits/credits_per_month": "caps/credits/per_month",
    "limits/credits_warn_at_percent": "caps/credits/warn_at_percent",
    **{
        f"record/{name}": f"tenant/{name}"
        for name in ("role", "plan", "business", "account", "perimeter", "approvers", "review_keys", "residency", "processors")
    },
    "record/perimeter/opinion_digest": "tenant/perimeter/opinion",
    "record/domains": "destinations/domains",
    "record/consent/allowed_bases": "consent/allowed_bases",
    "record/consent/evidence": "consent/evidence",
    "record/consent/scope": "consent/opt_out/scope",
    "record/consent/confirmations": "consent/opt_out/confirmations",
    "record/consent/resubscribe": "consent/opt_out/resubscribe",
    "record/voice": "persona/voice",
    "record/models": "persona/models",
    "record/duties": "pack/duties",
    "record/opening_order": "pack/opening_order",
    "record/retention_floor": "pack/retention_days",
    "record/checklist": "checklist",
    "record/packs": "pack",
    "record/packs/*": "pack",
    "record/packs/*/consent": "consent",
    "record/packs/*/fee_caps/bands/*/id": "pack/fee_caps/bands/*/from_pounds",
    "record/sources": "sources",
    "record/organisation": "organisation",
}  # fmt: skip
# What packs and organisations ask and tenants say of the same thing.
OWN: Mapping[str, str] = {
    "pack/guardrails": "guardrails/active",
    "pack/handoff_words": "guardrails/handoff_words",
    "pack/domains": "destinations/domains",
    "organisation/per_day": "consent/per_day",
    "organisation/per_30_days": "consent/per_30_days",
}
# Lists in a file that a bundle holds by name.
KEYED = frozenset({"destinations/links/*/answers", "organisation/owners"})
# What a value that is not there stands for, of values that have a direction. Elsewhere its absence must be looked at.
ABSENT: Mapping[str, str] = {
    "caps/prices": "strictest",  # counts as the dearest
    "caps/credits": "strictest",
    "signals/*/sla_minutes": "loosest",  # no deadline
    "consent/opt_out": "loosest",
}
# What only says where claims rest: one more or fewer changes nothing by itself.
HARMLESS = frozenset({"sources"})
# One dropped is no longer asked for, one more opens another way: neither is stricter.
NEVER_STRICTER = frozenset({"consent/bases"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What one change means, before anybody let it through."""

    klass: str
    direction: str | None = None


def pointer_of(path: str, above: str) -> str:
    """The schema's pointer of a bundle's field whose parent stands at `above`."""
    return PLACES.get(path) or (f"{above}/{path.rsplit('/', 1)[1]}" if above else path)


def way_of(pointer: str) -> str | None:
    """The x-convo-change of a property; an item without one is as its list."""
    found = property_at(pointer)
    if found is not None and found.change is None and pointer.endswith("/*"):
        return way_of(pointer[:-2])
    return found.change if found is not None else None


def judge(pointer: str, before: Any, after: Any) -> Verdict:
    """A value that became another, or appeared or went."""
    way = way_of(pointer)
    if way not in (UP, DOWN):
        return Verdict(klass=CLASS_OF.get(way or "", NEEDS_APPROVAL))
    more = _more(pointer, before, after)
    if more is None:
        return Verdict(klass=NEEDS_APPROVAL)
    return directed(looser=more == (way == UP))


def judge_entry(pointer: str, *, added: bool) -> Verdict:
    """An entry of the list at `pointer` that came or went."""
    way = way_of(pointer)
    if pointer in HARMLESS:
        return Verdict(klass=BEHAVIOUR)
    if pointer in NEVER_STRICTER:
        return directed(looser=True)
    if way in (UP, DOWN):
        return directed(looser=added == (way == UP))
    if way in ("behaviour", "cosmetic") and not (added and _approved_within(pointer)):
        return Verdict(klass=CLASS_OF[way])
    if added or way == "reapproval" or way_of(f"{pointer}/*/id") != "breaking":
        return Verdict(klass=NEEDS_APPROVAL)
    return Verdict(klass=BREAKING)


def judge_order(pointer: str) -> Verdict:
    """The same entries in another order."""
    way = way_of(pointer)
    return Verdict(klass=BEHAVIOUR if way in (UP, DOWN) else CLASS_OF.get(way or "", NEEDS_APPROVAL))


def directed(*, looser: bool) -> Verdict:
    return (
        Verdict(klass=BREAKING, direction=LOOSENED)
        if looser
        else Verdict(klass=BEHAVIOUR, direction=TIGHTENED)
    )


def _approved_within(pointer: str) -> bool:
    """Whether the items of a list hold anything a reviewer approves."""
    names = ("claims", "match", "steps", "says")
    return any(way_of(f"{pointer}/*/{name}") == "reapproval" for name in names)


def _more(pointer: str, before: Any, after: Any) -> bool | None:
    """Whether `after` is more than `before`; None where that cannot be said."""
    if before is None or after is None:
        return _against_nothing(pointer, came=before is None)
    order = property_at(pointer)
    if order is not None and before in order.order and after in order.order:
        return order.order.index(after) > order.order.index(before)
    if isinstance(before, bool | int) and isinstance(after, bool | int):
        return after > before
    if (
        isinstance(before, str)
        and isinstance(after, str)
        and len(before) == len(after)
        and before[:1].isdigit()
    ):
        return after > before  # days and times of day: their text sorts as they do
    return None


def _against_nothing(pointer: str, *, came: bool) -> bool | None:
    stands = next(
        (ABSENT[name] for name in ABSENT if pointer == name or pointer.startswith(f"{name}/")), None
    )
    if stands is None:
        return None
    looser = came == (stands == "strictest")
    return looser == (way_of(pointer) == UP)
