"""A tenant keeps records for fewer days than one of its packs demands.

A pack says under `retention_days` the fewest days each class of record must be kept: a claims firm, for instance, keeps what
it has of a complaint for three years. A tenant may keep longer. What is deleted too soon cannot be brought back, so this is
an error at every stage, the sandbox included. Health and safety notes and people who never answered have no such floor: of
those the shorter is the stricter.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Fix, Label
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5032",
    name="short-retention",
    summary="records kept for fewer days than a pack demands",
    explanation=__doc__,
    bad="retention_days:\n  messages: 180   # the pack `fca_cmc` says 365",
    good="retention_days:\n  messages: 365",
)
NEEDS = frozenset({"tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    mine = source.sections["tenant"]["retention_days"]
    for pack in source.packs:
        theirs = pack.sections["pack"].get("retention_days") if "pack" in pack.sections else None
        if theirs is None:
            continue
        for key, days in theirs.items():
            if mine[key] < days:
                yield CODE.at(
                    mine.value(key),
                    f"`{key}` are kept for {mine[key]} days, but the pack `{pack.id}` demands {days}",
                    labels=[Label(span=theirs.value(key), text=f"`{pack.id}` says so here")],
                    help=f"keep them for {days} days or longer",
                    fix=Fix(span=mine.value(key), text=str(days)),
                )
