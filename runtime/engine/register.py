"""The register-only rung: the person's words against approved claims, with a margin; in doubt it asks, and it never guesses."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.engine.answers import (
    LATELY,
    OFFER_FROM,
    OFFERED,
    Answer,
    line_for,
    nothing,
    state,
    towards,
    variant_of,
)
from runtime.engine.choices import own, pick
from runtime.engine.courtesy import courtesy_of
from runtime.engine.flows import closed, link_of
from runtime.engine.memory import fresh, place_of, refers_back, topic_of, wants_more
from runtime.engine.ranking import ANSWER_FROM, FIRM_FROM, clear, parts_of, rank, ready
from runtime.engine.scene import Scene
from runtime.messages import OFFER, Ask, HandOff, Move, Offer, RecordAnswer, Silence, State
from runtime.ports import Hit
from schemas.bundle import Claim
from schemas.text import normalise

OFFER_SHARE = 0.6  # of the best one's likeness: what is further off is not offered beside it
ASKED_WITHIN = 6  # lines in which a question may stand twice and not three times
QUESTION_CHARS = 1_000
SIGNS = frozenset(["reaction", "system"])  # kinds of message that say nothing to us


def question_of(scene: Scene) -> str:
    """What the person asks in this turn, bounded."""
    return "\n".join(scene.heard)[-QUESTION_CHARS:]


def answer(scene: Scene, hits: Sequence[Hit]) -> Answer:
    """The register's answer to the fresh messages. Pure; hits come from ClaimSearch."""
    words = question_of(scene)
    if not words.strip():
        return _wordless(scene)
    for step in (_open_question, _quick_reply, _courtesy, _more):
        found = step(scene, words)
        if found is not None:
            return found
    found = _ranked(scene, words, hits)
    about = topic_of(scene)
    if found.reason == "no_answer" and about is not None and refers_back(words):
        found = _ranked(scene, f"{words} {scene.bundle.claims[about].topic}", ())
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
        topics = tuple(scene.bundle.claims[i].topic for i in ids if scene.bundle.claims[i].topic)
        open_still = _still_open(scene)
        chosen = pick(last, topics, exactly=not open_still) if len(topics) == len(ids) else None
        place = topics.index(chosen) if chosen is not None else place_of(last, len(ids))
        if place is not None:
            return state(scene, ids[place], "picked", ())
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
        return nothing(scene, "none_of_them", ())
    if said != "accepted":
        return None
    return (
        state(scene, ids[0], "picked", ())
        if len(ids) == 1
        else _again(scene, Offer(ids=ids), scene.bundle.lines.clarify)
    )


def _again(scene: Scene, move: Move, claim_id: str) -> Answer:
    """The same question once more, and after that the way to a person."""
    asked_before = sum(claim_id in line.claims for line in scene.turn.history[-ASKED_WITHIN:] if line.ours)
    if asked_before > 1 or scene.opted_out or scene.held:
        return nothing(scene, "asked_again", ())
    return Answer(moves=(move,), reason="asked_again")


def _still_open(scene: Scene) -> bool:
    """Whether the question is the last thing we said: only then may `yes` or `2` be its answer."""
    last = scene.last_words()
    return not scene.turn.history or scene.turn.asked in last or scene.bundle.lines.clarify in last


def _after(scene: Scene, question: Claim, chosen: str) -> Answer:
    """An answer is recorded, then the next step: on towards the link, what the option itself asks for, else a nod."""
    effects = (RecordAnswer(question=question.id, answer=chosen),)
    known = scene.with_answer(question.id, chosen)
    link = link_of(scene.bundle, question.id)
    if link is not None and not closed(known, link):
        return towards(known, link, effects)
    best = _best(known, chosen)
    if best is not None:
        return state(known, best, "answered", effects)
    noted = line_for(known, "noted")
    if noted is not None:
        return Answer(moves=(State(id=noted),), reason="answered", effects=effects)
    if link is not None:  # the link's way ends here; nobody is led back onto it
        return nothing(known, "link_not_open", effects)
    return nothing(known, "answered", effects)


# ---- small talk and ready answers -----------------------------------------------------------------------------------------


def _wordless(scene: Scene) -> Answer:
    """A reaction wants no answer; of a picture or a recording we say that we cannot open it."""
    if all(pending.kind in SIGNS for pending in scene.fresh):
        return Answer(moves=(Silence(),), reason="sign")
    line = line_for(scene, "media")
    if line is None or line in scene.last_words():
        return nothing(scene, "no_words", ())
    return Answer(moves=(State(id=line),), reason="no_words")


def _quick_reply(scene: Scene, words: str) -> Answer | None:
    said = normalise(words).text.strip(" .!?,")
    for quick in scene.bundle.quick_replies:
        if said in map(own, (quick.title, *quick.questions)) and all(scene.sayable(i) for i in quick.claims):
            return Answer(moves=tuple(State(id=i) for i in quick.claims), reason="quick_reply")
    return None


