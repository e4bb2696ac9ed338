"""The register-only rung: the person's words against approved claims, with a margin; in doubt it asks, and it never guesses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from runtime.engine.choices import own, pick
from runtime.engine.courtesy import courtesy_of
from runtime.engine.ranking import ANSWER_FROM, MARGIN, clear, parts_of, rank
from runtime.engine.render import OFFER
from runtime.engine.scene import Scene
from runtime.guardrails.registered_facts import wording
from runtime.messages import Ask, Effect, GiveLink, HandOff, Move, Offer, RecordAnswer, Silence, State
from runtime.ports import Hit
from schemas.bundle import Claim, Link
from schemas.text import normalise

OFFER_FROM = 0.27  # a topic worth offering
OFFERED = 3
ASKED_WITHIN = 6  # lines in which a question may stand twice and not three times
QUESTION_CHARS = 1_000
SIGNS = frozenset(["reaction", "system"])  # kinds of message that say nothing to us


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the register comes to: moves over approved text, effects, why, and the candidates it weighed."""

    moves: tuple[Move, ...]
    reason: str
    effects: tuple[Effect, ...] = ()
    candidates: tuple[tuple[str, float], ...] = ()


def question_of(scene: Scene) -> str:
    """What the person asks in this turn, bounded."""
    return "\n".join(scene.heard)[-QUESTION_CHARS:]


def answer(scene: Scene, hits: Sequence[Hit]) -> Answer:
    """The register's answer to the fresh messages. Pure; hits come from ClaimSearch."""
    words = question_of(scene)
    if not words.strip():
        return _wordless(scene)
    for step in (_open_question, _quick_reply, _courtesy):
        found = step(scene, words)
        if found is not None:
            return found
    found = _ranked(scene, words, hits)
    asked = scene.bundle.claims.get(scene.turn.asked or "")
    if found.reason == "no_answer" and asked is not None and scene.sayable(asked.id) and _still_open(scene):
        return _again(scene, Ask(id=asked.id), asked.id)
    return found


def recorded(scene: Scene) -> RecordAnswer | None:
    """The answer to the question that is open, whichever rung replies."""
    question = scene.bundle.claims.get(scene.turn.asked or "")
    if question is None or not scene.heard:
        return None
    chosen = pick(scene.heard[-1], question.options, exactly=not _still_open(scene))
    return RecordAnswer(question=question.id, answer=chosen) if chosen is not None else None


# ---- what was asked or offered before ------------------------------------------------------------------------------------


def _open_question(scene: Scene, words: str) -> Answer | None:
    asked = scene.turn.asked
    if asked is None:
        return None
    last = scene.heard[-1]
    if asked.startswith(OFFER):
        ids = tuple(i for i in asked.removeprefix(OFFER).split("|") if scene.sayable(i))
        topics = tuple(scene.bundle.claims[i].questions[0] for i in ids if scene.bundle.claims[i].questions)
        open_still = _still_open(scene)
        chosen = pick(last, topics, exactly=not open_still) if len(topics) == len(ids) else None
        if chosen is not None:
            return _state(scene, ids[topics.index(chosen)], "picked", ())
        return _unclear_pick(scene, ids, courtesy_of(words)) if open_still else None
    question = scene.bundle.claims.get(asked)
    if question is None:
        return None
    noted = recorded(scene)
    if noted is not None:
        return _after(scene, question, noted.answer)
    if _still_open(scene) and scene.sayable(asked) and courtesy_of(words) == "accepted":  # it has no yes
        return _again(scene, Ask(id=asked), asked)
    return None


def _unclear_pick(scene: Scene, ids: tuple[str, ...], said: str | None) -> Answer | None:
    """A bare yes takes the one topic that was offered; a bare no takes none of them."""
    if said == "declined":
        return _nothing(scene, "none_of_them", ())
    if said != "accepted":
        return None
    return (
        _state(scene, ids[0], "picked", ())
        if len(ids) == 1
        else _again(scene, Offer(ids=ids), scene.bundle.lines.clarify)
    )


def _again(scene: Scene, move: Move, claim_id: str) -> Answer:
    """The same question once more, and after that the way to a person."""
    asked_before = sum(claim_id in line.claims for line in scene.turn.history[-ASKED_WITHIN:] if line.ours)
    if asked_before > 1 or scene.opted_out or scene.held:
        return _nothing(scene, "asked_again", ())
    return Answer(moves=(move,), reason="asked_again")


