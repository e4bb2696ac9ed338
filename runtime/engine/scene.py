"""The scene: a turn and its verdict, with everything derived from them once."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from runtime.guardrails import Reply
from runtime.guardrails.registered_facts import local_time, why_not
from runtime.guardrails.required_with import due
from runtime.messages import Effect, Pending, Rendered, SendClass, Turn, Verdict
from schemas.bundle import Bundle, Category, Claim

STALE_AFTER = timedelta(hours=24)  # an older message is not answered as if it had just been written
CONFIRM_AGAIN_AFTER = timedelta(days=30)  # a stop is confirmed once; every further one is heard in silence
# A partnership counts with sole traders: both are people in the law on messages.
_AUDIENCES = {
    "consumer": ("home", "household", "consumer", "personal"),
    "sole_trader": ("sole trader", "sole_trader", "partnership"),
    "business": ("company", "limited", "organisation", "business"),
}
_PRIVATE_SLOTS = ("contact.given_name", "contact.surname", "contact.name", "contact.phone", "contact.email")


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What compose, render, review and decide share. `bundle` speaks the active claims in the pinned persona's voice.

    `fresh`: pending messages to be answered as live. `categories`: those the screen saw, most serious first.
    `first_stop`: this turn holds the stop that is in force, and it was not confirmed lately. `stop_stored`: that stop was
    matched on arrival and is in force already. `answers` includes what this turn recorded.
    """

    turn: Turn
    bundle: Bundle
    verdict: Verdict
    language: str
    fresh: tuple[Pending, ...]
    categories: tuple[Category, ...]
    held: bool
    opted_out: bool
    first_stop: bool
    stop_stored: bool
    answers: Mapping[str, str]
    audience: frozenset[str]

    @property
    def unanswered(self) -> tuple[Pending, ...]:
        """Fresh messages that none of our people has answered: they wrote after it, or had the conversation and left it."""
        return tuple(p for p in self.fresh if not self._answered(p))

    @property
    def heard(self) -> tuple[str, ...]:
        return tuple(p.text for p in self.unanswered if p.text.strip())

    def anew(self, category_id: str) -> bool:
        """Whether the person shows this in a message that nobody of ours has dealt with yet. A hand-off that was handed back
        is not made again over the same words."""
        dealt_with = self.turn.handed_back_at
        seqs = {
            p.seq
            for p in self.turn.pending
            if not self._answered(p) and (dealt_with is None or p.received_at > dealt_with)
        }
        return any(s.category == category_id and s.seq in seqs for s in self.verdict.signals)

    @property
    def due(self) -> tuple[str, ...]:
        """Opening claims this person has not seen, or must see again, in order. One that is not for this channel is not due."""
        return tuple(
            claim_id
            for claim_id in self.bundle.persona.opening
            if (claim := self.bundle.claims.get(claim_id)) is None
            or (self._for_us(claim) and due(claim, self.turn.shown.get(claim_id), self.turn.now))
        )

    @property
    def closed(self) -> bool:
        """Whether the people who would answer are off: outside the tenant's hours, on a quiet weekday or date."""
        policy = self.bundle.policy
        here = local_time(self.turn.now, policy.timezone)
        minute = here.hour * 60 + here.minute
        quiet_day = (
            here.isoweekday() in policy.quiet_weekdays or here.date().isoformat() in policy.quiet_dates
        )
        return quiet_day or not policy.open_minute <= minute < policy.close_minute

    def why_not(self, claim: Claim) -> str | None:
        """Why a claim may not be spoken in this turn, or None."""
        return why_not(
            claim,
            self.bundle,
            now=self.turn.now,
            channel=self.turn.channel,
            language=self.language,
            sandbox=self.turn.sandbox,
            withdrawn=self.turn.withdrawn,
            audience=self.audience,
        )

    def sayable(self, claim_id: str) -> Claim | None:
        claim = self.bundle.claims.get(claim_id)
        return claim if claim is not None and self.why_not(claim) is None else None

    def is_due(self, claim_id: str) -> bool:
        claim = self.bundle.claims.get(claim_id)
        return claim is None or due(claim, self.turn.shown.get(claim_id), self.turn.now)

    def with_answer(self, question: str, answer: str) -> Scene:
        return dataclasses.replace(
            self,
            answers={**self.answers, question: answer},
            audience=self.audience | audience_of((answer,)),
        )

    def in_language(self, language: str) -> Scene:
        return dataclasses.replace(self, language=language)

    def last_words(self) -> tuple[str, ...]:
        """The claims of our lines since the person wrote last, before this turn."""
        claims: list[str] = []
        for line in reversed(self.turn.history):
            if not line.ours:
                break
            claims = [*line.claims, *claims]
        return tuple(claims)

    def reply(
        self,
        parts: tuple[Rendered, ...],
        *,
        send_class: SendClass,
        effects: tuple[Effect, ...],
        vouched: frozenset[str] = frozenset(),
        canary: str = "",
    ) -> Reply:
        """What the guardrails are shown."""
        return Reply(
            parts=parts,
            bundle=self.bundle,
            now=self.turn.now,
            channel=self.turn.channel,
            language=self.language,
            sandbox=self.turn.sandbox,
            withdrawn=self.turn.withdrawn,
            audience=self.audience,
            send_class=send_class,
            shown=self.turn.shown,
            answers=self.answers,
            effects=effects,
            open_cases=self.turn.open_cases,
            due=self.due,
            heard=self.heard,
            held=self.held,
            opted_out=self.opted_out,
            private=tuple(v for k in _PRIVATE_SLOTS if (v := self.turn.slots.get(k))),
            vouched=vouched,
            canary=canary,
            slots=self.turn.slots,
        )

    def _answered(self, pending: Pending) -> bool:
        return any(line.by_person and line.at >= pending.received_at for line in self.turn.history)

    def _for_us(self, claim: Claim) -> bool:
        here = not claim.channels or self.turn.channel in claim.channels
        return here and (not claim.audience or bool(set(claim.audience) & self.audience))


