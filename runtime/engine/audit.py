"""Audit: the plain values that say what a turn saw, weighed, decided and why. Storage encrypts and chains them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, assert_never

from runtime.engine.checking import Judged
from runtime.engine.decide import Plan
from runtime.engine.scene import Scene
from runtime.engine.tokens import estimated
from runtime.guardrails import choices_of
from runtime.messages import (
    Act,
    Ask,
    Choose,
    Finding,
    GiveLink,
    HandOff,
    Move,
    Offer,
    Rendered,
    Say,
    Silence,
    State,
    Tell,
    Verdict,
)
from runtime.ports import Attempt, ModelReply, Prompt


@dataclass(slots=True)
class Trail:
    """What happened on the way, collected as the rungs are tried. Holds no words of the person but those of the prompt."""

    attempts: list[dict[str, Any]] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    reply: ModelReply | None = None
    cost_micropence: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cached_tokens: int = 0
    asks: list[dict[str, Any]] = field(default_factory=list)
    judged: list[dict[str, Any]] = field(default_factory=list)
    prompt: dict[str, Any] | None = None
    route: dict[str, str] | None = None

    def tried(self, rung: str, result: str, findings: Sequence[Finding] = ()) -> None:
        self.attempts.append({"rung": rung, "result": result, "findings": [_finding(f) for f in findings]})

    def routed(self, route: str, rule: str) -> None:
        self.route = {"route": route, "rule": rule}

    def prompted(self, prompt: Prompt) -> None:
        """The first prompt of the turn; that of a repair differs by the rules the draft broke, which `attempts` hold."""
        if self.prompt is None:
            self.prompt = {
                "system_sha256": hashlib.sha256(prompt.system.encode("utf-8", "replace")).hexdigest(),
                "turn": prompt.turn,
                "tokens": estimated(prompt.system) + estimated(prompt.turn),
            }

    def asked(self, purpose: str, attempts: Sequence[Attempt]) -> None:
        """Rungs that were asked in vain: what they cost is spent all the same."""
        self.asks += ({"purpose": purpose, **asdict(attempt)} for attempt in attempts)
        self.cost_micropence += sum(a.cost_micropence for a in attempts)
        self.tokens_in += sum(a.tokens_in for a in attempts)
        self.tokens_out += sum(a.tokens_out for a in attempts)

    def answered(self, purpose: str, reply: ModelReply) -> None:
        """An answer came, whatever it is worth: its whole cost, that of the rungs before it included."""
        self.asks += ({"purpose": purpose, **asdict(a)} for a in reply.attempts or (_attempt(reply),))
        self.cost_micropence += reply.cost_micropence
        self.tokens_in += reply.tokens_in
        self.tokens_out += reply.tokens_out
        self.cached_tokens += reply.cached_tokens

    def used(self, reply: ModelReply) -> None:
        """The answer that the reply was made from."""
        self.reply = reply

    def checked(self, reply: ModelReply, verdicts: Sequence[Judged]) -> None:
        """The checker's answers, kept as evidence."""
        by = {"provider": reply.provider, "model": reply.model}
        self.judged += (
            {"say": each.say, "allowed": each.allowed, "answers": dict(each.answers), **by}
            for each in verdicts
        )

    def alert(self, what: str) -> None:
        if what not in self.alerts:
            self.alerts.append(what)


def audit_of(
    scene: Scene,
    plan: Plan,
    parts: Sequence[Rendered],
    findings: Sequence[Finding],
    trail: Trail,
    *,
    latency_ms: int,
) -> Mapping[str, Any]:
    """Everything the desk's timeline and `why` show, as plain JSON."""
    stated = [s for part in parts for s in part.sentences if s.claim is not None]
    return {
        "verdict": verdict_json(scene.verdict),
        "reason": plan.reason,
        "disposition": plan.disposition,
        "rung": plan.rung,
        "moves": [move_json(move) for move in plan.moves],
        "sentences": [
            [
                {
                    "text": s.text,
                    "claim": s.claim,
                    "variant": s.variant,
                    "digest": s.digest,
                    "file": s.file,
                    "line": s.line,
                }
                for s in part.sentences
            ]
            for part in parts
        ],
        "options": [
            [
                {
                    "text": text,
                    "claim": claim.id if claim else None,
                    "digest": claim.digest if claim else None,
                }
                for text, claim in choices_of(part, scene.bundle)
            ]
            for part in parts
        ],
        "claims": {s.claim: s.digest for s in stated},
        "candidates": [[claim, f"{score:.3f}"] for claim, score in plan.candidates],
        "findings": [_finding(f) for f in findings],
        "attempts": trail.attempts,
        "alerts": trail.alerts,
        "language": scene.language,
        "bundle": scene.turn.active.digest,
        "pinned": scene.turn.pinned.digest,
        "provider": trail.reply.provider if trail.reply else None,
        "model": trail.reply.model if trail.reply else None,
        "tokens_in": trail.tokens_in,
        "tokens_out": trail.tokens_out,
        "cached_tokens": trail.cached_tokens,
        "cost_micropence": trail.cost_micropence,
        "asks": trail.asks,
        "checked": trail.judged,
        "prompt": trail.prompt,
        "route": trail.route,
        "latency_ms": latency_ms,
    }


def verdict_json(verdict: Verdict) -> dict[str, Any]:
    stop = verdict.stop
    return {
        "signals": [
            {
                "category": s.category,
                "pattern": s.pattern,
                "seq": s.seq,
                "start": s.start,
                "end": s.end,
                "reading": s.reading,
            }
            for s in verdict.signals
        ],
        "stop": {"scope": stop.scope, "matched": stop.matched} if stop else None,
        "language": verdict.language,
    }


def move_json(move: Move) -> dict[str, Any]:
    """A move in the design's JSON. A `say` stands in the sentences if it was said at all."""
    match move:
        case Say(text=text):
            return {"say": text}
        case State(id=claim_id, variant=variant):
            return {"claim": claim_id, "variant": variant}
        case Ask(id=claim_id):
            return {"ask": claim_id}
        case Offer(ids=ids):
            return {"offer": list(ids)}
        case GiveLink(id=link_id):
            return {"link": link_id}
        case Tell(template=template, slots=slots):
            return {"tell": template, "slots": sorted(slots)}
        case Choose(options=options):
            return {"choose": list(options)}
        case Act(what=what):
            return {"act": what}
        case HandOff(reason=reason):
            return {"handoff": reason}
        case Silence():
            return {"silence": True}
        case _:
            assert_never(move)


def _attempt(reply: ModelReply) -> Attempt:
    """The one rung behind a reply that does not list any."""
    return Attempt(
        rung=reply.rung,
        provider=reply.provider,
        model=reply.model,
        result="answered",
        latency_ms=reply.latency_ms,
        tokens_in=reply.tokens_in,
        tokens_out=reply.tokens_out,
        cached_tokens=reply.cached_tokens,
        cost_micropence=reply.cost_micropence,
    )


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "message": finding.message,
        "severity": finding.severity,
        "start": finding.start,
        "end": finding.end,
    }
