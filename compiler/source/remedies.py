"""Fixes for text that YAML cannot read or that we do not take, each only where no other was possible. Pure.

A fix here never changes what a reader of the file sees it say: it quotes, unquotes, or respells white space. What it makes
is read again before it is offered.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

from compiler.diagnostics import Edit, Fix, Span
from compiler.diagnostics.rows import BREAK

MOST_CHARS = 100_000  # of a file that is read again to see whether a fix would do
MOST_LINES = 500  # indented by tabs
TAB_WIDTHS = (2, 4, 8)
# Without width and without direction: what a reader sees stays the same when they go.
WIDTHLESS = frozenset("\u00ad\u180e\u200b\u2060\ufeff")
# Files whose every word somebody may have approved or that hold patterns: nothing is taken out of them by machine.
WORDED = frozenset(
    {
        "claims",
        "persona",
        "journeys",
        "guardrails",
        "pack",
        "signals",
        "optout",
        "approvals",
        "waivers",
        "golive",
    }
)

_TABBED = re.compile(r"[ ]*\t[ \t]*")
_KEYED = re.compile(
    r"(?P<key>[ ]*(?:- +)*[A-Za-z_][A-Za-z0-9_]*: +)(?P<value>[^\s\"'\[\]{}&*!|>%@`#,?-].*?)[ ]*\Z"
)
_TAG = re.compile(r"!!(?P<type>int|bool|str) +")


def start_of(file: str) -> Span:
    """The first character of a file."""
    return Span(file=file, line=1, column=1, end_line=1, end_column=2)


def spaces_for_tabs(file: str, text: str) -> Fix | None:
    """Spaces in place of indenting tabs, when every width that can be read gives the same content."""
    rows = BREAK.split(text)
    indents = {number: found[0] for number, row in enumerate(rows, 1) if (found := _TABBED.match(row))}
    if len(text) > MOST_CHARS or not 0 < len(indents) <= MOST_LINES:
        return None
    readable: dict[int, list[tuple[str, str]]] = {}
    for width in TAB_WIDTHS:
        fixed = [
            row.replace(indents[n], indents[n].replace("\t", " " * width), 1) if n in indents else row
            for n, row in enumerate(rows, 1)
        ]
        content = _content("\n".join(fixed))
        if content is not None:
            readable[width] = content
    if not readable or any(content != next(iter(readable.values())) for content in readable.values()):
        return None
    width = next(iter(readable))
    edits = [
        Edit(
            span=Span(file=file, line=n, column=1, end_line=n, end_column=len(indent) + 1),
            text=indent.replace("\t", " " * width),
        )
        for n, indent in indents.items()
    ]
    return Fix(span=edits[0].span, text=edits[0].text, also=tuple(edits[1:]))


def quotes_for_colon(file: str, text: str, line: int) -> Fix | None:
    """Quotes round the value of `key: some text: with a colon`, when that is what the line (from 1) could not be read for."""
    rows = BREAK.split(text)
    if len(text) > MOST_CHARS or not 0 < line <= len(rows):
        return None
    row = rows[line - 1]
    found = _KEYED.match(row)
    if found is None or ": " not in f"{found['value']} " or " #" in row or _goes_on(rows, line, found["key"]):
        return None
    value = found["value"]
    fixed = quoted(value)
    rows[line - 1] = found["key"] + fixed
    if _first_bad_line("\n".join(rows)) == line:
        return None
    first = len(found["key"]) + 1
    return Fix(
        span=Span(file=file, line=line, column=first, end_line=line, end_column=first + len(value)),
        text=fixed,
    )


def without_tag(file: str, text: str, event: Any) -> Fix | None:
    """A value that says by its form what its tag said: `!!int 4` -> `4`, `!!str 4` -> `"4"`."""
    start, end = event.start_mark, event.end_mark
    rows = BREAK.split(text)
    if start.line != end.line or start.line >= len(rows) or not isinstance(event, yaml.ScalarEvent):
        return None
    written = rows[start.line][start.column : end.column]
    found = _TAG.match(written)
    if found is None:
        return None
    bare = written[found.end() :]
    match found["type"]:
        case "int" if not re.fullmatch(r"-?(?:0|[1-9][0-9]*)", bare):
            return None
        case "bool" if bare not in {"true", "false"}:
            return None
        case "str" if bare[:1] not in {'"', "'"}:
            bare = quoted(bare)
        case _:
            pass
    line = start.line + 1
    span = Span(file=file, line=line, column=start.column + 1, end_line=line, end_column=end.column + 1)
    return Fix(span=span, text=bare)


def without_repetition(file: str, text: str, first: tuple[Any, Any], again: tuple[Any, Any]) -> Fix | None:
    """The second of two equal `key: value` lines taken out. Each is (key node, value node)."""
    if any(
        value.id != "scalar" or value.start_mark.line != value.end_mark.line for _, value in (first, again)
    ):
        return None
    if (first[1].value, first[1].style) != (again[1].value, again[1].style):
        return None
    rows = BREAK.split(text)
    at = again[0].start_mark.line
    row = rows[at]
    if again[1].end_mark.line != at or row[: again[0].start_mark.column].strip(" "):
        return None
    if row[again[1].end_mark.column :].strip() or not at:
        return None
    span = Span(file=file, line=at, column=len(rows[at - 1]) + 1, end_line=at + 1, end_column=len(row) + 1)
    return Fix(span=span, text="")


def without_hidden(kind: str, character: str, span: Span) -> Fix | None:
    """A character without width taken out of a file whose words nobody approves one by one."""
    return Fix(span=span, text="") if character in WIDTHLESS and kind not in WORDED else None


def quoted(text: str) -> str:
    """One line of text as a quoted YAML scalar."""
    if '"' not in text and "\\" not in text:
        return f'"{text}"'
    return "'" + text.replace("'", "''") + "'"


def _goes_on(rows: list[str], line: int, key: str) -> bool:
    """Whether the row after may be more of the same value."""
    if line >= len(rows) or not rows[line].strip():
        return False
    depth = len(key) - len(key.lstrip(" -"))
    return len(rows[line]) - len(rows[line].lstrip(" ")) > depth


def _content(text: str) -> list[tuple[str, str]] | None:
    """What a text says, without where; None when it cannot be read."""
    try:
        return [
            (type(event).__name__, str(getattr(event, "value", "")))
            for event in yaml.parse(text, yaml.CBaseLoader)
        ]
    except yaml.YAMLError:
        return None


def _first_bad_line(text: str) -> int | None:
    """The line (from 1) at which YAML gives up, 0 when it cannot say, None when it reads all."""
    try:
        for _ in yaml.parse(text, yaml.CBaseLoader):
            pass
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        return mark.line + 1 if mark is not None else 0
    return None
