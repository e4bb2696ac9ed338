"""A claim requires another that cannot be said where it can.

`required_with` is a set and is closed: what a required claim requires is required too, and the whole set must go out
together. If one of the set is not for the same channel, audience or language, or begins later, the claim itself can never be
said there, and nobody notices until a customer asks.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Claim, Source

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
    for claim in source.spoken():
        for name in _closed(source, claim):
            needed = source.claims[name]
            for why in _gaps(claim, needed, context.today):
                yield CODE.at(
                    claim.span("required_with"),
                    f"`{claim.id}` requires `{needed.id}`, which {why}",
                    labels=[Label(span=needed.span(), text=f"`{needed.id}` is defined here")],
                    help="give both the same reach, or require another claim",
                )


def _closed(source: Source, claim: Claim) -> list[str]:
    found: dict[str, None] = {}
    waiting = list(claim.required_with)
    while waiting:
        name = waiting.pop(0)
        if name != claim.id and name not in found and name in source.claims:
            found[name] = None
            waiting += source.claims[name].required_with
    return [name for name in found if source.claims[name].kind != "prohibited"]


def _gaps(claim: Claim, needed: Claim, today: str) -> Iterator[str]:
    if needed.channels and not set(claim.channels or _CHANNELS) <= set(needed.channels):
        yield f"is for {', '.join(needed.channels)} only"
    if needed.audience and not set(claim.audience or _AUDIENCES) <= set(needed.audience):
        yield f"is for {', '.join(needed.audience)} only"
    missing = sorted(set(claim.texts) - set(needed.texts))
    if missing:
        yield f"has no text in {', '.join(missing)}"
    if needed.effective > max(claim.effective, today):
        yield f"begins later ({needed.effective})"


_CHANNELS = ("whatsapp_360dialog", "whatsapp_waha", "webchat", "email")
_AUDIENCES = ("consumer", "sole_trader", "business")