def _more(scene: Scene, words: str) -> Answer | None:
    """More of the last topic: its full wording if only a shorter one was said, then what is nearest to it, then a person."""
    about = topic_of(scene) if wants_more(words) else None
    claim = scene.sayable(about) if about is not None else None
    if claim is None:
        return None
    nearest = rank(scene, " ".join((claim.topic, *claim.questions[:1])), ())
    said = fresh(scene)
    near = tuple(i for i, _ in nearest if i not in said and i not in claim.required_with and _topic(scene, i))
    if not near or scene.opted_out or _just_offered(scene):
        return nothing(scene, "no_more", (), nearest[:8])
    return Answer(moves=(Offer(ids=near[:OFFERED]),), reason="more", candidates=nearest[:8])


def _courtesy(scene: Scene, words: str) -> Answer | None:
    match courtesy_of(words):
        case "greeting":
            line = line_for(scene, "greeting")
            moves = (State(id=line),) if line else (*_introduction(scene), *_menu(scene))
            return Answer(moves=moves, reason="greeting")
        case "thanks":
            return Answer(moves=(_politely(scene, "thanks"),), reason="thanks")
        case "declined":
            return Answer(moves=(_politely(scene, "noted"),), reason="declined")
        case "accepted" if scene.bundle.lines.no_answer in scene.last_words():
            return Answer(moves=(HandOff(reason="accepted"),), reason="accepted")  # the line offered a person
        case _:
            return None


def _politely(scene: Scene, when: str) -> Move:
    """The line for it, once in a while; two machines that thank each other must come to an end."""
    line = line_for(scene, when)
    lately = {claim for said in scene.turn.history[-LATELY:] if said.ours for claim in said.claims}
    return State(id=line) if line and line not in lately and not scene.opted_out else Silence()


def _introduction(scene: Scene) -> tuple[Move, ...]:
    """Who we are, to somebody who says no more than hello; the opening says it itself, and it is not said twice running."""
    first = next(iter(scene.bundle.persona.opening), None)
    if first is None or scene.is_due(first) or first in fresh(scene) or scene.sayable(first) is None:
        return ()
    return (State(id=first, variant=variant_of(scene, first)),)


def _menu(scene: Scene) -> tuple[Move, ...]:
    """The tenant's own topics to choose from; to somebody who opted out, nothing is asked."""
    if scene.opted_out:
        return (State(id=scene.bundle.lines.no_answer),)
    first = (quick.claims[0] for quick in scene.bundle.quick_replies if quick.claims)
    ids = tuple(dict.fromkeys(i for i in first if (c := scene.sayable(i)) is not None and c.topic))
    return (Offer(ids=ids[:OFFERED]),) if len(ids) > 1 else (State(id=scene.bundle.lines.clarify),)


# ---- the ranking ------------------------------------------------------------------------------------------------------------


def _ranked(scene: Scene, words: str, hits: Sequence[Hit]) -> Answer:
    ranked = rank(scene, words, hits)
    shortlist = ranked[:8]
    quick = ready(scene, words, ranked)
    if quick is not None:
        moves = tuple(State(id=i, variant=variant_of(scene, i)) for i in quick.claims)
        return Answer(moves=moves, reason="quick_reply", candidates=shortlist)
    parts = parts_of(scene, words)
    if len(parts) > 1:
        moves = tuple(State(id=i, variant=variant_of(scene, i)) for i in parts)
        return Answer(moves=moves, reason="several", candidates=shortlist)
    if parts:
        return state(scene, parts[0], "clear_part", (), shortlist)
    if not ranked:
        return nothing(scene, "no_answer", (), shortlist)
    best, score = ranked[0]
    ask_no_more = scene.opted_out or _just_offered(scene)
    if score >= ANSWER_FROM and (clear(scene, words, ranked) or (ask_no_more and score >= FIRM_FROM)):
        return state(scene, best, "clear_winner", (), shortlist)
    if ask_no_more or scene.bundle.claims[best].kind == "line":  # likest to what the tenant has no answer to
        return nothing(scene, "no_answer", (), shortlist)
    near = tuple(i for i, s in ranked if s >= max(OFFER_FROM, OFFER_SHARE * score) and _topic(scene, i))
    if not near:
        return nothing(scene, "no_answer", (), shortlist)
    return Answer(moves=(Offer(ids=near[:OFFERED]),), reason="close_race", candidates=shortlist)


def _topic(scene: Scene, claim_id: str) -> bool:
    """Whether a claim can be offered: it has approved words to offer it by; the machine's own lines are no topics."""
    claim = scene.bundle.claims[claim_id]
    return bool(claim.topic) and claim.kind != "line"


def _just_offered(scene: Scene) -> bool:
    """One clarifying question is enough; after it the best answer is given or none."""
    return scene.bundle.lines.clarify in scene.last_words()


def _best(scene: Scene, words: str) -> str | None:
    ranked = rank(scene, words, ())
    return ranked[0][0] if ranked and ranked[0][1] >= ANSWER_FROM else None
