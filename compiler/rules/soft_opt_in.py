"""A purpose rests on a soft opt-in, but its evidence does not have to show the sale or who collected the details.

Regulation 22 of PECR lets a firm write without consent only to people whose details it took itself, in a sale or the
negotiation of one, about its own similar services. So each record must name the sale (`sale_ref`), the sender who took the
details (`named_sender`) and where they came from (`source`). A bought list never has them.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5054",
    name="soft-opt-in-unproved",
    summary="a soft opt-in without evidence of the sale",
    explanation=__doc__,
    bad="basis: soft_opt_in\nevidence: [who, when]",
    good="basis: soft_opt_in\nevidence: [who, when, named_sender, source, sale_ref]",
)
NEEDS = frozenset({"consent"})

BASIS = "soft_opt_in"
WANTED = ("sale_ref", "named_sender", "source")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    own = source.sections["consent"]
    shared = set(own.get("evidence", ()))  # what every row must hold, whatever its purpose
    for base in own.get("bases", ()):
        missing = [name for name in WANTED if name not in {*base["evidence"], *shared}]
        if base["basis"] == BASIS and missing:
            message = (
                f"`{base['purpose']}` rests on a soft opt-in, whose evidence leaves out {', '.join(missing)}"
            )
            yield CODE.at(base.value("evidence"), message, help="add it, or ask for consent instead")