def _still_open(scene: Scene) -> bool:
    """Whether the question is the last thing we said: only then may `yes` or `2` be its answer."""
    last = scene.last_words()
    return not scene.turn.history or scene.turn.asked in last or scene.bundle.lines.clarify in last


def _after(scene: Scene, question: Claim, chosen: str) -> Answer:
    """An answer is recorded, then the next step: on towards the link, what the option itself asks for, else a nod."""
    effects = (RecordAnswer(question=question.id, answer=chosen),)
    known = scene.with_answer(question.id, chosen)
    for link in scene.bundle.links.values():
        if link.answers.get(question.id, "").casefold() == chosen.casefold():
            return towards(known, link, effects)
    best = _best(known, chosen)
    if best is not None:
        return _state(known, best, "answered", effects)
    noted = _line(known, "noted")
    if noted is not None:
        return Answer(moves=(State(id=noted),), reason="answered", effects=effects)
    flow = [q for link in scene.bundle.links.values() for q in link.answers]
    if question.id in flow:  # the link's way ends here; nobody is led back onto it
        return _nothing(known, "link_not_open", effects)
    return _nothing(known, "answered", effects)


def towards(scene: Scene, link: Link, effects: tuple[Effect, ...] = ()) -> Answer:
    """The next step on the way to a link: what must be shown, then the first open question, then the link."""
    if scene.opted_out or scene.held:
        return _nothing(scene, "link_not_open", effects)
    unseen = [i for i in link.requires if i not in scene.turn.shown]
    unanswered = [q for q, a in link.answers.items() if scene.answers.get(q, "").casefold() != a.casefold()]
    if not unseen and not unanswered:
        return Answer(moves=(GiveLink(id=link.id),), reason="link", effects=effects)
    ask = unanswered[0] if unanswered else next(reversed(tuple(link.answers)), None)
    moves: list[Move] = [
        State(id=i) for i in unseen if ask is None or unanswered[1:] == [] or i in _first_needs(scene, ask)
    ]
    if ask is not None:
        moves.append(Ask(id=ask))
    return Answer(moves=tuple(moves), reason="towards_link", effects=effects)


def _first_needs(scene: Scene, question: str) -> tuple[str, ...]:
    claim = scene.bundle.claims.get(question)
    return claim.required_with if claim is not None else ()


# ---- small talk and ready answers -----------------------------------------------------------------------------------------


def _wordless(scene: Scene) -> Answer:
    """A reaction wants no answer; of a picture or a recording we say that we cannot open it."""
    if all(pending.kind in SIGNS for pending in scene.fresh):
        return Answer(moves=(Silence(),), reason="sign")
    line = _line(scene, "media")
    if line is None or line in scene.last_words():
        return _nothing(scene, "no_words", ())
    return Answer(moves=(State(id=line),), reason="no_words")


def _quick_reply(scene: Scene, words: str) -> Answer | None:
    said = normalise(words).text.strip(" .!?,")
    for quick in scene.bundle.quick_replies:
        if said in map(own, (quick.title, *quick.questions)) and all(scene.sayable(i) for i in quick.claims):
            return Answer(moves=tuple(State(id=i) for i in quick.claims), reason="quick_reply")
    return None


def _courtesy(scene: Scene, words: str) -> Answer | None:
    match courtesy_of(words):
        case "greeting":
            line = _line(scene, "greeting")
            return Answer(moves=(State(id=line),) if line else _menu(scene), reason="greeting")
        case "thanks":
            return Answer(moves=(_politely(scene, "thanks"),), reason="thanks")
        case "declined":
            return Answer(moves=(_politely(scene, "noted"),), reason="declined")
        case "accepted" if scene.bundle.lines.no_answer in scene.last_words():
            return Answer(moves=(HandOff(reason="accepted"),), reason="accepted")  # the line offered a person
        case _:
            return None


def _politely(scene: Scene, when: str) -> Move:
    """The line for it, once; two machines that thank each other must come to an end."""
    line = _line(scene, when)
    return State(id=line) if line and line not in scene.last_words() and not scene.opted_out else Silence()


def _line(scene: Scene, when: str) -> str | None:
    return next(
        (
            c.id
            for c in scene.bundle.claims.values()
            if c.kind == "line" and c.when == when and scene.sayable(c.id)
        ),
        None,
    )


def _menu(scene: Scene) -> tuple[Move, ...]:
    """The tenant's own topics to choose from; to somebody who opted out, nothing is asked."""
    if scene.opted_out:
        return (State(id=scene.bundle.lines.no_answer),)
    first = (quick.claims[0] for quick in scene.bundle.quick_replies if quick.claims)
    ids = tuple(dict.fromkeys(i for i in first if (c := scene.sayable(i)) is not None and c.questions))
    return (Offer(ids=ids[:OFFERED]),) if len(ids) > 1 else (State(id=scene.bundle.lines.clarify),)


