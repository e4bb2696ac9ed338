"""Rows of the desk's statements made into its values; what a person's key no longer opens is None."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import fields
from typing import Any
from uuid import UUID

from runtime.crypto import CryptoError, FieldKey, TenantKeys
from runtime.messages import Sentence
from runtime.storage.desk_rows import (
    TYPED,
    Bundled,
    CaseRow,
    Depth,
    Entry,
    Fate,
    Heading,
    LookRow,
    Person,
    Pointer,
    Queue,
    SaidRow,
    Seen,
    SendingRow,
    Stuck,
    Summary,
    Switch,
    Today,
    Withdrawal,
)

Row = Mapping[str, Any]


def contact_key(row: Row, keys: TenantKeys) -> FieldKey | None:
    """The person's key; None when it was erased or does not open."""
    if row.get("contact_id") is None:
        return None
    try:
        return keys.open_contact(row["contact_id"], row["wrapped_key"])
    except CryptoError:
        return None


def plain(key: FieldKey | None, data: bytes | None, *, table: str, column: str, row: UUID) -> str | None:
    """Text of a ciphertext; None when it can no longer be read."""
    if key is None or not data:
        return None
    try:
        return key.decrypt(data, table=table, column=column, row=row).decode()
    except CryptoError:
        return None


def document(
    key: FieldKey | None, data: bytes | None, *, table: str, column: str, row: UUID
) -> dict[str, Any]:
    text = plain(key, data, table=table, column=column, row=row)
    found = json.loads(text) if text else {}
    return found if isinstance(found, dict) else {}


def person_of(row: Row, keys: TenantKeys) -> Person:
    key = contact_key(row, keys)
    contact: UUID = row["contact_id"]
    value = None
    if row["identity_id"] is not None:
        value = plain(key, row["identity_value"], table="identity", column="value", row=row["identity_id"])
    return Person(
        contact_id=contact,
        kind=row["identity_kind"],
        value=value,
        given_name=plain(key, row["given_name"], table="contact", column="given_name", row=contact),
    )


def summary_of(row: Row, keys: TenantKeys) -> Summary:
    return Summary(
        conversation_id=row["conversation_id"],
        person=person_of(row, keys),
        channel=row["channel"],
        active_at=row["active_at"],
        waiting=row["last_seq"] - row["done_seq"],
        waiting_since=row["waiting_since"],
        human_owner=row["human_owner"],
        stopped=row["mode"] == "stopped",
        opted_out=row["opted_out_at"] is not None,
        holds=tuple(row["holds"] or ()),
        cases=tuple(row["cases"] or ()),
        dead=row["dead"],
        send_state=row["send_state"],
        send_class=row["send_class"],
        effect=row["decided_effect"],
        rule=row["decided_rule"],
        claims=tuple(row["claims"] or ()),
        by_person=row["author"] not in (None, "bot"),
        send_at=row["send_at"],
    )


def heading_of(row: Row, keys: TenantKeys) -> Heading:
    return Heading(
        conversation_id=row["conversation_id"],
        person=person_of(row, keys),
        connection_id=row["connection_id"],
        channel=row["channel"],
        stage=row["stage"],
        stopped=row["mode"] == "stopped",
        human_owner=row["human_owner"],
        human_since=row["human_since"],
        pinned=row["pinned"],
        created_at=row["created_at"],
        waiting=row["last_seq"] - row["done_seq"],
        last_inbound_at=row["last_inbound_at"],
        entries=row["audit_n"],
        head=bytes(row["audit_hash"]).hex(),
        opted_out_at=row["opted_out_at"],
        opt_out_scope=row["opt_out_scope"],
        struck_out_at=row["struck_out_at"],
        language=row["language"],
        erased_at=row["erased_at"],
    )


def said_of(row: Row, key: FieldKey | None) -> SaidRow:
    payload = document(key, row["payload"], table="inbox", column="payload", row=row["id"])
    return SaidRow(
        seq=row["seq"],
        kind=row["kind"],
        text=payload.get("text") if payload else None,
        sent_at=row["sent_at"],
        received_at=row["received_at"],
        stop_scope=row["stop_scope"],
        stop_matched=row["stop_matched"],
    )


def look_of(row: Row) -> LookRow:
    facts = row["facts"]
    return LookRow(
        at=row["at"],
        effect=row["effect"],
        rule=row["rule"],
        row=row["row_no"],
        until=row["until"],
        facts=tuple(facts.get("facts") or ()),
        notes=tuple(facts.get("notes") or ()),
    )