def scene_of(turn: Turn, verdict: Verdict) -> Scene:
    """Derives the scene. Pure; raises nothing for any turn."""
    bundle = _voiced(turn.active, turn.pinned)
    seen = {signal.category for signal in verdict.signals}
    categories = tuple(sorted((c for c in bundle.categories if c.id in seen), key=lambda c: c.priority))
    earliest = min((p.received_at for p in turn.pending), default=turn.now)
    answers = turn.answers.values()
    confirmed = turn.shown.get(bundle.lines.opt_out_confirmation)
    return Scene(
        turn=turn,
        bundle=bundle,
        verdict=verdict,
        language=reply_language(bundle, verdict.language),
        fresh=tuple(p for p in turn.pending if turn.now - min(p.sent_at, p.received_at) <= STALE_AFTER),
        categories=categories,
        held=bool(turn.holds) or any(c.hold or c.priority <= 1 for c in categories),
        opted_out=turn.opted_out_at is not None or verdict.stop is not None,
        first_stop=verdict.stop is not None
        and (turn.opted_out_at is None or turn.opted_out_at >= earliest)
        and (confirmed is None or turn.now - confirmed > CONFIRM_AGAIN_AFTER),
        stop_stored=turn.opted_out_at is not None and any(p.stop for p in turn.pending),
        answers=turn.answers,
        audience=audience_of(answers),
    )


def audience_of(answers: Iterable[str]) -> frozenset[str]:
    """Which audiences of the contract (consumer, sole_trader, business) the person's own answers put them in."""
    said = [f" {answer.casefold()} " for answer in answers]
    return frozenset(
        name for name, words in _AUDIENCES.items() if any(f" {word} " in a for a in said for word in words)
    )


def reply_language(bundle: Bundle, wanted: str) -> str:
    """The persona's tag for the wanted language, else the tenant's language."""
    main = wanted.split("-", maxsplit=1)[0]
    spoken = (*bundle.persona.languages, bundle.tenant.language)
    if wanted in spoken:
        return wanted
    return next((tag for tag in spoken if tag.split("-", maxsplit=1)[0] == main), bundle.tenant.language)


def _voiced(active: Bundle, pinned: Bundle) -> Bundle:
    if active.digest == pinned.digest:
        return active
    opening = pinned.persona.opening
    if not all(claim_id in active.claims for claim_id in opening):
        opening = active.persona.opening
    return dataclasses.replace(active, persona=dataclasses.replace(pinned.persona, opening=opening))
