"""Reads Meta's webhook envelope (360dialog passes it on as it is): messages, statuses, preferences and echoes, in order."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from runtime.channels.wire import MAX_ID_CHARS, MAX_NAME_CHARS, identifier, items, mapping, moment, text
from runtime.errors import MalformedWebhook
from runtime.messages import (
    Identity,
    InboundEvent,
    InboundMessage,
    Malformed,
    MediaReference,
    OperatorMessage,
    Preference,
    StatusUpdate,
)

OBJECT = "whatsapp_business_account"
FIELDS = frozenset({"messages", "user_preferences", "smb_message_echoes"})
MEDIA = frozenset({"image", "audio", "video", "document", "sticker"})
MAX_TYPE_CHARS = 100
USER_STOPPED = 131050
MAX_PHONE_DIGITS = 15  # E.164
_STATUSES: Mapping[str, Literal["sent", "delivered", "read", "failed"]] = {
    "sent": "sent",
    "delivered": "delivered",
    "read": "read",
    "played": "read",  # a voice message that was listened to
    "failed": "failed",
}

Fields = Mapping[str, Any]


def events(envelope: object, *, phone_number_id: str | None, now: datetime) -> list[InboundEvent]:
    """Every event of one webhook; what cannot be read of it is Malformed, with the path of the fault, and the rest stands.

    With `phone_number_id`, each value must be about that number: a webhook that reached the wrong address must not become
    another tenant's conversation. Raises MalformedWebhook without an envelope, and when all of it is about other numbers:
    then nobody waits for it, and the provider keeps it for whoever puts the address right.
    """
    root = mapping(envelope, "body")
    if root.get("object") != OBJECT:
        raise MalformedWebhook(f"object is not {OBJECT}")
    found: list[InboundEvent] = []
    ours = 0
    astray: str | None = None
    for path, change in _changes(root, found):
        if change.get("field") not in FIELDS:
            continue  # a field we did not ask for: account alerts, groups, templates
        value = change.get("value")
        if not isinstance(value, dict):
            found.append(_malformed(change, f"{path}.value is not an object"))
        elif phone_number_id is not None and _number_of(value) != phone_number_id:
            astray = f"{path}.value.metadata.phone_number_id is not this connection's number"
            found.append(_malformed(change, astray))
        else:
            ours += 1
            found.extend(_events_of(value, f"{path}.value", now))
    if astray is not None and not ours:
        raise MalformedWebhook(astray)
    return found


def _changes(root: Fields, found: list[InboundEvent]) -> Iterator[tuple[str, Fields]]:
    """(path, change) of every readable change; what is none goes to `found`. Raises MalformedWebhook without a list."""
    for e, entry in enumerate(items(root, "entry", "body")):
        at = f"entry[{e}]"
        changes = entry.get("changes") if isinstance(entry, dict) else None
        if not isinstance(changes, list):
            found.append(_malformed(entry, f"{at}.changes is not a list"))
            continue
        for c, change in enumerate(changes):
            if isinstance(change, dict):
                yield f"{at}.changes[{c}]", change
            else:
                found.append(_malformed(change, f"{at}.changes[{c}] is not an object"))


def _events_of(value: Fields, path: str, now: datetime) -> Iterator[InboundEvent]:
    people = _objects(value.get("contacts"))
    readers: tuple[tuple[str, Callable[[Fields, str], list[InboundEvent]]], ...] = (
        ("messages", lambda item, at: [_message(item, at, people, now)]),
        ("statuses", lambda item, at: list(_status(item, at, now))),
        ("user_preferences", lambda item, at: list(_preference(item, at, people, now))),
        ("message_echoes", lambda item, at: [_echo(item, at, now)]),
    )
    for key, reader in readers:
        try:
            listed = items(value, key, path)
        except MalformedWebhook as error:
            yield _malformed(value.get(key), str(error))
            continue
        for i, item in enumerate(listed):
            at = f"{path}.{key}[{i}]"
            try:
                yield from reader(mapping(item, at), at)
            except MalformedWebhook as error:
                yield _malformed(item, str(error))


def _malformed(item: object, reason: str) -> Malformed:
    try:
        raw = json.dumps(item, sort_keys=True)
    except RecursionError:  # nested as deep as can be read, and a little deeper than can be written
        raw = json.dumps({"nested too deeply": reason})
    known_by = hashlib.sha256(raw.encode("ascii")).hexdigest()[:32]
    return Malformed(provider_id=f"malformed.{known_by}", reason=reason, raw=raw)


def _number_of(value: Fields) -> str | None:
    metadata = value.get("metadata")
    return text(metadata, "phone_number_id") if isinstance(metadata, dict) else None


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


# ---- messages -----------------------------------------------------------------------------------------------------


def _message(message: Fields, path: str, people: list[dict[str, Any]], now: datetime) -> InboundMessage:
    person = _person(message, people)
    identities = _identities(
        text(message, "from") or text(person, "wa_id"),
        text(message, "from_user_id") or text(person, "user_id"),
    )
    if not identities:
        raise MalformedWebhook(f"{path} names no sender")
    kind, words, payload = _content(message)
    profile = person.get("profile")
    name = text(profile, "name")[:MAX_NAME_CHARS] if isinstance(profile, dict) else ""
    context = message.get("context")
    return InboundMessage(
        provider_id=identifier(message, "id", path),
        sender=identities[0],
        aliases=tuple(identities[1:]),
        sent_at=moment(message, "timestamp", now),
        kind=kind,
        text=words,
        profile_name=name or None,
        reply_to=(text(context, "id") or None) if isinstance(context, dict) else None,
        payload=payload,
        media=_media(message),
    )


def _echo(message: Fields, path: str, now: datetime) -> OperatorMessage:
    """What one of our people wrote in the app of the phone that the number lives on (`smb_message_echoes`)."""
    identities = _identities(text(message, "to"), text(message, "to_user_id"))
    if not identities:
        raise MalformedWebhook(f"{path} names nobody it was written to")
    kind, words, _payload = _content(message)
    return OperatorMessage(
        provider_id=identifier(message, "id", path),
        to=identities[0],
        aliases=tuple(identities[1:]),
        sent_at=moment(message, "timestamp", now),
        kind=kind,
        text=words,
    )


def _media(message: Fields) -> tuple[MediaReference, ...]:
    """What stays with the provider until somebody asks for it by its id."""
    kind = text(message, "type")
    part = message.get(kind)
    if kind not in MEDIA or not isinstance(part, dict) or not (media_id := text(part, "id")[:MAX_ID_CHARS]):
        return ()
    said = text(part, "mime_type")[:MAX_TYPE_CHARS].partition(";")[0].strip().lower()
    return (
        MediaReference(
            reference=media_id, media_type=said or kind, sha256=text(part, "sha256")[:MAX_TYPE_CHARS]
        ),
    )


def _content(message: Fields) -> tuple[str, str, str]:
    """(kind, what they wrote or chose, what stands behind it). A kind we do not know is kept as `unsupported`, never dropped."""
    kind = text(message, "type")
    part = message.get(kind)
    if not isinstance(part, dict):
        return "unsupported", "", ""
    match kind:
        case "text":
            return "text", text(part, "body"), ""
        case "button":
            label, payload = text(part, "text"), text(part, "payload")
            return "button", label or payload, payload
        case "interactive":
            reply = part.get(text(part, "type"))
            title, chosen = (text(reply, "title"), text(reply, "id")) if isinstance(reply, dict) else ("", "")
            return ("button" if title else "unsupported"), title, chosen
        case "reaction":
            return kind, "", text(part, "emoji")
        case "location" | "system":
            return kind, "", ""
        case _ if kind in MEDIA:
            return kind, text(part, "caption"), ""
        case _:
            return "unsupported", "", ""


def _person(holder: Fields, people: list[dict[str, Any]]) -> Fields:
    """The contact that a message is from: by number or user id, or the only one there is."""
    number = text(holder, "from") or text(holder, "wa_id")
    user = text(holder, "from_user_id") or text(holder, "user_id")
    for person in people:
        if (number and text(person, "wa_id") == number) or (user and text(person, "user_id") == user):
            return person
    return people[0] if len(people) == 1 and not (number and text(people[0], "wa_id")) else {}


def _identities(number: str, user: str) -> list[Identity]:
    """The phone number first where there is one; since 2026 a person may be known by a business-scoped user id alone."""
    found: list[Identity] = []
    digits = number.removeprefix("+")
    if digits.isascii() and digits.isdigit() and len(digits) <= MAX_PHONE_DIGITS:
        found.append(Identity(kind="phone", value=f"+{digits}"))
    if user and len(user) <= MAX_ID_CHARS:
        found.append(Identity(kind="bsuid", value=user))
    return found


# ---- statuses and preferences -------------------------------------------------------------------------------------


def _status(status: Fields, path: str, now: datetime) -> Iterator[InboundEvent]:
    said = text(status, "status")
    if not said:
        raise MalformedWebhook(f"{path}.status is missing or not text")
    became = _STATUSES.get(said)
    if became is None:
        return  # `deleted`, `warning` and what may come: nothing we act on
    provider_id = identifier(status, "id", path)
    at = moment(status, "timestamp", now)
    code, title = _fault(status.get("errors"))
    yield StatusUpdate(
        provider_id=provider_id,
        status=became,
        at=at,
        client_ref=text(status, "biz_opaque_callback_data") or None,
        error_code=code,
        error_title=title or None,
    )
    if became == "failed" and code == USER_STOPPED:
        # They stopped us inside WhatsApp, and this failure is how we hear of it. Without a recipient the update above tells it.
        for person in _identities(text(status, "recipient_id"), text(status, "recipient_user_id"))[:1]:
            yield Preference(provider_id=f"{provider_id}.{USER_STOPPED}", sender=person, value="stop", at=at)


def _fault(errors: object) -> tuple[int | None, str]:
    """(code, title) of the errors of a status: that the person stopped us counts wherever it stands, else the first code."""
    coded = [
        (code, text(error, "title")[:MAX_NAME_CHARS])
        for error in _objects(errors)
        if isinstance(code := error.get("code"), int) and not isinstance(code, bool)
    ]
    stopped = next((fault for fault in coded if fault[0] == USER_STOPPED), None)
    return stopped or next(
        iter(coded), (None, text(next(iter(_objects(errors)), {}), "title")[:MAX_NAME_CHARS])
    )


def _preference(wish: Fields, path: str, people: list[dict[str, Any]], now: datetime) -> Iterator[Preference]:
    if text(wish, "category") not in ("", "marketing_messages"):
        return
    person = _person(wish, people)
    identities = _identities(
        text(wish, "wa_id") or text(person, "wa_id"), text(wish, "user_id") or text(person, "user_id")
    )
    if not identities:
        raise MalformedWebhook(f"{path} names no person")
    # The spelling of the values is not certain. Only the plain word lifts a stop; anything else is one.
    value: Literal["stop", "resume"] = "resume" if text(wish, "value") == "resume" else "stop"
    known_by = f"{identities[0].value}|{value}|{text(wish, 'timestamp')}"
    yield Preference(
        provider_id="preference." + hashlib.sha256(known_by.encode("utf-8")).hexdigest()[:32],
        sender=identities[0],
        value=value,
        at=moment(wish, "timestamp", now),
    )
