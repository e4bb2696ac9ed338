"""Two links share one tracking reference.

A tracking reference leads back from a visit to the person who was sent there. If two tenants used the same prefix, one
firm's customer could be counted, and looked up, as another's.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5010",
    name="shared-tracking-ref",
    summary="one tracking reference used twice",
    explanation=__doc__,
    bad="dave: tracking_ref: dd\nedward: tracking_ref: dd",
    good="dave: tracking_ref: dd\nedward: tracking_ref: ee",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    used = {
        link.tracking_ref: link
        for other in source.neighbours
        if other.slug < source.slug
        for link in other.links
    }
    for link in source.links:
        first = used.setdefault(link.tracking_ref, link)
        if first is not link:
            yield CODE.at(
                link.span("tracking_ref"),
                f"the tracking reference `{link.tracking_ref}` is already used by `{first.id}` of {first.owner}",
                labels=[Label(span=first.span("tracking_ref"), text="first used here")],
                help="choose another prefix",
            )
