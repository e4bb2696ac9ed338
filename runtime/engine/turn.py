"""One turn, from pending messages to an Outcome. Awaits ports and nothing else; a fault is the next rung, never a lost reply."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from runtime.engine.answers import Answer
from runtime.engine.audit import Trail, audit_of
from runtime.engine.decide import Plan, decided, outcome_of, standing_effects
from runtime.engine.drafting import TURN_DEADLINE_S, Brief, Ports, disposition_of, drafted, most_micropence
from runtime.engine.register import answer, question_of, recorded
from runtime.engine.routing import route_of, unpaid
from runtime.engine.scene import Scene, scene_of
from runtime.engine.screen import screen
from runtime.engine.settle import Settled, after_fault, fallback, settle, settle_decided
from runtime.messages import Effect, Outcome, Turn
from runtime.ports import Checker, ClaimSearch, Clock, Hit, Model, Purse
from schemas.text import visible

SEARCH_LIMIT = 12


async def take_turn(
    turn: Turn,
    claims: ClaimSearch,
    model: Model | None,
    checker: Checker | None,
    clock: Clock,
    *,
    purse: Purse | None = None,
) -> Outcome:
    """Decides everything about the pending messages of one conversation. Raises nothing but cancellation.

    With a `purse`, the most that its models may cost is reserved there before the first of them is asked.
    """
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
            ports = Ports(
                claims=claims,
                model=model,
                checker=checker,
                clock=clock,
                deadline=started + TURN_DEADLINE_S,
                trail=trail,
                purse=purse,
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


async def _composed(scene: Scene, effects: tuple[Effect, ...], ports: Ports) -> Settled:
    """Model, then register only, then the fallback line with a case, then silence with a case.

    What the register would say is worked out first: it decides the route, it leads the prompt, and it is the next rung.
    """
    trail = ports.trail
    try:
        if (noted := recorded(scene)) is not None:
            effects = (*effects, noted)
            scene = scene.with_answer(noted.question, noted.answer)
        hits = await _search(scene, ports.claims, trail)
        known = _known(scene, hits, trail)
        settled = await _modelled(scene, effects, hits, known, ports)
        if settled is not None:
            return settled
        settled = _registered(scene, effects, known, trail) if known is not None else None
        if settled is not None:
            return settled
    except Exception as error:
        trail.tried("register_only", type(error).__name__)
    return fallback(scene, effects, trail)


def _known(scene: Scene, hits: Sequence[Hit], trail: Trail) -> Answer | None:
    """The register's own answer; None when it breaks, which must not keep a model from answering."""
    try:
        return answer(scene, hits)
    except Exception as error:
        trail.tried("register_only", type(error).__name__)
        return None


async def _modelled(
    scene: Scene,
    effects: tuple[Effect, ...],
    hits: Sequence[Hit],
    known: Answer | None,
    ports: Ports,
) -> Settled | None:
    """The rung where a model chooses, along the turn's route; None where it comes to nothing, or no money is left for it."""
    if ports.model is None:
        return None
    try:
        route = route_of(scene, hits, known=known)
        ports.trail.routed(route.route, route.rule)
        if route.route == "none":
            return None
        most = most_micropence(scene)
        if ports.purse is not None and most:
            told = await ports.purse.reserve(scene.turn, most)
            if told != "reserved":
                route = unpaid(told)
                ports.trail.routed(route.route, route.rule)
                return None
        brief = Brief(model=ports.model, hits=hits, known=known, route=route)
        return await drafted(scene, effects, brief, ports)
    except Exception as error:
        ports.trail.tried("model", type(error).__name__)
        return None


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


def _registered(scene: Scene, effects: tuple[Effect, ...], found: Answer, trail: Trail) -> Settled | None:
    plan = Plan(
        moves=found.moves,
        reason=found.reason,
        disposition=disposition_of(found.moves),
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
