"""A tenant that its organisation does not count among its own.

STOP ALL and the caps of a group reach every tenant of the organisation. The group's file lists them, so that somebody who
answers for the group sees when one joins; a tenant that only says of itself that it belongs there is not covered.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5021",
    name="not-in-organisation",
    summary="a tenant missing from its organisation's list",
    explanation=__doc__,
    bad="organisation: example   # tenants: [other]",
    good="organisation: example   # tenants: [dave, other]",
)
NEEDS = frozenset({"tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    group = source.organisation
    if group is not None and source.slug not in group["tenants"]:
        span = source.sections["tenant"].value("organisation")
        yield CODE.at(
            span,
            f"the organisation `{group['slug']}` does not list `{source.slug}`",
            labels=[Label(span=group.value("tenants"), text="its tenants")],
            help=f"add `{source.slug}` to its `tenants`",
        )
