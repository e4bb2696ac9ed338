"""From a plan to something that may be sent: rendered, reviewed, and, where it may not be said, the next safe thing."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from runtime.engine.audit import Trail
from runtime.engine.decide import Plan, handoff_effects, settled_effects
from runtime.engine.leak import canary_of
from runtime.engine.render import Unsayable, render
from runtime.engine.review import blocked, review
from runtime.engine.scene import Scene, scene_of
from runtime.guardrails import block
from runtime.messages import (
    Effect,
    Finding,
    HandOff,
    OpenCase,
    Rendered,
    SendClass,
    Silence,
    State,
    Suppress,
    Turn,
    Verdict,
)

_OPENS = (SendClass.REPLY, SendClass.SERVICE, SendClass.PROACTIVE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """A plan that was rendered and passed every guardrail."""

    scene: Scene
    plan: Plan
    parts: tuple[Rendered, ...]
    findings: tuple[Finding, ...]


def settle(
    scene: Scene,
    plan: Plan,
    effects: tuple[Effect, ...],
    trail: Trail,
    *,
    vouched: frozenset[str] = frozenset(),
) -> tuple[Settled | None, tuple[Finding, ...]]:
    """Renders and reviews. (None, findings) when it may not be said."""
    rung = plan.rung or plan.disposition
    every = (*effects, *plan.effects)
    every = settled_effects((*every, *handoff_effects(plan.moves, every)), scene.turn.open_cases)
    plan = dataclasses.replace(plan, effects=every)
    if not plan.speaks:
        return Settled(scene=scene, plan=plan, parts=(), findings=()), ()
    try:
        parts = render(plan.moves, scene, opening=plan.send_class in _OPENS)
        reply = scene.reply(
            parts,
            send_class=plan.send_class,
            effects=every,
            vouched=vouched,
            canary=canary_of(scene.bundle),
        )
        findings = review(reply)
    except Unsayable as error:
        refused = (block("unsayable", str(error)),)
        trail.tried(rung, "unsayable", refused)
        return None, refused
    except Exception as error:
        refused = (block("render", type(error).__name__),)
        trail.tried(rung, "broken", refused)
        return None, refused
    if blocked(findings) or not parts:
        trail.tried(rung, "blocked", findings)
        return None, findings
    return Settled(scene=scene, plan=plan, parts=parts, findings=findings), ()


def settle_decided(scene: Scene, plan: Plan, effects: tuple[Effect, ...], trail: Trail) -> Settled:
    """A fixed line, in the person's language, else the tenant's; if neither may be said, a human gets it."""
    home = scene.in_language(scene.bundle.tenant.language)
    for where in (scene, home) if scene.language != home.language else (scene,):
        settled, _ = settle(where, plan, effects, trail)
        if settled is not None:
            return settled
    if plan.reason != "opt_out" and plan.send_class is SendClass.CONFIRMATION and scene.verdict.stop is None:
        person = dataclasses.replace(plan, moves=(HandOff(reason=plan.reason),), disposition="handoff")
        settled, _ = settle(home, person, effects, trail)
        if settled is not None:
            return settled
    if plan.send_class is SendClass.REPLY:
        return fallback(scene, effects, trail)
    return in_silence(scene, (*effects, *plan.effects), trail, reason=plan.reason)


def fallback(scene: Scene, effects: tuple[Effect, ...], trail: Trail) -> Settled:
    """The safe line and a case; once in a row. The effects stand whatever happened on the way.

    Where the opening is due and cannot be said, the line cannot either: nobody hears from a machine that has not said it is
    one, and no other class of message may carry an answer past the opening or the last look. A human is paged instead.
    """
    case = OpenCase(kind="fallback", reason="no_safe_reply", priority=2, sla_minutes=480, page=False)
    home = scene.in_language(scene.bundle.tenant.language)
    for line in (home.bundle.lines.fallback, home.bundle.lines.holding):
        if line in home.last_words():
            continue
        plan = Plan(
            moves=(State(id=line),),
            reason="no_safe_reply",
            disposition="fallback",
            effects=(case,),
            rung="canned",
        )
        settled, _ = settle(home, plan, effects, trail)
        if settled is not None:
            return settled
    return in_silence(home, (*effects, case), trail, reason="no_safe_reply")


def in_silence(scene: Scene, effects: tuple[Effect, ...], trail: Trail, *, reason: str) -> Settled:
    trail.alert("nothing_sayable")
    case = OpenCase(kind="fallback", reason=reason, priority=1, sla_minutes=60, page=True)
    plan = Plan(
        moves=(Silence(),),
        reason=reason,
        disposition="silence",
        effects=settled_effects((*effects, case), scene.turn.open_cases),
    )
    return Settled(scene=scene, plan=plan, parts=(), findings=())


def after_fault(turn: Turn, trail: Trail) -> Settled:
    """The screen broke: nobody knows what the message says, so a human is paged and the person is told it is safe."""
    stop = next((p.stop for p in turn.pending if p.stop), None)
    scene = scene_of(turn, Verdict(signals=(), stop=stop, language=turn.active.tenant.language))
    effects: tuple[Effect, ...] = (
        OpenCase(kind="fallback", reason="screen_fault", priority=1, sla_minutes=15, page=True),
    )
    if stop is not None:
        effects = (Suppress(reason="opt_out", scope=stop.scope), *effects)
    trail.alert("screen_fault")
    if stop is None and turn.human_owner is None:
        return fallback(scene, effects, trail)
    return in_silence(scene, effects, trail, reason="screen_fault")
