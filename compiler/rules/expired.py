"""A claim past its `expires` day is compiled into nothing.

`expires` is the first day on which a statement may no longer be said: a fee table that changes, a scheme that closes, an
offer that ends. The runtime treats an expired claim as absent, so a register that still holds it promises replies which
will not come. Replace the claim by a new one with an id of its own, or have a later day approved.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5001",
    name="expired-claim",
    summary="a claim whose `expires` day has come",
    explanation=__doc__,
    bad="expires: 2026-11-01",
    good="expires: 2027-11-01",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for claim in source.claims.values():
        if claim.expires is not None and claim.expires <= context.today:
            message = f"`{claim.id}` expired on {claim.expires}"
            help_ = "remove it, or have a later day approved"
            yield CODE.at(claim.span("expires"), message, help=help_)
