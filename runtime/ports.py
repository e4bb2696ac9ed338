"""What the runtime needs from outside, as Protocols. Whoever provides one is chosen in app.py and nowhere else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol
from uuid import UUID

from runtime.messages import (
    Arrival,
    InboundEvent,
    KillScope,
    Lease,
    Look,
    Media,
    OutboundMessage,
    Outcome,
    Receipt,
    Send,
    SendState,
    Stored,
    Turn,
)
from schemas.bundle import Bundle, Connection


class Clock(Protocol):
    """Where every process takes its time from. `now` may be shifted (demo, tests); `monotonic` never is."""

    def now(self) -> datetime:
        """Aware UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds, for deadlines and durations."""
        ...


# ---- the engine's ports -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A claim that may answer a question. `score` is of its words and comparable within one search only, 0..1.

    `likeness` is of its meaning, 0 (like anything else in the register) to 1; None: found without an embedder.
    """

    claim_id: str
    score: float
    matched: str  # the example question or claim text that matched
    likeness: float | None = None


class ClaimSearch(Protocol):
    """Find claims of one bundle for a question: this tenant, exactly this digest."""

    async def search(self, *, tenant_id: int, digest: str, question: str, limit: int) -> Sequence[Hit]: ...


class EmbedderDown(Exception):
    """No vectors now; claims are found by their words alone."""


