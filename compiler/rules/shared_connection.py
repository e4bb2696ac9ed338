"""Two connections of a deployment have the same id or the same number.

The id is the path of the webhook, and a message is routed by it to one tenant. Were it, or the number behind it, another
tenant's too, a customer's words would reach the wrong firm.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.neighbours import ConnectionFact, Facts, Neighbours

CODE = Code(
    code="CV5009",
    name="shared-connection",
    summary="one connection id or number used twice",
    explanation=__doc__,
    bad="dave: connections: [{id: wa-1, ...}]\nedward: connections: [{id: wa-1, ...}]",
    good="dave: connections: [{id: dave-wa, ...}]\nedward: connections: [{id: edward-wa, ...}]",
)


def across(facts: Facts, earlier: Neighbours) -> Iterator[Diagnostic]:
    own = Neighbours()
    for connection in facts.connections:
        same_id = earlier.ids.get(connection.id) or own.ids.get(connection.id)
        same_number = None
        if connection.number is not None:
            same_number = earlier.numbers.get(connection.number) or own.numbers.get(connection.number)
        if same_id is not None:
            yield _fault(connection, same_id, "id")
        if same_number is not None and same_number is not same_id:
            yield _fault(connection, same_number, "address")
        own.add(connection)


def _fault(connection: ConnectionFact, other: ConnectionFact, what: str) -> Diagnostic:
    return CODE.at(
        connection.spans[what],
        f"the connection `{connection.id}` shares its {what} with `{other.id}` of {other.owner}",
        labels=[Label(span=other.spans[what], text="first used here")],
        help="every connection belongs to one tenant",
    )
