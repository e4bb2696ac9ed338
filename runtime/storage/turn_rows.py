"""What load_v2 returns, as the values of a Turn: decrypted here, under the person's key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from runtime.crypto import FieldKey
from runtime.messages import Line, Media, Pending, Stop
from schemas.bundle import Bundle, Policy

HISTORY_LINES = 30
PENNY = 1_000_000  # micropence

Row = Mapping[str, Any]
Found = Mapping[str, Sequence[Row]]  # rows by `what`


def pending_of(found: Found, key: FieldKey) -> tuple[Pending, ...]:
    """The unanswered messages in order, with what was fetched of their media."""
    fetched = {row["id"]: row for row in found.get("media", ())}
    return tuple(_pending(row, fetched, key) for row in found.get("pending", ()))


def history_of(found: Found, key: FieldKey) -> tuple[Line, ...]:
    """Earlier lines, oldest first."""
    people = {row["id"] for row in found.get("by_person", ())}
    theirs = [
        Line(ours=False, text=_words(row, key, table="inbox", column="payload")["text"], at=row["at"])
        for row in found.get("theirs", ())
    ]
    ours = [
        Line(
            ours=True,
            text=_words(row, key, table="outbox", column="body")["text"],
            at=row["at"],
            claims=tuple(row["doc"]),
            by_person=row["id"] in people,
        )
        for row in found.get("ours", ())
    ]
    # Of what happened in the same instant, their words come first: ours answer them.
    return tuple(sorted([*theirs, *reversed(ours)], key=lambda line: line.at)[-HISTORY_LINES:])


def answers_of(found: Found, key: FieldKey) -> dict[str, str]:
    """Question id -> the person's answer."""
    return {
        row["name"]: str(_words(row, key, table="answer", column="ciphertext"))
        for row in found.get("answer", ())
    }


def slots_of(found: Found, key: FieldKey, active: Bundle) -> dict[str, str]:
    """Values that need rows. Whoever wrote first has no consent event: then the source is that they wrote."""
    head = found["head"][0]
    began = head["at2"].astimezone(ZoneInfo(active.tenant.timezone))
    slots = {
        "consent.source_line": head["doc"]["consent_source"]
        or f"you wrote to us on {began.day} {began:%B %Y}",
        "case.ref": head["doc"]["case_ref"],
    }
    for row in found.get("given_name", ()):
        plain = key.decrypt(row["data"], table="contact", column="given_name", row=row["id"])
        slots["contact.given_name"] = plain.decode()
    return slots


def standing_of(found: Found, policy: Policy) -> dict[str, Any]:
    """The fields of Turn that say how the conversation stands and what was spent today, in whole percent."""
    more = found["more"][0]
    return {
        "started": more["doc"]["started"],
        "first_contact": more["doc"]["first_contact"],
        "handed_back_at": more["at"],
        "spent_percent": _percent(more["doc"]["spent"], policy.spend_pence_per_day),
        "contact_spent_percent": _percent(
            more["doc"]["contact_spent"], policy.spend_pence_per_contact_per_day
        ),
    }


def _percent(micropence: int, cap_pence: int) -> int:
    """Rounded down. A cap of nothing is always reached."""
    return int(micropence) * 100 // (cap_pence * PENNY) if cap_pence > 0 else 100


def _pending(row: Row, fetched: Mapping[UUID, Row], key: FieldKey) -> Pending:
    scope, matched = row["doc"]["scope"], row["doc"]["matched"]
    payload = _words(row, key, table="inbox", column="payload")
    return Pending(
        seq=row["n"],
        text=payload["text"],
        kind=row["name"],
        sent_at=row["at2"],
        received_at=row["at"],
        stop=Stop(scope=scope, matched=matched or "") if scope else None,
        media=tuple(_media(said, fetched, key) for said in payload.get("media", ())),
    )


def _media(said: Mapping[str, Any], fetched: Mapping[UUID, Row], key: FieldKey) -> Media:
    """As the provider called it, until it was fetched; then as it is."""
    found = fetched.get(UUID(said["id"]))
    if found is None:
        return Media(
            id=UUID(said["id"]),
            media_type=said["media_type"],
            size=said["size"],
            reference=said["reference"],
            sha256=said["sha256"],
        )
    data = found["data"]
    return Media(
        id=found["id"],
        media_type=found["name"],
        size=found["n"],
        data=key.decrypt(data, table="media", column="data", row=found["id"]) if data is not None else None,
    )


def _words(row: Row, key: FieldKey, *, table: str, column: str) -> Any:
    return json.loads(key.decrypt(row["data"], table=table, column=column, row=row["id"]))
