"""Moves become text, each sentence with the claim it comes from; whatever must stand together stays in one message."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from runtime.engine.scene import Scene
from runtime.guardrails.registered_facts import wording
from runtime.messages import (
    OFFER,
    Act,
    Ask,
    Choose,
    GiveLink,
    HandOff,
    Move,
    Offer,
    Rendered,
    Say,
    Sentence,
    Silence,
    State,
    Tell,
)
from schemas.bundle import Claim, Link
from schemas.text import visible

MESSAGE_CHARS = 700  # past this a message is split, between sets and never inside one
MAX_SLOT_CHARS = 400

_SLOT = re.compile(r"\{([a-z_][a-z0-9_.:]*)\}")


class Unsayable(Exception):
    """A move cannot be spoken now; the text says which and why. Holds no words of a person."""


@dataclass(slots=True)
class _Block:
    """One message in the making."""

    before: list[str] = field(default_factory=list)
    stated: list[Sentence] = field(default_factory=list)
    question: list[Sentence] = field(default_factory=list)
    after: list[str] = field(default_factory=list)
    options: tuple[str, ...] = ()
    asks: str | None = None
    link: str | None = None
    handoff: str | None = None

    def ids(self) -> set[str | None]:
        return {sentence.claim for sentence in self.stated}

    def chars(self) -> int:
        return sum(len(sentence.text) for sentence in self.stated)


def render(moves: Iterable[Move], scene: Scene, *, opening: bool = True) -> tuple[Rendered, ...]:
    """One Rendered a message, the opening first where it is due. Raises Unsayable."""
    blocks: list[_Block] = []
    if opening and scene.due:
        blocks.append(_Block())
        for claim_id in scene.due:
            _state(blocks, claim_id, _opening_variant(scene, claim_id), scene, fresh=False)
        blocks.append(_Block())
    pending: list[str] = []
    for move in moves:
        if isinstance(move, Say):
            pending.append(visible(move.text).strip())
            continue
        _apply(blocks, move, scene)
        if pending and blocks:
            _place(blocks[-1], pending)
            pending = []
    if pending:
        if not blocks:
            blocks.append(_Block())
        blocks[-1].after += pending
    return tuple(
        _rendered(block) for block in blocks if block.before or block.stated or block.question or block.after
    )


def _apply(blocks: list[_Block], move: Move, scene: Scene) -> None:
    match move:
        case State(id=claim_id, variant=variant):
            _no_link_claim(claim_id, scene)
            _state(blocks, claim_id, variant, scene)
        case Tell(template=template, slots=slots):
            claim = _claim(template, scene)
            if not set(slots) <= set(claim.slots):
                raise Unsayable(f"{template} has no such slot")
            _no_link_claim(template, scene)
            _state(blocks, template, "full", scene)
        case Ask(id=claim_id):
            _ask(blocks, claim_id, scene)
        case Offer(ids=ids):
            _offer(blocks, ids, scene)
        case Choose(options=options):
            if not blocks or not set(options) <= set(blocks[-1].options):
                raise Unsayable("options that the question does not have")
            blocks[-1].options = tuple(o for o in blocks[-1].options if o in options)
        case GiveLink(id=link_id):
            _give_link(blocks, link_id, scene)
        case HandOff(reason=reason):
            _hand_off(blocks, reason, scene)
        case Act(what=what):
            _hand_off(blocks, f"act:{what}", scene)  # a person does it until the runtime can
        case Silence() | Say():
            return


def _state(
    blocks: list[_Block],
    claim_id: str,
    variant: str,
    scene: Scene,
    *,
    link: Link | None = None,
    fresh: bool = True,
) -> _Block:
    """Adds a claim and all that must stand beside it to the message where its set already is, else to the last one."""
    claim = _claim(claim_id, scene)
    needed = [claim_id, *(i for i in claim.required_with if scene.is_due(i))]
    block = next((b for b in blocks if b.ids() & set(needed)), None)
    if block is None:
        block = _last(blocks, room=sum(len(_full(i, scene)) for i in needed), fresh=fresh)
    for each in needed:
        if each not in block.ids():
            chosen = variant if each == claim_id else "full"
            block.stated.append(
                sentence(_claim(each, scene), chosen, scene, link=link if each == claim_id else None)
            )
    return block


def _ask(blocks: list[_Block], claim_id: str, scene: Scene) -> None:
    claim = _claim(claim_id, scene)
    if claim.kind != "question":
        raise Unsayable(f"{claim_id} is not a question")
    needed = [i for i in claim.required_with if scene.is_due(i)]
    block = next((b for b in blocks if b.ids() & set(needed)), None) or _last(blocks, room=0)
    for each in needed:
        if each not in block.ids():
            block.stated.append(sentence(_claim(each, scene), "full", scene))
    if block is not blocks[-1]:
        _move_last(blocks, block, opening=bool(scene.due) and block is blocks[0])
    if block.asks is not None:
        raise Unsayable("a second question")
    block.question.append(sentence(claim, "full", scene))
    block.asks, block.options = claim_id, claim.options


def _move_last(blocks: list[_Block], block: _Block, *, opening: bool) -> None:
    """A question is the last thing a person reads, and its set stands with it: that message goes last, or takes the rest in."""
    rest = blocks[blocks.index(block) + 1 :]
    if not opening:
        blocks.remove(block)
        blocks.append(block)
        return
    for other in rest:
        block.before += other.before
        block.stated += other.stated
        block.after += other.after
        blocks.remove(other)


def _offer(blocks: list[_Block], ids: tuple[str, ...], scene: Scene) -> None:
    topics = [_claim(i, scene) for i in ids]
    if not topics or any(not topic.topic for topic in topics):
        raise Unsayable("a claim without a topic cannot be offered")
    block = _last(blocks, room=0)
    if block.asks is not None:
        raise Unsayable("a second question")
    block.question.append(sentence(_claim(scene.bundle.lines.clarify, scene), "full", scene))
    block.asks = OFFER + "|".join(ids)
    block.options = tuple(topic.topic for topic in topics)


def _give_link(blocks: list[_Block], link_id: str, scene: Scene) -> None:
    link = scene.bundle.links.get(link_id)
    if link is None:
        raise Unsayable(f"no link {link_id}")
    unseen = [i for i in link.requires if i not in scene.turn.shown]
    unanswered = [q for q, a in link.answers.items() if scene.answers.get(q, "").casefold() != a.casefold()]
    if unseen or unanswered:
        raise Unsayable(f"link {link_id} before {', '.join(sorted([*unseen, *unanswered]))}")
    _state(blocks, link.claim, "full", scene, link=link).link = link_id


def _hand_off(blocks: list[_Block], reason: str, scene: Scene) -> None:
    _state(blocks, scene.bundle.lines.handoff, "full", scene).handoff = reason
    off_hours = scene.bundle.lines.off_hours
    if off_hours is not None and scene.closed and scene.sayable(off_hours):
        _state(blocks, off_hours, "full", scene)


def sentence(claim: Claim, variant: str, scene: Scene, *, link: Link | None = None) -> Sentence:
    """The claim's approved wording with its slots filled. Raises Unsayable."""
    text = wording(claim, scene.language, variant)
    if text is None:
        variant, text = "full", wording(claim, scene.language, "full")
    if text is None:
        raise Unsayable(f"{claim.id} has no wording in {scene.language}")
    filled = _SLOT.sub(lambda slot: _value(slot.group(1), claim, scene, link), text)
    return Sentence(
        text=filled, claim=claim.id, variant=variant, digest=claim.digest, file=claim.file, line=claim.line
    )


