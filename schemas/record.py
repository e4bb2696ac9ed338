"""The rest of a tenant, as its bundle carries it: journeys, upper limits, and what the firm states for its reviewers.

The runtime need not act on all of it. It is here so that a bundle holds everything somebody answers for, and a plan that
compares two bundles can miss nothing. Bundles made before these sections existed have none of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """When the assistant answers by itself, local time as hh:mm; `weekdays` by name."""

    open_from: str
    open_until: str
    weekdays: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """When the assistant answers. `hours` only where the tenant gives them."""

    auto_reply: bool
    mode: str  # always_on | keyword_triggered | business_hours | new_contacts_only
    keywords: tuple[str, ...]
    hours: WorkingHours | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AskFlow:
    """Claims and questions in the order of a conversation."""

    id: str
    steps: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """A campaign sent when nothing came back for so many hours."""

    id: str
    campaign: str
    after_hours: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointments:
    """Whether and how appointments are offered."""

    enabled: bool
    slot_minutes: int
    notice_hours: int
    max_days_ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LeadScore:
    """Points by event."""

    enabled: bool
    weights: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Journeys:
    """How conversations begin and go on."""

    activation: Activation
    ask_flows: tuple[AskFlow, ...]
    follow_ups: tuple[FollowUp, ...]
    appointments: Appointments
    lead_score: LeadScore


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Upper limits beside the policy's: rates a minute, conversations at once, pence a turn. None: not stated."""

    inbound_per_contact_per_minute: int
    outbound_per_minute: int
    concurrency: int
    pence_per_turn: int
    cheaper_from_percent: int
    credits_per_month: int | None
    credits_warn_at_percent: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Perimeter:
    """The permission or opinion under which the tenant speaks; the opinion's sha256 stands with its name."""

    permission: str
    opinion: str
    opinion_digest: str
    reviewed_by: str
    review_by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Approver:
    """Who may approve what, with which public key."""

    name: str
    role: str
    key: str
    approves: tuple[str, ...]
    login: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewKey:
    """A key of CI that may sign lines it has read from reviews."""

    name: str
    key: str
    host: str
    repository: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Processor:
    """Who processes personal data for the firm, where and under which agreement."""

    name: str
    does: str
    region: str
    agreement: str
    signed_on: str
    transfer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRules:
    """Rules about consent that the packs and the tenant set together, the strictest of each."""

    allowed_bases: tuple[str, ...]
    evidence: tuple[str, ...]
    scope: str
    confirmations: int | None
    resubscribe: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty:
    """What a pack obliges the tenant to say."""

    id: str
    pack: str
    says: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChecklistItem:
    """What must be shown before going live, by whom it is signed and how old it may be."""

    id: str
    gate: str
    item: str
    evidence: str
    signer: str
    max_age_days: int | None
    people: int = 1  # how many must sign
    bound: bool = False  # whether any change of what the tenant says and does voids it


@dataclass(frozen=True, slots=True, kw_only=True)
class PackFloor:
    """What one pack by itself asks of its tenants; in force is the strictest of all packs and the tenant.

    `consent` and `retention_days` keep the names of the pack's files, `fee_caps` too, its bands by the pound they begin at.
    """

    id: str
    guardrails: tuple[str, ...]
    handoff_words: tuple[str, ...]
    domains: tuple[str, ...]
    statuses: tuple[str, ...]
    required_for: Mapping[str, Any]
    retention_days: Mapping[str, int]
    fee_caps: Mapping[str, Any] | None
    consent: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Citation:
    """Where claims rest: an entry of sources.yaml. `seen`: primary, secondary or memory."""

    id: str
    title: str
    url: str
    date: str
    seen: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    """The group the tenant belongs to: its tenants (STOP ALL reaches them) and its owners' addresses by name.

    `per_day` and `per_30_days` are the most messages we start to one person, of all its tenants together.
    """

    slug: str
    display_name: str
    tenants: tuple[str, ...]
    owners: Mapping[str, str]
    per_day: int | None = None  # None: made before bundles carried it
    per_30_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """A property that no type here names yet, carried whole. `id`: whose it is and which, as in `plain persona/x`."""

    id: str
    owner: str  # the tenant's slug, `_packs/<pack>` or `_organisations`
    item: str  # the id of the list's item it belongs to, or empty
    property: str  # its place in the schemas, as in `journeys/quick_replies/*/x`
    value: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """What the firm states and its packs ask of it. Mappings keep the names of the tenant's files."""

    role: str
    plan: str
    business: Mapping[str, str]
    account: Mapping[str, str]
    perimeter: Perimeter
    approvers: tuple[Approver, ...]
    review_keys: tuple[ReviewKey, ...]
    residency: Mapping[str, Any]
    processors: tuple[Processor, ...]
    domains: tuple[str, ...]
    consent: ConsentRules
    voice: Mapping[str, Any]
    models: Mapping[str, Any]
    duties: tuple[Duty, ...]
    opening_order: tuple[str, ...]
    retention_floor: Mapping[str, int]
    checklist: tuple[ChecklistItem, ...]
    sources: tuple[Citation, ...]
    organisation: Organisation
    more: tuple[Extra, ...] = field(default=())
    packs: tuple[PackFloor, ...] = field(default=())


def journeys(doc: Mapping[str, Any]) -> Journeys:
    """The section `journeys` of a bundle. Raises KeyError or TypeError when it is not one."""
    activation = doc["activation"]
    hours = activation["hours"]
    return Journeys(
        activation=Activation(
            **{
                **_lists(activation),
                "hours": None if hours is None else WorkingHours(**_lists(hours)),
            }
        ),
        ask_flows=tuple(AskFlow(**_lists(flow)) for flow in doc["ask_flows"]),
        follow_ups=tuple(FollowUp(**follow_up) for follow_up in doc["follow_ups"]),
        appointments=Appointments(**doc["appointments"]),
        lead_score=LeadScore(**doc["lead_score"]),
    )


def limits(doc: Mapping[str, Any]) -> Limits:
    """The section `limits` of a bundle."""
    return Limits(**doc)


def record(doc: Mapping[str, Any]) -> Record:
    """The section `record` of a bundle."""
    typed: dict[str, Any] = {
        "perimeter": Perimeter(**doc["perimeter"]),
        "approvers": tuple(Approver(**_lists(each)) for each in doc["approvers"]),
        "review_keys": tuple(ReviewKey(**each) for each in doc["review_keys"]),
        "processors": tuple(Processor(**each) for each in doc["processors"]),
        "consent": ConsentRules(**_lists(doc["consent"])),
        "duties": tuple(Duty(**each) for each in doc["duties"]),
        "checklist": tuple(ChecklistItem(**each) for each in doc["checklist"]),
        "sources": tuple(Citation(**each) for each in doc["sources"]),
        "organisation": Organisation(**_lists(doc["organisation"])),
        "more": tuple(Extra(**each) for each in doc["more"]),
        "packs": tuple(PackFloor(**_lists(each)) for each in doc.get("packs", ())),
    }
    return Record(**{**_lists(doc), **typed})


def _lists(doc: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in doc.items()}
