"""Which properties of a tenant's files the bundle carries under names of its own, and which it leaves out and why.

Whatever stands in a file and in neither list is carried as it is, in `record.more`: a property nobody thought of here can
be missed by no plan. Pointers are `<kind>/<property>/...`, with `*` for the items of a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from compiler.source.files import Folder
from compiler.source.tree import Map, Seq

# A property of which nothing deeper is listed is carried whole.
CARRIED: Mapping[str, str] = {
    "tenant": "slug display_name organisation legal_entity role plan business account nation timezone language packs values"
    " accent approvers/*/name approvers/*/role approvers/*/key approvers/*/approves approvers/*/login review_keys/*/name"
    " review_keys/*/key review_keys/*/host review_keys/*/repository residency processors/*/name processors/*/does"
    " processors/*/region processors/*/agreement processors/*/signed_on processors/*/transfer retention_days"
    " perimeter/permission perimeter/opinion perimeter/reviewed_by perimeter/review_by",
    "persona": "name display_name languages voice max_chars preset models opening lines phrases prompt",
    "claims": "*/id */kind */says */short */answer */translations */covers */when */required_with */repeat_after_days"
    " */never_say */match */allow */source */document */slots */channels */audience */effective */expires */review_by"
    " */options */topic */questions",
    "consent": "bases/*/purpose bases/*/basis bases/*/channels bases/*/evidence allowed_bases evidence max_age_days open_from"
    " open_until quiet_weekdays quiet_bank_holidays per_day per_30_days min_gap_hours strikes window_hours opt_out/scope"
    " opt_out/confirmations opt_out/resubscribe",
    "caps": "rates/inbound_per_contact_per_minute rates/outbound_per_minute concurrency spend_pence/per_day"
    " spend_pence/per_contact_per_day prices models/pence_per_turn models/cheaper_from_percent credits/per_month"
    " credits/warn_at_percent",
    "destinations": "links/*/id links/*/claim links/*/url links/*/slot links/*/tracking_ref links/*/requires"
    " links/*/answers/*/question links/*/answers/*/answer domains escalation",
    "channels": "connections/*/id connections/*/channel connections/*/stage connections/*/address connections/*/base_url"
    " connections/*/signature connections/*/secrets connections/*/options connections/*/origins connections/*/outreach",
    "guardrails": "active handoff_words categories/*/id categories/*/reply categories/*/patterns/*/id"
    " categories/*/patterns/*/match categories/*/patterns/*/lang categories/*/patterns/*/unless",
    "journeys": "activation/auto_reply activation/mode activation/keywords activation/hours/from activation/hours/until"
    " activation/hours/weekdays ask_flows/*/id ask_flows/*/steps quick_replies/*/id quick_replies/*/title"
    " quick_replies/*/claims quick_replies/*/questions campaigns/*/id campaigns/*/purpose campaigns/*/claims"
    " campaigns/*/template campaigns/*/language follow_ups/*/id follow_ups/*/campaign follow_ups/*/after_hours"
    " appointments/enabled appointments/slot_minutes appointments/notice_hours appointments/max_days_ahead"
    " lead_score/enabled lead_score/weights",
    "sources": "*/id */title */url */date */seen",
    "organisation": "slug display_name tenants per_day per_30_days owners/*/name owners/*/email",
    "pack": "duties/*/id duties/*/says duties/*/when guardrails handoff_words lines opening_order domains retention_days"
    " statuses fee_caps/effective fee_caps/source fee_caps/bands/*/from_pounds fee_caps/bands/*/to_pounds"
    " fee_caps/bands/*/percent fee_caps/bands/*/max_pence required_for/roles required_for/channels required_for/unless",
    "signals": "*/id */priority */reply */send_class */hold */case */sla_minutes */suppress */stops_bot */page */after"
    " */pause_days"
    " */patterns/*/id */patterns/*/match */patterns/*/lang */patterns/*/unless",
    "optout": "language exact contains unless stop_all",
    "calendar": "nations/*/nation nations/*/days/*/date",
    "checklist": "*/id */gate */item */evidence */signer */max_age_days */people */bound",
}
LEFT_OUT: Mapping[str, str] = {
    "tenant/schema": "how the files are written, not what they say",
    "claims/*/note": "a remark among reviewers",
    "sources/*/note": "a remark among reviewers",
    "pack/id": "the name of its folder, by which tenants take it",
    "pack/title": "the name of the pack for its readers",
    "pack/says": "the summary of the pack for its readers",
    "pack/duties/*/source": "where the duty comes from, for its readers",
    "signals/*/says": "the summary of the signal for its readers",
    "signals/*/patterns/*/examples": "what the compiler tries the patterns on",
    "guardrails/categories/*/patterns/*/examples": "what the compiler tries the patterns on",
    "optout/status": "how well the words were checked; no word differs by it",
    "optout/examples": "what the compiler tries the words on",
    "calendar/covers_until": "when the compiler must warn that the calendar ends",
    "calendar/nations/*/days/*/name": "the day counts, not what it is called",
    "approvals": "about claims; each claim carries the approvals that hold",
    "golive": "evidence, judged when compiling for live",
    "waivers": "about one change, not about the tenant",
    "drills": "played against the tenant, never by it",
}


def pointers() -> Iterator[str]:
    """Every pointer of both lists."""
    for kind, names in CARRIED.items():
        for name in names.split():
            yield f"{kind}/{name}"
    yield from LEFT_OUT


def _tree() -> dict[str, Any]:
    made: dict[str, Any] = {}
    for pointer in pointers():
        here = made
        for step in pointer.split("/"):
            here = here.setdefault(step, {})
    return made


_KNOWN = _tree()


def unknown(data: Any, kind: str, owner: str) -> Iterator[dict[str, Any]]:
    """What stands in a file's data (or in a part of it) and is in neither list, as entries of `record.more`."""
    yield from _unknown(data, _KNOWN[kind], kind, owner, "")