class Embedder(Protocol):
    """Texts as vectors, for the search by meaning. Texts of people are embedded and forgotten: nobody stores them."""

    @property
    def name(self) -> str:
        """Which vectors compare with each other: provider, model and what else changes them."""
        ...

    @property
    def dimensions(self) -> int: ...

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        """One vector of `dimensions` a text, in order. Raises EmbedderDown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture a model may look at: its media type (image/jpeg, image/png, image/webp) and its bytes."""

    media_type: str
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompt:
    """What a model is shown: a long prefix identical across turns, then this turn. Holds no identifier of the person.

    `schema` is the JSON Schema of the only answer that is wanted, `max_tokens` the most it may take.
    """

    system: str
    turn: str
    canary: str
    schema: Mapping[str, Any]
    max_tokens: int
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOrder:
    """How a model is to be asked: by which preset, with what the tenant sets otherwise, along which route, until when.

    `overrides` is the bundle's `record.models`. `route`: a `simple` turn begins with the preset's cheap model. `vision`: the
    prompt holds pictures, so only models that can look at them are asked. `avoid`: a provider that is asked last (the checker
    is another one than the drafter, where there is one). `most_micropence`: what all attempts together may cost at worst; None
    is no limit.
    """

    tenant_id: int
    preset: str
    overrides: Mapping[str, Any]
    route: Literal["simple", "full"]
    purpose: Literal["draft", "repair", "check"]
    deadline_s: float
    vision: bool = False
    avoid: str | None = None
    most_micropence: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One rung that was asked, or skipped, and what came of it. Holds no word of a prompt or an answer.

    result: answered | timeout | rate_limited | overloaded | server_error | refused | budget | bad_request | unreachable |
    malformed | breaker_open | no_key | no_time | no_money. What was not billed for certain is counted at the pessimistic price.
    `budget`: the account cannot or may not pay (401, 402, 403, empty credit); `no_time`: not asked, or not given a fair chance;
    `no_money`: not asked, as it could have cost more than the turn may.
    `independent` is False where a checker had to be asked at the provider that drafted: another call, but not another mind.
    """

    rung: str  # cheap | primary | fallback | tertiary
    provider: str
    model: str
    result: str
    latency_ms: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cached_tokens: int = 0
    cost_micropence: int = 0
    independent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelReply:
    """What one rung returned: raw JSON text, not yet trusted. The last of `attempts` is the one that answered; costs and
    tokens are the sum over all of them, `cached_tokens` those of the prompt that the provider had in its cache."""

    json_text: str
    provider: str
    model: str
    tokens_in: int
    tokens_out: int
    latency_ms: int
    rung: str
    cost_micropence: int = 0
    cached_tokens: int = 0
    attempts: tuple[Attempt, ...] = ()


class ModelDown(Exception):
    """No rung of the model ladder answered in time; the register answers instead. `attempts` say what was tried and cost."""

    def __init__(self, message: str = "", attempts: tuple[Attempt, ...] = ()) -> None:
        super().__init__(message)
        self.attempts = attempts


class Model(Protocol):
    """The model rungs (cheap, primary, fallback, tertiary) behind one call. Raises ModelDown, and nothing else."""

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply: ...


class Checker(Protocol):
    """An independent second opinion on the `say` texts of a draft, asked by the questionnaire of engine/checking.py. It can
    only tighten. Raises ModelDown when there is none; then nothing but approved phrases is said."""

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class BreakerState:
    """One circuit breaker: of one model at one provider. `failures` in a row; `until`: nobody asks before then."""

    provider: str
    model: str
    state: Literal["closed", "open", "half_open"]
    failures: int
    opened_at: datetime | None = None
    until: datetime | None = None


class Breakers(Protocol):
    """Circuit breakers shared by all workers: three failures in a row open one, after a minute one caller may try."""

    async def admit(self, provider: str, model: str, *, now: datetime) -> Literal["closed", "trial"] | None:
        """`closed`: ask. `trial`: ask, you are the one who tries. None: do not ask. Never raises."""
        ...

    async def report(
        self,
        provider: str,
        model: str,
        result: Literal["answered", "failed", "unsaid"],
        *,
        trial: bool,
        now: datetime,
    ) -> None:
        """What came of a call that was admitted; `unsaid` when it says nothing of the provider. Never raises."""
        ...

    async def states(self, now: datetime) -> Sequence[BreakerState]:
        """Every breaker that has ever counted a failure, for the desk and the gauges, by provider and model."""
        ...


class Linguist(Protocol):
    """Which language a text is in, where its script does not say. None when in doubt. Never raises, never learns."""

    def language_of(self, text: str) -> str | None: ...


# ---- channels -----------------------------------------------------------------------------------------------------


class Secrets(Protocol):
    """Values of secret references (`secret:NAME`, `env:NAME`, `file:PATH`). Raises SecretMissing."""

    async def get(self, tenant_id: int, reference: str) -> str: ...


CHANNELS = frozenset({"whatsapp_360dialog", "webchat"})  # what a connection of this version can be


class Channel(Protocol):
    """One kind of transport: authenticate and parse what arrives, deliver what leaves. No database."""

    def authentic(
        self, connection: Connection, secrets: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Whether the raw bytes come from the provider. Constant time; no secret configured means False."""
        ...

    def parse(self, connection: Connection, body: bytes, now: datetime) -> Sequence[InboundEvent]:
        """Events in the order received; an item that cannot be read is Malformed and its neighbours stand.

        Raises MalformedWebhook with a reason for a body that is not readable at all. Unknown kinds are kept as `unsupported`.
        """
        ...

    async def send(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        message: OutboundMessage,
        *,
        deadline_s: float,
    ) -> Receipt:
        """Deliver once. Never raises for what the provider did: that is the Receipt."""
        ...

    @property
    def deduplicates(self) -> bool:
        """Whether the provider drops a second call with the same key."""
        ...


class NoMedia(Exception):
    """It cannot be had. `for_good`: asking again would not help. The message is one of our own words."""

    def __init__(self, message: str, *, for_good: bool) -> None:
        super().__init__(message)
        self.for_good = for_good


class HoldsMedia(Protocol):
    """A channel whose messages hold references to pictures and the like, which stay with the provider until asked for."""

    async def fetch_media(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        reference: str,
        *,
        max_bytes: int,
        deadline_s: float,
    ) -> bytes:
        """The bytes, from the provider's own host and no other. Raises NoMedia, and nothing else."""
        ...


class Pictures(Protocol):
    """Fetches the pictures of a turn that a model may look at."""

    async def seen(self, turn: Turn) -> Turn:
        """The turn with the bytes of its pictures. Never raises: what cannot be had is not there."""
        ...


# ---- storage ------------------------------------------------------------------------------------------------------


