"""A brain for the models' server: it reads the prompt as a sensible model would, and drafts or checks by simple rules.

It drafts by word overlap between the person's words and the claims the prompt lists, and answers the checker's questionnaire
by looking for what no connective sentence may hold. Nothing in it is random, so a talk with it can be played again.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

from drills.sandbox.models_wire import Asked
from runtime.engine.questionnaire import QUESTIONS

# `DD-F01 (fact, when: before_any_link): The text of the claim.`, with or without the parentheses
_CLAIM = re.compile(
    r"^[-* ]*(?P<id>[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)+)\s*(?:\((?P<kind>[^)]*)\))?\s*[:=|]\s*(?P<text>.+)$"
)
_LANGUAGE = re.compile(
    r"(?:Reply|Answer|Write)[^\n]{0,20}?:?\s*\b([a-z]{2}(?:-[A-Z]{2})?)\b\s*$", re.MULTILINE
)
_PERSON = re.compile(r"^(?:person|customer|them)\s*:\s*(.*)$", re.IGNORECASE)
_OURS = re.compile(r"^(?:us|we|bot|assistant)\s*:", re.IGNORECASE)
_SENTENCE = re.compile(r"^\s*\d+\s*[:.)]\s*(.+)$")
_WORDS = re.compile(r"[^\W\d_]{3,}")
_COMMON = frozenset(
    {
        *(
            "the",
            "and",
            "you",
            "your",
            "for",
            "can",
            "are",
            "was",
            "with",
            "that",
            "this",
            "have",
            "has",
            "not",
            "from",
            "what",
        ),
        *(
            "how",
            "does",
            "they",
            "will",
            "would",
            "our",
            "about",
            "any",
            "but",
            "did",
            "get",
            "his",
            "her",
            "its",
            "out",
            "who",
        ),
        *(
            "why",
            "when",
            "where",
            "which",
            "there",
            "then",
            "than",
            "them",
            "been",
            "just",
            "don",
            "want",
            "need",
        ),
    }
)
_STATES_A_FACT = re.compile(
    r"\d|£|\bper ?cent\b|%|https?:|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twenty|thirty|hundred|thousand|half"
    r"|twice|weeks?|months?|years?|days?|fee|free|cost|claim|lender|ombudsman|court|law|legal|regulat)",
    re.IGNORECASE,
)
_PRESSES = re.compile(
    r"\b(?:now|today|hurry|quick|last chance|miss out|deadline|only|must|before it)\b", re.IGNORECASE
)
_PROMISES = re.compile(
    r"\b(?:guarantee|promise|definitely|certain|will get|will win|entitled|owed|refund|compensation)",
    re.IGNORECASE,
)
_HUMAN = re.compile(
    r"\b(?:I am a (?:person|human)|I'm a (?:person|human)|as a human|my colleague)\b", re.IGNORECASE
)
CLEAR = 0.12  # with less overlap than this no claim answers


@dataclass(frozen=True, slots=True, kw_only=True)
class Sensible:
    """Drafts and checks like a model that means well. `says`: with a polite sentence of its own before the claim.

    `latency_s` is what the server waits before each of its answers.
    """

    latency_s: float = 0.0
    says: str | None = "Let me help with that."

    def __call__(self, asked: Asked) -> Mapping[str, Any]:
        if "sentences" in asked.schema.get("properties", {}):
            return checked(asked)
        return drafted(asked, self.says)


def drafted(asked: Asked, says: str | None) -> Mapping[str, Any]:
    """The best listed claim as moves, or a hand-off where none shares enough words with the person's."""
    language = _language(asked.turn)
    listed = claims_of(asked)
    best = ranked(heard(asked.turn), listed)
    if not best:
        first = next(iter(claims_of_turn(asked.turn).items()), None)
        if first is not None and first[1][0].startswith(
            "line"
        ):  # thanks, a greeting: found for us, and nothing to add
            return {"moves": [_stated(first[0])], "language": language}
        return {"moves": [{"handoff": "unclear"}], "language": language}
    moves: list[Mapping[str, Any]] = [{"say": says}] if says else []
    return {"moves": [*moves, _stated(best[0])], "language": language}


def checked(asked: Asked) -> Mapping[str, Any]:
    """The questionnaire answered for every sentence the prompt lists, in the shape its schema asks for."""
    wanted = asked.schema["properties"]["sentences"].get("minItems")
    found = [hit.group(1) for line in asked.turn.splitlines() if (hit := _SENTENCE.match(line))]
    said = found[-wanted:] if wanted else found
    return {"sentences": [_answers(sentence) for sentence in said]}


def claims_of(asked: Asked) -> Mapping[str, tuple[str, str]]:
    """Id -> (kind, text) of every claim the prompt lists."""
    return {**claims_of_turn(asked.system), **claims_of_turn(asked.turn)}


def claims_of_turn(text: str) -> Mapping[str, tuple[str, str]]:
    """Id -> (kind, text) of the claims that this part of a prompt lists, in its order."""
    hits = filter(None, (_CLAIM.match(line.strip()) for line in text.splitlines()))
    return {hit["id"]: (hit["kind"] or "", hit["text"]) for hit in hits}


def heard(turn: str) -> str:
    """The person's last words: what follows our last line, else all they said, else all there is."""
    said: list[str] = []
    for line in turn.splitlines():
        if _OURS.match(line) or line.strip() == "--":
            said.clear()
        elif hit := _PERSON.match(line):
            said.append(hit.group(1))
    return "\n".join(said) or turn


def ranked(words: str, listed: Mapping[str, tuple[str, str]]) -> Sequence[str]:
    """Ids of claims with enough in common, best first. Words that many claims share count for little."""
    asked = set(_stems(words))
    texts = {
        claim: set(_stems(text))
        for claim, (kind, text) in listed.items()
        if not kind.startswith(("question", "line"))
    }
    spread = Counter(stem for stems in texts.values() for stem in stems)
    weights = {stem: log((1 + len(texts)) / count) for stem, count in spread.items()}
    worth = sum(weights.get(stem, log(1 + len(texts))) for stem in asked) or 1.0
    scores = {claim: sum(weights[stem] for stem in stems & asked) / worth for claim, stems in texts.items()}
    return sorted((c for c, score in scores.items() if score >= CLEAR), key=lambda c: (-scores[c], c))


def _stated(claim: str) -> Mapping[str, str]:
    return {"claim": claim, "variant": "full"}


def _stems(text: str) -> Iterable[str]:
    for word in _WORDS.findall(text.lower()):
        if word not in _COMMON:
            yield re.sub(r"(?:ing|ed|es|s)$", "", word)


def _answers(sentence: str) -> Mapping[str, str]:
    wrong = {
        "fact": _STATES_A_FACT,
        "promise": _PROMISES,
        "pressure": _PRESSES,
        "eligible": _PROMISES,
        "human": _HUMAN,
    }
    flipped = {"yes": "no", "no": "yes"}
    return {
        q.id: flipped[q.must_be] if q.id in wrong and wrong[q.id].search(sentence) else q.must_be
        for q in QUESTIONS
    }


def _language(turn: str) -> str:
    hit = _LANGUAGE.search(turn)
    return hit.group(1) if hit else "en-GB"
