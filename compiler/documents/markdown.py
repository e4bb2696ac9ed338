"""Markdown, and plain lines -> passages: paragraphs, items of lists, rows of tables. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.documents.paragraph import LINE_END, Paragraph, clean
from compiler.propose import Passage

_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*\s*\Z")
_ITEM = re.compile(r"\s*(?:[-*+•–]|\d{1,3}[.)])\s+(.*)\Z")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_COMMENT = re.compile(r"<!--.*?(?:-->|\Z)", re.DOTALL)


def markdown(text: str) -> Iterator[Passage]:
    """The passages of a Markdown text. Comments and code are no statements."""
    without = _COMMENT.sub(lambda found: "\n" * len(LINE_END.findall(found[0])), text)
    yield from passages(enumerate(LINE_END.split(without), 1), markup=True)


def passages(lines: Iterator[tuple[int, str]], *, markup: bool, page: int | None = None) -> Iterator[Passage]:
    """Passages from (number, line). Without `markup` only lists are recognised, as in the text of a PDF."""
    reader = _Reader(markup, page)
    for number, line in lines:
        yield from reader.take(number, line)
    yield from reader.done()


class _Reader:
    def __init__(self, markup: bool, page: int | None) -> None:
        self.markup, self.page = markup, page
        self.now = Paragraph()
        self.heading = self.lead = ""
        self.item = self.fenced = self.row = False

    def take(self, number: int, line: str) -> Iterator[Passage]:
        if self.row:
            self.row = False
            if _is_rule(line):
                self.now = Paragraph()  # the row above it names the columns
            yield from self.done()
        if self.markup and _FENCE.match(line):
            yield from self.done()
            self.fenced = not self.fenced
        elif self.fenced:
            return
        elif not line.strip() or _is_rule(line):
            yield from self.done()
        elif self.markup and (found := _HEADING.match(line)):
            yield from self.done()
            self.heading, self.lead = clean(_unmarked(found[1])).strip(), ""
        elif found := _ITEM.match(line):
            yield from self.done()
            self.item = bool(self.lead)
            self.now.line(self._words(found[1]), number)
        elif self.markup and line.strip().startswith("|"):
            yield from self.done()
            self.now.line(_row(line), number)
            self.row = True
        else:
            self.now.line(self._words(line), number)

    def done(self) -> Iterator[Passage]:
        """What was read is a passage, or the sentence that leads to a list."""
        now, item = self.now, self.item
        self.now, self.item = Paragraph(), False
        if not now.text:
            return
        passage = now.passage(page=self.page, heading=self.heading, lead=self.lead if item else "")
        if not item:
            self.lead = passage.text if passage.text.endswith(":") else ""
        if item or not self.lead:
            yield passage

    def _words(self, line: str) -> str:
        return _unmarked(line) if self.markup else line


def _is_rule(line: str) -> bool:
    """A ruler, or the line under the head of a table."""
    marks = set(line) - {" ", "\t"}
    ruler = len(marks) == 1 and marks <= set("-*_=") and len(line.strip()) > 2
    return ruler or ("|" in marks and "-" in marks and marks <= set("|:-"))


def _unmarked(line: str) -> str:
    """Markdown without its marks: the words of a link, not its address."""
    line = re.sub(r"^\s*>+\s?", "", line)
    line = re.sub(r"!\[[^\[\]]*\]\([^()]*\)", "", line)
    line = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", line)
    line = re.sub(r"<[a-zA-Z/][^<>]*>", "", line)
    line = re.sub(r"(\*\*|__)(.+?)\1", r"\2", line)
    line = re.sub(r"(?<![\w*])[*_]([^*_]+)[*_](?![\w*])", r"\1", line)
    return re.sub(r"`([^`]*)`", r"\1", line)


def _row(line: str) -> str:
    cells = [clean(_unmarked(cell)).strip() for cell in line.strip().strip("|").split("|")]
    return ": ".join(filter(None, [cells[0], ", ".join(filter(None, cells[1:]))]))
