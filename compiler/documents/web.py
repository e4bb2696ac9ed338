"""HTML -> the passages a person sees: scripts, hidden parts, navigation and forms are not read. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser

from compiler.documents.paragraph import Paragraph
from compiler.documents.refused import DocumentRefused
from compiler.propose import Passage

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
_CELLS = frozenset({"td", "th"})
_TITLE = re.compile(r"(?:h[1-6]|summary|dt)\Z")
_HIDING = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|opacity\s*:\s*0(?:\.0*)?\s*(?:;|\Z)|font-size\s*:\s*0",
    re.IGNORECASE,
)


def html(text: str) -> Iterator[Passage]:
    reader = _Reader()
    try:
        reader.feed(text)
        reader.close()
    except _TooDeep:
        raise DocumentRefused(f"elements stand more than {MAX_DEPTH} deep") from None
    reader.end_block()
    yield from reader.passages


class _TooDeep(Exception):
    pass


class _Reader(HTMLParser):
    """What a person sees of a page, block by block. Scripts, hidden parts and navigation are not read."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.passages: list[Passage] = []
        self.open: list[tuple[str, bool]] = []  # element, and whether what is in it is not shown
        self.now = Paragraph()
        self.cells: set[str] = set()  # kinds of cells of this row
        self.heading = ""
        self.lead = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _BLOCKS:
            self.end_block()
        if tag == "tr":
            self.cells = set()
        elif tag in _CELLS:
            self.cells.add(tag)
        if tag in _CELLS and self.now.text.strip():
            self.now.piece(": " if ":" not in self.now.text else ", ", self.getpos()[0])
        if tag in _VOID:
            return
        if len(self.open) >= MAX_DEPTH:
            raise _TooDeep
        self.open.append((tag, self._unseen() or tag in _SKIPPED or _hidden(dict(attrs))))

    def handle_endtag(self, tag: str) -> None:
        if tag in _BLOCKS:
            self.end_block()
        names = [name for name, _ in self.open]
        if tag in names:
            del self.open[len(names) - 1 - names[::-1].index(tag) :]

    def handle_data(self, data: str) -> None:
        if not self._unseen():
            first = self.getpos()[0]
            for number, part in enumerate(data.split("\n")):
                self.now.piece(part if not number else " " + part, first + number)

    def end_block(self) -> None:
        """What was read so far is one passage, or a heading."""
        now, self.now = self.now, Paragraph()
        if not now.text.strip():
            return
        names = [name for name, _ in self.open]
        if "tr" in names and self.cells == {"th"}:
            return  # it names the columns
        passage = now.passage(heading=self.heading, lead=self.lead if "li" in names else "")
        if any(_TITLE.match(name) for name in names):
            self.heading, self.lead = passage.text, ""
            return
        if "li" not in names:
            self.lead = passage.text if passage.text.endswith(":") else ""
        if "li" in names or not self.lead:
            self.passages.append(passage)

    def _unseen(self) -> bool:
        return bool(self.open) and self.open[-1][1]


def _hidden(attributes: dict[str, str | None]) -> bool:
    if "hidden" in attributes or attributes.get("aria-hidden") == "true":
        return True
    return bool(_HIDING.search(attributes.get("style") or ""))