def sending_of(row: Row, key: FieldKey | None, looks: Sequence[LookRow]) -> SendingRow:
    body = document(key, row["body"], table="outbox", column="body", row=row["id"])
    return SendingRow(
        **_columns(SendingRow, row, but=("text", "options", "sentences", "looks", "fence")),
        fence=_fence(row["key"]),
        text=body.get("text") if body else None,
        options=tuple(body.get("options", ())),
        sentences=tuple(sentence_of(sentence) for sentence in body.get("sentences", ())),
        looks=tuple(looks),
    )


def _fence(key: str) -> int | None:
    """The last part of conversation:upto_seq:part:fence; a row that we started has no turn behind it."""
    parts = key.split(":")
    return int(parts[3]) if len(parts) > 3 and parts[3].isdigit() else None


def sentence_of(body: Row) -> Sentence:
    names = ("claim", "variant", "digest", "file", "line")
    return Sentence(text=body["text"], **{name: body.get(name) for name in names})


def entry_of(row: Row, key: FieldKey | None) -> Entry:
    return Entry(
        n=row["n"],
        at=row["at"],
        header=row["header"],
        body=document(key, row["body"], table="audit", column="body", row=row["id"]),
        hash=bytes(row["hash"]).hex(),
    )


def case_of(row: Row, keys: TenantKeys) -> CaseRow:
    person = person_of(row, keys) if row["contact_id"] is not None and "identity_id" in row else None
    return CaseRow(
        **_columns(CaseRow, row, but=("person", "channel", "resolution")),
        channel=row.get("channel"),
        person=person,
        resolution=typed_of(row, keys),
    )


def withdrawal_of(row: Row, keys: TenantKeys) -> Withdrawal:
    return Withdrawal(
        claim_digest=row["claim_digest"],
        by=row["withdrawn_by"],
        at=row["withdrawn_at"],
        reason=typed_of(row, keys) or "",
    )


def typed_of(row: Row, keys: TenantKeys) -> str | None:
    """What an operator wrote with an act; None when there is no entry of it, or it can no longer be read."""
    if row["entry"] is None:
        return None
    body = document(keys.fields, row["typed"], table="audit", column="body", row=row["entry"])
    return body.get(TYPED)


def queue_of(depth: Sequence[Row], stuck: Sequence[Row], keys: TenantKeys) -> Queue:
    return Queue(depth=Depth(**depth[0]), stuck=tuple(stuck_of(row, keys) for row in stuck))


def stuck_of(row: Row, keys: TenantKeys) -> Stuck:
    return Stuck(
        kind=row["kind"],
        id=row["id"],
        at=row["at"],
        reason=row["reason"],
        attempts=row["attempts"],
        conversation_id=row["conversation_id"],
        person=person_of(row, keys) if row["contact_id"] is not None else None,
        channel=row["channel"],
        send_class=row["send_class"],
        claims=tuple(row["claims"] or ()),
        effect=row["effect"],
        rule=row["rule"],
        code=row["code"],
    )


def bundled_of(pointers: Sequence[Row], seen: Sequence[Row]) -> Bundled:
    return Bundled(
        pointers=tuple(
            Pointer(
                stage=row["stage"],
                serial=row["serial"],
                digest=row["digest"],
                by=row["activated_by"],
                at=row["activated_at"],
                unapproved=row["unapproved"],
            )
            for row in pointers
        ),
        seen=tuple(
            Seen(
                process=row["process"],
                stage=row["stage"],
                digest=row["digest"],
                wanted=row["wanted"],
                error=row["error"],
                at=row["seen_at"],
            )
            for row in seen
        ),
    )


def switch_of(row: Row, keys: TenantKeys) -> Switch:
    return Switch(
        of_all=row["of_all"],
        scope=row["kill_scope"],
        by=row["killed_by"],
        at=row["killed_at"],
        reason=typed_of(row, keys),
        requested_by=row["requested_by"],
        requested_at=row["requested_at"],
    )


def today_of(row: Row, fates: Sequence[Row]) -> Today:
    answer = row["answer_s"]
    return Today(
        conversations=row["conversations"],
        with_people=row["with_people"],
        spent_micropence=row["spent_micropence"],
        answer_s=(float(answer[0]), float(answer[1])) if answer and answer[0] is not None else None,
        fates=tuple(Fate(**fate) for fate in fates),
    )


def _columns(value: type[Any], row: Row, *, but: tuple[str, ...]) -> dict[str, Any]:
    """The columns that go by the names of the value's fields."""
    return {field.name: row[field.name] for field in fields(value) if field.name not in but}
