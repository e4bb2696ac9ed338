"""Why did it say that? One sentence back to its claim, its file, whoever approved it, and whether it still holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from runtime.guardrails import guardrail_of
from runtime.messages import Sentence
from runtime.storage.desk_rows import Conversation, SendingRow, Withdrawal
from runtime.web.desk import words
from runtime.web.desk.how import How, how
from schemas.bundle import Bundle, Claim


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One guardrail and what it found in this message. tone: ok, hold or danger."""

    rule: str
    found: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """The explanation of one sentence. Every text is ready to show; '' means there is nothing to say there."""

    quote: str
    claim: str | None
    variant: str
    written_at: str
    approved_by: tuple[str, ...]
    digest: str
    sources: tuple[str, ...]
    in_force: str
    holds_tone: str
    holds: str
    checks: tuple[Check, ...]
    asked_for: str
    bundle: str
    entry: str
    how: How | None


def sentence_of(conversation: Conversation, ref: str) -> tuple[SendingRow, Sentence] | None:
    """The row and sentence of `<outbox id>.<n>`; None when there is no such sentence here."""
    row_id, _, n = ref.partition(".")
    try:
        wanted = UUID(row_id)
    except ValueError:
        return None
    for row in conversation.sends:
        if row.id == wanted and n.isascii() and n.isdigit() and len(n) < 4 and int(n) < len(row.sentences):
            return row, row.sentences[int(n)]
    return None


def why(
    conversation: Conversation,
    row: SendingRow,
    sentence: Sentence,
    *,
    then: Bundle | None,
    now: Bundle | None,
    serial: int | None,
    today: date,
    zone: ZoneInfo,
) -> Why:
    """`then` is the bundle the message was composed from, `now` the one in force."""
    claim = then.claims.get(sentence.claim) if then and sentence.claim else None
    tone, holds = _still(sentence, conversation.withdrawn, now=now, serial=serial, today=today, zone=zone)
    turn = next(
        (
            e
            for e in conversation.record
            if e.header.get("what") == "turn"
            and row.fence is not None
            and e.header.get("fence") == row.fence
            and e.header.get("upto") == row.upto_seq
        ),
        None,
    )
    found = [f for f in (turn.body.get("findings", ()) if turn else ()) if f.get("part") in (None, row.part)]
    entry = (
        f"Entry {turn.n} of {conversation.heading.entries}, {turn.hash[:4]}…{turn.hash[-4:]}" if turn else ""
    )
    return Why(
        quote=sentence.text,
        claim=sentence.claim,
        variant=sentence.variant or "full",
        written_at=f"{sentence.file}:{sentence.line}" if sentence.file else "",
        approved_by=_approvals(claim),
        digest=sentence.digest or "",
        sources=claim.sources if claim else (),
        in_force=_dates(claim),
        holds_tone=tone,
        holds=holds,
        checks=_checks(then, found),
        asked_for=_asked_for(conversation, row, zone),
        bundle=row.bundle,
        entry=entry,
        how=how(turn.body) if turn and row.author == "bot" else None,
    )


def _approvals(claim: Claim | None) -> tuple[str, ...]:
    if claim is None or not claim.approved:
        return ()
    return tuple(f"{a.by}, {a.role}, {a.on}, {a.ref}" for a in claim.approvals)


def _dates(claim: Claim | None) -> str:
    if claim is None:
        return ""
    end = f", absent from {claim.expires}" if claim.expires else ""
    return f"from {claim.effective}{end}, to be read again by {claim.review_by}"


def _still(
    sentence: Sentence,
    withdrawn: Sequence[Withdrawal],
    *,
    now: Bundle | None,
    serial: int | None,
    today: date,
    zone: ZoneInfo,
) -> tuple[str, str]:
    """Tone and words: whether the same wording may be said today."""
    if sentence.claim is None:
        return "", "It connects, and states no fact; nothing needs to hold."
    gone = next((w for w in withdrawn if w.claim_digest == sentence.digest), None)
    if gone is not None:
        return "danger", f"No. Withdrawn {words.when(gone.at, zone)} by {gone.by}: {words.clean(gone.reason)}"
    if now is None:
        return "hold", "Cannot be said: no bundle is in force here."
    claim = now.claims.get(sentence.claim)
    if claim is None:
        return "hold", "No. The bundle in force does not have this claim."
    if claim.digest != sentence.digest:
        return "hold", "No. The wording was changed since; the new wording is said instead."
    if claim.expires is not None and claim.expires <= today.isoformat():
        return "hold", f"No. It expired on {claim.expires}."
    place = f", bundle serial {serial}" if serial is not None else ""
    return "ok", f"Yes. Same words today{place}."


def _checks(then: Bundle | None, found: Sequence[Mapping[str, Any]]) -> tuple[Check, ...]:
    rules = list(then.guardrails) if then else []
    rules += [name for f in found if (name := guardrail_of(str(f["rule"]))) not in rules]
    checks = []
    for rule in rules:
        mine = [f for f in found if guardrail_of(str(f["rule"])) == rule]
        worst = "danger" if any(f["severity"] == "block" for f in mine) else ("hold" if mine else "ok")
        checks.append(Check(rule=rule, found="; ".join(map(_said, mine)) or "nothing", tone=worst))
    return tuple(checks)


def _said(found: Mapping[str, Any]) -> str:
    """What a check found, by which of its rules, and in which characters of the message."""
    rule = str(found["rule"]).partition("/")[2]
    end = found.get("end")
    where = f" ({found.get('start')}–{end})" if isinstance(end, int) and end > 0 else ""
    return f"{rule + ': ' if rule else ''}{found['message']}{where}"


def _asked_for(conversation: Conversation, row: SendingRow, zone: ZoneInfo) -> str:
    if row.campaign:
        return f"campaign {row.campaign}: we started it"
    asked = next((said for said in conversation.said if said.seq == row.answers_seq), None)
    return f"their message of {words.time_of(asked.received_at, zone)}" if asked else ""
