"""The bundle: one tenant as immutable canonical JSON, and the typed values the runtime reads from it.

This file is the contract between the two halves. The compiler builds the JSON document (and reads it back through
`Bundle.decode`, so neither half can drift); the runtime only ever decodes bytes whose sha256 and signature it has checked.
Nothing here reads a clock, a disk or a network.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from schemas import record as recorded
from schemas import refusals
from schemas.record import Journeys, Limits, Record

FORMAT = "convo.bundle/v1"


class BundleError(ValueError):
    """The bytes are not a bundle this version can read. The message begins with its code (schemas.refusals)."""


def canonical(document: Any) -> bytes:
    """RFC 8785 for our profile: ASCII keys, integers within +-(2**53-1), NFC strings, no floats.

    Inside that profile sorted `json.dumps` gives the same bytes as a full RFC 8785 encoder.
    """
    return json.dumps(document, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode("utf-8")


def digest_of(data: bytes) -> str:
    """`sha256:<64 hex>` of the bytes as they are: what a bundle is named by."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """One line of approvals.yaml that held at compile time: who said this exact wording may be spoken."""

    by: str
    role: str
    on: str
    expires: str | None
    ref: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One statement of the register. `texts[language][variant]` is the only wording that may ever be sent.

    kind: disclosure | fact | process | question | signpost | line. Variants: `full` always, `short`, `answer`.
    Dates are ISO days; `expires` is the first day on which the claim is absent.
    Slots stand in the text as {name} and are listed in `slots`; their values are typed references, not free text.
    `required_with` is already closed: every claim that must have been shown with this one, in the order to show them.
    `repeat_after_days`: None = once per conversation is enough; n = show again after n days.
    """

    id: str
    kind: str
    texts: Mapping[str, Mapping[str, str]]
    slots: tuple[str, ...]
    when: str
    required_with: tuple[str, ...]
    repeat_after_days: int | None
    never_say: tuple[str, ...]
    sources: tuple[str, ...]
    effective: str
    expires: str | None
    review_by: str
    channels: tuple[str, ...]  # empty = every channel
    audience: tuple[str, ...]  # empty = everyone
    questions: tuple[str, ...]  # example questions this claim answers
    options: tuple[str, ...]  # for kind question: the choices offered, in neutral order
    topic: str = ""  # the approved words that offer this claim as a choice; empty = it is never offered
    digest: str
    approvals: tuple[Approval, ...]
    approved: bool
    file: str
    line: int
    covers: tuple[str, ...] = ()  # duties of the packs that it fulfils
    document: str = ""  # the file it quotes
    document_digest: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prohibited:
    """Wording no reply may hold (RE2 patterns on normalised text), except inside the claims of `allow`."""

    id: str
    says: str
    match: tuple[str, ...]
    allow: tuple[str, ...]
    file: str
    line: int
    sources: tuple[str, ...] = ()
    effective: str = ""
    expires: str | None = None
    review_by: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """One screen rule: an RE2 pattern on normalised inbound text. `lang` is a language tag, or `any`."""

    id: str
    match: str
    lang: str
    unless: tuple[str, ...]  # if any of these matches too, the pattern does not count


