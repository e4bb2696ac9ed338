"""Pieces of a document -> one passage of clean text of which every character still knows its place. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from compiler.propose import Passage

SPACE = re.compile(r"[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
WIDEST = 1 << 21  # columns: more than a document has bytes
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = "\u200c\u200d"  # some scripts cannot be written without them
_COMPOSED = re.compile(
    r"[^\u0300-\U0010ffff]?[\u0300-\U0010ffff]*", re.DOTALL
)  # accents join within one of these


class Placed:
    """Text, and where each of its characters stands: line * WIDEST + column, both from 1."""

    __slots__ = ("at", "text")

    def __init__(self, text: str, at: Sequence[int]) -> None:
        self.text, self.at = text, at

    @classmethod
    def on(cls, text: str, line: int, column: int = 1) -> Placed:
        first = line * WIDEST + column
        return cls(text, range(first, first + len(text)))

    def __add__(self, more: Placed) -> Placed:
        return Placed(self.text + more.text, [*self.at, *more.at])

    def part(self, start: int, end: int) -> Placed:
        return Placed(self.text[start:end], self.at[start:end])

    def before(self, text: str) -> Placed:
        """With text in front that stands nowhere else in the document."""
        return Placed(text + self.text, [self.at[0]] * len(text) + [*self.at]) if self.text else self

    def keep(self, pattern: re.Pattern[str], group: int | None) -> Placed:
        """Of each match only what the group holds; None: nothing."""
        kept: list[tuple[int, int]] = []
        start = 0
        for found in pattern.finditer(self.text):
            kept.append((start, found.start()))
            if group is not None:
                kept.append(found.span(group))
            start = found.end()
        return self if not kept else self._only([*kept, (start, len(self.text))])

    def split(self, mark: str) -> Iterator[Placed]:
        start = 0
        for piece in self.text.split(mark):
            yield self.part(start, start + len(piece))
            start += len(piece) + len(mark)

    def strip(self, marks: str | None = None) -> Placed:
        start = len(self.text) - len(self.text.lstrip(marks))
        return self.part(start, max(start, len(self.text.rstrip(marks))))

    def clean(self) -> Placed:
        """What cannot be seen is gone, every run of spaces is one space, accents are composed. Spaces at the ends stay."""
        chars: list[str] = []
        at: list[int] = []
        for char, place in zip(self.text, self.at, strict=True):
            shown = " " if SPACE.match(char) else char
            if shown != " " and unicodedata.category(char) in _UNSEEN and char not in _JOINERS:
                continue
            if shown != " " or not chars or chars[-1] != " ":
                chars.append(shown)
                at.append(place)
        text = "".join(chars)
        if unicodedata.is_normalized("NFC", text):
            return Placed(text, at)
        return _composed(text, at)

    def _only(self, spans: Iterable[tuple[int, int]]) -> Placed:
        spans = list(spans)
        return Placed(
            "".join(self.text[a:b] for a, b in spans), [place for a, b in spans for place in self.at[a:b]]
        )


def clean(text: str) -> str:
    """`Placed.clean` of text whose place does not matter."""
    return Placed.on(text, 1).clean().text


def _composed(text: str, at: Sequence[int]) -> Placed:
    """Accents joined to their letters. A letter stands where it stood; of a run that got shorter, nearly where."""
    parts: list[str] = []
    places: list[int] = []
    for found in _COMPOSED.finditer(text):
        made = unicodedata.normalize("NFC", found[0])
        parts.append(made)
        places += (at[min(found.start() + i, found.end() - 1)] for i in range(len(made)))
    return Placed("".join(parts), places)


class Paragraph:
    """What is being read, as clean text."""

    def __init__(self) -> None:
        self.text = ""
        self.at: list[int] = []

    def line(self, text: Placed) -> None:
        """A whole line. A word broken by a hyphen is joined with its hyphen: the reader decides about it."""
        broken = self.text.endswith("-") and self.text[-2:-1].isalpha()
        self.piece(text if broken or not self.text else text.before(" "))

    def piece(self, text: Placed) -> None:
        """A piece of a line, with the spaces it has."""
        cleaned = text.clean()
        if not self.text or self.text.endswith(" "):
            cleaned = cleaned.part(len(cleaned.text) - len(cleaned.text.lstrip(" ")), len(cleaned.text))
        self.text += cleaned.text
        self.at += cleaned.at

    def passage(
        self,
        *,
        page: int | None = None,
        heading: str = "",
        lead: Passage | None = None,
        left_out: str = "",
    ) -> Passage:
        text = self.text.rstrip()
        return Passage(
            text=text,
            places=tuple(_runs(self.at[: len(text)])),
            page=page,
            heading=heading,
            lead=lead,
            left_out=left_out,
        )


def _runs(at: Sequence[int]) -> Iterator[tuple[int, int, int]]:
    """(offset, line, column) wherever a character does not stand behind the one before it."""
    before = -1
    for offset, place in enumerate(at):
        if place != before + 1:
            yield offset, *divmod(place, WIDEST)
        before = place
