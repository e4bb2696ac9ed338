"""What the compiler says about a fault: a value with a code, a place and, where we know it, the remedy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

ERROR = "error"
WARNING = "warning"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Span:
    """A stretch of a file, relative to the tenants folder. Lines and columns count from 1, columns in code points.

    The end is exclusive. Line 0 means the file (or folder) as a whole.
    """

    file: str
    line: int = 0
    column: int = 0
    end_line: int = 0
    end_column: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """`text` to be put in place of `span`; a span without extent (its end is its start) is an insertion."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """Text that, put in place of `span`, removes the fault, together with the edits of `also`, maybe in other files.

    Given only where it is certain: it loosens no rule and changes no wording that somebody may have approved. A near word is
    a guess; it is made only where a change needs nobody's consent, and elsewhere `help` suggests it to a person.
    """

    span: Span
    text: str
    also: tuple[Edit, ...] = ()

    @property
    def edits(self) -> tuple[Edit, ...]:
        """All of it, in no particular order: it is applied whole or not at all."""
        return (Edit(span=self.span, text=self.text), *self.also)


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """A second place worth looking at, and why."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnostic:
    """One fault. `help` says what to do in words; `fix` does it when it can be done by machine."""

    code: str
    severity: str
    message: str
    span: Span
    labels: tuple[Label, ...] = ()
    help: str | None = None
    fix: Fix | None = None

    @property
    def is_error(self) -> bool:
        return self.severity == ERROR

    @property
    def order(self) -> tuple[Span, str, str]:
        """By place, then code: the order in which a reader walks through the files."""
        return (self.span, self.code, self.message)


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of fault and its manual page. Codes are never renumbered; a retired one is never used again."""

    code: str
    name: str
    summary: str
    severity: str = ERROR
    explanation: str
    bad: str
    good: str

    def at(
        self,
        span: Span,
        message: str,
        *,
        help: str | None = None,
        labels: Sequence[Label] = (),
        fix: Fix | None = None,
        severity: str | None = None,
    ) -> Diagnostic:
        return Diagnostic(
            code=self.code,
            severity=severity or self.severity,
            message=message,
            span=span,
            labels=tuple(labels),
            help=help,
            fix=fix,
        )
