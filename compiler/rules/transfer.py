"""A processor works outside the United Kingdom, and nothing says what the transfer rests on.

Personal data may leave the country under an adequacy decision, an international data transfer agreement or another safeguard,
and somebody must have chosen which. `transfer` of the processor says it, for the EU and for adequate countries too.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import ERROR, WARNING, Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5049",
    name="transfer-unstated",
    summary="a processor outside the United Kingdom without a basis for the transfer (an error for live)",
    severity=WARNING,
    explanation=__doc__,
    bad="region: US   # no `transfer`",
    good="region: US\ntransfer: UK-US data bridge, certified",
)
NEEDS = frozenset({"tenant"})

HOME = "GB"


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = ERROR if context.stage == "live" else WARNING
    for processor in source.sections["tenant"].get("processors", ()):
        if processor["region"] != HOME and "transfer" not in processor:
            message = f"{processor['name']} works in {processor['region']}, and nothing says what the transfer rests on"
            help_ = "add `transfer`: the adequacy decision, agreement or other safeguard"
            yield CODE.at(processor.value("region"), message, help=help_, severity=severity)