def _value(slot: str, claim: Claim, scene: Scene, link: Link | None) -> str:
    if slot not in claim.slots:
        raise Unsayable(f"{claim.id} does not declare the slot {slot}")
    tenant = scene.bundle.tenant
    value = scene.turn.slots.get(slot)
    if slot.startswith("tenant."):  # never from rows: who speaks is what the bundle says
        value = tenant.values.get(slot.removeprefix("tenant.")) or tenant.values.get(slot)
        value = value or {"tenant.hours": tenant.hours_text, "tenant.display_name": tenant.display_name}.get(
            slot
        )
        if link is not None and (value is None or slot.endswith("form_url")):
            value = link.url
    value = " ".join(visible(value or "").split())
    if not value or len(value) > MAX_SLOT_CHARS:
        raise Unsayable(f"the slot {slot} of {claim.id} has no value")
    return value.replace("{ref}", tracking_ref(scene))


def tracking_ref(scene: Scene) -> str:
    """Opaque, one per person and tenant, no personal data in it; rows may give their own."""
    given = scene.turn.slots.get("link.ref")
    if given:
        return given
    seed = f"{scene.bundle.tenant.slug}/{scene.turn.contact_id}"
    return hashlib.sha256(seed.encode()).hexdigest()[:20]


def _claim(claim_id: str, scene: Scene) -> Claim:
    claim = scene.bundle.claims.get(claim_id)
    if claim is None:
        raise Unsayable(f"no claim {claim_id}")
    reason = scene.why_not(claim)
    if reason is not None:
        raise Unsayable(f"{claim_id}: {reason}")
    return claim


def _full(claim_id: str, scene: Scene) -> str:
    return wording(_claim(claim_id, scene), scene.language, "full") or ""


def _no_link_claim(claim_id: str, scene: Scene) -> None:
    if any(link.claim == claim_id for link in scene.bundle.links.values()):
        raise Unsayable(f"{claim_id} is only said by its link")


def _opening_variant(scene: Scene, claim_id: str) -> str:
    return "full" if claim_id in scene.bundle.claims else "short"


def _last(blocks: list[_Block], *, room: int, fresh: bool = True) -> _Block:
    if not blocks or (fresh and blocks[-1].stated and blocks[-1].chars() + room > MESSAGE_CHARS):
        blocks.append(_Block())
    return blocks[-1]


def _place(block: _Block, says: list[str]) -> None:
    block.before += says


def _rendered(block: _Block) -> Rendered:
    own = [Sentence(text=t, claim=None, variant=None, digest=None) for t in block.before]
    tail = [Sentence(text=t, claim=None, variant=None, digest=None) for t in block.after]
    return Rendered(
        sentences=(*own, *block.stated, *block.question, *tail),
        options=block.options,
        asks=block.asks,
        link=block.link,
        handoff=block.handoff,
    )
