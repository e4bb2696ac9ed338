"""Whether a sentence turns round what another one says: a `not` more or less, a `may` become a `will`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from schemas.fold import normalise

ALIKE = 0.7  # so much of the words of two sentences in common, and they speak of the same

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_NOT_WORDS = (
    "not no never none nobody nothing neither nor without cannot hardly no-one dont cant wont isnt arent"
)
_OPEN_WORDS = "may might could can some sometimes often usually perhaps possibly whether if would parts"
_SHUT_WORDS = "must will always all every definitely certainly shall needs everyone any"
_LITTLE_WORDS = "a an the of to in on at by and or is are was were be been it its that this do does did"
_NOT, _OPEN, _SHUT, _LITTLE = (
    frozenset(words.split()) for words in (_NOT_WORDS, _OPEN_WORDS, _SHUT_WORDS, _LITTLE_WORDS)
)
_SENTENCE = re.compile(r"[^.!?]+(?:[.!?](?=\S)[^.!?]*)*[.!?]*")


@dataclass(frozen=True, slots=True)
class _Stance:
    words: frozenset[str]
    denials: int
    open: frozenset[str]
    shut: frozenset[str]


def turned_round(text: str, held: Iterable[str]) -> Iterator[tuple[int, int]]:
    """Spans of the sentences of `text` that say the reverse of the sentence of `held` that they are most like."""
    known = [_stance(part) for each in held for _, _, part in _sentences(each)]
    for start, end, part in _sentences(text):
        said = _stance(part)
        likest = max(known, key=lambda other: _likeness(said, other), default=None)
        if likest is not None and _likeness(said, likest) >= ALIKE and _reversed(said, likest):
            yield start, end


def _sentences(text: str) -> Iterator[tuple[int, int, str]]:
    for hit in _SENTENCE.finditer(text):
        if hit[0].strip():
            yield hit.start(), hit.end(), hit[0]


def _stance(text: str) -> _Stance:
    words = _WORD.findall(normalise(text).text)
    denials = sum(word in _NOT or word.endswith("n't") for word in words)
    content = frozenset(
        word for word in words if word not in _NOT | _OPEN | _SHUT | _LITTLE and not word.endswith("n't")
    )
    return _Stance(content, denials, _OPEN & set(words), _SHUT & set(words))


def _likeness(one: _Stance, other: _Stance) -> float:
    both = one.words | other.words
    return len(one.words & other.words) / len(both) if both else 0.0


def _reversed(said: _Stance, held: _Stance) -> bool:
    """A denial more or less, or a thing left open that is now settled."""
    settled = bool(said.shut - held.shut) and bool(held.open - said.open)
    return said.denials % 2 != held.denials % 2 or settled
