"""The evidence for an item of the go-live checklist is too old.

Evidence ages: people leave the rota, telephone numbers change, a restore that worked in spring says little in autumn. Each
item of a checklist says under `max_age_days` how old its evidence may be, counted from `shown_on` to the day of the compile.
Show it again and add a new entry; the old one may stay as history.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5043",
    name="golive-stale",
    summary="go-live evidence older than its item allows (a warning for staging)",
    explanation=__doc__,
    bad="shown_on: 2026-01-05   # GL-09 may be 90 days old",
    good="shown_on: 2026-11-20",
)
NEEDS = frozenset({"checklist", "golive", "pack", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    if severity is None:
        return
    for verdict in golive.judged(source, context, golive.STALE):
        if (record := verdict.record) is not None:
            yield CODE.at(
                record.value("shown_on"),
                f"the evidence for {verdict.item.id} is of {record['shown_on']}; it may be {verdict.item.max_age_days} days old",
                labels=[Label(span=verdict.item.raw.value("max_age_days"), text="how old it may be")],
                help=f"show it again: {verdict.item.raw['item'].strip()}",
                severity=severity,
            )
