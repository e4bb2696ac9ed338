"""One turn, from pending messages to an Outcome. Awaits ports and nothing else; a fault is the next rung, never a lost reply."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from runtime.engine.audit import Trail, audit_of
from runtime.engine.checking import judged, questionnaire
from runtime.engine.compose import DraftRefused, canary_of, compose, parse_moves
from runtime.engine.decide import (
    Plan,
    decided,
    outcome_of,
    standing_effects,
)
from runtime.engine.register import answer, question_of, recorded
from runtime.engine.scene import Scene, scene_of
from runtime.engine.screen import screen
from runtime.engine.settle import Settled, after_fault, fallback, settle, settle_decided
from runtime.guardrails import block
from runtime.messages import (
    Effect,
    Finding,
    HandOff,
    Move,
    Outcome,
    Say,
    Silence,
    Turn,
)
from runtime.ports import Checker, ClaimSearch, Clock, Hit, Model, ModelDown, ModelOrder
from schemas.text import visible

SEARCH_LIMIT = 12
TURN_DEADLINE_S = 5.0  # draft, check and repair together
CHECK_DEADLINE_S = 1.5
MIN_DRAFT_S = 0.5  # with less left there is no point in asking a model
DRAFTS = 2  # the draft and exactly one repair


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ports:
    """The ports of one turn, the moment by which it must be done, and what happened on the way."""

    claims: ClaimSearch
    model: Model | None
    checker: Checker | None
    clock: Clock
    deadline: float
    trail: Trail

    def left_s(self) -> float:
        return self.deadline - self.clock.monotonic()


async def take_turn(
    turn: Turn, claims: ClaimSearch, model: Model | None, checker: Checker | None, clock: Clock
) -> Outcome:
    """Decides everything about the pending messages of one conversation. Raises nothing but cancellation."""
    started = clock.monotonic()
    trail = Trail()
    try:
        scene = scene_of(turn, screen(turn))
        effects = standing_effects(scene)
        plan = decided(scene)
    except Exception as error:  # without a verdict nothing may be answered as if all were well
        trail.tried("screen", type(error).__name__)
        settled = after_fault(turn, trail)
    else:
        if plan is not None:
            settled = settle_decided(scene, plan, effects, trail)
        else:
            ports = _Ports(
                claims=claims,
                model=model,
                checker=checker,
                clock=clock,
                deadline=started + TURN_DEADLINE_S,
                trail=trail,
            )
            settled = await _composed(scene, effects, ports)
    latency_ms = round((clock.monotonic() - started) * 1000)
    audit = audit_of(
        settled.scene, settled.plan, settled.parts, settled.findings, trail, latency_ms=latency_ms
    )
    return outcome_of(
        settled.scene, settled.plan, settled.parts, audit, cost_micropence=trail.cost_micropence
    )


# ---- the ladder -----------------------------------------------------------------------------------------------------------


async def _composed(scene: Scene, effects: tuple[Effect, ...], ports: _Ports) -> Settled:
    """Model, then register only, then the fallback line with a case, then silence with a case."""
    trail = ports.trail
    try:
        if (noted := recorded(scene)) is not None:
            effects = (*effects, noted)
            scene = scene.with_answer(noted.question, noted.answer)
        hits = await _search(scene, ports.claims, trail)
        if ports.model is not None:
            drafted = await _drafted(scene, effects, hits, ports.model, ports)
            if drafted is not None:
                return drafted
        registered = _registered(scene, effects, hits, trail)
        if registered is not None:
            return registered
    except Exception as error:
        trail.tried("register_only", type(error).__name__)
    return fallback(scene, effects, trail)


async def _search(scene: Scene, claims: ClaimSearch, trail: Trail) -> Sequence[Hit]:
    """Hits, or none when the search is away: the register's own index still answers."""
    question = question_of(scene)
    if not question.strip():
        return ()
    try:
        return await claims.search(
            tenant_id=scene.turn.tenant_id,
            digest=scene.turn.active.digest,
            question=visible(question),
            limit=SEARCH_LIMIT,
        )
    except Exception as error:
        trail.tried("search", type(error).__name__)
        trail.alert("claim_search_down")
        return ()


