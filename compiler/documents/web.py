"""HTML -> the passages a person sees; hidden parts, navigation and forms are told as left out. Pure."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, replace
from html import unescape
from html.parser import HTMLParser

from compiler.documents.paragraph import WIDEST, Paragraph, Placed
from compiler.documents.refused import DocumentRefused
from compiler.documents.unseen import Colours, Element, look, sheet_of
from compiler.propose import LEADS, Passage

MAX_DEPTH = 200  # elements inside each other

_BLOCKS = frozenset(
    re.findall(
        r"\w+",
        "address article aside blockquote body br caption dd details dialog div dl dt fieldset figcaption figure footer form"
        " h1 h2 h3 h4 h5 h6 header hr html legend li main menu ol option p pre section summary table tbody tfoot thead tr ul",
    )
)
_SKIPPED = frozenset(
    re.findall(
        r"\w+",
        "script style template noscript head svg math iframe object embed audio video canvas nav button textarea select",
    )
)
_VOID = frozenset(re.findall(r"\w+", "area base br col embed hr img input link meta param source track wbr"))
_UNCLOSED = frozenset(re.findall(r"\w+", "dd dt li option td th tr"))
_CELLS = frozenset({"td", "th"})
_TITLE = re.compile(r"(?:h[1-6]|summary|dt)\Z")
_CHARACTER = re.compile(r"&(?:#\d+;?|#[xX][0-9a-fA-F]+;?|[^\t\n\f <&#;]{1,32};?)")
_NO_WORDS = frozenset(
    {"script", "style", "head", "svg", "math"}
)  # of a skipped element: nothing was said there
ROOT = (Element("html", {}), Element("body", {}))
HIDDEN = "it is hidden on the page"
COMMENT = "a comment, which nobody sees on the page"
COLUMNS = "it names the columns of a table"


def html(text: str) -> Iterator[Passage]:
    """The passages of a page. What nobody sees comes as passages that are left out, with the reason."""
    reader = _Reader(text)
    try:
        reader.feed(text)
        reader.close()
    except _TooDeep:
        raise DocumentRefused(f"elements stand more than {MAX_DEPTH} deep") from None
    reader.end_block()
    yield from reader.passages


class _TooDeep(Exception):
    pass


@dataclass(frozen=True, slots=True)
class _Open:
    """An open element. `unseen` is why what is in it is not read, "" when it is."""

    element: Element
    unseen: str
    colours: Colours


class _Reader(HTMLParser):
    """What a person sees of a page, block by block."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.page, self.sheet = page, sheet_of(page)
        self.starts = [
            0,
            *(found.end() for found in re.finditer("\n", page)),
        ]  # of lines, as the parser counts
        self.bare = look(ROOT, self.sheet, Colours())  # what holds for a page that opens neither of these
        self.passages: list[Passage] = []
        self.open: list[_Open] = []
        self.now = Paragraph()
        self.away, self.why = Paragraph(), ""  # what is not seen, and why
        self.cells: set[str] = set()  # kinds of cells of this row
        self.heading = ""
        self.lead: Passage | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.end_block()
        self._end_before(tag)
        if tag == "tr":
            self.cells = set()
        elif tag in _CELLS:
            self.cells.add(tag)
        if tag in _CELLS and self.now.text.strip():
            mark = ": " if ":" not in self.now.text else ", "
            self.now.piece(Placed(mark, self.now.at[-1:] * len(mark)))
        if tag in _VOID:
            return
        if len(self.open) >= MAX_DEPTH:
            raise _TooDeep
        element = Element(tag, dict(attrs))
        around = self.open[-1].colours if self.open else self.bare[1]
        path = [o.element for o in self.open]
        unseen = self._unseen() or (f"it stands in `{tag}`" if tag in _SKIPPED else "")
        if not unseen:
            hidden, around = look(
                [*(e for e in ROOT if e.tag not in self._names()), *path, element], self.sheet, around
            )
            unseen = f"{HIDDEN}: {hidden}" if hidden else ""
        self.open.append(_Open(element, unseen, around))

    def _end_before(self, tag: str) -> None:
        """What a page need not close: a paragraph ends where the next begins, an item with the next, the head with the body."""
        last = self.open[-1].element.tag if self.open else ""
        if (last == "p" and tag in _BLOCKS and tag != "br") or (last == tag and tag in _UNCLOSED):
            del self.open[-1]
        if tag == "body":
            self.open = [each for each in self.open if each.element.tag == "html"]

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block()
        names = self._names()
        if tag in names:
            del self.open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1].element.tag in _NO_WORDS:
            return
        words = self._placed(data)
        if why := self._unseen():
            if why != self.why:
                self.end_away()
            self.why = why
            self.away.piece(words)
        else:
            self.end_away()
            self.now.piece(words)

    def handle_comment(self, data: str) -> None:
        line, column = self.getpos()
        made = Paragraph()
        for index, text in enumerate(data.split("\n")):
            made.line(Placed.on(text, line + index, 1 if index else column + 1 + len("<!--")))
        if made.text:
            self.passages.append(made.passage(left_out=COMMENT))

    def end_away(self) -> None:
        """What nobody sees is told as such."""
        away, self.away = self.away, Paragraph()
        if away.text.strip():
            self.passages.append(away.passage(left_out=self.why))

    def end_block(self) -> None:
        """What was read so far is one passage, or a heading."""
        self.end_away()
        now, self.now = self.now, Paragraph()
        if not now.text.strip():
            return
        names = self._names()
        columns = COLUMNS if "tr" in names and self.cells == {"th"} else ""
        item = "li" in names
        passage = now.passage(heading=self.heading, lead=self.lead if item else None, left_out=columns)
        if columns:
            self.passages.append(passage)
        elif any(_TITLE.match(name) for name in names):
            self.heading, self.lead = passage.text, None
        else:
            if not item:
                self.lead = passage if passage.text.endswith(":") else None
            leads = passage is self.lead
            self.passages.append(replace(passage, left_out=LEADS) if leads else passage)

    def _names(self) -> list[str]:
        return [each.element.tag for each in self.open]

    def _unseen(self) -> str:
        if self.open:
            return self.open[-1].unseen
        return f"{HIDDEN}: {self.bare[0]}" if self.bare[0] else ""

    def _placed(self, data: str) -> Placed:
        """Words of the page at their places: `&pound;` is one character that stands where its `&` does."""
        line, column = self.getpos()
        at = self.starts[line - 1] + column
        places: list[int] = []
        while len(places) < len(data):
            left = len(data) - len(places)
            mark = self.page.find("&", at, at + left)
            end = mark if mark >= 0 else at + left
            places += range(at, end)
            at = end
            if mark >= 0:
                found = _CHARACTER.match(self.page, at)
                shown, length = (unescape(found[0]), len(found[0])) if found else ("&", 1)
                whole = shown == found[0] if found else True
                places += range(at, at + length) if whole else [at] * len(shown)
                at += length
        return Placed(data, [self._at(place) for place in places[: len(data)]])

    def _at(self, place: int) -> int:
        line = bisect_right(self.starts, place)
        return line * WIDEST + place - self.starts[line - 1] + 1
