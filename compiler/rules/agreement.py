"""The agreement with a processor is signed on a day that has not come.

Nobody may process personal data for the firm before the agreement binds them. A day in the future means that it does not yet.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import ERROR, WARNING, Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5051",
    name="agreement-unsigned",
    summary="a processor's agreement signed on a day that has not come (an error for live)",
    severity=WARNING,
    explanation=__doc__,
    bad="signed_on: 2027-03-01   # compiled on 2026-11-24",
    good="signed_on: 2026-03-01",
)
NEEDS = frozenset({"tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = ERROR if context.stage == "live" else WARNING
    for processor in source.sections["tenant"].get("processors", ()):
        if processor["signed_on"] > context.today:
            message = (
                f"the agreement with {processor['name']} is of {processor['signed_on']}, which has not come"
            )
            help_ = "have it signed before this processor sees anything"
            yield CODE.at(processor.value("signed_on"), message, help=help_, severity=severity)
