"""Markdown, and plain lines -> passages: paragraphs, items of lists, rows of tables. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from compiler.documents.paragraph import LINE_END, Paragraph, Placed
from compiler.propose import LEADS, Passage

UNSEEN = "a comment, which nobody sees on the page"
CODE = "it is code"
COLUMNS = "it names the columns of a table"
HIDDEN = "it is hidden on the page by HTML in it"

_HEADING = re.compile(r" {0,3}#{1,6}\s+(.*?)\s*#*\s*\Z")
_ITEM = re.compile(r"\s*(?:[-*+•–]|\d{1,3}[.)])\s+(.*)\Z")
_FENCE = re.compile(r" {0,3}(```|~~~)")
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.DOTALL)
_HIDING = re.compile(  # an element in the text; who wants more of HTML gives HTML
    r"<(\w+)\b[^<>]*?(?:\shidden\b|\sstyle\s*=[^<>]*?(?:display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)"
    r"|opacity\s*:\s*0|font-size\s*:\s*0|color\s*:\s*(?:white|#fff|transparent)))[^<>]*>(.*?)(?:</\1\s*>|\Z)"
    r"|<(style|script|template)\b[^<>]*>(.*?)(?:</\3\s*>|\Z)",
    re.DOTALL | re.IGNORECASE,
)
_QUOTE = re.compile(r"^\s*>+\s?")
_IMAGE = re.compile(r"!\[[^\[\]]*\]\([^()]*\)")
_LINK = re.compile(r"\[([^\[\]]*)\]\([^()]*\)")
_TAG = re.compile(r"<[a-zA-Z/][^<>]*>")
_BOLD = re.compile(r"(\*\*|__)(.+?)\1")
_ITALIC = re.compile(r"(?<![\w*])[*_]([^*_]+)[*_](?![\w*])")
_CODE = re.compile(r"`([^`]*)`")


def markdown(text: str) -> Iterator[Passage]:
    """The passages of a Markdown text. Comments, code and hidden parts are no statements, but are named."""
    for pattern, group, why in ((_COMMENT, 1, UNSEEN), (_HIDING, 0, HIDDEN)):
        for found in pattern.finditer(text):
            yield from _left_out(text, *found.span(group), why)
        text = pattern.sub(_blank, text)
    lines = (Placed.on(line, number) for number, line in enumerate(LINE_END.split(text), 1))
    yield from passages(lines, markup=True)


def passages(lines: Iterable[Placed], *, markup: bool, page: int | None = None) -> Iterator[Passage]:
    """Passages from lines. Without `markup` only lists are recognised, as in the text of a PDF."""
    reader = _Reader(markup, page)
    for line in lines:
        yield from reader.take(line)
    yield from reader.done()


def _blank(found: re.Match[str]) -> str:
    """What takes the place of a match so that everything else keeps its own."""
    return re.sub(r"[^\n\r\x0b\x0c\x85\u2028\u2029]", " ", found[0])


def _left_out(text: str, start: int, end: int, why: str) -> Iterator[Passage]:
    made = Paragraph()
    before = LINE_END.split(text[:start])
    for index, line in enumerate(LINE_END.split(text[start:end])):
        made.line(_unmarked(Placed.on(line, len(before) + index, 1 if index else len(before[-1]) + 1)))
    if made.text:
        yield made.passage(left_out=why)


class _Reader:
    def __init__(self, markup: bool, page: int | None) -> None:
        self.markup, self.page = markup, page
        self.now = Paragraph()
        self.heading = ""
        self.lead: Passage | None = None
        self.item = self.fenced = self.row = False

    def take(self, placed: Placed) -> Iterator[Passage]:
        line = placed.text
        if self.row:
            self.row = False
            yield from self.done(COLUMNS if _is_rule(line) else "")  # the row above it names the columns
        if self.markup and _FENCE.match(line):
            yield from self.done(CODE if self.fenced else "")
            self.fenced = not self.fenced
        elif self.fenced:
            self.now.line(placed)
        elif not line.strip() or _is_rule(line):
            yield from self.done()
        elif self.markup and (found := _HEADING.match(line)):
            yield from self.done()
            self.heading, self.lead = _unmarked(placed.part(*found.span(1))).clean().text.strip(), None
        elif found := _ITEM.match(line):
            yield from self.done()
            self.item = self.lead is not None
            self.now.line(self._words(placed.part(*found.span(1))))
        elif self.markup and line.strip().startswith("|"):
            yield from self.done()
            self.now.line(_row(placed))
            self.row = True
        else:
            self.now.line(self._words(placed))

    def done(self, left_out: str = "") -> Iterator[Passage]:
        """What was read is a passage, or the sentence that leads to a list."""
        left_out = left_out or (CODE if self.fenced else "")
        now, item = self.now, self.item
        self.now, self.item = Paragraph(), False
        if not now.text:
            return
        passage = now.passage(
            page=self.page, heading=self.heading, lead=self.lead if item else None, left_out=left_out
        )
        if not item and not left_out:
            self.lead = passage if passage.text.endswith(":") else None
        yield replace(passage, left_out=LEADS) if passage is self.lead else passage

    def _words(self, line: Placed) -> Placed:
        return _unmarked(line) if self.markup else line


def _is_rule(line: str) -> bool:
    """A ruler, or the line under the head of a table."""
    marks = set(line) - {" ", "\t"}
    ruler = len(marks) == 1 and marks <= set("-*_=") and len(line.strip()) > 2
    return ruler or ("|" in marks and "-" in marks and marks <= set("|:-"))


def _unmarked(line: Placed) -> Placed:
    """Markdown without its marks: the words of a link, not its address."""
    for pattern, group in (
        *((_QUOTE, None), (_IMAGE, None), (_LINK, 1), (_TAG, None)),
        *((_BOLD, 2), (_ITALIC, 1), (_CODE, 1)),
    ):
        line = line.keep(pattern, group)
    return line


def _row(line: Placed) -> Placed:
    cells = [_unmarked(cell).clean().strip() for cell in line.strip().strip("|").split("|")]
    row, after = cells[0], ": "
    for cell in cells[1:]:
        if cell.text:
            row = row + cell.before(after) if row.text else row + cell
            after = ", "
    return row
