"""Decide: what follows from the verdict alone, which effects a turn has, and the Outcome that is committed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from runtime.engine.activation import inactive, line_of
from runtime.engine.again import said_again
from runtime.engine.scene import Scene
from runtime.engine.screen import HUMAN_REQUEST
from runtime.messages import (
    CountSignal,
    Effect,
    HandOff,
    Move,
    OpenCase,
    Outcome,
    Pause,
    Rendered,
    Send,
    SendClass,
    SetHold,
    SetLanguage,
    Silence,
    State,
    StopBot,
    Suppress,
)
from schemas.bundle import Category

SAFETY_AGAIN_AFTER = timedelta(
    hours=1
)  # the same safety line is not said at every message; a human is told each time
HANDOFF_SLA_MINUTES = 480
LATE_SLA_MINUTES = 480
FOR_PEOPLE = "for_people"  # the kind of case for what the assistant was not to answer
PEOPLE_SLA_MINUTES = 480


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a rung or a rule proposes for the whole turn, before it is rendered and reviewed."""

    moves: tuple[Move, ...]
    reason: str
    disposition: str  # reply | canned | handoff | silence | fallback
    send_class: SendClass = SendClass.REPLY
    effects: tuple[Effect, ...] = ()
    rung: str | None = None
    candidates: tuple[tuple[str, float], ...] = ()

    @property
    def speaks(self) -> bool:
        return any(not isinstance(move, Silence) for move in self.moves)


def standing_effects(scene: Scene) -> tuple[Effect, ...]:
    """What the verdict does whatever is answered: every signal takes effect, and the stop."""
    effects: list[Effect] = [CountSignal(category=s.category) for s in scene.verdict.signals]
    if scene.verdict.stop is not None and not scene.stop_stored:
        effects.append(Suppress(reason="opt_out", scope=scene.verdict.stop.scope))
    for category in scene.categories:
        if category.hold and category.id not in scene.turn.holds:
            effects.append(SetHold(category=category.id, priority=category.priority))
        if category.suppress and scene.verdict.stop is None:
            effects.append(Suppress(reason=category.id))
        if category.pause_days:
            until = scene.turn.now + timedelta(days=category.pause_days)
            effects.append(Pause(until=until, reason=category.id))
        if reached(scene, category) and _is_work(scene, category):
            effects += _work(scene, category)
    if _handoff_without_category(scene):
        effects += [_handoff_case(HUMAN_REQUEST), StopBot(reason=HUMAN_REQUEST)]
    if scene.verdict.language_sure and scene.verdict.language != scene.turn.language:
        effects.append(SetLanguage(language=scene.verdict.language))
    return settled_effects(effects, scene.turn.open_cases)


def settled_effects(effects: Sequence[Effect], open_cases: Sequence[str]) -> tuple[Effect, ...]:
    """Each effect once (every sighting counts), and one case a kind: the gravest, with the shortest clock of them all.

    A kind that is open already is not opened again, unless a human must be paged.
    """
    kept: dict[object, Effect] = {}
    for i, effect in enumerate(effects):
        if isinstance(effect, OpenCase):
            if effect.kind not in open_cases or effect.page:
                first = kept.get(effect.kind)
                kept[effect.kind] = _merged(first, effect) if isinstance(first, OpenCase) else effect
        else:
            kept[i if isinstance(effect, CountSignal) else effect] = effect
    return tuple(kept.values())


def _merged(one: OpenCase, other: OpenCase) -> OpenCase:
    grave = min((one, other), key=lambda case: case.priority)
    clocks = [case.sla_minutes for case in (one, other) if case.sla_minutes is not None]
    return OpenCase(
        kind=grave.kind,
        reason=grave.reason,
        priority=grave.priority,
        sla_minutes=min(clocks, default=None),
        page=one.page or other.page,
    )


def reached(scene: Scene, category: Category) -> bool:
    """Whether this is at least the sighting from which a human gets the work."""
    seen = sum(s.category == category.id for s in scene.verdict.signals)
    return scene.turn.counts.get(category.id, 0) + seen >= category.after


