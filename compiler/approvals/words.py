"""What changed between two wordings, word by word: deleted [-x-], added {+y+}. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.diagnostics.escape import visible
from compiler.diagnostics.worddiff import GONE, NEW, SAME
from compiler.diagnostics.worddiff import word_diff as words_of_both

MAX_PAIRS = (
    4_000_000  # comparing more words with more words than this costs seconds: then all of them changed
)
AROUND = 24  # characters of unchanged text shown on either side of a change when the text is long
LONG = 200

# How a part of the words is called by those who wrote it.
_CALLED = {"full": "says", "sources": "source"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One part of the words that differs. `part` is the name of the key in the file, `shown` the diff on one line."""

    part: str
    of: str
    shown: str

    def __str__(self) -> str:
        return f"{self.part}{f' ({self.of})' if self.of else ''}: {self.shown}"


def changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> tuple[Change, ...]:
    """Every part that differs between two normative wordings, texts first."""
    before, after = dict(_parts(old, ())), dict(_parts(new, ()))
    paths = sorted({*before, *after}, key=lambda path: (path[0] != "texts", path[0] == "claims", path))
    return tuple(
        _change(path, before.get(path), after.get(path))
        for path in paths
        if before.get(path) != after.get(path)
    )


def word_diff(old: str, new: str) -> str:
    """One text with what was deleted and what was added marked in place; blanks count as words."""
    marks = {SAME: "{}", GONE: "[-{}-]", NEW: "{{+{}+}}"}
    return "".join(marks[how].format(text) for how, text in words_of_both(old, new, most_pairs=MAX_PAIRS))


def shortened(diff: str) -> str:
    """A long diff with its unchanged stretches cut to what stands around the changes."""
    if len(diff) <= LONG:
        return diff
    pieces = re.split(r"(\[-.*?-\](?:\{\+.*?\+\})?|\{\+.*?\+\})", diff, flags=re.DOTALL)
    out = [
        _cut(piece, first=n == 0, last=n == len(pieces) - 1) if n % 2 == 0 else piece
        for n, piece in enumerate(pieces)
    ]
    return "".join(out)


def _cut(text: str, *, first: bool, last: bool) -> str:
    head, tail = ("" if first else text[:AROUND]), ("" if last else text[-AROUND:])
    return text if len(text) <= len(head) + len(tail) + 3 else f"{head}...{tail}"


def _parts(words: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    if isinstance(words, Mapping):
        for key, value in words.items():
            yield from _parts(value, (*path, key))
    elif words not in (None, []):
        yield path, words


def _change(path: tuple[str, ...], old: Any, new: Any) -> Change:
    match path:
        case ("texts", language, variant):
            return Change(part=_CALLED.get(variant, variant), of=language, shown=_shown(old, new))
        case ("claims", claim):
            now = "changed" if old and new else "was added" if new else "is gone"
            return Change(part="claims", of="", shown=f"the wording of {claim}, which it says, {now}")
        case _:
            return Change(part=_CALLED.get(path[0], path[0]), of=".".join(path[1:]), shown=_shown(old, new))


def _shown(old: Any, new: Any) -> str:
    return visible(word_diff(_text(old), _text(new)).replace("\n", " "))


def _text(value: Any) -> str:
    match value:
        case None:
            return ""
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)