@dataclass(frozen=True, slots=True, kw_only=True)
class Category:
    """One signal a person may send (domain: signals.yaml) and everything that follows from it.

    priority 0 (human now) .. 3. `reply` is a claim id or None. `hold`: blocks every proactive class until a human lifts it.
    `send_class`: safety for P0, else reply. `case`: kind of case opened, or None. `suppress`: treat as an opt-out as well.
    `stops_bot`: no more bot turns until a human hands back. `page`: the case is for the person on call.
    `after`: how many times in one conversation before the case opens (1 = at once). `pause_days`: nothing is started with the
    person for so long.
    """

    id: str
    priority: int
    patterns: tuple[Pattern, ...]
    reply: str | None
    send_class: str
    hold: bool
    case: str | None
    sla_minutes: int | None
    suppress: bool
    stops_bot: bool
    page: bool
    after: int
    pause_days: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class OptOutWords:
    """Words that stop everything, matched on arrival by schemas.text.match_opt_out. Keys are language tags."""

    exact: tuple[str, ...]  # the whole message, after normalising
    contains: tuple[str, ...]  # a phrase anywhere
    unless: tuple[str, ...]  # phrases that make a `contains` hit harmless ("please don't stop")
    stop_all: tuple[str, ...]  # reach every tenant of the organisation


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Fixed lines by purpose: each the id of a claim in `claims`, so that provenance holds for them as well."""

    opt_out_confirmation: str
    holding: str
    handoff: str
    fallback: str
    no_answer: str
    clarify: str
    off_hours: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """Voice. Facts never come from here: `phrases` are the only sentences of a `say` allowed when no checker is up."""

    name: str
    display_name: str
    languages: tuple[str, ...]
    max_chars: int
    opening: tuple[str, ...]  # claim ids shown before or with the bot's first words, in order
    phrases: tuple[str, ...]
    preset: str
    prompt: str  # rendered at compile time
    topic: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """A destination. `requires`: claim ids that must have been shown, `answers`: question id -> the answer needed."""

    id: str
    url: str  # holds {ref} where the opaque tracking ref goes
    claim: str  # the claim (kind process) whose text carries this link
    requires: tuple[str, ...]
    answers: Mapping[str, str]
    slot: str = ""  # the slot its address fills
    tracking_ref: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """One configured number, inbox or widget. Secrets are references (`secret:NAME`, `env:NAME`, `file:NAME`).

    `id` is unique over all tenants of a deployment: it is the path segment of the webhook.
    """

    id: str
    channel: str  # whatsapp_360dialog | whatsapp_waha | webchat | email
    stage: str  # sandbox | staging | live
    address: str  # the number, mailbox or widget origin as people see it
    base_url: str
    signature: str  # header_secret | waha | svix | meta | hmac_sha256 | none (webchat)
    secrets: Mapping[
        str, str
    ]  # purpose -> reference, e.g. {"webhook": "secret:D360_HOOK", "api": "secret:D360_KEY"}
    options: Mapping[str, str]
    origins: tuple[str, ...]  # webchat: allowed origins
    outreach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the last look needs beside the send table. Hours are local to `timezone`, minutes from midnight."""

    timezone: str
    open_minute: int  # sending allowed from
    close_minute: int  # and strictly before
    quiet_weekdays: tuple[
        int, ...
    ]  # ISO weekday 1..7: WhatsApp and e-mail wait for the next opening, replies too
    quiet_dates: tuple[
        str, ...
    ]  # ISO days (bank holidays), the same; safety never waits, an open web chat is answered
    proactive_per_day: int
    proactive_per_30_days: int
    min_gap_hours: int
    strikes: int
    consent_max_age_days: int
    window_hours: int  # WhatsApp customer service window
    spend_pence_per_day: int
    spend_pence_per_contact_per_day: int
    # Micropence a message costs, by channel and send class. What is missing costs as much as the dearest.
    prices: Mapping[str, Mapping[str, int]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendRow:
    """One row of the compiled send table: in `state`, a message of `send_class` on `channel` meets `effect`.

    effect: refuse | drop | case | redo | defer | pause | page | template | send. `only`: restrictions on a send (all must hold),
    `otherwise`: the effect when one does not hold. `until`: what a defer waits for (`open`, `processed`, `frequency`, `kill`).
    `rule` names the rule a refusal is recorded under.
    """

    row: int
    state: str
    send_class: str
    channel: str
    effect: str
    only: tuple[str, ...]
    otherwise: str | None
    until: str | None
    rule: str


@dataclass(frozen=True, slots=True, kw_only=True)
class QuickReply:
    """A ready answer of the tenant: always a list of moves over approved claims, never free text."""

    id: str
    title: str
    claims: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Campaign:
    """A proactive message: claims in order, sent to contacts whose consent names this purpose."""

    id: str
    claims: tuple[str, ...]
    purpose: str
    template: str | None
    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Who speaks. `values` fill the `tenant.*` slots; `example` is true while any value still says EXAMPLE."""

    slug: str
    display_name: str
    organisation: str
    legal_entity: str
    nation: str
    timezone: str
    language: str
    packs: tuple[str, ...]
    values: Mapping[str, str]
    example: bool
    accent: Mapping[str, str]
    hours_text: str
    retention_days: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentBasis:
    """What starting a conversation rests on. For plans; the last look reads what people really agreed to."""

    id: str  # purpose and basis
    channels: tuple[str, ...]
    evidence: tuple[str, ...]  # what every consent row of it must hold


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """A tenant, decoded. `digest` is of the bytes it was decoded from. Look-ups are plain dicts, made once."""

    digest: str
    unapproved: bool
    tenant: Tenant
    persona: Persona
    claims: Mapping[str, Claim]
    prohibited: tuple[Prohibited, ...]
    categories: tuple[Category, ...]
    opt_out: Mapping[str, OptOutWords]
    handoff_words: tuple[str, ...]
    lines: Lines
    links: Mapping[str, Link]
    connections: Mapping[str, Connection]
    policy: Policy
    send_table: tuple[SendRow, ...]
    guardrails: tuple[str, ...]
    quick_replies: tuple[QuickReply, ...]
    campaigns: Mapping[str, Campaign]
    escalation: Mapping[str, str]
    consent_bases: Mapping[str, ConsentBasis] = field(default_factory=dict)
    # None in a bundle that was made before these sections were.
    journeys: Journeys | None = None
    limits: Limits | None = None
    record: Record | None = None

    @staticmethod
    def decode(data: bytes) -> Bundle:
        """Typed values from bundle bytes. Raises BundleError; checks shape, not signature (see schemas.signing)."""
        return _decode(data)


def _consent_basis(doc: Mapping[str, Any]) -> ConsentBasis:
    return ConsentBasis(id=doc["id"], channels=tuple(doc["channels"]), evidence=tuple(doc["evidence"]))


def _decode(data: bytes) -> Bundle:
    try:
        doc = json.loads(data)
        if doc["format"] != FORMAT:
            other = f"bundle format is {doc['format']!r}, this version reads {FORMAT!r}"
            raise BundleError(refusals.OTHER_FORMAT.says(other))
        return Bundle(
            digest=digest_of(data),
            unapproved=doc["unapproved"],
            tenant=_tenant(doc["tenant"]),
            persona=_persona(doc["persona"]),
            claims={c["id"]: _claim(c) for c in doc["claims"]},
            prohibited=tuple(_prohibited(p) for p in doc["prohibited"]),
            categories=tuple(_category(c) for c in doc["categories"]),
            opt_out={lang: _opt_out(words) for lang, words in doc["opt_out"].items()},
            handoff_words=tuple(doc["handoff_words"]),
            lines=Lines(**doc["lines"]),
            links={x["id"]: _link(x) for x in doc["links"]},
            connections={x["id"]: _connection(x) for x in doc["connections"]},
            policy=_policy(doc["policy"]),
            send_table=tuple(_send_row(r) for r in doc["send_table"]),
            guardrails=tuple(doc["guardrails"]),
            quick_replies=tuple(_quick_reply(q) for q in doc["quick_replies"]),
            campaigns={c["id"]: _campaign(c) for c in doc["campaigns"]},
            escalation=doc["escalation"],
            consent_bases={b["id"]: _consent_basis(b) for b in doc.get("consent_bases", ())},
            journeys=recorded.journeys(doc["journeys"]) if "journeys" in doc else None,
            limits=recorded.limits(doc["limits"]) if "limits" in doc else None,
            record=recorded.record(doc["record"]) if "record" in doc else None,
        )
    except BundleError:
        raise
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        said = refusals.UNREADABLE.says(f"not a readable bundle: {type(error).__name__}: {error}")
        raise BundleError(said) from error


def _tenant(t: Mapping[str, Any]) -> Tenant:
    return Tenant(**{**t, "packs": tuple(t["packs"])})


def _persona(p: Mapping[str, Any]) -> Persona:
    lists = {k: tuple(p[k]) for k in ("languages", "opening", "phrases")}
    return Persona(**{**p, **lists})


_CLAIM_LISTS = (
    "slots",
    "required_with",
    "never_say",
    "sources",
    "channels",
    "audience",
    "questions",
    "options",
)


def _claim(c: dict[str, Any]) -> Claim:
    for key in _CLAIM_LISTS:
        c[key] = tuple(c[key])
    c["covers"] = tuple(c.get("covers", ()))
    c["approvals"] = tuple(Approval(**a) for a in c["approvals"])
    return Claim(**c)


def _prohibited(p: Mapping[str, Any]) -> Prohibited:
    lists = {key: tuple(p[key]) for key in ("match", "allow", "sources") if key in p}
    return Prohibited(**{**p, **lists})


def _category(c: Mapping[str, Any]) -> Category:
    patterns = tuple(Pattern(**{**p, "unless": tuple(p["unless"])}) for p in c["patterns"])
    return Category(**{**c, "patterns": patterns})


def _opt_out(words: Mapping[str, Any]) -> OptOutWords:
    return OptOutWords(**{key: tuple(value) for key, value in words.items()})


def _link(x: Mapping[str, Any]) -> Link:
    return Link(**{**x, "requires": tuple(x["requires"])})


def _connection(x: Mapping[str, Any]) -> Connection:
    return Connection(**{**x, "origins": tuple(x["origins"])})


def _policy(p: Mapping[str, Any]) -> Policy:
    return Policy(
        **{**p, "quiet_weekdays": tuple(p["quiet_weekdays"]), "quiet_dates": tuple(p["quiet_dates"])}
    )


def _send_row(r: Mapping[str, Any]) -> SendRow:
    return SendRow(**{**r, "only": tuple(r["only"])})


def _quick_reply(q: Mapping[str, Any]) -> QuickReply:
    return QuickReply(**{**q, "claims": tuple(q["claims"]), "questions": tuple(q["questions"])})


def _campaign(c: Mapping[str, Any]) -> Campaign:
    return Campaign(**{**c, "claims": tuple(c["claims"])})
