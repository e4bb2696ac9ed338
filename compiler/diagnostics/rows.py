"""A file's text by line, as YAML counts lines. Pure."""

from __future__ import annotations

import re
from functools import cached_property

from compiler.diagnostics import Span

BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")  # what YAML counts as the end of a line


class Rows:
    """The lines of a text, split when somebody first asks for one."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def rows(self) -> list[str]:
        """Each line without its end; a text that ends in a line end has an empty last one."""
        return BREAK.split(self._text)

    def row(self, line: int) -> str | None:
        """One line, from 1; None when there is no such line."""
        return self.rows[line - 1] if 0 < line <= len(self.rows) else None

    def written(self, span: Span) -> str:
        """What stands there, quotes and all; line ends as `\\n`."""
        return self._slice(span.line, span.column, span.end_line, span.end_column)

    def between(self, first: Span, second: Span) -> str:
        """What stands after the one and before the other."""
        return self._slice(first.end_line, first.end_column, second.line, second.column)

    def _slice(self, line: int, column: int, end_line: int, end_column: int) -> str:
        held = self.rows[line - 1 : end_line]
        if not held:
            return ""
        held[-1] = held[-1][: end_column - 1]
        return "\n".join([held[0][column - 1 :], *held[1:]])
