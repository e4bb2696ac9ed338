"""An EXAMPLE value on a connection that is not a sandbox.

Shipped registration numbers, names and addresses say EXAMPLE. A customer must never be told that a firm is regulated under an
invented number, so a tenant with such a value has sandbox connections only.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5019",
    name="example-value",
    summary="an EXAMPLE value on a real connection",
    explanation=__doc__,
    bad="regulatory_status_line: FRN 000000 (EXAMPLE)   # with a connection of stage live",
    good="stage: sandbox",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    example = next((span for text, span in wording.values(source) if "EXAMPLE" in text), None)
    if example is None:
        return
    for connection in source.connections:
        if connection.stage != "sandbox":
            yield CODE.at(
                connection.span("stage"),
                f"`{connection.id}` is for {connection.stage}, but a value of the tenant says EXAMPLE",
                labels=[Label(span=example, text="for instance here")],
                help="replace the values by the firm's own first",
            )