def decided(scene: Scene) -> Plan | None:
    """The plan that the verdict and the conversation's state decide on their own; None when the register must be asked."""
    turn = scene.turn
    danger = next((c for c in scene.categories if c.priority == 0), None)
    if danger is not None and scene.fresh:
        return _safety(scene, danger)
    if not scene.fresh:
        reason = danger.id if danger is not None else "late_message"
        return _silence(reason, (_case("late_message", reason, LATE_SLA_MINUTES),))
    if scene.verdict.stop is not None:
        return _stopped(scene)
    if turn.human_owner is not None:
        return _silence("human_owner")
    if not scene.unanswered:
        return _silence("answered_by_person")
    off = inactive(scene)
    if off is not None:
        return _off(scene, off)
    canned = _canned(scene)
    if canned is None and not scene.opted_out and said_again(scene):
        return _to_a_person("said_again")
    return canned


def handoff_effects(moves: Sequence[Move], effects: Sequence[Effect]) -> tuple[Effect, ...]:
    """The case and the end of bot turns that every hand-off brings, in the same Outcome, unless `effects` hold them."""
    reason = next((m.reason for m in moves if isinstance(m, HandOff)), None)
    if reason is None:
        return ()
    brought: list[Effect] = []
    if not any(isinstance(effect, OpenCase) for effect in effects):
        brought.append(_handoff_case(reason))
    if not any(isinstance(effect, StopBot) for effect in effects):
        brought.append(StopBot(reason=reason))
    return tuple(brought)


def outcome_of(
    scene: Scene, plan: Plan, parts: Sequence[Rendered], audit: Mapping[str, Any], *, cost_micropence: int = 0
) -> Outcome:
    """The Outcome: sends in order, effects, plain audit values."""
    turn = scene.turn
    last = turn.pending[-1].seq if turn.pending else 0
    answered = scene.fresh[-1].seq if scene.fresh else last
    return Outcome(
        tenant_id=turn.tenant_id,
        conversation_id=turn.conversation_id,
        upto_seq=last,
        disposition=plan.disposition,
        sends=tuple(_send(i, part, plan.send_class, answered) for i, part in enumerate(parts, 1)),
        effects=plan.effects,
        audit=audit,
        bundle=turn.active.digest,
        pinned=turn.pinned.digest,
        cost_micropence=cost_micropence,
    )


# ---- what the verdict decides ---------------------------------------------------------------------------------------------


def _safety(scene: Scene, danger: Category) -> Plan:
    """The safety line at once, whoever owns the conversation; said a moment ago, a human is told again and it is not repeated."""
    said = scene.turn.shown.get(danger.reply or "")
    if danger.reply is None or (said is not None and scene.turn.now - said < SAFETY_AGAIN_AFTER):
        return _silence(danger.id)
    return Plan(
        moves=(State(id=danger.reply),),
        reason=danger.id,
        disposition="canned",
        send_class=SendClass.SAFETY,
        rung="canned",
    )


def _stopped(scene: Scene) -> Plan:
    """One neutral line for the first stop; a serious signal beside it speaks instead. The rest of the message gets no answer."""
    if not scene.first_stop:
        return _silence("already_opted_out")
    grave = next((c for c in scene.categories if c.priority == 1 and c.reply is not None), None)
    line = grave.reply if grave is not None and grave.reply else scene.bundle.lines.opt_out_confirmation
    return Plan(
        moves=(State(id=line),),
        reason="opt_out",
        disposition="canned",
        send_class=SendClass.CONFIRMATION,
        rung="canned",
    )


def _off(scene: Scene, reason: str) -> Plan:
    """The assistant is not to answer: a person gets the message, and it is quiet, but for what may not wait for one: whatever
    is grave, a wish to be left alone, and a wish for a person. Where it is closed, that is said."""
    categories = tuple(
        c for c in scene.categories if c.priority <= 1 or c.hold or c.suppress or c.id == HUMAN_REQUEST
    )
    spoken = _canned(scene, categories)
    if spoken is not None:
        return spoken
    case = _case(FOR_PEOPLE, reason, PEOPLE_SLA_MINUTES)
    line = line_of(scene, reason)
    if line is None:
        return _silence(reason, (case,))
    return Plan(moves=(State(id=line),), reason=reason, disposition="canned", effects=(case,), rung="canned")


