"""An Outcome as the parameters of commit_turn_v3: words encrypted, everything else in the clear and without a name."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, assert_never
from uuid import UUID, uuid4

from runtime.crypto import FieldKey
from runtime.messages import (
    CountSignal,
    OpenCase,
    Outcome,
    Pause,
    RecordAnswer,
    Send,
    SetHold,
    SetLanguage,
    StopBot,
    Suppress,
)
from runtime.storage.outbox import body_of


def parameters(
    outcome: Outcome, key: FieldKey, language: str, *, reservation: UUID | None = None
) -> dict[str, Any]:
    """Named parameters of commit_turn_v3, but for the lease and the time. `reservation`: of money, where any was made."""
    for effect in outcome.effects:
        if isinstance(effect, SetLanguage):
            language = effect.language
    sends = [(uuid4(), send) for send in outcome.sends]
    audit_id = uuid4()
    audit = json.dumps(outcome.audit, default=str).encode("ascii")
    bodies = [
        key.encrypt(body_of(send, language), table="outbox", column="body", row=row) for row, send in sends
    ]
    return {
        **_effects(outcome, key, reservation),
        "upto": outcome.upto_seq,
        "sends": json.dumps([_send(send) for _, send in sends]),
        "send_id": [row for row, _ in sends],
        "send_body": bodies,
        "audit_id": audit_id,
        "audit_header": json.dumps(_header(outcome, [row for row, _ in sends], bodies)),
        "audit_body": key.encrypt(audit, table="audit", column="body", row=audit_id),
    }


def _send(send: Send) -> dict[str, Any]:
    spoken = {s.claim: s.digest for s in send.sentences if s.claim is not None}
    return {
        "part": send.part,
        "send_class": send.send_class.value,
        "due_at": send.due_at.isoformat() if send.due_at else None,
        "claims": list(spoken),
        "claim_digests": list(dict.fromkeys(s.digest for s in send.sentences if s.digest is not None)),
        "has_link": send.has_link,
        "has_ask": send.has_ask,
        "asks": send.asks,
        "answers_seq": send.answers_seq,
        "template": send.template,
        "campaign": send.campaign,
    }


def _effects(outcome: Outcome, key: FieldKey, reservation: UUID | None) -> dict[str, Any]:
    turn: dict[str, Any] = {
        "id": str(uuid4()),
        "disposition": outcome.disposition,
        "bundle": outcome.bundle,
        "pinned": outcome.pinned,
        "cost": outcome.cost_micropence,
        "reservation": str(reservation) if reservation is not None else None,
        "asks": next((send.asks for send in reversed(outcome.sends) if send.asks), None),
        "language": None,
        "stop_bot": None,
        "suppress": None,
        "pause_until": None,
    }
    answers: dict[str, tuple[UUID, bytes]] = {}
    holds: list[dict[str, Any]] = []
    cases: list[dict[str, Any]] = []
    counts: Counter[str] = Counter()
    for effect in outcome.effects:
        match effect:
            case SetHold():
                holds.append({"id": str(uuid4()), **asdict(effect)})
            case Suppress(reason=reason, scope=scope):
                # Two in one turn: the wider one.
                if turn["suppress"] is None or scope == "organisation":
                    turn["suppress"] = {"scope": scope, "reason": reason}
            case OpenCase():
                cases.append({"id": str(uuid4()), **asdict(effect)})
            case StopBot(reason=reason):
                turn["stop_bot"] = reason
            case RecordAnswer(question=question, answer=answer):
                row = uuid4()
                plain = json.dumps(answer).encode("ascii")
                answers[question] = (row, key.encrypt(plain, table="answer", column="ciphertext", row=row))
            case CountSignal(category=category):
                counts[category] += 1
            case SetLanguage(language=language):
                turn["language"] = language
            case Pause(until=until):
                turn["pause_until"] = until.isoformat()
            case _:
                assert_never(effect)
    return {
        "turn": json.dumps(turn),
        "answers": list(answers),
        "answer_id": [row for row, _ in answers.values()],
        "answer_ciphertext": [ciphertext for _, ciphertext in answers.values()],
        "holds": json.dumps(holds),
        "cases": json.dumps(cases),
        "counts": json.dumps(counts),
    }


def _header(outcome: Outcome, rows: Sequence[UUID], bodies: Sequence[bytes]) -> dict[str, Any]:
    """What the audit says in the clear: rules, digests and kinds, never a word of anybody's.

    A send's row is named with the digest of its ciphertext, so that `audit verify` misses it or sees it changed.
    """
    return {
        "what": "turn",
        "disposition": outcome.disposition,
        "bundle": outcome.bundle,
        "pinned": outcome.pinned,
        "sends": [
            {
                "part": send.part,
                "class": send.send_class.value,
                "claims": _send(send)["claims"],
                "outbox": str(row),
                "body_sha256": hashlib.sha256(body).hexdigest(),
            }
            for send, row, body in zip(outcome.sends, rows, bodies, strict=True)
        ],
        "effects": [type(effect).__name__ for effect in outcome.effects],
    }
