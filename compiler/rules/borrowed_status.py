"""A text claims the status or protection of a body that the tenant's packs do not allow.

"FCA regulated", "protected by the Financial Ombudsman", "Ofgem approved" are believed, and decide whether people trust a message.
Claims about energy contracts are no business of the FCA, the Financial Ombudsman or the FSCS, and no claims firm is approved by
Ofgem. A pack says under `statuses` whose status its tenants may state, in their own approved words; all others are refused in
every text: claims, values, names, phrases, quick replies and the prompt.

Telling people where they can turn is not status: "you can complain to the Energy Ombudsman for free" names a body and claims
nothing. Nor is a denial ("we are not approved by Ofgem") or a statement about somebody else ("your supplier is licensed by
Ofgem"). Letters held apart, look-alike letters and hidden signs make no difference. Slots are read with what fills them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.once import of_text
from schemas.statuses import BODIES, Status, statuses_in

CODE = Code(
    code="CV5040",
    name="borrowed-status",
    summary="the status or protection of a body that no pack of the tenant allows",
    explanation=__doc__,
    bad="says: We are regulated by the FCA.   # packs: [energy]",
    good="says: You can complain to the Energy Ombudsman for free.",
)
NEEDS = frozenset({"pack", "tenant"})

_SLOT = re.compile(r"\{tenant\.([a-z_]+)\}")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    allowed = {body for pack in source.packs for body in pack.sections["pack"].get("statuses", ())}
    tenant = source.sections["tenant"]
    filled = {key: str(text) for key, text in tenant["values"].items()}
    told = set[tuple[str, Span]]()
    for text, span in _texts(source):
        whole = _SLOT.sub(lambda slot: filled.get(slot[1], slot[0]), text) if "{" in text else text
        claimed = _claimed(whole)
        if not claimed or (text, span) in told:
            continue
        told.add((text, span))
        for found in claimed:
            if found.body not in allowed:
                words = whole[found.start : found.end]
                yield CODE.at(
                    wording.exact(source, span, words),
                    f"`{' '.join(words.split())}` claims the status or protection of "
                    f"{BODIES[found.body][0]}, which no pack of this tenant allows",
                    labels=[Label(span=tenant.value("packs"), text="the packs it takes")],
                    help="say it without the status, or tell people where they can turn",
                )


@of_text
def _claimed(text: str) -> tuple[Status, ...]:
    return statuses_in(wording.shadow_of(text))


def _texts(source: Source) -> Iterator[tuple[str, Span]]:
    tenant = source.sections["tenant"]
    yield tenant["legal_entity"], tenant.value("legal_entity")
    for claim in source.spoken():
        yield from wording.of_claim(claim)
    yield from wording.of_tenant(source)
    yield from wording.values(source)
    yield from wording.names(source)
    for campaign in source.sections["journeys"]["campaigns"] if "journeys" in source.sections else ():
        if "template" in campaign:
            yield campaign["template"], campaign.value("template")
    if "persona" in source.sections:
        yield source.sections["persona"]["prompt"], source.sections["persona"].value("prompt")
