"""Two links share one tracking reference.

A tracking reference leads back from a visit to the person who was sent there. If two tenants used the same prefix, one
firm's customer could be counted, and looked up, as another's.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.neighbours import Facts, Neighbours

CODE = Code(
    code="CV5010",
    name="shared-tracking-ref",
    summary="one tracking reference used twice",
    explanation=__doc__,
    bad="dave: tracking_ref: dd\nedward: tracking_ref: dd",
    good="dave: tracking_ref: dd\nedward: tracking_ref: ee",
)


def across(facts: Facts, earlier: Neighbours) -> Iterator[Diagnostic]:
    own = Neighbours()
    for link in facts.links:
        first = earlier.tracking.get(link.tracking_ref) or own.first(link)
        if first is not link:
            yield CODE.at(
                link.span,
                f"the tracking reference `{link.tracking_ref}` is already used by `{first.id}` of {first.owner}",
                labels=[Label(span=first.span, text="first used here")],
                help="choose another prefix",
            )
