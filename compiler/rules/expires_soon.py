"""A claim expires, or must be checked again, within 30 days.

Thirty days is the time a firm needs to have wording looked at, changed and approved. After that the claim is absent from
every reply (`expires`) or cannot be published for live (`review_by`). A compile for `live` fails, since what goes live with
such a claim would soon fall silent or be overdue; elsewhere it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import ERROR, WARNING, Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5002",
    name="expires-soon",
    summary="a claim that expires or is due for review within 30 days (an error for the live stage)",
    severity=WARNING,
    explanation=__doc__,
    bad="expires: 2026-12-01, compiled on 2026-11-24",
    good="expires: 2027-12-01",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = ERROR if context.stage == "live" else WARNING
    for claim in source.claims.values():
        for key, day in (("expires", claim.expires), ("review_by", claim.review_by)):
            if day is not None and context.today < day <= context.soon:
                what = "expires" if key == "expires" else "must be reviewed"
                message = f"`{claim.id}` {what} on {day}"
                yield CODE.at(claim.span(key), message, help="have it looked at now", severity=severity)
