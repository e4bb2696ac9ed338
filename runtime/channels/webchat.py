"""Web chat: a page of ours, so nothing is called; a message counts as delivered once its row is visible to the page."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime

from runtime.channels.wire import clean
from runtime.errors import MalformedWebhook
from runtime.messages import Identity, InboundEvent, InboundMessage, OutboundMessage, Receipt
from schemas.bundle import Connection

PREFIX_CHARS = 12


class WebChat:
    """A message is delivered by being there: the page reads its conversation's rows (`Ingest.visitor_lines`)."""

    def authentic(
        self, connection: Connection, secrets: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> bool:
        """Always False: a visitor proves themselves to the chat page, and there is no webhook."""
        return False

    def parse(self, connection: Connection, body: bytes, now: datetime) -> Sequence[InboundEvent]:
        """Always raises MalformedWebhook: there is no webhook."""
        raise MalformedWebhook("web chat has no webhook")

    async def send(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        message: OutboundMessage,
        *,
        deadline_s: float,
    ) -> Receipt:
        """Accepted at once. The row became visible to the page with `sending`; its key is its id."""
        return Receipt(result="accepted", provider_id=message.key)

    @property
    def deduplicates(self) -> bool:
        """True: a row that is shown twice is still one row."""
        return True


def inbound(visitor: str, client_id: str, text: str, now: datetime) -> InboundMessage:
    """What a visitor wrote. `client_id` is the page's own id of it: the same id again is the same message."""
    return InboundMessage(
        provider_id=provider_id(visitor, client_id),
        sender=Identity(kind="visitor", value=visitor),
        sent_at=now,
        kind="text",
        text=clean(text),
    )


def provider_id(visitor: str, client_id: str) -> str:
    """The page's id made this visitor's own, so that nobody can use up the ids of another."""
    return f"{_prefix(visitor)}.{client_id}"


def client_id(visitor: str, provider: str | None) -> str | None:
    """The page's id again; None when the message is not this visitor's."""
    head, _, tail = (provider or "").partition(".")
    return tail if tail and head == _prefix(visitor) else None


def _prefix(visitor: str) -> str:
    return hashlib.sha256(visitor.encode("utf-8")).hexdigest()[:PREFIX_CHARS]
