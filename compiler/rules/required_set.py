"""A claim requires another that cannot be said where it can.

`required_with` is a set and is closed: what a required claim requires is required too, and the whole set must go out
together. If one of the set is not for the same channel, audience or language, begins later, or is only ever given with its
link, the claim itself can never be said there, and nobody notices until a customer asks. Nor can a set of more than fifty
claims be said to anybody: it is told once, at the claim with which it becomes too large.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.reach import closed, gaps, requirements, rings, sets

CODE = Code(
    code="CV5005",
    name="required-set-broken",
    summary="a required claim that cannot be said where the claim that requires it can",
    explanation=__doc__,
    bad="- id: DD-D04\n  required_with: [SP-FOS]   # SP-FOS has `channels: [webchat]`",
    good="- id: DD-D04\n  channels: [webchat]\n  required_with: [SP-FOS]",
)
NEEDS = frozenset({"claims", "tenant"})


_MOST = 50  # claims of one set, the one that requires them included


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    carriers = {link.claim: link for link in source.links}
    large = set[str]()
    for claim in source.spoken():
        together = closed(source, claim.required_with, most=_MOST + 1)
        if len(together.keys() | {claim.id}) > _MOST:
            large.add(claim.id)
            continue
        for needed in together.values():
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
    yield from _too_large(source, large)


def _too_large(source: Source, large: set[str]) -> Iterator[Diagnostic]:
    """The claims with which a set becomes too large: nothing they require is too large without them."""
    if not large:
        return
    needs = requirements(source)
    set_of, ring_of = sets(needs), rings(needs)
    told = {ring_of[a] for a in large for b in needs[a] if _circle(a, b, set_of, ring_of)}  # CV5033 says so
    for name in sorted(large):
        ring = ring_of[name]
        if ring not in told and not any(n in large and ring_of[n] != ring for n in needs[name]):
            told.add(ring)
            yield CODE.at(
                source.claims[name].span("required_with"),
                f"`{name}` requires more than {_MOST - 1} claims with what they require, and they must go out together",
                help="require fewer: nobody is shown so much at once",
            )


def _circle(one: str, other: str, set_of: Mapping[str, int], ring_of: Mapping[str, int]) -> bool:
    return ring_of.get(other) == ring_of[one] and set_of[other] != set_of[one]