async def _drafted(
    scene: Scene, effects: tuple[Effect, ...], hits: Sequence[Hit], model: Model, ports: _Ports
) -> Settled | None:
    """The model's draft and one repair; None sends the turn down to the register."""
    trail = ports.trail
    refused: tuple[Finding, ...] = ()
    for _ in range(DRAFTS):
        left = ports.left_s()
        if left < MIN_DRAFT_S:
            trail.tried("model", "no time left")
            return None
        try:
            prompt = compose(scene, hits, refused)
            reply = await model.ask(prompt, _order(scene, "repair" if refused else "draft", left))
            trail.drafted(reply)
            moves, _language = parse_moves(reply.json_text, scene)
            vouched = await _vouched(moves, scene, ports, reply.provider)
        except ModelDown as down:
            trail.asked(down.attempts)
            trail.tried("model", "down")
            trail.alert("models_down")
            return None
        except DraftRefused as error:
            trail.tried("model", f"refused: {error}")
            refused = (block("draft", str(error)),)
            continue
        except Exception as error:
            trail.tried("model", type(error).__name__)
            return None
        draft = Plan(moves=moves, reason="model", disposition="reply", effects=effects, rung=reply.rung)
        settled, refused = _settle_draft(scene, draft, vouched, trail)
        if settled is not None:
            return settled
    return None


async def _vouched(moves: Sequence[Move], scene: Scene, ports: _Ports, drafted_by: str) -> frozenset[str]:
    """The `say` texts that the independent checker allows; without a checker none (approved phrases need none)."""
    says = tuple(dict.fromkeys(visible(move.text).strip() for move in moves if isinstance(move, Say)))
    left = min(CHECK_DEADLINE_S, ports.left_s())
    if ports.checker is None or not says or left <= 0:
        return frozenset()
    prompt = questionnaire(says, scene.heard, canary=canary_of(scene.bundle))
    try:
        reply = await ports.checker.ask(prompt, _order(scene, "check", left, avoid=drafted_by))
    except ModelDown as down:
        ports.trail.asked(down.attempts)
        return frozenset()
    except Exception as error:  # a checker that fails has not allowed anything
        ports.trail.tried("checker", type(error).__name__)
        return frozenset()
    ports.trail.checked(reply, verdicts := judged(reply.json_text, says))
    return frozenset(each.say for each in verdicts if each.allowed)


def _order(
    scene: Scene, purpose: Literal["draft", "repair", "check"], left_s: float, *, avoid: str | None = None
) -> ModelOrder:
    record = scene.bundle.record
    return ModelOrder(
        tenant_id=scene.turn.tenant_id,
        preset=scene.bundle.persona.preset,
        overrides=record.models if record is not None else {},
        route="simple" if purpose == "check" else "full",
        purpose=purpose,
        deadline_s=left_s,
        avoid=avoid,
    )


def _settle_draft(
    scene: Scene, draft: Plan, vouched: frozenset[str], trail: Trail
) -> tuple[Settled | None, tuple[Finding, ...]]:
    """The draft, else the draft without its `say` where that leaves something to stand on."""
    if any(isinstance(m, Silence) for m in draft.moves) and len(draft.moves) > 1:
        trail.tried(draft.rung or "model", "refused: silence beside other moves")
        return None, (block("draft", "silence stands alone"),)
    stripped = tuple(m for m in draft.moves if not isinstance(m, Say))
    refused: tuple[Finding, ...] = ()
    for kept in dict.fromkeys((draft.moves, stripped)):
        if not kept:
            continue
        plan = dataclasses.replace(draft, moves=kept, disposition=_disposition(kept))
        settled, findings = settle(scene, plan, (), trail, vouched=vouched)
        if settled is not None:
            return settled, ()
        refused = refused or findings
    return None, refused


def _registered(
    scene: Scene, effects: tuple[Effect, ...], hits: Sequence[Hit], trail: Trail
) -> Settled | None:
    found = answer(scene, hits)
    plan = Plan(
        moves=found.moves,
        reason=found.reason,
        disposition=_disposition(found.moves),
        effects=found.effects,
        rung="register_only",
        candidates=found.candidates,
    )
    settled, _ = settle(scene, plan, effects, trail)
    if settled is None and found.reason == "several":
        settled, _ = settle(scene, dataclasses.replace(plan, moves=plan.moves[:1]), effects, trail)
    if settled is None and scene.language != scene.bundle.tenant.language:
        settled, _ = settle(scene.in_language(scene.bundle.tenant.language), plan, effects, trail)
    return settled


def _disposition(moves: Sequence[Move]) -> str:
    if any(isinstance(m, HandOff) for m in moves):
        return "handoff"
    return "silence" if all(isinstance(m, Silence) for m in moves) else "reply"
