"""The record of one conversation as one column of time: what was said, what was answered and why, and what never left. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from runtime.messages import Sentence
from runtime.storage.desk_rows import TYPED, Conversation, Entry, SaidRow, SendingRow
from runtime.web.desk import words
from runtime.web.desk.looked import LEFT, Looked, Looks
from schemas.bundle import Bundle


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One signal of the screen: the category and the pattern that met it."""

    category: str
    words: str
    pattern: str
    priority: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the person wrote."""

    time: str
    text: str | None
    kind: str
    seen: tuple[Seen, ...]
    stop: str | None  # the lexicon's entry that matched on arrival
    stop_reach: str
    waiting: bool
    silence: str | None  # why nothing was answered
    sort: str = "said"


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """One run of a reply with its provenance. `ref` opens its explanation; `asked` when that is open now."""

    text: str
    claim: str | None
    ref: str
    asked: bool
    approved: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a check found in this message."""

    rule: str
    message: str
    tone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrote:
    """What we wrote, sent or not."""

    time: str
    id: UUID
    sentences: tuple[Words, ...]
    text: str | None
    options: tuple[str, ...]
    unsent: bool
    moves: tuple[str, ...]
    by: str | None  # the person who wrote it; None: the bot
    route: str  # which rung chose the words, and why
    passed: bool
    checks: int
    findings: tuple[Finding, ...]
    looks: tuple[Looked, ...]
    bundle: str
    sort: str = "wrote"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A fact between the lines: a hold, a case, somebody taking over."""

    time: str
    tone: str
    lead: str
    rest: str
    sort: str = "happened"


Item = Said | Wrote | Happened


def timeline(
    conversation: Conversation, bundle: Bundle | None, zone: ZoneInfo, *, why: str | None = None
) -> tuple[Item, ...]:
    """Everything in the order it happened. `why`: the sentence that is being explained, `<outbox id>.<n>`."""
    maker = _Maker(conversation, bundle, zone, why)
    items = [*maker.said(), *maker.wrote(), *maker.happened()]
    return tuple(item for _, _, item in sorted(items, key=lambda found: found[:2]))


Placed = tuple[datetime, int, Item]


class _Maker:
    """Holds what the three kinds of item share."""

    def __init__(
        self, conversation: Conversation, bundle: Bundle | None, zone: ZoneInfo, why: str | None
    ) -> None:
        self._all = conversation
        self._bundle = bundle
        self._zone = zone
        self._why = why
        self._day = conversation.heading.created_at.astimezone(zone).date()
        self._turns = [entry for entry in conversation.record if entry.header.get("what") == "turn"]
        self._looks = Looks(
            channel=words.channel(conversation.heading.channel),
            zone=zone,
            day=self._day,
            received={row.seq: row.received_at for row in conversation.said},
        )

    def said(self) -> Iterator[Placed]:
        for row in self._all.said:
            turn = self._turn_of(row.seq)
            yield row.received_at, 0, self._said(row, turn)

    def wrote(self) -> Iterator[Placed]:
        for row in self._all.sends:
            yield _stood(row), 2, self._wrote(row)

    def happened(self) -> Iterator[Placed]:
        for hold in self._all.holds:
            name = words.plain(hold.category)
            yield self._event(
                hold.set_at,
                "hold",
                f"Held: {name}.",
                "Nothing is started with this person until somebody lifts it.",
            )
        for case in self._all.cases:
            page = " It stands at the top of the desk until a person closes it." if case.page else ""
            due = f" Due {words.when(case.due_at, self._zone)}." if case.due_at else ""
            tone = "danger" if case.priority == 0 else "hold"
            yield self._event(
                case.opened_at,
                tone,
                f"Case {case.ref} opened: {words.case(case.kind)}.",
                f"{words.reason(case.reason).capitalize()}.{due}{page}",
            )
        for entry in self._all.record:
            if entry.header.get("what") == "dead letter":
                yield self._event(
                    entry.at,
                    "danger",
                    "No answer could be made.",
                    f"{entry.header.get('error')}, after the last try.",
                )
        for entry in self._all.desk:
            deed = _DEEDS.get(str(entry.header.get("what")))
            if deed is not None:
                said = words.clean(str(entry.body.get(TYPED) or ""))
                yield self._event(
                    entry.at, deed[1], deed[0], f"By {entry.header.get('by')}{f': {said}' if said else '.'}"
                )

    # ---- below: one item each ---------------------------------------------------------------------------------------

    def _said(self, row: SaidRow, turn: Entry | None) -> Said:
        body = turn.body if turn else {}
        signals = [s for s in _dict(body, "verdict").get("signals", ()) if s.get("seq") == row.seq]
        last_of_turn = turn is not None and turn.header.get("upto") == row.seq
        silent = last_of_turn and turn is not None and not turn.header.get("sends")
        reach = (
            "every brand of the organisation"
            if row.stop_scope == "organisation"
            else "every channel of this brand"
        )
        return Said(
            time=words.moment(row.received_at, self._zone, self._day),
            text=row.text,
            kind=row.kind,
            seen=tuple(self._seen(signal) for signal in signals),
            stop=row.stop_matched,
            stop_reach=reach,
            waiting=turn is None,
            silence=words.reason(str(body.get("reason") or "nothing to say")) if silent else None,
        )

    def _wrote(self, row: SendingRow) -> Wrote:
        turn = next(
            (
                t
                for t in self._turns
                if row.fence is not None
                and t.header.get("fence") == row.fence
                and t.header.get("upto") == row.upto_seq
            ),
            None,
        )
        body = turn.body if turn else {}
        findings = tuple(self._findings(body, row.part))
        return Wrote(
            time=words.moment(_stood(row), self._zone, self._day),
            id=row.id,
            sentences=tuple(self._words(row, n, sentence) for n, sentence in enumerate(row.sentences)),
            text=row.text,
            options=row.options,
            unsent=row.state not in LEFT,
            moves=self._moves(row),
            by=None if row.author == "bot" else row.author,
            route=_route(row, body),
            passed=not any(finding.tone == "danger" for finding in findings),
            checks=len(self._bundle.guardrails) if self._bundle else 0,
            findings=findings,
            looks=tuple(self._looks.of(row)),
            bundle=row.bundle,
        )

    def _words(self, row: SendingRow, n: int, sentence: Sentence) -> Words:
        ref = f"{row.id}.{n}"
        claim = self._bundle.claims.get(sentence.claim) if self._bundle and sentence.claim else None
        approved = claim is not None and claim.approved and claim.digest == sentence.digest
        return Words(
            text=sentence.text, claim=sentence.claim, ref=ref, asked=ref == self._why, approved=approved
        )

    def _moves(self, row: SendingRow) -> tuple[str, ...]:
        moves = []
        for sentence in row.sentences:
            claim = self._bundle.claims.get(sentence.claim) if self._bundle and sentence.claim else None
            kind = "ask" if claim is not None and claim.kind == "question" else "claim"
            variant = f" {sentence.variant}" if sentence.variant not in (None, "full") else ""
            moves.append(f"{kind} {sentence.claim}{variant}" if sentence.claim else "say")
        if row.options:
            moves.append(f"choose of {len(row.options)}")
        return tuple(dict.fromkeys(moves))

    def _findings(self, body: Mapping[str, Any], part: int) -> Iterator[Finding]:
        for found in body.get("findings", ()):
            if found.get("part") in (None, part):
                tone = {"block": "danger", "warn": "hold"}.get(str(found.get("severity")), "")
                yield Finding(rule=str(found.get("rule")), message=str(found.get("message")), tone=tone)

    def _seen(self, signal: Mapping[str, Any]) -> Seen:
        category = str(signal.get("category"))
        known = next((c for c in self._bundle.categories if c.id == category), None) if self._bundle else None
        return Seen(
            category=category,
            words=words.plain(category),
            pattern=str(signal.get("pattern")),
            priority=known.priority if known else None,
        )

    def _turn_of(self, seq: int) -> Entry | None:
        """The newest turn that answered this message."""
        for turn in reversed(self._turns):
            if int(turn.header.get("from", 0)) < seq <= int(turn.header.get("upto", 0)):
                return turn
        return None

    def _event(self, at: datetime, tone: str, lead: str, rest: str) -> Placed:
        return at, 1, Happened(time=words.moment(at, self._zone, self._day), tone=tone, lead=lead, rest=rest)


# What a person at the desk did, by the name in the audit: the sentence, and its tone.
_DEEDS = {
    "taken over": ("A person took over.", "own"),
    "handed back": ("Handed back to the bot.", "own"),
    "hold lifted": ("Hold lifted.", "ok"),
    "case closed": ("Case closed.", "ok"),
    "dead letter replayed": ("To be answered again.", "own"),
    "unknown send repeated": ("Sent again, though it may have gone before.", "hold"),
    "send tried again": ("To be sent again.", "own"),
    "discarded": ("Given up.", "hold"),
}

_RUNGS = {
    "register_only": "Chosen from the register, without a model",
    "canned": "A fixed line, chosen before any model was asked",
    "cheap": "Chosen by the cheap model",
    "primary": "Chosen by the first model",
    "fallback": "Chosen by the second model",
    "tertiary": "Chosen by the third model",
}


def _stood(row: SendingRow) -> datetime:
    """When a message of ours came to where it is: it left, or it was decided that it does not; else it was written."""
    if row.sending_at is not None and row.state in (*LEFT, "failed"):
        return row.sending_at
    if row.state in ("superseded", "dead") and row.looks:
        return row.looks[-1].at
    return row.created_at


def _route(row: SendingRow, body: Mapping[str, Any]) -> str:
    if row.campaign:
        return f"Started by campaign {row.campaign}."
    if row.author != "bot":
        return ""
    rung = _RUNGS.get(str(body.get("rung")), "")
    reason = words.reason(str(body["reason"])) if body.get("reason") else ""
    return f"{rung}: {reason}." if rung and reason else (rung or reason)


def _dict(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = body.get(name)
    return found if isinstance(found, Mapping) else {}


def claims_of(rows: Sequence[SendingRow]) -> tuple[str, ...]:
    """Claim ids that reached the person, each once, in order."""
    told = [s.claim for row in rows if row.state in ("sent", "unknown") for s in row.sentences if s.claim]
    return tuple(dict.fromkeys(told))
