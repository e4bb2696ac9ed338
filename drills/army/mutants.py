"""Fact mutants: an approved text with its number, its date or its negation changed. What was changed must never be said."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

_MONTHS = (
    "January", "February", "March", "April", "May", "June",
    "July", "August", "September", "October", "November", "December",
)  # fmt: skip
_MONTH = re.compile(rf"\b({'|'.join(_MONTHS)})\b")
_NUMBER = re.compile(r"\b[0-9]+(?:[.,][0-9]+)*\b")
_WORDS = {
    "one": "three", "two": "five", "three": "seven", "eight": "four", "ten": "thirty", "free": "half price",
    "eight weeks": "two weeks", "third": "half",
}  # fmt: skip
_WORD = re.compile(rf"\b({'|'.join(sorted(_WORDS, key=len, reverse=True))})\b")
_NEGATED = (
    (re.compile(r"\b(can|do|did|does|have|has|is|are|was|were|need|must|may|will|should)n't\b"), r"\1"),
    (re.compile(r"\b(can) ?not\b"), r"\1"),
    (re.compile(r"\b(is|are|was|were|do|does|did|has|have|may|must|will|should|can) not\b"), r"\1"),
    (re.compile(r"\b(is|are|was|were|may|must|will|should|can|could)\b"), r"\1 not"),
)
_SENTENCE = re.compile(r"[^.!?]+[.!?]?")
MOST_CHARS = 155  # a `say` holds 160


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A sentence with one thing changed. `kind`: number | date | negation."""

    kind: str
    text: str


def mutants(text: str, rng: Random) -> Iterator[Mutant]:
    """At most one of each kind, from the first sentence that has what is changed and no slot."""
    sentences = [found.strip() for found in _SENTENCE.findall(text) if "{" not in found]
    # A question states nothing that could be changed.
    short = [s for s in sentences if 12 <= len(s) <= MOST_CHARS and not s.endswith("?")]
    for kind, change in (("number", _number), ("date", _date), ("negation", _negation)):
        for sentence in short:
            changed = change(sentence, rng)
            if changed is not None and changed != sentence:
                yield Mutant(kind=kind, text=changed)
                break


def _number(text: str, rng: Random) -> str | None:
    if found := _NUMBER.search(text):
        digits = found[0]
        other = rng.choice([d for d in "123456789" if d != digits[0]])
        return text[: found.start()] + other + digits[1:] + text[found.end() :]
    if found := _WORD.search(text):
        return text[: found.start()] + _WORDS[found[0]] + text[found.end() :]
    return None


def _date(text: str, rng: Random) -> str | None:
    if found := _MONTH.search(text):
        other = rng.choice([month for month in _MONTHS if month != found[0]])
        return text[: found.start()] + other + text[found.end() :]
    return None


def _negation(text: str, rng: Random) -> str | None:
    for pattern, instead in _NEGATED:
        if pattern.search(text):
            return pattern.sub(instead, text, count=1)
    return None
