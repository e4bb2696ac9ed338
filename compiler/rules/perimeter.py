"""The day by which the firm's permission was to be checked again has passed.

Who may seek out claimants, in whose name and under which permission is a legal question with an answer that can change.
`perimeter` in tenant.yaml says who checked it and by when it must be checked again.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import ERROR, WARNING, Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5057",
    name="perimeter-overdue",
    summary="a perimeter that was to be checked again (an error for live)",
    severity=WARNING,
    explanation=__doc__,
    bad="review_by: 2026-10-01   # compiled on 2026-11-24",
    good="review_by: 2027-02-21",
)
NEEDS = frozenset({"tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    perimeter = source.sections["tenant"]["perimeter"]
    if perimeter["review_by"] <= context.today:
        message = f"the permission was to be checked again by {perimeter['review_by']}"
        severity = ERROR if context.stage == "live" else WARNING
        yield CODE.at(
            perimeter.value("review_by"), message, help="check it and set the next day", severity=severity
        )
