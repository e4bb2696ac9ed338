"""Lines of a document -> one passage of clean text that still knows its lines. Pure."""

from __future__ import annotations

import re
import unicodedata

from compiler.propose import Passage

SPACE = re.compile(r"[\s\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+")
LINE_END = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_JOINERS = "\u200c\u200d"  # some scripts cannot be written without them


def clean(text: str) -> str:
    """What cannot be seen is gone, every run of spaces is one space, accents are composed. Spaces at the ends stay."""
    shown = "".join(
        char if unicodedata.category(char) not in _UNSEEN or char in _JOINERS else " " * char.isspace()
        for char in text
    )
    return unicodedata.normalize("NFC", SPACE.sub(" ", shown))


class Paragraph:
    """What is being read. `text` is clean; `lines` says from which offset on it is which line."""

    def __init__(self) -> None:
        self.text = ""
        self.lines: list[tuple[int, int]] = []

    def line(self, text: str, number: int) -> None:
        """A whole line. A word broken by a hyphen is joined with its hyphen: the reader decides about it."""
        broken = self.text.endswith("-") and self.text[-2:-1].isalpha()
        self.piece(text if broken or not self.text else " " + text, number)

    def piece(self, text: str, number: int) -> None:
        """A piece of a line, with the spaces it has."""
        cleaned = clean(text)
        if not self.text or self.text.endswith(" "):
            cleaned = cleaned.lstrip(" ")
        if cleaned:
            self.lines.append((len(self.text), number))
            self.text += cleaned

    def passage(self, *, page: int | None = None, heading: str = "", lead: str = "") -> Passage:
        return Passage(text=self.text.strip(), lines=tuple(self.lines), page=page, heading=heading, lead=lead)