class DatabaseDown(Exception):
    """The database cannot be reached now. Nothing was stored; the sender of a webhook must try again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Where a webhook belongs: found by connection id, from the active bundle of its stage."""

    tenant_id: int
    tenant: str
    connection: Connection
    digest: str


class Ingest(Protocol):
    """Used by web, logged in as convo_ingest. One call per webhook; calls are committed in groups."""

    async def store(self, arrivals: Sequence[Arrival], *, now: datetime) -> Sequence[Stored]:
        """De-duplicate, number, encrypt, store, suppress if stop. Returns after the commit, one Stored per arrival.

        Raises DatabaseDown at once (no hang) when the database is away; Overloaded when the buffer is full.
        """
        ...

    async def visitor_lines(
        self, tenant_id: int, connection_id: str, visitor: str, *, after: int
    ) -> Sequence[WebLine]:
        """What a web-chat visitor may see of their own conversation, in order, after position `after`."""
        ...

    async def answering(self, tenant_id: int, connection_id: str, visitor: str) -> bool:
        """Whether a reply to this visitor is really being made: a message of theirs is unprocessed, no human owns the
        conversation, the bot is not stopped and nothing is killed. The page shows its dots only then."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class WebLine:
    """One line on the web-chat page."""

    position: int
    ours: bool
    text: str
    at: datetime
    client_id: str | None  # the page's own id of a message it sent
    options: tuple[str, ...] = ()
    claims: tuple[str, ...] = ()
    author: Literal["bot", "person"] = (
        "bot"  # who wrote a line of ours; which person is not the visitor's business
    )


class Turns(Protocol):
    """Used by the worker: convo_dispatch for leases, convo_tenant for contents."""

    async def claim(self, *, owner: str, limit: int, lease_s: float, now: datetime) -> Sequence[Lease]:
        """Lease ready conversations fairly over tenants (fence + 1). Also takes over leases that ran out."""
        ...

    async def load(
        self, lease: Lease, *, pinned: Bundle | None, active: Bundle, now: datetime
    ) -> Turn | None:
        """Everything the turn needs, decrypted. None when there is nothing (any more) to answer under this fence."""
        ...

    async def pin(self, lease: Lease) -> tuple[str | None, str]:
        """(digest the conversation is pinned to, or None for a new pin; connection id)."""
        ...

    async def commit(self, lease: Lease, outcome: Outcome, *, now: datetime) -> bool:
        """Commit whole: turn done, outbox, audit, cases, effects. False when the fence has moved on: nothing was written."""
        ...

    async def fail(self, lease: Lease, error: str, *, now: datetime, max_attempts: int) -> str:
        """Back off (`retry`) or dead-letter (`dead`) or nothing because the fence moved (`lost`)."""
        ...

    async def keep_media(
        self, turn: Turn, seq: int, media: Media, *, refused: str | None = None, now: datetime
    ) -> None:
        """Keep what was fetched of a message's media, encrypted, or why it was refused: it is not asked for again."""
        ...

    async def models(self, tenant_id: int, *, down: bool, now: datetime) -> bool:
        """The models are down for this tenant (a human is told, once an outage), or one has answered again (the outage is
        over). True when that is news."""
        ...


class Purse(Protocol):
    """The day's money, asked before a turn's first model. Used by the engine; the turn's commit settles what was reserved."""

    async def reserve(self, turn: Turn, micropence: int) -> Literal["reserved", "day", "person", "lost"]:
        """Take the most that the turn may cost. `day`, `person`: theirs does not hold so much; `lost`: nor does the lease."""
        ...


