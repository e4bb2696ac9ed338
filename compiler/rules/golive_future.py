"""The evidence for an item of the go-live checklist is of a day that has not come.

Evidence is of something that was done. A day in the future is a slip of the pen or a promise, and neither shows anything.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

# Not one rule with CV5043: that evidence was good once, this was never; both read the same verdicts of source.golive.
CODE = Code(
    code="CV5045",
    name="golive-future",
    summary="go-live evidence of a day that has not come (a warning for staging)",
    explanation=__doc__,
    bad="shown_on: 2027-11-20   # compiled on 2026-11-24",
    good="shown_on: 2026-11-20",
)
NEEDS = frozenset({"checklist", "golive", "pack", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    if severity is None:
        return
    for verdict in golive.judged(source, context, golive.FUTURE):
        if (record := verdict.record) is not None:
            message = f"the evidence for {verdict.item.id} is of {record['shown_on']}, which has not come"
            help_ = "write the day on which it was shown"
            yield CODE.at(record.value("shown_on"), message, help=help_, severity=severity)
