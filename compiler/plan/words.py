"""What differs between two texts, word by word."""

from __future__ import annotations

import re
from collections.abc import Iterator
from difflib import SequenceMatcher

SAME, GONE, NEW = "same", "gone", "new"
_TOKEN = re.compile(r"\s+|\w+|[^\w\s]")
MAX_PAIRS = (
    1_000_000  # of words with words; beyond it comparing costs seconds, and all of them count as changed
)


def word_diff(old: str, new: str) -> Iterator[tuple[str, str]]:
    """(same | gone | new, text) in order; the texts of same and gone make up `old`, of same and new make up `new`."""
    a, b = _TOKEN.findall(old), _TOKEN.findall(new)
    if len(a) * len(b) > MAX_PAIRS:
        yield from ((GONE, old), (NEW, new))
        return
    for tag, i, j, k, m in SequenceMatcher(None, a, b, autojunk=False).get_opcodes():
        if tag == "equal":
            yield SAME, "".join(a[i:j])
            continue
        if i < j:
            yield GONE, "".join(a[i:j])
        if k < m:
            yield NEW, "".join(b[k:m])
