"""WhatsApp through 360dialog: a secret header in, Meta's envelope and message bodies, D360-API-KEY out."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx2

from runtime.channels import meta_media, meta_webhook, signatures, wire
from runtime.channels.meta_answer import receipt
from runtime.messages import InboundEvent, OutboundMessage, Receipt
from runtime.ports import NoMedia
from schemas.bundle import Connection

DEFAULT_HEADER = "X-Convo-Secret"
DEFAULT_PATH = "/messages"
KEY_HEADER = "D360-API-KEY"
MAX_TEXT_CHARS = 4096
MAX_INTERACTIVE_CHARS = 1024
MAX_BUTTONS = 3
MAX_BUTTON_CHARS = 20
CONNECT_SHARE = (
    0.4  # of the deadline: failing to connect must show before the deadline, because it is safe to repeat
)


class Dialog360:
    """One number a connection. secrets: `webhook` (the header's value), `api` (the key), optional `app_secret`.

    options: `secret_header` (X-Convo-Secret), `phone_number_id` (cross-checked when set), `message_path` (/messages).
    """

    def __init__(self, http: httpx2.AsyncClient) -> None:
        self._http = http

    def authentic(
        self, connection: Connection, secrets: Mapping[str, str], headers: Mapping[str, str], body: bytes
    ) -> bool:
        """360dialog signs nothing on a client's number, so the webhook is registered with a secret header of ours.

        Meta's signature is checked as well where the connection names an `app_secret`, and instead with signature `meta`.
        """
        match connection.signature:
            case "header_secret":
                name = connection.options.get("secret_header", DEFAULT_HEADER)
                if not signatures.header_secret(headers, name, secrets.get("webhook", "")):
                    return False
            case "meta":
                if "app_secret" not in connection.secrets:
                    return False
            case _:
                return False
        if "app_secret" in connection.secrets:
            return signatures.meta(headers, secrets.get("app_secret", ""), body)
        return True

    def parse(self, connection: Connection, body: bytes, now: datetime) -> Sequence[InboundEvent]:
        """Every message, status and preference of the batch, in order. Raises MalformedWebhook."""
        return meta_webhook.events(
            wire.read_json(body), phone_number_id=connection.options.get("phone_number_id") or None, now=now
        )

    async def send(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        message: OutboundMessage,
        *,
        deadline_s: float,
    ) -> Receipt:
        """One POST. There is no idempotency key: what may have been accepted is `unknown`, and our key travels as
        `biz_opaque_callback_data`, which statuses echo, so that an unknown can be settled later."""
        key = secrets.get("api", "")
        if not key or not key.isascii() or not key.isprintable():
            return Receipt(result="refused", detail="key")
        body = compose(message)
        if isinstance(body, Receipt):
            return body
        url = connection.base_url.rstrip("/") + connection.options.get("message_path", DEFAULT_PATH)
        try:
            async with asyncio.timeout(deadline_s):
                answer = await self._http.post(
                    url,
                    content=json.dumps(body, ensure_ascii=False).encode("utf-8"),
                    headers={"Content-Type": "application/json", KEY_HEADER: key},
                    timeout=httpx2.Timeout(
                        deadline_s, connect=deadline_s * CONNECT_SHARE, pool=deadline_s * CONNECT_SHARE
                    ),
                )
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout):
            return Receipt(result="refused", detail="connect", retry=True)  # no byte of it has left
        except (httpx2.UnsupportedProtocol, httpx2.InvalidURL, httpx2.LocalProtocolError):
            return Receipt(
                result="refused", detail="invalid"
            )  # our own configuration; nothing has left either
        except (httpx2.HTTPError, TimeoutError):
            return Receipt(result="unknown", detail="timeout")
        return receipt(answer.status_code, answer.headers, answer.content)

    async def fetch_media(
        self,
        connection: Connection,
        secrets: Mapping[str, str],
        reference: str,
        *,
        max_bytes: int,
        deadline_s: float,
    ) -> bytes:
        """See ports.HoldsMedia: where it lies, then the bytes, both from the connection's own host."""
        key = secrets.get("api", "")
        if not key or not key.isascii() or not key.isprintable():
            raise NoMedia("there is no key", for_good=False)
        return await meta_media.fetch(
            self._http,
            base_url=connection.base_url,
            headers={KEY_HEADER: key},
            reference=reference,
            max_bytes=max_bytes,
            deadline_s=deadline_s,
        )

    @property
    def deduplicates(self) -> bool:
        """False: a second call is a second message on the person's phone."""
        return False


def compose(message: OutboundMessage) -> dict[str, Any] | Receipt:
    """The request body, or the refusal of what cannot be sent as it is: text is never cut."""
    match message.to.kind:
        case "phone":
            to = {"to": message.to.value.removeprefix("+")}
        case "bsuid":
            to = {"recipient": message.to.value}
        case _:
            return Receipt(result="refused", detail="recipient")
    content = _content(message)
    if content is None:
        return Receipt(result="refused", detail="too_long")
    quoted = {"context": {"message_id": message.reply_to}} if message.reply_to else {}
    return {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        **to,
        **content,
        **quoted,
        "biz_opaque_callback_data": message.key,
    }


def _content(message: OutboundMessage) -> dict[str, Any] | None:
    if message.template is not None:
        language = {"code": message.language.replace("-", "_")}
        return {"type": "template", "template": {"name": message.template, "language": language}}
    options = message.options
    if options and _fit_buttons(message):
        buttons = [
            {"type": "reply", "reply": {"id": f"option-{i}", "title": title}}
            for i, title in enumerate(options, 1)
        ]
        interactive = {"type": "button", "body": {"text": message.text}, "action": {"buttons": buttons}}
        return {"type": "interactive", "interactive": interactive}
    text = message.text
    if options:
        text += "\n\n" + "\n".join(f"{i}. {title}" for i, title in enumerate(options, 1))
    if not text or len(text) > MAX_TEXT_CHARS:
        return None
    return {"type": "text", "text": {"body": text, "preview_url": False}}


def _fit_buttons(message: OutboundMessage) -> bool:
    """WhatsApp refuses longer or equal titles; what does not fit goes as numbered lines instead."""
    titles = message.options
    return (
        len(titles) <= MAX_BUTTONS
        and len(set(titles)) == len(titles)
        and all(0 < len(title) <= MAX_BUTTON_CHARS for title in titles)
        and 0 < len(message.text) <= MAX_INTERACTIVE_CHARS
    )
