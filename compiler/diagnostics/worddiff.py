"""What differs between two texts, word by word. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

SAME, GONE, NEW = "same", "gone", "new"
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
MOST_PAIRS = (
    1_000_000  # of words with words; beyond it comparing costs seconds, and all of them count as changed
)


def word_diff(old: str, new: str, *, most_pairs: int = MOST_PAIRS) -> Iterator[tuple[str, str]]:
    """(same | gone | new, text) in order; the texts of same and gone make up `old`, of same and new make up `new`."""
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    end = 0
    while end < min(len(a), len(b)) - start and a[-1 - end] == b[-1 - end]:
        end += 1
    yield from _told(SAME, a[:start])
    yield from _between(a[start : len(a) - end], b[start : len(b) - end], most_pairs)
    yield from _told(SAME, a[len(a) - end :])


def _between(a: list[str], b: list[str], most_pairs: int) -> Iterator[tuple[str, str]]:
    if len(a) * len(b) > most_pairs:
        yield from (*_told(GONE, a), *_told(NEW, b))
        return
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            yield from _told(SAME, a[i:j])
        else:
            yield from (*_told(GONE, a[i:j]), *_told(NEW, b[k:m]))


def _told(kind: str, words: list[str]) -> Iterator[tuple[str, str]]:
    if words:
        yield kind, "".join(words)
