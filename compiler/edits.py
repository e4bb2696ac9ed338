"""Text edits by span: the one way in which the compiler changes somebody's file, comments and all. Pure."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise

from compiler.diagnostics import Edit, Span
from compiler.diagnostics.rows import BREAK

__all__ = ["Edit", "EditError", "apply", "insertion", "offsets", "span_between"]


class EditError(ValueError):
    """The edits overlap, or one lies outside of the text."""


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after all the edits, whose spans are those of the text before them. Raises EditError."""
    starts = _line_starts(text)
    placed = sorted((*_offsets(text, starts, edit.span), edit.text) for edit in set(edits))
    for (begun, end, _), (start, stop, _) in pairwise(placed):
        if start < end or start == begun == end == stop:
            raise EditError("two edits change the same place")
    out: list[str] = []
    at = 0
    for start, end, new in placed:
        out += [text[at:start], new]
        at = end
    return "".join([*out, text[at:]])


def offsets(text: str, span: Span) -> tuple[int, int]:
    """Where a span begins and ends in the text, in code points. Raises EditError when it lies outside."""
    return _offsets(text, _line_starts(text), span)


def span_between(file: str, text: str, start: int, end: int) -> Span:
    """The span from one offset of the text to another."""
    lines = _line_starts(text)
    first, last = _line_of(lines, start), _line_of(lines, end)
    return Span(
        file=file,
        line=first + 1,
        column=start - lines[first] + 1,
        end_line=last + 1,
        end_column=end - lines[last] + 1,
    )


def insertion(file: str, line: int, column: int, text: str) -> Edit:
    """An edit that puts text before a place and takes nothing away."""
    return Edit(span=Span(file=file, line=line, column=column, end_line=line, end_column=column), text=text)


def _offsets(text: str, starts: list[int], span: Span) -> tuple[int, int]:
    start = _offset(text, starts, span.line, span.column)
    end = _offset(text, starts, span.end_line, span.end_column)
    if end < start:
        raise EditError("a span ends before it begins")
    return start, end


def _offset(text: str, starts: list[int], line: int, column: int) -> int:
    if not 0 < line <= len(starts) or column < 1:
        raise EditError(f"there is no line {line}, column {column}")
    offset = starts[line - 1] + column - 1
    if offset > (starts[line] if line < len(starts) else len(text)):
        raise EditError(f"line {line} has no column {column}")
    return offset


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in BREAK.finditer(text))]


def _line_of(starts: list[int], offset: int) -> int:
    return bisect_right(starts, offset) - 1
