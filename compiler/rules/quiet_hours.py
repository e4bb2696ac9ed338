"""A tenant's quiet hours do not cover those of its packs.

Within the hours of the pack nothing but a safety reply goes out on WhatsApp and e-mail. A tenant may begin later, end sooner
and keep more days quiet, never fewer. Hours that end before they begin would never open at all.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Pack, Source
from compiler.source.tree import Map

CODE = Code(
    code="CV5013",
    name="quiet-hours-open",
    summary="quiet hours that do not cover the pack's",
    explanation=__doc__,
    bad="open_from: 08:00   # the pack `all` says 09:00",
    good="open_from: 09:00",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    if "consent" not in source.sections:
        return
    mine = source.sections["consent"]
    if "open_from" in mine and "open_until" in mine and mine["open_from"] >= mine["open_until"]:
        yield CODE.at(
            mine.value("open_until"), "the hours end before they begin", help="nothing could ever be sent"
        )
    for pack in source.packs:
        if "consent" in pack.sections:
            yield from _against(mine, pack, pack.sections["consent"])


def _against(mine: Map, pack: Pack, theirs: Map) -> Iterator[Diagnostic]:
    for key, word in (("open_from", "begin"), ("open_until", "end")):
        if key in mine and key in theirs:
            looser = mine[key] < theirs[key] if key == "open_from" else mine[key] > theirs[key]
            if looser:
                yield _fault(
                    mine, theirs, key, pack, said=f"the hours {word} at {mine[key]}", wanted=theirs[key]
                )
    missing = [
        day for day in theirs.get("quiet_weekdays", ()) if day not in mine.get("quiet_weekdays", [day])
    ]
    if missing:
        yield _fault(
            mine, theirs, "quiet_weekdays", pack, said=f"{', '.join(missing)} is not quiet", wanted="it quiet"
        )
    if theirs.get("quiet_bank_holidays") and mine.get("quiet_bank_holidays") is False:
        yield _fault(
            mine, theirs, "quiet_bank_holidays", pack, said="bank holidays are not quiet", wanted="them quiet"
        )


def _fault(mine: Map, theirs: Map, key: str, pack: Pack, *, said: str, wanted: str) -> Diagnostic:
    return CODE.at(
        mine.value(key),
        f"{said}, but the pack `{pack.id}` wants {wanted}",
        labels=[Label(span=theirs.value(key), text=f"`{pack.id}` says so here")],
        help="a tenant can only be stricter",
    )
