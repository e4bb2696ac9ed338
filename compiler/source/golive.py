"""The go-live checklists of a tenant's packs, what its golive.yaml shows for each item, and what a sign-off signs for. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from compiler.diagnostics import ERROR, WARNING
from compiler.source.context import Context
from compiler.source.held import composed
from compiler.source.model import Source
from compiler.source.people import same_person
from compiler.source.tree import Map
from schemas.bundle import canonical

SUBJECT_DOMAIN = b"convo.golive/v1\0"
MISSING, STALE, OFFICE, FUTURE, NAMES, SUBJECT = "missing", "stale", "office", "future", "names", "subject"
SEVERITIES: Mapping[str, str] = {"live": ERROR, "staging": WARNING}  # in the sandbox nothing need be shown

# What must be whole before anybody can say what a sign-off is for.
ALL_KINDS = (
    "calendar", "caps", "channels", "checklist", "claims", "consent", "destinations", "golive", "guardrails", "journeys",
    "optout", "pack", "persona", "signals", "tenant",
)  # fmt: skip

OFFICES: Mapping[str, str] = {
    "solicitor": "the firm's solicitor or compliance officer",
    "data_protection": "the data protection lead",
    "operations": "operations",
    "engineering": "engineering",
    "senior_manager": "the accountable senior manager",
}

_ORDERED = {
    "opening",
    "required_with",
    "claims",
    "steps",
    "options",
    "opening_order",
}  # lists whose order is said
_NOT_SAID = {"note"}  # of a claim: nothing a customer is told, and nothing that leads to what they are
_OF_TENANT = (
    "legal_entity",
    "role",
    "perimeter",
    "nation",
    "language",
    "packs",
    "values",
    "residency",
    "processors",
)
_SECTIONS = ("persona", "consent", "destinations", "guardrails", "journeys", "channels")
_OF_PACK = ("pack", "consent")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item of a checklist. `people`: how many must sign; `bound`: whether they sign for the tenant's content."""

    id: str
    raw: Map
    pack: str
    signer: str
    people: int
    bound: bool
    max_age_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What is wrong with the evidence of one item. `record` is the line it is about, None when there is none."""

    item: Item
    what: str
    record: Map | None


def severity(context: Context) -> str | None:
    """How bad a gap is: an error for live, a warning for staging, nothing in the sandbox."""
    return SEVERITIES.get(context.stage)


def items(source: Source) -> dict[str, Item]:
    """Every item of the packs' checklists by id; of two with one id the first pack's."""
    found: dict[str, Item] = {}
    for pack in source.packs:
        for raw in pack.checklist:
            item = Item(
                id=raw["id"],
                raw=raw,
                pack=pack.id,
                signer=raw["signer"],
                people=raw.get("people", 1),
                bound=raw.get("bound", False),
                max_age_days=raw["max_age_days"],
            )
            found.setdefault(item.id, item)
    return found


def judged(source: Source, context: Context, what: str) -> Iterator[Verdict]:
    """The items whose evidence has this fault. Each item has one fault at most, the first that stands in its way."""
    oldest = date.fromisoformat(context.today)
    for item in items(source).values():
        records = [record for record in source.evidence if record["item"] == item.id]
        verdict = _judge(
            source, item, records, context.today, f"{oldest - timedelta(days=item.max_age_days)}"
        )
        if verdict is not None and verdict.what == what:
            yield verdict


def _judge(source: Source, item: Item, records: list[Map], today: str, oldest: str) -> Verdict | None:
    newest = max(records, key=lambda record: str(record["shown_on"]), default=None)
    records = [record for record in records if _to_see(record)]
    if newest is None or not records:
        return Verdict(item=item, what=MISSING, record=newest)
    standing = [record for record in records if oldest <= record["shown_on"] <= today]
    if not standing:
        return Verdict(item=item, what=FUTURE if newest["shown_on"] > today else STALE, record=newest)
    if item.bound:
        subject = subject_of(source)
        standing = [record for record in standing if record.get("subject") == subject]
        if not standing:
            return Verdict(item=item, what=SUBJECT, record=newest)
    if not any(record["signer"] == item.signer for record in standing):
        return Verdict(item=item, what=OFFICE, record=standing[-1])
    if _people(standing) < item.people:
        return Verdict(item=item, what=NAMES, record=standing[-1])
    return None


def _to_see(record: Map) -> bool:
    """Whether there is something to look at: a sentence about evidence is none."""
    return "document" in record or "link" in record


def _people(records: list[Map]) -> int:
    """How many different people signed. One name in two spellings is one person."""
    known: list[str] = []
    for record in records:
        if not any(same_person(record["signed_by"], name) for name in known):
            known.append(record["signed_by"])
    return len(known)


def subject_of(source: Source) -> str:
    """`sha256:<hex>` of all a sign-off answers for: the register, the persona, the packs, consent, destinations, connections.

    Notes, who may approve, colours and the order of lists that are sets are not part of it.
    """
    tenant, known = source.sections.get("tenant", Map("", None)), items(source)
    said = {
        "tenant": {"slug": source.slug, **{key: tenant[key] for key in _OF_TENANT if key in tenant}},
        "claims": {
            claim.id: {
                **{key: value for key, value in claim.raw.items() if key not in _NOT_SAID},
                "document": source.documents.get(claim.raw["document"], "")
                if "document" in claim.raw
                else None,
            }
            for claim in source.claims.values()
        },
        "sections": {kind: source.sections[kind] for kind in _SECTIONS if kind in source.sections},
        "packs": {
            pack.id: {
                **{kind: pack.sections[kind] for kind in _OF_PACK if kind in pack.sections},
                "signals": {category.id: category.raw for category in pack.categories},
                "optout": {raw["language"]: raw for raw in pack.optouts},
                "checklist": {raw["id"]: raw for raw in pack.checklist},
            }
            for pack in source.packs
        },
        "shown": [
            [record["item"], source.documents.get(record.get("document", ""), ""), record.get("link", "")]
            for record in source.evidence
            if record["item"] in known and not known[record["item"]].bound
        ],
    }
    return "sha256:" + hashlib.sha256(SUBJECT_DOMAIN + canonical(composed(_settled(said)))).hexdigest()


def _settled(value: Any, key: str = "") -> Any:
    """The same value with texts tidied, and lists that are sets in one order."""
    match value:
        case str():
            return value.strip()
        case dict():
            return {name: _settled(held, name) for name, held in value.items()}
        case list() | tuple():
            held = [_settled(each) for each in value]
            return held if key in _ORDERED else sorted(held, key=lambda each: canonical(composed(each)))
        case _:
            return value
