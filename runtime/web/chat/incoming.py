"""Reads what a visitor posts, as JSON from the page's script or as a form without it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from runtime.channels import wire
from runtime.errors import MalformedWebhook

MAX_TEXT_CHARS = 4096
_ID = re.compile(r"[A-Za-z0-9_-]{8,64}")


class Unreadable(Exception):
    """The post cannot be taken as a message; the words say why and are shown to the visitor."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """`id` is the page's own: the same id again is the same message."""

    id: str
    text: str


def read_json(raw: bytes) -> Incoming:
    """`{"id": ..., "text": ...}`. Raises Unreadable."""
    try:
        fields = wire.mapping(wire.read_json(raw), "message")
    except MalformedWebhook as error:
        raise Unreadable(str(error)) from error
    return _checked(wire.text(fields, "id"), wire.text(fields, "text"))


def read_form(fields: Mapping[str, Sequence[str]]) -> Incoming:
    """The form: `text` is what was written; `choice`, the button that was pressed instead, counts first. Raises Unreadable."""
    text = (fields.get("choice") or fields.get("text") or ("",))[0]
    return _checked((fields.get("id") or ("",))[0], wire.clean(text))


def _checked(id: str, text: str) -> Incoming:
    text = text.replace("\r\n", "\n").strip()
    if not _ID.fullmatch(id):
        raise Unreadable("The message has no proper id.")
    if not text:
        raise Unreadable("The message is empty.")
    if len(text) > MAX_TEXT_CHARS:
        raise Unreadable(f"A message has at most {MAX_TEXT_CHARS:,} characters; this one has {len(text):,}.")
    return Incoming(id=id, text=text)