# ---- the ranking ------------------------------------------------------------------------------------------------------------


def _ranked(scene: Scene, words: str, hits: Sequence[Hit]) -> Answer:
    ranked = rank(scene, words, hits)
    shortlist = ranked[:8]
    parts = parts_of(scene, words)
    if len(parts) > 1:
        moves = tuple(State(id=i, variant=_variant(scene, i)) for i in parts)
        return Answer(moves=moves, reason="several", candidates=shortlist)
    if parts:
        return _state(scene, parts[0], "clear_part", (), shortlist)
    if not ranked or ranked[0][1] < ANSWER_FROM:
        near = tuple(i for i, s in ranked[:OFFERED] if s >= OFFER_FROM and _topic(scene, i))
        if len(near) > 1 and not scene.opted_out and not _just_offered(scene):
            return Answer(moves=(Offer(ids=near),), reason="close_race", candidates=shortlist)
        return _nothing(scene, "no_answer", (), shortlist)
    best, score = ranked[0]
    if clear(scene, words, ranked) or scene.opted_out or _just_offered(scene):
        return _state(scene, best, "clear_winner", (), shortlist)
    close = tuple(i for i, s in ranked if s >= OFFER_FROM and score - s < 2 * MARGIN and _topic(scene, i))
    if not close:
        return _nothing(scene, "no_answer", (), shortlist)
    return Answer(moves=(Offer(ids=close[:OFFERED]),), reason="close_race", candidates=shortlist)


def _variant(scene: Scene, claim_id: str) -> str:
    claim = scene.bundle.claims[claim_id]
    wanted = "short" if claim_id in scene.last_words() else "answer"
    return wanted if wording(claim, scene.language, wanted) else "full"


def _topic(scene: Scene, claim_id: str) -> bool:
    """Whether a claim can be offered by its first example question; the machine's own lines are no topics."""
    claim = scene.bundle.claims[claim_id]
    return bool(claim.questions) and claim.kind != "line"


def _just_offered(scene: Scene) -> bool:
    """One clarifying question is enough; after it the best answer is given or none."""
    return scene.bundle.lines.clarify in scene.last_words()


def _best(scene: Scene, words: str) -> str | None:
    ranked = rank(scene, words, ())
    return ranked[0][0] if ranked and ranked[0][1] >= ANSWER_FROM else None


def _state(
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
            return _nothing(scene, reason, effects, candidates)
        link = next((x for x in scene.bundle.links.values() if claim_id in x.answers), None)
        if link is not None:
            towards_it = towards(scene, link, effects)
            return Answer(
                moves=towards_it.moves, reason=towards_it.reason, effects=effects, candidates=candidates
            )
        return Answer(moves=(Ask(id=claim_id),), reason=reason, effects=effects, candidates=candidates)
    if claim_id not in scene.last_words():
        variant = "answer" if wording(claim, scene.language, "answer") else "full"
        return Answer(
            moves=(State(id=claim_id, variant=variant),),
            reason=reason,
            effects=effects,
            candidates=candidates,
        )
    if wording(claim, scene.language, "short"):
        return Answer(
            moves=(State(id=claim_id, variant="short"),),
            reason="again_in_short",
            effects=effects,
            candidates=candidates,
        )
    # The same words twice in a row help nobody: offer what else is near, or a person.
    others = tuple(
        i for i, s in candidates if i != claim_id and s >= OFFER_FROM and scene.bundle.claims[i].questions
    )
    if len(others) > 1 and not scene.opted_out:
        return Answer(
            moves=(Offer(ids=others[:OFFERED]),),
            reason="said_already",
            effects=effects,
            candidates=candidates,
        )
    return _nothing(scene, "said_already", effects, candidates)


def _nothing(
    scene: Scene, reason: str, effects: tuple[Effect, ...], candidates: tuple[tuple[str, float], ...] = ()
) -> Answer:
    """The line that says so and offers a person; asked for the second time in a row, a person is brought."""
    line = scene.bundle.lines.no_answer
    if line in scene.last_words() and not scene.opted_out:
        return Answer(moves=(HandOff(reason=reason),), reason=reason, effects=effects, candidates=candidates)
    return Answer(moves=(State(id=line),), reason=reason, effects=effects, candidates=candidates)
