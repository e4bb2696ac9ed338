"""What every form of a report needs: the result, the text the faults point at, and where the reader would look for it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from compiler.diagnostics import Diagnostic, Span
from compiler.diagnostics.rows import Rows


class Result(Protocol):
    """What is rendered: the pipeline's CheckResult."""

    @property
    def root(self) -> Path: ...
    @property
    def diagnostics(self) -> Sequence[Diagnostic]: ...
    @property
    def sources(self) -> Mapping[str, str]: ...
    @property
    def tenants(self) -> Mapping[str, Any]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """How a result is looked at.

    `prefix` is what stands before a file's path: the folder of tenants as the reader would name it (default: as it was
    given). `changed` are the lines a change touches, by path with the prefix. `docs` is the address of the folder that holds
    a page for every code (`<docs>/CV2003.md`). `summarised`: a job's summary holds what is not annotated.
    """

    result: Result
    prefix: str = ""
    color: bool = False
    changed: Mapping[str, frozenset[int]] = field(default_factory=dict)
    docs: str | None = None
    summarised: bool = False
    rows: dict[str, Rows] = field(default_factory=dict)

    @property
    def diagnostics(self) -> Sequence[Diagnostic]:
        return self.result.diagnostics

    def path(self, file: str) -> str:
        """A file's path as the reader knows it; `file` is relative to the folder of tenants, empty for the folder itself."""
        prefix = self.prefix or self.result.root.as_posix()
        if not file:
            return prefix
        return file if prefix == "." else f"{prefix}/{file}"

    def where(self, span: Span) -> str:
        """`path:line:column`: of a whole file its beginning, so that every reader of such lines finds it."""
        path = self.path(span.file)
        return f"{path}:{span.line or 1}:{span.column or 1}"

    def row(self, file: str, line: int) -> str | None:
        """A line as it stands in the file, when it could be read."""
        if file not in self.rows:
            self.rows[file] = Rows(self.result.sources.get(file, ""))
        row = self.rows[file].row(line)
        return None if row is None or file not in self.result.sources else row

    def urgency(self, d: Diagnostic) -> tuple[bool, bool, bool]:
        """Sorts what matters first to the front: errors, then faults on changed lines, then faults in changed files."""
        lines = self.changed.get(self.path(d.span.file))
        return (not d.is_error, lines is None or d.span.line not in lines, lines is None)

    def page(self, code: str) -> str:
        """The address of a code's manual page; a name where there is none."""
        return f"{self.docs.rstrip('/')}/{code}.md" if self.docs else f"urn:convo:diagnostic:{code}"


def summary(result: Result) -> str:
    """`2 tenants: 3 errors, 1 warning (2 can be put right with --fix)`."""
    severities = Counter(d.severity for d in result.diagnostics)
    fixable = sum(d.fix is not None for d in result.diagnostics)
    count = many(len(result.tenants), "tenant")
    if not result.diagnostics:
        return f"{count}: no faults"
    words = f"{count}: {many(severities['error'], 'error')}, {many(severities['warning'], 'warning')}"
    return f"{words} ({fixable} can be put right with --fix)" if fixable else words


def many(count: int, noun: str) -> str:
    """`1 error`, `2 errors`."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
