"""Two connections of a deployment have the same id or the same number.

The id is the path of the webhook, and a message is routed by it to one tenant. Were it, or the number behind it, another
tenant's too, a customer's words would reach the wrong firm.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Connection, Source

CODE = Code(
    code="CV5009",
    name="shared-connection",
    summary="one connection id or number used twice",
    explanation=__doc__,
    bad="dave: connections: [{id: wa-1, ...}]\nedward: connections: [{id: wa-1, ...}]",
    good="dave: connections: [{id: dave-wa, ...}]\nedward: connections: [{id: edward-wa, ...}]",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    earlier = [c for other in source.neighbours if other.slug < source.slug for c in other.connections]
    for connection in source.connections:
        for other in earlier:
            what = _shared(connection, other)
            if what is not None:
                yield CODE.at(
                    connection.span(what),
                    f"the connection `{connection.id}` shares its {what} with `{other.id}` of {other.owner}",
                    labels=[Label(span=other.span(what), text="first used here")],
                    help="every connection belongs to one tenant",
                )
        earlier.append(connection)


def _shared(one: Connection, other: Connection) -> str | None:
    if one.id == other.id:
        return "id"
    same = one.stage == other.stage and one.channel == other.channel and one.channel != "webchat"
    return "address" if same and one.address == other.address else None
