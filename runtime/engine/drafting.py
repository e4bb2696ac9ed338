"""Drafting: the rungs of a turn where a model chooses. A draft, a check of its own words, one repair; else the next rung.

Time is shared out beforehand: a draft leaves enough of the turn's five seconds for the check, and a repair is only begun
where it can still be checked. An answer that comes after its time is paid for and not used.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.engine.answers import Answer
from runtime.engine.audit import Trail
from runtime.engine.checking import judged, questionnaire
from runtime.engine.compose import compose, private_of
from runtime.engine.decide import Plan
from runtime.engine.leak import canary_of
from runtime.engine.parse import DraftRefused, parse_moves
from runtime.engine.routing import Route
from runtime.engine.scene import Scene
from runtime.engine.settle import Settled, settle
from runtime.engine.wordings import is_phrase
from runtime.guardrails import block
from runtime.guardrails.registered_facts import wording
from runtime.messages import Effect, Finding, HandOff, Move, Say, Silence
from runtime.ports import (
    Checker,
    ClaimSearch,
    Clock,
    Hit,
    Model,
    ModelDown,
    ModelOrder,
    ModelReply,
    Prompt,
    Purse,
)
from schemas.text import visible

TURN_DEADLINE_S = 5.0  # draft, check and repair together
CHECK_KEPT_S = 1.2  # of that, what a draft may not use up
CHECK_DEADLINE_S = 1.5
MIN_DRAFT_S = 0.5  # with less left there is no point in asking a model
MIN_REPAIR_S = 1.0
MIN_CHECK_S = 0.2
PENNY = 1_000_000  # micropence


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The ports of one turn, the moment by which it must be done, and what happened on the way.

    `purse`: where the turn's money is reserved; None in drills, where there is no day's money to keep.
    """

    claims: ClaimSearch
    model: Model | None
    checker: Checker | None
    clock: Clock
    deadline: float
    trail: Trail
    purse: Purse | None = None

    def left_s(self) -> float:
        return self.deadline - self.clock.monotonic()


@dataclass(frozen=True, slots=True, kw_only=True)
class Brief:
    """What a draft starts from: who is asked along which route, what the search found, what the register would say."""

    model: Model
    hits: Sequence[Hit]
    known: Answer | None
    route: Route


class _NextRung(Exception):
    """No draft of this turn can be used, and asking again would not help."""


async def drafted(scene: Scene, effects: tuple[Effect, ...], brief: Brief, ports: Ports) -> Settled | None:
    """The model's draft, else its one repair, rendered, reviewed and checked. None sends the turn down to the register."""
    refused: tuple[Finding, ...] = ()
    purposes: tuple[Literal["draft", "repair"], ...] = ("draft", "repair")
    for purpose in purposes:
        try:
            reply = await _asked(scene, brief, ports, purpose, refused)
            settled, refused = await _settled(scene, effects, brief, reply, ports)
        except _NextRung:
            return None
        if settled is not None:
            ports.trail.used(reply)
            return settled
    return None


def disposition_of(moves: Sequence[Move]) -> str:
    """What a list of moves amounts to: handoff, silence or reply."""
    if any(isinstance(m, HandOff) for m in moves):
        return "handoff"
    return "silence" if all(isinstance(m, Silence) for m in moves) else "reply"


# ---- asking ---------------------------------------------------------------------------------------------------------------


async def _asked(
    scene: Scene,
    brief: Brief,
    ports: Ports,
    purpose: Literal["draft", "repair"],
    refused: Sequence[Finding],
) -> ModelReply:
    """One answer in time. Raises _NextRung when there is none to be had."""
    trail = ports.trail
    left = ports.left_s()
    least = MIN_REPAIR_S if purpose == "repair" else MIN_DRAFT_S
    if left < least:
        trail.tried("model", f"no time for a {purpose}")
        raise _NextRung
    prompt = compose(scene, brief.hits, refused, known=brief.known)
    within = max(left - CHECK_KEPT_S, least)
    order = _order(scene, purpose, within, route=brief.route, prompt=prompt, trail=trail)
    trail.prompted(prompt)
    until = ports.clock.monotonic() + order.deadline_s
    try:
        reply = await brief.model.ask(prompt, order)
    except ModelDown as down:
        trail.asked(purpose, down.attempts)
        if _only_money(down):
            trail.tried("model", "no money")
            raise _NextRung from down
        trail.tried("model", "down")
        trail.alert("models_down")
        raise _NextRung from down
    except Exception as error:  # a port that breaks its word is as good as down
        trail.tried("model", type(error).__name__)
        trail.alert("models_down")
        raise _NextRung from error
    trail.answered(purpose, reply)
    if ports.clock.monotonic() > until:
        trail.tried(reply.rung, "late", (block("draft/late", "an answer after its deadline"),))
        raise _NextRung
    return reply


def _order(
    scene: Scene,
    purpose: Literal["draft", "repair", "check"],
    deadline_s: float,
    *,
    route: Route,
    prompt: Prompt,
    trail: Trail,
    avoid: str | None = None,
) -> ModelOrder:
    record = scene.bundle.record
    most = most_micropence(scene)
    return ModelOrder(
        tenant_id=scene.turn.tenant_id,
        preset=scene.bundle.persona.preset,
        overrides=record.models if record is not None else {},
        route="simple" if route.route == "simple" else "full",
        purpose=purpose,
        deadline_s=deadline_s,
        vision=bool(prompt.pictures),
        avoid=avoid,
        most_micropence=max(most - trail.cost_micropence, 0) if most is not None else None,
    )


