"""What arrives, as rows: encrypted under the person's key, with blind indexes for all that is ever looked up."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any, NamedTuple
from uuid import UUID, uuid4

from runtime.messages import (
    Arrival,
    Identity,
    InboundMessage,
    Malformed,
    OperatorMessage,
    Preference,
    StatusUpdate,
)
from runtime.storage.contacts import Contacts, Known
from runtime.storage.tenants import Owner

# The provider's own day makes a redelivery fall on the same partition as the first delivery. A web page that resends a
# message after midnight has no such day, so all of its messages share one.
NO_STABLE_DAY = date(1970, 1, 1)
CHANNELS_WITHOUT_DAY = frozenset({"webchat"})


class MessageRow(NamedTuple):
    """A message, a preference or an operator's line, in the order of ingest_v2's parameters."""

    tenant: int
    connection: str
    channel: str
    what: str  # message | stop | resume | operator
    received_at: datetime
    sent_at: datetime
    sent_on: date
    provider_hmac: bytes
    id: UUID
    kind: str
    payload: bytes
    stop_scope: str | None
    stop_matched: str | None
    contact: UUID
    wrapped_key: bytes
    conversation: UUID
    audit_id: UUID
    identity: UUID
    identity_kind: str
    identity_ciphertext: bytes
    blind: bytes
    suppression_blind: bytes
    organisation_blind: bytes
    wait_ms: int
    urgent: bool


class AliasRow(NamedTuple):
    """A further identity of row `of` (counted from 1), in the order of ingest_v2's parameters."""

    of: int
    identity: UUID
    kind: str
    ciphertext: bytes
    blind: bytes
    suppression_blind: bytes
    organisation_blind: bytes


class StatusRow(NamedTuple):
    """A status, in the order of ingest_statuses_v1's parameters."""

    tenant: int
    connection: str
    seen_hmac: bytes
    sent_on: date
    id: UUID
    provider_hmac: bytes
    client_ref: str | None
    status: str
    at: datetime
    error_code: int | None
    received_at: datetime


def message_row(arrival: Arrival, owner: Owner, contacts: Contacts, now: datetime) -> MessageRow:
    """Raises ValueError for text that cannot be an identity (a lone surrogate in a number, say)."""
    event = arrival.event
    assert not isinstance(event, StatusUpdate | Malformed)
    known = contacts.of(owner, person_of(event))
    row = uuid4()
    payload, what, kind, said_at = _content(event, known, row)
    stop = arrival.stop
    return MessageRow(
        tenant=arrival.tenant_id,
        connection=arrival.connection_id,
        channel=arrival.channel,
        what=what,
        received_at=now,
        sent_at=said_at,
        sent_on=NO_STABLE_DAY if arrival.channel in CHANNELS_WITHOUT_DAY else _day(said_at),
        provider_hmac=owner.keys.blind_index("provider_id", event.provider_id),
        id=row,
        kind=kind,
        payload=payload,
        stop_scope=stop.scope if stop else ("tenant" if what == "stop" else None),
        stop_matched=stop.matched if stop else None,
        contact=known.contact,
        wrapped_key=known.wrapped_key,
        conversation=uuid4(),
        audit_id=uuid4(),
        identity=known.row.identity,
        identity_kind=known.row.kind,
        identity_ciphertext=known.row.ciphertext,
        blind=known.row.blind,
        suppression_blind=known.row.suppression_blind,
        organisation_blind=known.row.organisation_blind,
        wait_ms=round(arrival.wait_s * 1000),
        urgent=arrival.urgent,
    )


def person_of(event: InboundMessage | Preference | OperatorMessage) -> Identity:
    """Whom the event is from, or, if one of our people wrote, to."""
    return event.to if isinstance(event, OperatorMessage) else event.sender


def alias_rows(n: int, arrival: Arrival, owner: Owner, contacts: Contacts) -> Iterator[AliasRow]:
    """The other names of row `n`'s sender, under the same key."""
    if isinstance(arrival.event, InboundMessage | OperatorMessage) and arrival.event.aliases:
        known = contacts.of(owner, person_of(arrival.event))
        for alias in arrival.event.aliases:
            yield AliasRow(n, *contacts.row(owner, alias, known.key))


def status_row(arrival: Arrival, owner: Owner, now: datetime) -> StatusRow:
    """A status names one of our messages; it holds no word of the person's."""
    event = arrival.event
    assert isinstance(event, StatusUpdate)
    return StatusRow(
        tenant=arrival.tenant_id,
        connection=arrival.connection_id,
        seen_hmac=owner.keys.blind_index("status", f"{event.status} {event.provider_id}"),
        sent_on=_day(event.at),
        id=uuid4(),
        provider_hmac=owner.keys.blind_index("provider_id", event.provider_id),
        client_ref=event.client_ref,
        status=event.status,
        at=event.at,
        error_code=event.error_code,
        received_at=now,
    )


def _content(
    event: InboundMessage | Preference | OperatorMessage, known: Known, row: UUID
) -> tuple[bytes, str, str, datetime]:
    """(payload, what, kind, when it was said). JSON's escapes carry NUL and lone surrogates through unharmed."""
    match event:
        case InboundMessage():
            words: dict[str, Any] = {
                "text": event.text,
                "kind": event.kind,
                "provider_id": event.provider_id,
                "profile_name": event.profile_name,
                "reply_to": event.reply_to,
                "sender": {"kind": event.sender.kind, "value": event.sender.value},
            }
            if event.media:
                words["media"] = [{"id": str(uuid4()), **asdict(media)} for media in event.media]
            plain = json.dumps(words).encode("ascii")
            payload = known.key.encrypt(plain, table="inbox", column="payload", row=row)
            return payload, "message", event.kind, event.sent_at
        case OperatorMessage():  # the body of a row of the outbox: a line of ours, of which nothing is cited
            words = {
                "text": event.text or f"({event.kind})",
                "options": [],
                "language": None,
                "sentences": [],
            }
            body = known.key.encrypt(
                json.dumps(words).encode("ascii"), table="outbox", column="body", row=row
            )
            return body, "operator", event.kind, event.sent_at
        case Preference():
            return b"", event.value, "preference", event.at


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()
