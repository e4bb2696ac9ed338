"""A claim whose `review_by` day has passed has not been checked when it should have been.

Wording grows old without anybody changing it: the law moves, a telephone number is given up. Past `review_by` a compile for
the live stage fails; elsewhere it warns, so that work in the sandbox is not held up.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import ERROR, WARNING, Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

# Not one rule with CV5002: that looks ahead and at `expires` too, this looks back.
CODE = Code(
    code="CV5003",
    name="review-overdue",
    summary="a claim past its `review_by` day (an error for the live stage)",
    severity=WARNING,
    explanation=__doc__,
    bad="review_by: 2026-10-01",
    good="review_by: 2027-02-21",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = ERROR if context.stage == "live" else WARNING
    for claim in source.claims.values():
        if claim.review_by is not None and claim.review_by <= context.today:
            message = f"`{claim.id}` was to be reviewed by {claim.review_by}"
            yield CODE.at(
                claim.span("review_by"), message, severity=severity, help="check it and set the next day"
            )
