"""Where the comments and empty lines of a file belong: above an entry, beside it, or below it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

_BREAK = re.compile("\r\n|[\r\n\x85\u2028\u2029]")  # what a YAML reader counts as the end of a line


@dataclass(frozen=True, slots=True)
class Entry:
    """A key of a mapping, an item of a list, or the document: whatever a comment can belong to. `name` is its node's id()."""

    name: int
    line: int
    column: int
    depth: int
    closed: tuple[int, int] | None = None  # where the brackets around it end, if it stands in any


@dataclass(slots=True)
class Notes:
    """By entry. An empty string among the lines `above` stands for an empty line."""

    above: dict[int, list[str]] = field(default_factory=dict)
    beside: dict[int, str] = field(default_factory=dict)
    below: dict[int, list[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Line:
    number: int
    text: str
    comment: str  # "" when there is none
    column: int  # where the comment begins
    content: bool


def comments_of(text: str) -> list[str]:
    """Every comment of a text, without spaces at its ends."""
    import yaml

    return [line.comment for line in _lines(text, yaml.compose(text, yaml.CBaseLoader)) if line.comment]


def notes_of(text: str, root: Any) -> Notes:
    """Give every comment and every empty line its entry."""
    notes = Notes()
    entries = [Entry(id(root), root.start_mark.line, 0, 0), *_entries(root, 1)]
    starts: dict[int, list[Entry]] = {}
    for entry in entries:
        starts.setdefault(entry.line, []).append(entry)
    pending: list[_Line] = []
    past: list[Entry] = []
    for line in _lines(text, root):
        if not line.content:
            pending.append(line)
            continue
        begun = starts.get(line.number, [])
        if not past and not begun:  # the line that marks where the document starts
            pending += [line] if line.comment else []
            continue
        if begun and begun[0].name == id(root):
            _head(notes, pending, begun)
        else:
            _settle(notes, pending, begun[0] if begun else None, past)
        pending = []
        past += begun
        if line.comment:
            before = [e for e in past if _open_at(e, (line.number, line.column))] or past
            if before[-1].name == id(root):  # beside the dash of a first item that begins below it
                notes.above.setdefault(id(root), []).append(line.comment)
            else:
                _beside(notes, before[-1].name, line.comment)
    _settle(notes, pending, None, past or entries)
    return notes


def _open_at(entry: Entry, place: tuple[int, int]) -> bool:
    """Whether it began before the place and the brackets around it, if any, have not ended: what those hold is its owner's."""
    return (entry.line, entry.column) < place and not (entry.closed and entry.closed <= place)


def _head(notes: Notes, pending: list[_Line], begun: list[Entry]) -> None:
    """The lines above the document: up to and with the last empty one they are its head, the rest is of its first entry."""
    lines = [line.comment for line in pending]
    cut = max((i for i, line in enumerate(lines) if not line), default=-1)
    first = begun[1] if len(begun) > 1 else begun[0]
    if not any(lines[:cut]):
        cut = len(lines)
    notes.above[begun[0].name] = _tidy(lines[: cut + 1])
    if below := lines[cut + 1 :]:
        notes.above.setdefault(first.name, []).extend(_tidy(below))


def _settle(notes: Notes, pending: list[_Line], coming: Entry | None, past: list[Entry]) -> None:
    """Comments further in than what comes belong below what came; the others above what comes."""
    kept: list[str] = []
    for line in pending:
        host = _host(past, line.column) if line.comment else None
        # One that lines up with nothing further in than what comes would be read as above that the next time.
        if coming is not None and (host is None or host.column <= coming.column):
            kept.append(line.comment)
        elif host is not None:
            notes.below.setdefault(host.name, []).extend([*_tidy(kept), line.comment])
            kept = []
        else:
            kept.append("")
    if coming is not None and kept:
        notes.above[coming.name] = _tidy(kept)


def _host(past: list[Entry], column: int) -> Entry:
    """The last entry, or the one around it, that a comment at this column lines up with."""
    best = past[-1]
    for entry in reversed(past):
        if entry.depth and entry.column <= column:
            return entry
        best = entry
    return best


def _beside(notes: Notes, name: int, comment: str) -> None:
    if name in notes.beside:
        notes.below.setdefault(name, []).append(comment)
    else:
        notes.beside[name] = comment


def _tidy(lines: list[str]) -> list[str]:
    """No two empty lines in a row."""
    return [line for i, line in enumerate(lines) if line or i == 0 or lines[i - 1]]


def _entries(node: Any, depth: int, closed: tuple[int, int] | None = None) -> Iterator[Entry]:
    """In the order of the text, an outer one before the inner one that begins at the same place."""
    if node.id == "scalar":
        return
    if node.flow_style and closed is None:
        closed = (node.end_mark.line, node.end_mark.column)
    if node.id == "mapping":
        for key, value in node.value:
            mark = key.start_mark
            yield Entry(id(key), mark.line, mark.column, depth, closed)
            yield from _entries(value, depth + 1, closed)
    else:
        for item in node.value:
            column = item.start_mark.column if node.flow_style else node.start_mark.column
            yield Entry(id(item), item.start_mark.line, column, depth, closed)
            yield from _entries(item, depth + 1, closed)


def _lines(text: str, root: Any) -> Iterator[_Line]:
    covered: dict[int, list[tuple[int, int]]] = {}
    lines = _BREAK.split(text)
    for node in _scalars(root):
        _cover(node, lines, covered)
    for number, line in enumerate(lines):
        spans = covered.get(number, [])
        at = _comment_at(line, spans)
        body = line if at is None else line[:at]
        comment = "" if at is None else line[at:].strip()
        yield _Line(number, line, comment, at or 0, bool(body.strip()) or bool(spans))


def _scalars(node: Any) -> Iterator[Any]:
    if node is None:
        return
    if node.id == "scalar":
        yield node
    else:
        for inner in node.value:
            yield from (
                n for part in (inner if isinstance(inner, tuple) else (inner,)) for n in _scalars(part)
            )


def _cover(node: Any, lines: list[str], covered: dict[int, list[tuple[int, int]]]) -> None:
    """The columns of each line that a scalar takes up. A comment may follow the header of a block scalar."""
    start, end = node.start_mark, node.end_mark
    if node.style in ("|", ">"):
        covered.setdefault(start.line, []).append((start.column, start.column + 1))
        for line in range(start.line + 1, _last_line(node, lines) + 1):
            covered.setdefault(line, []).append((0, 1 << 30))
        return
    for line in range(start.line, end.line + 1):
        first = start.column if line == start.line else 0
        last = end.column if line == end.line else 1 << 30
        if last > first:
            covered.setdefault(line, []).append((first, last))


def _last_line(node: Any, lines: list[str]) -> int:
    """The last line of a block scalar that holds something of it: the mark stands behind the empty lines that follow."""
    last: int = node.end_mark.line - (node.end_mark.column == 0)
    if node.value.endswith("\n\n"):
        return last  # kept line ends are part of the value
    while last > node.start_mark.line and not lines[last].strip():
        last -= 1
    return last


def _comment_at(line: str, spans: list[tuple[int, int]]) -> int | None:
    at = line.find("#")
    while at >= 0:
        free = not any(first <= at < last for first, last in spans)
        if free and (at == 0 or line[at - 1] in " \t"):
            return at
        at = line.find("#", at + 1)
    return None
