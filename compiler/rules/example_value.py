"""An EXAMPLE value on a connection that is not a sandbox, or anywhere in a tenant that is compiled for live.

Shipped registration numbers, names and addresses say EXAMPLE. A customer must never be told that a firm is regulated under an
invented number, so a tenant with such a value has sandbox connections only. A compile for `live` goes further: the word may stand
nowhere in the tenant's files, notes included, and no address may lead to example.com, example.org, example.net or a name that
ends in .example, which belong to nobody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.tree import Map, Seq

CODE = Code(
    code="CV5019",
    name="example-value",
    summary="an EXAMPLE value on a real connection, or in a compile for live",
    explanation=__doc__,
    bad="regulatory_status_line: FRN 000000 (EXAMPLE)   # with a connection of stage live",
    good="stage: sandbox",
)
NEEDS = frozenset[str]()

_EXAMPLE = re.compile(r"EXAMPLE|[a-z0-9.-]*\bexample\.(?:com|org|net)\b|[a-z0-9.-]+\.example\b")
_NOT_THE_FIRMS = {"approvals", "drills"}  # copies of what stands elsewhere, and what attackers say


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    if context.stage == "live":
        yield from _anywhere(source)
        return
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


def _anywhere(source: Source) -> Iterator[Diagnostic]:
    for file in source.folder.files:
        for text, span in _texts(file.data) if file.kind not in _NOT_THE_FIRMS else ():
            found = _EXAMPLE.search(text)
            if found is not None:
                message = f"`{found[0]}` stands here, in a tenant that is to go live"
                help_ = "replace it by the firm's own"
                yield CODE.at(wording.exact(source, span, found[0]), message, help=help_)


def _texts(node: Any) -> Iterator[tuple[str, Span]]:
    """Every text of a file, each with its place."""
    match node:
        case Map():
            for key, held in node.items():
                if isinstance(held, str):
                    yield held, node.value(key)
                else:
                    yield from _texts(held)
        case Seq():
            for index, held in enumerate(node):
                if isinstance(held, str):
                    yield held, node.item(index)
                else:
                    yield from _texts(held)
        case _:
            return
