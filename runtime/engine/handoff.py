"""Hand-off words: whether the words that bring a person stand in a message as a request for one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from schemas.fold import WHOLE
from schemas.text import Shadow, normalise

SHORT_WORDS = 6  # a hand-off word alone in a longer sentence is talk about people, not a request for one
LISTS_KEPT = 64

_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ABOUT_US = re.compile(
    r"\b(are|r|is) (you|u|this|it|that|there)\b|\bam i\b|\b(you|u|ur|you're|youre) (a|an|not)\b"
)


def asks_for_person(shadow: Shadow, words: Sequence[str]) -> tuple[int, int] | None:
    """Where a hand-off phrase stands, or a single word in a short message that is not a question about us; else None."""
    views = [view for view in shadow.views if view.kind != WHOLE]
    about_us: bool | None = None
    for view in views:
        said = list(_WORDS.finditer(view.text))
        line = f" {' '.join(word.group() for word in said)} "
        for wanted in _wanted(tuple(words)):
            at = line.find(f" {wanted} ")
            if at < 0 or (" " not in wanted and len(said) > SHORT_WORDS):
                continue
            size = wanted.count(" ") + 1
            if about_us is None:
                about_us = any(_ABOUT_US.search(each.text) for each in views)
            if len(said) == size or not about_us:
                first = line[:at].count(" ")
                return view.span(said[first].start(), said[first + size - 1].end())
    return None


@lru_cache(maxsize=LISTS_KEPT)
def _wanted(words: tuple[str, ...]) -> tuple[str, ...]:
    """The phrases as a reading spells them."""
    spelt = (" ".join(_WORDS.findall(normalise(phrase).text)) for phrase in words)
    return tuple(phrase for phrase in spelt if phrase)
