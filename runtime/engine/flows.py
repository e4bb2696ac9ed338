"""Scripted questions on the way to a link, without a model: which is next, and what has to be shown before it.

The order is the tenant's own ask flow (journeys); a bundle without one asks what the link itself must have answered.
"""

from __future__ import annotations

from runtime.engine.scene import Scene
from runtime.messages import Ask, GiveLink, Move, State
from schemas.bundle import Bundle, Link

SHOWN_AT_ONCE = 2  # statements beside one question; the rest waits for the next step


def link_of(bundle: Bundle, question: str) -> Link | None:
    """The link that this question is asked on the way to."""
    return next((link for link in bundle.links.values() if question in steps_to(bundle, link)), None)


def steps_to(bundle: Bundle, link: Link) -> tuple[str, ...]:
    """Claims and questions on the way to a link, in order, all that it requires among them, the link's own claim left out."""
    flows = bundle.journeys.ask_flows if bundle.journeys is not None else ()
    scripted = next((flow.steps for flow in flows if link.claim in flow.steps), ())
    way = [*scripted, *(i for i in (*link.requires, *link.answers) if i not in scripted)]
    return tuple(i for i in dict.fromkeys(way) if i != link.claim)


def closed(scene: Scene, link: Link) -> bool:
    """Whether an answer that was given leads elsewhere: then nobody is led back onto this way."""
    given = ((scene.answers.get(question, wanted), wanted) for question, wanted in link.answers.items())
    return any(answer.casefold() != wanted.casefold() for answer, wanted in given)


def next_moves(scene: Scene, link: Link) -> tuple[Move, ...]:
    """What is shown and asked next. With the last question comes all that is not shown yet, and the link only after it: what
    it requires must have been read before. A step that cannot be said now is passed over; the gate of the link counts for itself.
    """
    way = [step for step in steps_to(scene.bundle, link) if scene.sayable(step) is not None]
    unseen = [i for i in way if not _asks(scene, i) and i not in scene.turn.shown]
    questions = [i for i in way if _asks(scene, i)]
    unanswered = [i for i in questions if not _answered(scene, link, i)]
    if not unseen and not unanswered:
        return (GiveLink(id=link.id),)
    if not questions:
        return (*(State(id=i) for i in unseen), GiveLink(id=link.id))
    ask = unanswered[0] if unanswered else questions[-1]
    if len(unanswered) > 1:
        unseen = [i for i in unseen if way.index(i) < way.index(ask)][-SHOWN_AT_ONCE:]
    return (*(State(id=i) for i in unseen), Ask(id=ask))


def _asks(scene: Scene, step: str) -> bool:
    return scene.bundle.claims[step].kind == "question"


def _answered(scene: Scene, link: Link, question: str) -> bool:
    """A question that the link hangs on must have the answer it hangs on; whoever asks for the link anew is asked again."""
    answer = scene.answers.get(question)
    wanted = link.answers.get(question)
    return answer is not None and (wanted is None or answer.casefold() == wanted.casefold())
