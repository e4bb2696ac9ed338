"""A text states a fee above the cap table of a pack, or one to be paid up front.

The FCA and the SRA cap what may be charged for a claim about a financial product by what the customer gets back: a share of it,
and a largest fee, for each band. The packs hold the table under `fee_caps`, with the day from which it holds. Whatever a text
says about the fee must lie within it: a percentage or a largest fee for a band it names, a worked example, and where no band is
named nothing above the highest figures of the table. Numbers in words count ("thirty-six percent", "a third of", "36p in the
pound").

Nothing may be paid before there is a signed agreement and a result, so an up-front fee is refused whatever it comes to.
The bot itself never works a fee out; this rule is about the words a firm brings.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import TYPE_CHECKING

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.tree import Map

if TYPE_CHECKING:
    from compiler.source.fees import Charge, Redress

CODE = Code(
    code="CV5041",
    name="fee-over-cap",
    summary="a fee above the cap table of a pack, or one to be paid up front",
    explanation=__doc__,
    bad="says: Our fee is thirty-six percent of your compensation.",
    good="says: Our fee is 28% of compensation between £1,500 and £9,999, and at most £2,500.",
)
NEEDS = frozenset({"pack", "tenant"})

_NO_END = Decimal("Infinity")
FEE_DUTIES = ("before_any_fee", "with_fee")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    tables = [
        (pack.id, pack.sections["pack"]["fee_caps"])
        for pack in source.packs
        if "fee_caps" in pack.sections["pack"]
        and pack.sections["pack"]["fee_caps"]["effective"] <= context.today
    ]
    if not tables:
        return
    from compiler.source.fees import (
        charges,
    )  # its patterns take longer to make than a small tenant to compile

    for text, span, statement in _texts(source):
        for charge in charges(text, statement=statement):
            for pack, table in tables:
                fault = _upfront(table) if charge.what == "upfront" else _over(charge, table)
                if fault is not None:
                    what, place = fault
                    yield CODE.at(
                        span,
                        f"`{charge.words}` is {what}",
                        labels=[Label(span=place, text=f"the pack `{pack}` says so here")],
                        help="a fee statement comes from the firm, within the cap; write what it really charges",
                    )
                    break


def _texts(source: Source) -> Iterator[tuple[str, Span, bool]]:
    """Every text, and whether all of it is about the fee because its claim fulfils a duty about fees."""
    duties = {d.id for pack in source.packs for d in pack.duties if d.when in FEE_DUTIES}
    for claim in source.spoken():
        for text, span in wording.of_claim(claim):
            yield text, span, bool(duties & set(claim.covers))
    rest: Iterable[tuple[str, Span]] = (
        *wording.of_tenant(source),
        *wording.values(source),
        *wording.names(source),
    )
    for text, span in dict.fromkeys(rest):
        yield text, span, False


def _upfront(table: Map) -> tuple[str, Span]:
    return "a payment before there is a result, which nobody may ask for", table.value("effective")


def _over(charge: Charge, table: Map) -> tuple[str, Span] | None:
    """What is wrong with it and the band that says so; None for a charge within the cap."""
    bands = list(_bands(charge.redress, table)) or list(table["bands"])
    percent, most = (
        (min, max) if charge.redress else (max, max)
    )  # no band named: nothing above the highest of the table
    match charge.what:
        case "percent":
            band = percent(bands, key=lambda b: b["percent"])
            limit = Decimal(band["percent"])
            said = f"above the {limit}% of {_named(band)}"
        case "most":
            band = most(bands, key=lambda b: b["max_pence"])
            limit = Decimal(band["max_pence"]) / 100
            said = f"above the £{limit:,.0f} of {_named(band)}"
        case _:
            band = most(bands, key=lambda b: b["max_pence"])
            limit = Decimal(band["max_pence"]) / 100
            if charge.redress is not None:
                limit = min(limit, charge.redress[0] * band["percent"] / 100)
            said = f"more than £{limit:,.2f}, the cap of {_named(band)}"
    return (said, band.value("percent")) if charge.value > limit else None


def _bands(redress: Redress | None, table: Map) -> Iterator[Map]:
    """The bands a redress lies in. A range that ends where a band begins is not in that band."""
    if redress is None:
        return
    low, high = redress
    for band in table["bands"]:
        first, last = (
            Decimal(band["from_pounds"]),
            Decimal(band["to_pounds"]) + 1 if "to_pounds" in band else _NO_END,
        )
        if low < last and (first < high or low == high == first):
            yield band


def _named(band: Map) -> str:
    if "to_pounds" not in band:
        return f"the band from £{band['from_pounds']:,}"
    return f"the band £{band['from_pounds']:,} to £{band['to_pounds']:,}"