class Outbox(Protocol):
    """Used by the sender: convo_dispatch for headers, convo_tenant for contents."""

    async def due(self, *, limit: int, now: datetime) -> Sequence[tuple[int, UUID]]:
        """(tenant_id, outbox id) of due head-of-line rows, fairly over tenants."""
        ...

    async def last_look(
        self, tenant_id: int, outbox_id: UUID, *, owner: str, lease_s: float, now: datetime
    ) -> Look | None:
        """Decide and commit (design section 7). None when the row was taken or settled by somebody else."""
        ...

    async def kill_epoch(self, tenant_id: int) -> int:
        """How often this tenant, or everything, was stopped or started so far."""
        ...

    async def epoch_to_call(self, tenant_id: int, outbox_id: UUID) -> int | None:
        """Read just before the call: an epoch other than the look's means do not call. None: the person stopped us since."""
        ...

    async def put_back(self, tenant_id: int, outbox_id: UUID, *, owner: str, now: datetime) -> None:
        """`sending` -> `pending`, for a row whose call never began (kill epoch moved, deadline passed)."""
        ...

    async def record(
        self, tenant_id: int, outbox_id: UUID, receipt: Receipt, *, owner: str, now: datetime
    ) -> SendState | None:
        """Store what the provider answered. None when the row is no longer ours (swept)."""
        ...

    async def sweep(self, *, now: datetime) -> int:
        """`sending` rows past their lease become `unknown` (or `pending` where the provider de-duplicates). Returns how many."""
        ...

    async def connection_of(self, tenant_id: int, outbox_id: UUID) -> tuple[str, str]:
        """(connection id, active digest) of a row."""
        ...

    async def queue_proactive(
        self, tenant_id: int, contact_id: UUID, connection_id: str, send: Send, *, now: datetime
    ) -> UUID | None:
        """An Outcome of one Send that we start (campaign, timer). None when the contact is unknown or suppressed already."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Activation:
    """What a pointer says: which digest is in force for a tenant and stage, with its rising serial."""

    tenant: str
    tenant_id: int
    stage: str
    digest: str
    serial: int
    by: str
    at: datetime
    attestations: int = 0  # envelopes over the digest at the time of asking


class Bundles(Protocol):
    """Published bundles and pointers."""

    async def publish(self, tenant: str, data: bytes, envelope: bytes, *, by: str, now: datetime) -> str:
        """Store verified bytes under their digest and the envelope beside any there is (idempotent). Returns the digest."""
        ...

    async def activate(
        self, tenant: str, stage: str, digest: str, *, expect_active: str | None, by: str, now: datetime
    ) -> Activation:
        """Move the pointer. Raises PointerMoved when `expect_active` (a digest, or `none`; None: whatever) is not active."""
        ...

    async def active(self, stage: str) -> Sequence[Activation]: ...

    async def history(self, tenant: str, stage: str) -> Sequence[Activation]: ...

    async def fetch(self, tenant_id: int, digest: str) -> tuple[bytes, Sequence[bytes]]:
        """(bundle bytes, every DSSE envelope over them, newest first). Raises BundleMissing."""
        ...

    async def drills(self, tenant_id: int, digest: str) -> Sequence[bytes]:
        """The DSSE envelopes of the last drills of a bundle that came to nothing, newest first; none of it is verified."""
        ...


class Operations(Protocol):
    """What an operator does, from the desk or the command line. Every act is audited in the same transaction."""

    async def kill(
        self, tenant_id: int | None, scope: KillScope, *, by: str, reason: str, now: datetime
    ) -> int:
        """Stop sending (None = every tenant). Waits out rows already `sending`; returns how many there were."""
        ...

    async def enable(self, tenant_id: int | None, *, by: str, now: datetime) -> str:
        """Two people re-enable: `waiting` after the first (who may not be the second), `enabled` after the second."""
        ...

    async def withdraw(
        self, tenant_id: int, claim_digest: str, *, by: str, reason: str, now: datetime
    ) -> None: ...

    async def replay(self, tenant_id: int, kind: str, item: UUID, *, by: str, now: datetime) -> bool: ...

    async def discard(
        self, tenant_id: int, kind: str, item: UUID, *, by: str, reason: str, now: datetime
    ) -> bool: ...

    async def why(self, tenant_id: int, message: str) -> Mapping[str, Any] | None:
        """Everything behind one message: sentences, claims, approvers, consent, decision, clock."""
        ...


class Wake(Protocol):
    """A hint that there is work; polling is the guarantee."""

    def notify(self, topic: str) -> None:
        """`turns`, `sends`, `pages` or `bundles`. Never blocks, never in a webhook's transaction; debounced."""
        ...

    async def wait(self, topic: str, timeout_s: float) -> bool:
        """True when hinted, False on time-out."""
        ...