def most_micropence(scene: Scene) -> int | None:
    """What all models of a turn together may cost; None where the bundle does not say."""
    limits = scene.bundle.limits
    return limits.pence_per_turn * PENNY if limits is not None else None


def _only_money(down: ModelDown) -> bool:
    """Whether nobody was asked because it could have cost more than the turn may: no model has failed, and nobody is paged."""
    results = {attempt.result for attempt in down.attempts}
    return "no_money" in results and results <= {"no_money", "no_key", "no_time"}


# ---- from an answer to a reply -----------------------------------------------------------------------------------------------


async def _settled(
    scene: Scene, effects: tuple[Effect, ...], brief: Brief, reply: ModelReply, ports: Ports
) -> tuple[Settled | None, tuple[Finding, ...]]:
    """The draft as it is, else without what may not be said of its own words; else what to leave out of a repair."""
    trail = ports.trail
    try:
        moves, _ = parse_moves(reply.json_text, scene)
    except DraftRefused as error:
        trail.tried(reply.rung, "refused", error.findings)
        if error.leaked:
            raise _NextRung from error
        return None, error.findings
    plan = Plan(
        moves=moves,
        reason="model",
        disposition=disposition_of(moves),
        effects=effects,
        rung=reply.rung,
        candidates=brief.known.candidates if brief.known is not None else (),
    )
    says = _own_words(moves, scene)
    # Reviewed as if the checker had allowed everything: what our own rules refuse is not worth asking about.
    settled, refused = settle(scene, plan, (), trail, vouched=frozenset(says))
    if any(f.rule.startswith("canary") for f in refused):
        raise _NextRung
    allowed: frozenset[str] = frozenset()
    if settled is not None:
        allowed = await _vouched(says, settled, reply.provider, ports) if says else frozenset()
        if allowed >= set(says):
            return settled, ()
        refused = (block("check/refused", "words of its own that the checker did not allow"),)
        trail.tried(reply.rung, "not vouched for", refused)
    return _without(scene, plan, trail, allowed if settled is not None else None, refused)


def _without(
    scene: Scene, plan: Plan, trail: Trail, allowed: frozenset[str] | None, refused: tuple[Finding, ...]
) -> tuple[Settled | None, tuple[Finding, ...]]:
    """The draft without the sentences that may not stay: those nobody allowed, or (`None`) all its own words."""
    kept = tuple(
        move
        for move in plan.moves
        if not isinstance(move, Say)
        or (allowed is not None and (is_phrase(move.text, scene.bundle) or _spoken(move) in allowed))
    )
    if not kept or kept == plan.moves:
        return None, refused
    plan = dataclasses.replace(plan, moves=kept, disposition=disposition_of(kept))
    settled, more = settle(scene, plan, (), trail, vouched=allowed or frozenset())
    return settled, () if settled is not None else (*refused, *more)


def _own_words(moves: Sequence[Move], scene: Scene) -> tuple[str, ...]:
    """The sentences that need somebody to vouch for them: approved phrases need nobody."""
    says = (move for move in moves if isinstance(move, Say) and not is_phrase(move.text, scene.bundle))
    return tuple(dict.fromkeys(_spoken(say) for say in says))


def _spoken(say: Say) -> str:
    """A sentence as the renderer speaks it."""
    return visible(say.text).strip()


# ---- the independent checker ------------------------------------------------------------------------------------------------


def _beside(settled: Settled) -> tuple[str, ...]:
    """The approved wordings that the draft states, slots unfilled: what a sentence of its own could weaken."""
    bundle, language = settled.scene.bundle, settled.scene.language
    stated = (
        wording(bundle.claims[said.claim], language, said.variant or "full")
        for part in settled.parts
        for said in part.sentences
        if said.claim is not None and said.claim in bundle.claims
    )
    return tuple(dict.fromkeys(text for text in stated if text))


async def _vouched(says: Sequence[str], settled: Settled, drafted_by: str, ports: Ports) -> frozenset[str]:
    """The sentences that the checker allows. No checker, no time, no answer or a wrong one: none."""
    scene = settled.scene
    trail, left = ports.trail, min(CHECK_DEADLINE_S, ports.left_s())
    if ports.checker is None or left < MIN_CHECK_S:
        trail.tried("checker", "no checker" if ports.checker is None else "no time")
        return frozenset()
    prompt = questionnaire(
        says,
        scene.heard,
        canary=canary_of(scene.bundle),
        private=private_of(scene),
        beside=_beside(settled),
    )
    order = _order(scene, "check", left, route=_CHEAP, prompt=prompt, trail=trail, avoid=drafted_by)
    until = ports.clock.monotonic() + order.deadline_s
    try:
        reply = await ports.checker.ask(prompt, order)
    except ModelDown as down:
        trail.asked("check", down.attempts)
        trail.tried("checker", "down")
        return frozenset()
    except Exception as error:  # a checker that fails has not allowed anything
        trail.tried("checker", type(error).__name__)
        return frozenset()
    trail.answered("check", reply)
    if ports.clock.monotonic() > until:
        trail.tried("checker", "late", (block("check/late", "an answer after its deadline"),))
        return frozenset()
    verdicts = judged(reply.json_text, says)
    trail.checked(reply, verdicts)
    return frozenset(each.say for each in verdicts if each.allowed)


_CHEAP = Route(route="simple", rule="check")
