"""A claim requires another that cannot be said where it can.

`required_with` is a set and is closed: what a required claim requires is required too, and the whole set must go out
together. If one of the set is not for the same channel, audience or language, begins later, or is only ever given with its
link, the claim itself can never be said there, and nobody notices until a customer asks.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.reach import closed, gaps

CODE = Code(
    code="CV5005",
    name="required-set-broken",
    summary="a required claim that cannot be said where the claim that requires it can",
    explanation=__doc__,
    bad="- id: DD-D04\n  required_with: [SP-FOS]   # SP-FOS has `channels: [webchat]`",
    good="- id: DD-D04\n  channels: [webchat]\n  required_with: [SP-FOS]",
)
NEEDS = frozenset({"claims", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    carriers = {link.claim: link for link in source.links}
    for claim in source.spoken():
        for needed in closed(source, claim.required_with).values():
            if needed is claim:
                continue
            faults = list(gaps(claim, needed, context.today))
            if needed.id in carriers:
                faults.append(f"is only ever given with the link `{carriers[needed.id].id}`")
            for why in faults:
                yield CODE.at(
                    claim.span("required_with"),
                    f"`{claim.id}` requires `{needed.id}`, which {why}",
                    labels=[Label(span=needed.span(), text=f"`{needed.id}` is defined here")],
                    help="give both the same reach, or require another claim",
                )
