"""Text edits by span: the one way in which the compiler changes somebody's file, comments and all. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable

from compiler.diagnostics import Edit, Span
from compiler.diagnostics.rows import BREAK

__all__ = ["Edit", "EditError", "Patch", "apply", "insertion", "offsets", "span_between"]


class EditError(ValueError):
    """The edits overlap, or one lies outside of the text."""


class Patch:
    """Edits of one text, taken one fix after the other; their spans are those of the text before any of them."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._starts = _line_starts(text)
        self._placed: list[tuple[int, int, str]] = []

    def offsets(self, span: Span) -> tuple[int, int]:
        """Where a span begins and ends, in code points. Raises EditError when it lies outside of the text."""
        start = self._offset(span.line, span.column)
        end = self._offset(span.end_line, span.end_column)
        if end < start:
            raise EditError("a span ends before it begins")
        return start, end

    def fits(self, edits: Iterable[Edit]) -> bool:
        """Whether these lie in the text and overlap neither one another nor what was taken before."""
        trial = Patch.__new__(Patch)
        trial.text, trial._starts, trial._placed = self.text, self._starts, []
        try:
            for edit in edits:
                self._place(edit)
                trial.take([edit])
        except EditError:
            return False
        return True

    def take(self, edits: Iterable[Edit]) -> None:
        """Add edits; one that was taken before is the same one. Raises EditError."""
        for edit in edits:
            place = self._place(edit)
            if place is not None:
                insort(self._placed, place)

    def result(self) -> str:
        """The text after all that was taken."""
        out: list[str] = []
        at = 0
        for start, end, new in self._placed:
            out += [self.text[at:start], new]
            at = end
        return "".join([*out, self.text[at:]])

    def _place(self, edit: Edit) -> tuple[int, int, str] | None:
        """Where an edit goes; None when it is there already. Raises EditError."""
        start, end = self.offsets(edit.span)
        here = (start, end, edit.text)
        index = bisect_left(self._placed, here)
        if index < len(self._placed) and self._placed[index] == here:
            return None
        before = self._placed[index - 1] if index else (-1, -1, "")
        after = self._placed[index] if index < len(self._placed) else (len(self.text) + 1, 0, "")
        if (
            start < before[1]
            or end > after[0]
            or start == end == before[0]
            or (start, end) == after[:2] == (end, end)
        ):
            raise EditError("two edits change the same place")
        return here

    def _offset(self, line: int, column: int) -> int:
        starts = self._starts
        if not 0 < line <= len(starts) or column < 1:
            raise EditError(f"there is no line {line}, column {column}")
        offset = starts[line - 1] + column - 1
        if offset > (starts[line] if line < len(starts) else len(self.text)):
            raise EditError(f"line {line} has no column {column}")
        return offset


def apply(text: str, edits: Iterable[Edit]) -> str:
    """The text after all the edits, whose spans are those of the text before them. Raises EditError."""
    patch = Patch(text)
    patch.take(edits)
    return patch.result()


def offsets(text: str, span: Span) -> tuple[int, int]:
    """Where a span begins and ends in the text, in code points. Raises EditError when it lies outside."""
    return Patch(text).offsets(span)


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


def _line_starts(text: str) -> list[int]:
    return [0, *(found.end() for found in BREAK.finditer(text))]


def _line_of(starts: list[int], offset: int) -> int:
    return bisect_right(starts, offset) - 1
