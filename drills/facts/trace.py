"""Where one sentence came from: the claim whose approved words it is, a phrase of the persona, or nothing at all. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from runtime.guardrails.registered_facts import wording
from runtime.messages import Sentence
from schemas.bundle import Bundle, Claim
from schemas.text import normalise

UNTRACED = "UNTRACED"
CHECKED = "checked"  # in a report: own words that the independent checker allowed


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One sentence and its origin. `why` says what is wrong with one that has none."""

    text: str
    claim: str | None
    file: str | None = None
    line: int | None = None
    why: str = ""

    @property
    def origin(self) -> str:
        """As the table prints it: the claim, `phrase`, `checked`, or UNTRACED."""
        return self.claim or (UNTRACED if self.why else "connective")


def trace(sentence: Sentence, bundle: Bundle, *, vouched: Collection[str] = ()) -> Traced:
    """Judges one sentence by the bundle it was composed from. `vouched`: own words that the checker allowed."""
    if sentence.claim is None:
        why = (
            ""
            if _connective(sentence.text, bundle, vouched)
            else "no claim, phrase or check stands behind it"
        )
        return Traced(text=sentence.text, claim=None, why=why)
    claim = bundle.claims.get(sentence.claim)
    if claim is None:
        return Traced(text=sentence.text, claim=None, why=f"{sentence.claim} is not in the bundle")
    if sentence.digest is not None and sentence.digest != claim.digest:  # a transcript names none
        return Traced(text=sentence.text, claim=None, why=f"{claim.id} reads otherwise in the bundle")
    if not any(_is(sentence.text, text) for text in _texts(claim)):
        return Traced(text=sentence.text, claim=None, why=f"these are not the words of {claim.id}")
    return Traced(text=sentence.text, claim=claim.id, file=claim.file, line=claim.line)


def _connective(text: str, bundle: Bundle, vouched: Collection[str]) -> bool:
    key = _key(text)
    return text in vouched or any(key == _key(phrase) for phrase in bundle.persona.phrases)


def _texts(claim: Claim) -> tuple[str, ...]:
    languages = set(claim.texts)
    variants = {variant for texts in claim.texts.values() for variant in texts}
    found = (wording(claim, tag, variant) for tag in sorted(languages) for variant in sorted(variants))
    return tuple(text for text in found if text is not None)


def _is(said: str, approved: str) -> bool:
    """Whether `said` is the approved text with its slots filled: what stands between the slots, in order, and nothing else."""
    pieces = _pieces(approved)
    if len(pieces) == 1:
        return said == approved
    if not (said.startswith(pieces[0]) and said.endswith(pieces[-1])):
        return False
    at = len(pieces[0])
    for piece in pieces[1:-1]:
        found = said.find(piece, at)
        if found < 0:
            return False
        at = found + len(piece)
    return at <= len(said) - len(pieces[-1])


def _pieces(approved: str) -> list[str]:
    """The approved text, cut at its {slots}."""
    pieces, rest = [], approved
    while "{" in rest and "}" in rest[rest.index("{") :]:
        before, _, after = rest.partition("{")
        pieces.append(before)
        rest = after.partition("}")[2]
    return [*pieces, rest]


def _key(text: str) -> str:
    return normalise(text).text.rstrip(".!? ")
