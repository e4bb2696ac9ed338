"""golive.yaml has evidence for an item that no checklist of the tenant's packs has.

A slip in the id would leave the item it was meant for without evidence, and the entry would look as if something had been
shown. Items come from the checklist.yaml of the packs the tenant takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.diagnostics.suggest import did_you_mean
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5058",
    name="golive-unknown-item",
    summary="go-live evidence for an item no checklist has",
    explanation=__doc__,
    bad="- item: GL-91   # the checklist has GL-19",
    good="- item: GL-19",
)
NEEDS = frozenset({"checklist", "pack", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    known = golive.items(source)
    for record in source.evidence:
        if record["item"] not in known:
            message = f"no checklist of this tenant's packs has the item `{record['item']}`"
            yield CODE.at(record.value("item"), message, help=did_you_mean(record["item"], known))
