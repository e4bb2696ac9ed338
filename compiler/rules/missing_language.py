"""A text is missing in a language in which it will be needed.

Only approved translations exist in other languages; nothing is translated on the way. So the opening and the fixed lines need a
text in every language of the persona, and a campaign's claims one in the campaign's.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5023",
    name="missing-language",
    summary="a needed text that does not exist in the language it is needed in",
    explanation=__doc__,
    bad="languages: [en-GB, cy]   # DD-D01 has no translation",
    good="languages: [en-GB]",
)
NEEDS = frozenset({"claims", "journeys", "pack", "persona", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    persona, journeys = source.sections["persona"], source.sections["journeys"]
    lines = [held.get("lines", {}) for held in [*(p.sections["pack"] for p in source.packs), persona]]
    needed = [*persona["opening"], *{claim for held in lines for claim in held.values()}]
    for index, language in enumerate(persona["languages"]):
        span = persona["languages"].item(index)
        yield from _gaps(source, needed, language, span)
    for campaign in journeys["campaigns"]:
        yield from _gaps(source, campaign["claims"], campaign["language"], campaign.value("language"))


def _gaps(source: Source, ids: Iterable[str], language: str, span: Span) -> Iterator[Diagnostic]:
    missing = [
        source.claims[i]
        for i in sorted(set(ids))
        if i in source.claims and language not in source.claims[i].texts
    ]
    if missing:
        names = ", ".join(claim.id for claim in missing)
        yield CODE.at(
            span,
            f"there is no text in {language} of {names}",
            labels=[Label(span=missing[0].span(), text="for instance this")],
            help="add an approved translation, or leave the language out",
        )
