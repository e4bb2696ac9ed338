"""Which claims answer a question, how surely, and what each of several questions in a message asks for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from runtime.engine.index import index_of
from runtime.engine.outlook import answer_of, asked_of
from runtime.engine.scene import Scene
from runtime.ports import Hit
from schemas.bundle import Claim, QuickReply

ANSWER_FROM = 0.31  # below it nothing fits
FIRM_FROM = 0.42  # below it the best must be far ahead: a wrong answer is worse than a question
SURE_FROM = 0.80  # from it the runner-up matters less
MARGIN = 0.06  # how far ahead the best must be to be the answer
FAR_MARGIN = 0.11
THIN_BELOW = 0.52  # below it one word in common is too thin to be an answer
LINE_FROM = 0.60  # a line that lets a matter rest is said when it is nearly what was written
READY_FROM = 0.60  # a ready answer is several claims at once: it is given when it is nearly what was asked
PART_FROM = 0.50  # one of several questions in a message is answered by itself from here
PARTS = 2  # answers in one reply
PARTS_READ = 6  # of a long message the last ones: what somebody asks comes at the end
SEARCH_WEIGHT = 0.05  # what the search's own order adds: it may see a likeness that our words do not
MEANING_WEIGHT = 0.45  # what likeness in meaning counts beside likeness in words, where there is an embedder

_BETWEEN = re.compile(
    r"[.?!;\n]+|,? (?:and|also|plus|n|&) (?=(?:how|what|who|when|where|why|can|could|do|does|is|are|will|would|if|am)\b)",
    re.IGNORECASE,
)


def rank(scene: Scene, words: str, hits: Sequence[Hit]) -> tuple[tuple[str, float], ...]:
    """Sayable claims that may answer, best first: likeness in words on our own scale, in meaning where the search tells it,
    and a little for the search's order."""
    scores = _fused(index_of(scene.bundle).scores(words), hits)
    carriers = {link.claim for link in scene.bundle.links.values()}
    kept = (
        (i, round(min(1.0, score), 3))
        for i, score in scores.items()
        if i not in carriers and (c := scene.sayable(i)) is not None and _answers(c)
    )
    return tuple(sorted(kept, key=lambda item: (-item[1], item[0])))


def _fused(own: Mapping[str, float], hits: Sequence[Hit]) -> Mapping[str, float]:
    meant = {hit.claim_id: hit.likeness for hit in hits if hit.likeness is not None}
    if meant:
        least = min(meant.values())  # what the search left out is less like the question than all it found
        own = {
            i: (1 - MEANING_WEIGHT) * own.get(i, 0.0) + MEANING_WEIGHT * meant.get(i, least)
            for i in own.keys() | meant.keys()
        }
    top = max((hit.score for hit in hits), default=0.0)
    if top <= 0:
        return own
    found = {hit.claim_id: hit.score / top for hit in hits}
    return {
        i: (1 - SEARCH_WEIGHT) * own.get(i, 0.0) + SEARCH_WEIGHT * found.get(i, 0.0)
        for i in own.keys() | found.keys()
    }


def ready(scene: Scene, words: str, ranked: Sequence[tuple[str, float]]) -> QuickReply | None:
    """The tenant's ready answer that is asked for, by its title or questions: ahead of every claim that could answer too."""
    scores = index_of(scene.bundle).ready(words)
    best = max(scene.bundle.quick_replies, key=lambda quick: scores.get(quick.id, 0.0), default=None)
    if best is None or not all(scene.sayable(i) for i in best.claims):
        return None
    score = scores.get(best.id, 0.0)
    return best if score >= READY_FROM and score >= (ranked[0][1] if ranked else 0.0) + MARGIN else None


def clear(scene: Scene, words: str, ranked: Sequence[tuple[str, float]]) -> bool:
    """Whether the best is the answer: far enough ahead, the further the less it is like what was asked."""
    best, score = ranked[0]
    firm = score >= FIRM_FROM
    second = next((s for i, s in ranked[1:] if not (firm and together(scene, best, i))), 0.0)
    if score >= SURE_FROM and score > second:
        return True
    if scene.bundle.claims[best].kind == "line" and score < LINE_FROM:
        return False
    if score < THIN_BELOW and thin(scene, words, best):
        return False
    return score - second >= (MARGIN if firm else FAR_MARGIN)


def thin(scene: Scene, words: str, claim_id: str) -> bool:
    """Whether one word of substance is all that a question shares with a claim's examples."""
    return index_of(scene.bundle).shared(words, claim_id) < 2


def parts_of(scene: Scene, words: str) -> tuple[str, ...]:
    """What the clear questions of a message ask for, an amount or a likelihood first: those have one answer only."""
    found: list[str] = []
    outlook = answer_of(scene)
    parts = [p for p in _BETWEEN.split(words) if p.strip()][-PARTS_READ:]
    for part in parts:
        if outlook is not None and asked_of(part):
            found.insert(0, outlook)
            continue
        ranked = rank(scene, part, ()) if len(parts) > 1 else ()
        if (
            ranked
            and ranked[0][1] >= PART_FROM
            and scene.bundle.claims[ranked[0][0]].kind not in ("question", "line")
        ) and clear(scene, part, ranked):
            found.append(ranked[0][0])
    distinct = list(dict.fromkeys(found))
    apart = [i for n, i in enumerate(distinct) if not any(_brings(scene, other, i) for other in distinct[:n])]
    return tuple(apart[:PARTS])


def _brings(scene: Scene, one: str, other: str) -> bool:
    return other in scene.bundle.claims[one].required_with and scene.is_due(other)


def _answers(claim: Claim) -> bool:
    return bool(claim.questions) or claim.kind in ("disclosure", "fact", "process", "signpost")


def together(scene: Scene, one: str, other: str) -> bool:
    """Claims that are shown together anyway do not race each other."""
    a, b = scene.bundle.claims[one], scene.bundle.claims[other]
    return other in a.required_with or one in b.required_with
