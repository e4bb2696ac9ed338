"""What the desk is shown, as plain values: conversations and their record, cases, what is stuck, bundles, switches."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from runtime.messages import Sentence

TYPED = "typed"  # in the body of an entry of desk/<tenant>: what the operator wrote with the act


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """How a person is known. `value` is None when nothing is left to read (erased); never shown whole."""

    contact_id: UUID
    kind: str | None
    value: str | None
    given_name: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One conversation in the list; no words of it."""

    conversation_id: UUID
    person: Person
    channel: str
    active_at: datetime
    waiting: int  # messages nobody has answered yet
    waiting_since: datetime | None
    human_owner: str | None
    stopped: bool
    opted_out: bool
    holds: tuple[str, ...]
    cases: tuple[str, ...]
    dead: bool
    send_state: str | None  # of the newest thing written to them
    send_class: str | None
    effect: str | None
    rule: str | None
    claims: tuple[str, ...]
    by_person: bool
    send_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """One conversation and the person it is with."""

    conversation_id: UUID
    person: Person
    connection_id: str
    channel: str
    stage: str | None
    stopped: bool
    human_owner: str | None
    human_since: datetime | None
    pinned: str | None
    created_at: datetime
    waiting: int
    last_inbound_at: datetime | None
    entries: int
    head: str
    opted_out_at: datetime | None
    opt_out_scope: str | None
    struck_out_at: datetime | None
    language: str | None
    erased_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SaidRow:
    """One message of the person's. `text` is None when it can no longer be read."""

    seq: int
    kind: str
    text: str | None
    sent_at: datetime
    received_at: datetime
    stop_scope: str | None
    stop_matched: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One decision of the last look over one row."""

    at: datetime
    effect: str
    rule: str
    row: int | None
    until: datetime | None
    facts: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendingRow:
    """One message of ours, sent or not. `text` is None when it can no longer be read. `looks`: oldest first."""

    id: UUID
    n: int
    upto_seq: int | None
    fence: int | None  # of the turn that wrote it
    part: int
    send_class: str
    state: str
    text: str | None
    options: tuple[str, ...]
    sentences: tuple[Sentence, ...]
    answers_seq: int | None
    template: str | None
    campaign: str | None
    bundle: str
    author: str
    due_at: datetime
    created_at: datetime
    sending_at: datetime | None
    settled_at: datetime | None
    status: str | None
    status_at: datetime | None
    error_code: int | None
    looks: tuple[LookRow, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One entry of an audit stream; `body` is {} when it has none or can no longer be read."""

    n: int
    at: datetime
    header: Mapping[str, Any]
    body: Mapping[str, Any]
    hash: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRow:
    """One hold, open while `cleared_at` is None."""

    id: UUID
    category: str
    priority: int
    set_by: str
    set_at: datetime
    cleared_by: str | None
    cleared_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseRow:
    """Work for a person, with its clock."""

    id: UUID
    ref: str
    conversation_id: UUID | None
    person: Person | None
    channel: str | None
    kind: str
    reason: str
    priority: int
    page: bool
    paged_at: datetime | None
    due_at: datetime | None
    state: str
    opened_at: datetime
    opened_by: str
    owner: str | None
    closed_at: datetime | None
    closed_by: str | None
    resolution: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentRow:
    """What somebody agreed to, or took back."""

    kind: str
    channel: str
    purpose: str
    basis: str
    sender: str
    source: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """A wording that nobody may say any more."""

    claim_digest: str
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversation:
    """Everything about one conversation, decrypted; each list oldest first. `earlier`: it began before what is here."""

    heading: Heading
    earlier: bool
    said: tuple[SaidRow, ...]
    sends: tuple[SendingRow, ...]
    record: tuple[Entry, ...]
    desk: tuple[Entry, ...]
    holds: tuple[HoldRow, ...]
    cases: tuple[CaseRow, ...]
    consents: tuple[ConsentRow, ...]
    withdrawn: tuple[Withdrawal, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Depth:
    """How much waits. turns: conversations with an unanswered message; later: sends that wait on purpose."""

    turns: int
    oldest_turn: datetime | None
    sends: int
    oldest_send: datetime | None
    later: int
    next_later: datetime | None
    sending: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Something that will not move by itself. kind: dead_letter (a turn), outbox (a message of ours), reject (an event).

    For kind outbox `reason` is its state: unknown, dead or failed.
    """

    kind: str
    id: UUID
    at: datetime
    reason: str
    attempts: int
    conversation_id: UUID | None
    person: Person | None
    channel: str | None
    send_class: str | None
    claims: tuple[str, ...]
    effect: str | None  # of the last look over a message of ours
    rule: str | None
    code: int | None  # the provider's


@dataclass(frozen=True, slots=True, kw_only=True)
class Pointer:
    """Which bundle was put in force for a stage, when, by whom. The highest serial of a stage is in force."""

    stage: str
    serial: int
    digest: str
    by: str
    at: datetime
    unapproved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one process really holds, and why not what it wants."""

    process: str
    stage: str
    digest: str | None
    wanted: str
    error: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Switch:
    """A kill switch: the tenant's own, or (`of_all`) the one over every tenant. scope: none | machine | everything."""

    of_all: bool
    scope: str
    by: str | None
    at: datetime | None
    reason: str | None
    requested_by: str | None
    requested_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flight:
    """A send that has begun and not ended."""

    id: UUID
    conversation_id: UUID
    send_class: str
    channel: str
    since: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Fate:
    """How many messages written in the last 24 hours came to this state by this rule."""

    state: str
    effect: str | None
    rule: str | None
    n: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Today:
    """The last 24 hours in numbers. `answer_s`: median and 95th percentile from a message to its answer leaving, seconds."""

    conversations: int
    with_people: int
    spent_micropence: int
    answer_s: tuple[float, float] | None
    fates: tuple[Fate, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Queue:
    """What waits, and what is stuck."""

    depth: Depth
    stuck: tuple[Stuck, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundled:
    """The pointers of every stage, newest first, and what each process holds."""

    pointers: tuple[Pointer, ...]
    seen: tuple[Seen, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """What the overview is made of."""

    today: Today
    queue: Queue
    cases: tuple[CaseRow, ...]
    bundled: Bundled
    switches: tuple[Switch, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """The numbers beside the desk's links."""

    cases: int
    stuck: int
    waiting: int
