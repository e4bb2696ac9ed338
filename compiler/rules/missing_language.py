"""A text is missing in a language in which it will be needed.

Only approved translations exist in other languages; nothing is translated on the way. A language the persona offers is a
promise to be heard in it, so all that must be said needs a text in every one of them: the opening, the fixed lines (the
fallback among them), the reply to each signal, whoever is in danger first of all, what comes before and with a link, and one
claim for each duty of the packs. A campaign's claims need one in the campaign's language, which must be one the persona
offers. Opt-out words in each language are looked at by CV5018, approval (a translation is approved with its claim) by CV6001.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.reach import before, closed, lines, replies

CODE = Code(
    code="CV5023",
    name="missing-language",
    summary="a needed text that does not exist in the language it is needed in",
    explanation=__doc__,
    bad="languages: [en-GB, cy]   # DD-D01 has no translation",
    good="languages: [en-GB]",
)
NEEDS = frozenset(
    {"claims", "destinations", "guardrails", "journeys", "pack", "persona", "signals", "tenant"}
)


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    languages, journeys = source.sections["persona"]["languages"], source.sections["journeys"]
    for index, language in enumerate(languages):
        yield from _gaps(source, _needed(source), language, languages.item(index))
        yield from _untold(source, language, languages.item(index))
    for campaign in journeys["campaigns"]:
        yield from _gaps(source, campaign["claims"], campaign["language"], campaign.value("language"))
        if campaign["language"] not in languages:
            yield CODE.at(
                campaign.value("language"),
                f"the campaign `{campaign['id']}` speaks {campaign['language']}, which the persona does not",
                labels=[Label(span=languages.at(), text="its languages")],
                help="whoever answers would be answered in another language: add it to `languages`",
            )


def _needed(source: Source) -> set[str]:
    """What must be sayable in each language: opening, fixed lines, replies to signals, and all that is said about a link."""
    links = [name for link in source.links for name in (*before(link), link.claim)]
    fixed = [*lines(source).values(), *replies(source)]
    return set(closed(source, [*source.sections["persona"]["opening"], *fixed, *links]))


def _untold(source: Source, language: str, span: Span) -> Iterator[Diagnostic]:
    """Duties of the packs that no claim fulfils in the language."""
    for duty in {d.id: d for pack in reversed(source.packs) for d in pack.duties}.values():
        covering = [claim for claim in source.spoken() if duty.id in claim.covers]
        if covering and not any(language in claim.texts for claim in covering):
            yield CODE.at(
                span,
                f"nothing fulfils the duty `{duty.id}` in {language}",
                labels=[
                    Label(span=duty.span(), text="the duty"),
                    Label(span=covering[0].span(), text="what fulfils it otherwise"),
                ],
                help="add an approved translation, or leave the language out",
            )


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
