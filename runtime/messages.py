"""The frozen values that travel: what arrives, what a turn is made of, what it decides, what is sent.

Every value here is plain and immutable; times are aware UTC datetimes. Ids made by us are UUIDs; tenants are small integers
inside the runtime (`tenant_id`) and slugs outside.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from schemas.bundle import Bundle


class SendClass(StrEnum):
    """Why a message is sent; the send table has one column for each."""

    SAFETY = "safety"
    CONFIRMATION = "confirmation"
    REPLY = "reply"
    HUMAN = "human"
    SERVICE = "service"
    PROACTIVE = "proactive"


class SendState(StrEnum):
    """Where an outbox row is. `unknown`: the provider may or may not have it; never blindly repeated."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    UNKNOWN = "unknown"
    FAILED = "failed"
    DEAD = "dead"
    SUPERSEDED = "superseded"


class KillScope(StrEnum):
    """`machine` stops every automated class; `everything` stops agents too."""

    NONE = "none"
    MACHINE = "machine"
    EVERYTHING = "everything"


# ---- what arrives -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """How one channel knows a person. phone values are E.164 with `+`; visitor values are our own random tokens."""

    kind: Literal["phone", "bsuid", "lid", "visitor", "email"]
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MediaReference:
    """Something a message holds that stays with the provider: how to ask for it, and what the provider says it is."""

    reference: str
    media_type: str
    size: int = 0  # bytes; 0: the provider does not say
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InboundMessage:
    """One message from a person. `text` is what they wrote (or chose); unsupported kinds carry an empty text."""

    provider_id: str
    sender: Identity
    sent_at: datetime
    kind: str  # text | button | image | audio | video | document | sticker | location | reaction | system | unsupported
    text: str
    profile_name: str | None = None
    aliases: tuple[Identity, ...] = ()
    reply_to: str | None = None
    payload: str = (
        ""  # what stands behind a button, or the sign of a reaction: read for an opt-out, never stored
    )
    media: tuple[MediaReference, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class StatusUpdate:
    """What the provider says became of one of our messages. Merged monotonically: sent < delivered < read."""

    provider_id: str
    status: Literal["sent", "delivered", "read", "failed"]
    at: datetime
    client_ref: str | None = None  # our idempotency key, where the provider echoes it
    error_code: int | None = None
    error_title: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """The person stopped or resumed marketing inside the channel itself: an opt-out for the whole tenant."""

    provider_id: str
    sender: Identity
    value: Literal["stop", "resume"]
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Malformed:
    """One item of a readable webhook that cannot be made into an event. It is kept for a human and answered as rejected,
    so that its neighbours do not wait for it. `provider_id` is the same for the same item; `reason` quotes no value."""

    provider_id: str
    reason: str
    raw: str  # the item as JSON text


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorMessage:
    """One of our own people wrote to a person from the phone the number lives on: a human has taken over."""

    provider_id: str
    to: Identity
    aliases: tuple[Identity, ...]
    sent_at: datetime
    kind: str  # as InboundMessage.kind
    text: str


InboundEvent = InboundMessage | StatusUpdate | Preference | OperatorMessage | Malformed


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """An opt-out found on arrival. `scope` organisation = STOP ALL."""

    scope: Literal["tenant", "organisation"]
    matched: str  # the lexicon entry that matched, never the person's own text


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrival:
    """One parsed event with what was matched before storing it.

    `wait_s`: how long a turn may wait for the person's next message after this one. `urgent`: no turn waits with it.
    """

    tenant_id: int
    connection_id: str
    channel: str
    event: InboundEvent
    stop: Stop | None
    wait_s: float = 0.0
    urgent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """What became of one arrival, after the commit that holds it. 200 may be answered for stored and duplicate only."""

    outcome: Literal["stored", "duplicate", "rejected"]
    reason: str | None = None
    conversation_id: UUID | None = None
    seq: int | None = None


# ---- a turn -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The right to answer one conversation until `until`, void as soon as another holds a higher fence."""

    tenant_id: int
    conversation_id: UUID
    fence: int
    attempts: int
    until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, recording or document that came with a message. `data` is there only where a model may look at it.

    `reference` and `sha256` (hex, of the bytes) are the provider's, and there only as long as nobody has asked for the bytes.
    """

    id: UUID
    media_type: str
    size: int  # bytes; 0: not known before it is fetched
    data: bytes | None = field(default=None, repr=False)
    reference: str | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """One unanswered message of the conversation, in order."""

    seq: int
    text: str
    kind: str
    sent_at: datetime
    received_at: datetime
    stop: Stop | None
    media: tuple[Media, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One earlier line of this conversation, oldest first. `claims` are the ids behind our own lines, `by_person` says that
    one of our people wrote it."""

    ours: bool
    text: str
    at: datetime
    claims: tuple[str, ...] = ()
    by_person: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """All that one turn needs, loaded once. The engine reads this and nothing else.

    `pinned`: the bundle the conversation began with (persona, ask-flows, journey). `active`: claims and wording, guardrails,
    consent, hours, caps, destinations, send table. `withdrawn`: claim digests unsayable as of now.
    `shown`: claim id -> when this person last saw it. `answers`: question id -> their answer.
    `slots`: values for slots that need rows (`contact.given_name`, `consent.source_line`, `case.ref` ...).
    `counts`: category id -> how often it was met before in this conversation.
    `started`: the bot has spoken in this conversation before. `first_contact`: this person has no earlier conversation.
    `handed_back_at`: when a human last gave the conversation back. `detected`: the language of the last words, where their
    script does not say and a linguist is sure. `spent_percent`, `contact_spent_percent`: of today's money, the tenant's and
    this person's, rounded down.
    """

    tenant_id: int
    conversation_id: UUID
    contact_id: UUID
    lease: Lease
    connection_id: str
    channel: str
    sandbox: bool
    pinned: Bundle
    active: Bundle
    withdrawn: frozenset[str]
    pending: tuple[Pending, ...]
    history: tuple[Line, ...]
    shown: Mapping[str, datetime]
    answers: Mapping[str, str]
    slots: Mapping[str, str]
    counts: Mapping[str, int]
    language: str
    opted_out_at: datetime | None
    holds: tuple[str, ...]
    human_owner: str | None
    open_cases: tuple[str, ...]
    asked: str | None  # the question id we asked last and that is still open
    now: datetime
    started: bool = False
    first_contact: bool = True
    handed_back_at: datetime | None = None
    detected: str | None = None
    spent_percent: int = 0
    contact_spent_percent: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What one check found, with the span of text it found it in (code points) and what it means."""

    rule: str
    message: str
    severity: Literal["block", "warn", "note"]
    start: int = 0
    end: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """One category the screen saw in one pending message: by which pattern, where (code points) and in which reading of it.

    `reading`: raw | folded | spaced | leet | squeezed | words | whole, `messages`
    (over several of them: no span), or what it was decoded from: base64 | hex | url |
    escapes | rot13 | tags; of those the span is the encoded run's.
    """

    category: str
    pattern: str
    seq: int
    start: int = 0
    end: int = 0
    reading: str = "raw"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The screen's answer for a whole turn. `signals` are ordered by priority, most serious first.

    `language_sure`: the words themselves show the language, and not one foreign word among others: worth remembering.
    """

    signals: tuple[Signal, ...]
    stop: Stop | None
    language: str
    language_sure: bool = False
    micros: int = 0


# ---- moves --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Say:
    """Connective words of the model's own: at most two a reply, 160 characters, no facts."""

    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """State one approved claim, word for word (`claim` in the JSON)."""

    id: str
    variant: str = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ask:
    """Ask one scripted question."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """Offer the person a choice of topics, each a claim they can pick."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveLink:
    """Give one destination link, if its prerequisites are logged true (`link` in the JSON)."""

    id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Fill one approved template (a claim with slots)."""

    template: str
    slots: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Choose:
    """Show the options of the question asked."""

    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Do something for the person: book, reschedule, cancel, correct."""

    what: Literal["book", "reschedule", "cancel", "correct"]


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOff:
    """Give the conversation to a person. The only move that may promise a colleague."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """Say nothing."""


Move = Say | State | Ask | Offer | GiveLink | Tell | Choose | Act | HandOff | Silence


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What a rung of the ladder proposes: moves, never text to send."""

    moves: tuple[Move, ...]
    language: str
    rung: str  # primary | fallback | tertiary | register_only | canned
    provider: str | None = None
    model: str | None = None
    tokens_in: int = 0
    tokens_out: int = 0
    latency_ms: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A run of reply text and where it came from. `claim` is None only for a reviewed `say`."""

    text: str
    claim: str | None
    variant: str | None
    digest: str | None
    file: str | None = None
    line: int | None = None


OFFER = "offer:"  # how an offer of topics stands in `asks`: offer:<claim id>|<claim id>


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """Moves as text, with provenance by construction. `options` are buttons, in neutral order."""

    sentences: tuple[Sentence, ...]
    options: tuple[str, ...] = ()
    asks: str | None = None  # question id
    link: str | None = None  # link id
    handoff: str | None = None  # reason

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.sentences)


# ---- what a turn decides ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One message to put in the outbox. `answers_seq`: the inbound it answers, None when we start.

    A set of claims bound by `required_with` never spans two Sends.
    """

    part: int
    send_class: SendClass
    sentences: tuple[Sentence, ...]
    options: tuple[str, ...] = ()
    has_link: bool = False
    has_ask: bool = False
    asks: str | None = None
    answers_seq: int | None = None
    template: str | None = None
    due_at: datetime | None = None
    campaign: str | None = None

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.sentences)


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHold:
    """Block every proactive class on every channel of the tenant, until a named human lifts it."""

    category: str
    priority: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress:
    """The person must not be contacted by us again unless they start it."""

    reason: str
    scope: Literal["tenant", "organisation"] = "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenCase:
    """Work for a human, with its clock."""

    kind: str
    reason: str
    priority: int
    sla_minutes: int | None
    page: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StopBot:
    """No more bot turns in this conversation until a human hands it back."""

    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordAnswer:
    """The person answered a scripted question."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CountSignal:
    """One more sighting of a category in this conversation."""

    category: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SetLanguage:
    """The person's language, kept as the contact's preference."""

    language: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pause:
    """Start nothing with the person until then: they asked to be left alone for a while."""

    until: datetime
    reason: str


Effect = SetHold | Suppress | OpenCase | StopBot | RecordAnswer | CountSignal | SetLanguage | Pause


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What one turn came to: committed whole, or not at all. `audit` is plain JSON; storage encrypts and chains it.

    disposition: reply | canned | handoff | silence | fallback. Exactly one Outcome per message: `upto_seq` says up to which.
    """

    tenant_id: int
    conversation_id: UUID
    upto_seq: int
    disposition: str
    sends: tuple[Send, ...]
    effects: tuple[Effect, ...]
    audit: Mapping[str, Any]
    bundle: str  # digest of the active bundle
    pinned: str
    cost_micropence: int = 0


# ---- sending ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundMessage:
    """What a channel is asked to deliver. `key` goes to the provider as idempotency key or client reference."""

    key: str
    connection_id: str
    to: Identity
    text: str
    options: tuple[str, ...] = ()
    template: str | None = None
    language: str = "en-GB"
    reply_to: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the provider answered.

    accepted: it has it. refused: it does not, and `retry` says whether trying later may help. unknown: it may have it
    (the call began and no answer came): never repeated unless the provider de-duplicates by key.
    """

    result: Literal["accepted", "refused", "unknown"]
    provider_id: str | None = None
    code: int | None = None
    detail: str | None = None
    retry: bool = False
    retry_after_s: float | None = None
    person_stopped: bool = False  # the provider says this person stopped us: treat as opt-out


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """The last look's answer for one outbox row, already committed when we see it.

    effect `send` means the row is `sending`, ours until `until`, and `message` is what to deliver.
    Any other effect has been carried out in the same transaction; `rule` and `row` say why.
    """

    outbox_id: UUID
    effect: str
    rule: str
    row: int | None
    kill_epoch: int
    until: datetime | None = None
    message: OutboundMessage | None = None
    channel: str | None = None
