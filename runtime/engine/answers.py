"""What the register can answer with: a claim, a question on the way to a link, topics, or the line that it has none."""

from __future__ import annotations

from dataclasses import dataclass

from runtime.engine.flows import link_of, next_moves
from runtime.engine.memory import fresh, said_as
from runtime.engine.scene import Scene
from runtime.guardrails.registered_facts import wording
from runtime.messages import Ask, Effect, GiveLink, HandOff, Move, Offer, State
from schemas.bundle import Link

OFFER_FROM = 0.20  # a topic worth offering: asked back at, nothing is stated
OFFERED = 3
# Lines that announce something: only the plan that does it says them, or the words would be there without the deed.
BROUGHT = frozenset({"opt_out", "handoff", "outage", "on_signal", "quiet_hours"})
LATELY = 12  # lines, theirs and ours, within which having no answer twice is enough


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the register comes to: moves over approved text, effects, why, and the candidates it weighed."""

    moves: tuple[Move, ...]
    reason: str
    effects: tuple[Effect, ...] = ()
    candidates: tuple[tuple[str, float], ...] = ()


def state(
    scene: Scene,
    claim_id: str,
    reason: str,
    effects: tuple[Effect, ...],
    candidates: tuple[tuple[str, float], ...] = (),
) -> Answer:
    """The claim, in the wording not used a moment ago; a question is asked, and one on a link's way leads along it."""
    claim = scene.bundle.claims[claim_id]
    if claim.kind == "question":
        if scene.opted_out or scene.held:
            return nothing(scene, reason, effects, candidates)
        link = link_of(scene.bundle, claim_id)
        if link is not None:
            towards_it = towards(scene, link, effects)
            return Answer(
                moves=towards_it.moves, reason=towards_it.reason, effects=effects, candidates=candidates
            )
        return Answer(moves=(Ask(id=claim_id),), reason=reason, effects=effects, candidates=candidates)
    short = wording(claim, scene.language, "short")
    if claim_id not in fresh(scene) or (claim_id not in scene.last_words() and not short):
        variant = "answer" if wording(claim, scene.language, "answer") else "full"
        return Answer(
            moves=(State(id=claim_id, variant=variant),),
            reason=reason,
            effects=effects,
            candidates=candidates,
        )
    if short and not said_as(scene, short):
        return Answer(
            moves=(State(id=claim_id, variant="short"),),
            reason="again_in_short",
            effects=effects,
            candidates=candidates,
        )
    # The same words twice in a row help nobody: offer what else is near, or a person.
    others = tuple(
        i for i, s in candidates if i != claim_id and s >= OFFER_FROM and scene.bundle.claims[i].topic
    )
    if len(others) > 1 and not scene.opted_out:
        return Answer(
            moves=(Offer(ids=others[:OFFERED]),),
            reason="said_already",
            effects=effects,
            candidates=candidates,
        )
    return nothing(scene, "said_already", effects, candidates)


def nothing(
    scene: Scene, reason: str, effects: tuple[Effect, ...], candidates: tuple[tuple[str, float], ...] = ()
) -> Answer:
    """The line that says so and offers a person; said a moment ago, or twice lately, a person is brought."""
    line = scene.bundle.lines.no_answer
    lately = sum(line in said.claims for said in scene.turn.history[-LATELY:] if said.ours)
    if (line in scene.last_words() or lately > 1) and not scene.opted_out:
        return Answer(moves=(HandOff(reason=reason),), reason=reason, effects=effects, candidates=candidates)
    return Answer(moves=(State(id=line),), reason=reason, effects=effects, candidates=candidates)


def towards(scene: Scene, link: Link, effects: tuple[Effect, ...] = ()) -> Answer:
    """The next step on the way to a link: what must be shown, then the first open question, then the link."""
    if scene.opted_out or scene.held:
        return nothing(scene, "link_not_open", effects)
    moves = next_moves(scene, link)
    reason = "link" if isinstance(moves[-1], GiveLink) else "towards_link"
    return Answer(moves=moves, reason=reason, effects=effects)


def line_for(scene: Scene, when: str) -> str | None:
    return next(
        (
            c.id
            for c in scene.bundle.claims.values()
            if c.kind == "line" and c.when == when and scene.sayable(c.id)
        ),
        None,
    )


def variant_of(scene: Scene, claim_id: str) -> str:
    claim = scene.bundle.claims[claim_id]
    wanted = "short" if claim_id in fresh(scene) else "answer"
    return wanted if wording(claim, scene.language, wanted) else "full"