def _canned(scene: Scene, categories: Sequence[Category] | None = None) -> Plan | None:
    """The fixed reply of the most serious category that has one, or the hand-off its case calls for."""
    if _handoff_without_category(scene):
        return Plan(
            moves=(HandOff(reason=HUMAN_REQUEST),), reason=HUMAN_REQUEST, disposition="handoff", rung="canned"
        )
    for category in scene.categories if categories is None else categories:
        if category.priority > 1 and not scene.anew(category.id):
            continue
        works = reached(scene, category) and category.case is not None
        if category.reply is None and not works:
            continue
        line = category.reply or scene.bundle.lines.handoff
        move: Move = State(id=line)
        if line == scene.bundle.lines.handoff:
            if not works and not scene.turn.open_cases:
                continue  # nobody may be promised while nobody has the work
            move = HandOff(reason=category.id)
        return Plan(
            moves=(move,),
            reason=category.id,
            disposition="handoff" if works else "canned",
            send_class=_class_of(scene, category),
            rung="canned",
        )
    return None


def _class_of(scene: Scene, category: Category) -> SendClass:
    """`confirmation` for the one line of a turn that sets a hold or a suppression, which would keep a reply back."""
    if scene.turn.opted_out_at is not None and not category.hold and not scene.turn.holds:
        return SendClass.REPLY  # suppressed before: this answers what was written since
    if category.hold or category.suppress or scene.turn.holds:
        return SendClass.CONFIRMATION
    return SendClass.REPLY


def _to_a_person(reason: str) -> Plan:
    return Plan(moves=(HandOff(reason=reason),), reason=reason, disposition="handoff", rung="canned")


def _silence(reason: str, effects: tuple[Effect, ...] = ()) -> Plan:
    return Plan(moves=(Silence(),), reason=reason, disposition="silence", effects=effects)


# ---- effects ----------------------------------------------------------------------------------------------------------------


def _work(scene: Scene, category: Category) -> list[Effect]:
    effects: list[Effect] = []
    kind = category.case or (category.id if category.page or category.priority == 0 else None)
    if kind is not None:
        effects.append(
            OpenCase(
                kind=kind,
                reason=category.id,
                priority=category.priority,
                sla_minutes=category.sla_minutes,
                page=category.page or category.priority == 0,
            )
        )
    if category.stops_bot or category.priority == 0:
        effects.append(StopBot(reason=category.id))
    return effects


def _is_work(scene: Scene, category: Category) -> bool:
    """Whether somebody has to see to it. What is grave always has them; the rest only when it is new to them."""
    return category.priority <= 1 or scene.anew(category.id)


def _handoff_without_category(scene: Scene) -> bool:
    """The person used a hand-off word and the bundle has no category for it: they get a person all the same."""
    return scene.anew(HUMAN_REQUEST) and not any(c.id == HUMAN_REQUEST for c in scene.categories)


def _handoff_case(reason: str) -> OpenCase:
    return OpenCase(kind="handoff", reason=reason, priority=2, sla_minutes=HANDOFF_SLA_MINUTES, page=False)


def _case(kind: str, reason: str, sla_minutes: int) -> OpenCase:
    return OpenCase(kind=kind, reason=reason, priority=2, sla_minutes=sla_minutes, page=False)


def _send(part: int, rendered: Rendered, send_class: SendClass, seq: int) -> Send:
    return Send(
        part=part,
        send_class=send_class,
        sentences=rendered.sentences,
        options=rendered.options,
        has_link=rendered.link is not None,
        has_ask=rendered.asks is not None,
        asks=rendered.asks,
        answers_seq=seq,
    )