def unknown_in(folder: Folder) -> tuple[dict[str, Any], ...]:
    """`unknown` of every file of a folder. Worked out once for a pack, however many tenants take it."""
    return _unknown_in(_Same(folder))


class _Same:
    """A folder as a key: the very same one, not one like it."""

    __slots__ = ("folder",)

    def __init__(self, folder: Folder) -> None:
        self.folder = folder

    def __hash__(self) -> int:
        return id(self.folder)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and self.folder is other.folder


@lru_cache(maxsize=32)  # the packs of a folder; tenants pass through
def _unknown_in(key: _Same) -> tuple[dict[str, Any], ...]:
    folder = key.folder
    return tuple(e for f in folder.files if f.kind in _KNOWN for e in unknown(f.data, f.kind, folder.prefix))


def _unknown(
    data: Any, known: dict[str, Any], pointer: str, owner: str, item: str
) -> Iterator[dict[str, Any]]:
    if isinstance(data, Seq):
        inner = known.get("*")
        for each in data if inner else ():
            yield from _unknown(each, inner or {}, f"{pointer}/*", owner, item)
    elif isinstance(data, Map):
        name = data.get("id")
        item = name if isinstance(name, str) else item
        for key in sorted(data.keys() - known.keys()):
            place = f"{pointer}/{key}"
            yield {
                "id": " ".join(word for word in (owner, item, place) if word),
                "owner": owner,
                "item": item,
                "property": place,
                "value": plain(data[key]),
            }
        for key, inner in known.items():
            if inner and key in data:
                yield from _unknown(data[key], inner, f"{pointer}/{key}", owner, item)


def plain(value: Any) -> Any:
    """The value without the places it was read from."""
    match value:
        case dict():
            return {key: plain(item) for key, item in value.items()}
        case list():
            return [plain(item) for item in value]
        case _:
            return value
