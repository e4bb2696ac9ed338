"""The regions in which a model may see a message, and those in which a processor of models works, are not the same.

`residency.models` is what people are told. A region nobody processes in was promised without an agreement behind it; a
processor of models in another region would see messages where nobody was told they would go.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import ERROR, WARNING, Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5050",
    name="model-region",
    summary="where models see messages and where their processors work do not agree (an error for live)",
    severity=WARNING,
    explanation=__doc__,
    bad="residency:\n  data: GB\n  models: [GB, US]   # no processor of models in the US",
    good="models: [GB]",
)
NEEDS = frozenset({"tenant"})

MODELS = "models"


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    tenant = source.sections["tenant"]
    if "residency" not in tenant or "processors" not in tenant:
        return  # CV5048 says so
    severity = ERROR if context.stage == "live" else WARNING
    stated = tenant["residency"]["models"]
    processors = [processor for processor in tenant["processors"] if processor["does"] == MODELS]
    for index, region in enumerate(stated):
        if region not in {processor["region"] for processor in processors}:
            yield CODE.at(
                stated.item(index),
                f"models may see messages in {region}, but no processor of models works there",
                labels=[Label(span=tenant.key("processors"), text="the processors")],
                help="add the processor with its agreement, or remove the region",
                severity=severity,
            )
    for processor in processors:
        if processor["region"] not in stated:
            yield CODE.at(
                processor.value("region"),
                f"{processor['name']} would see messages in {processor['region']}, which `residency` does not state",
                labels=[
                    Label(span=tenant["residency"].value("models"), text="where models may see messages")
                ],
                help="add the region to `residency`, or take another processor",
                severity=severity,
            )
