"""The calendar of bank holidays ends within twelve months.

Bank holidays are data, because they are proclaimed, not computed. A calendar that ends would turn the next bank holiday into a
day like any other, without anybody noticing.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import WARNING, Code, Diagnostic, Span
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.strictest import strictest

CODE = Code(
    code="CV5017",
    name="calendar-short",
    summary="bank holidays known for fewer than 12 months ahead",
    severity=WARNING,
    explanation=__doc__,
    bad="covers_until: 2026-12-31   # compiled on 2026-11-24",
    good="covers_until: 2028-12-31",
)
NEEDS = frozenset({"calendar", "consent", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    if not strictest(source, "quiet_bank_holidays"):
        return
    nation = source.sections["tenant"]["nation"]
    calendars = [pack.sections["calendar"] for pack in source.packs if "calendar" in pack.sections]
    useful = [c for c in calendars if any(held["nation"] == nation for held in c["nations"])]
    if not useful:
        span: Span = source.sections["tenant"].value("nation")
        yield CODE.at(
            span, f"no pack has a calendar for {nation}", help="bank holidays would be days like any other"
        )
    for held in useful:
        if held["covers_until"] < context.year_ahead:
            message = f"the calendar of {nation} ends on {held['covers_until']}"
            yield CODE.at(held.value("covers_until"), message, help="add the next year's bank holidays")
