"""Every text a customer may be shown, each with its place: what rules about wording look at."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Span
from compiler.source.model import Claim, Source
from compiler.source.tree import Map, Seq

TEXT_KEYS = ("says", "short", "answer")


def of_claim(claim: Claim) -> Iterator[tuple[str, Span]]:
    """A claim's variants in every language, and what it puts on buttons."""
    for place in [claim.raw, *(t for t in claim.raw.get("translations", ()) if isinstance(t, Map))]:
        for key in TEXT_KEYS:
            if key in place:
                yield place[key], place.value(key)
    yield from of_choices(claim)


def of_choices(claim: Claim) -> Iterator[tuple[str, Span]]:
    """The words a person may tap: the topic that offers the claim, and the answers a question offers."""
    if "topic" in claim.raw:
        yield claim.raw["topic"], claim.raw.value("topic")
    options = claim.raw.get("options")
    if isinstance(options, Seq):
        for index, option in enumerate(options):
            yield option, options.item(index)


def of_tenant(source: Source) -> Iterator[tuple[str, Span]]:
    """The persona's phrases and the titles of quick replies: words that belong to no claim."""
    if "persona" in source.sections:
        phrases = source.sections["persona"]["phrases"]
        for index, phrase in enumerate(phrases):
            yield phrase, phrases.item(index)
    for reply in source.sections["journeys"]["quick_replies"] if "journeys" in source.sections else ():
        yield reply["title"], reply.value("title")


def values(source: Source) -> Iterator[tuple[str, Span]]:
    """What fills the tenant's slots, and where its links lead."""
    if "tenant" in source.sections:
        held = source.sections["tenant"]["values"]
        for key, text in held.items():
            yield text, held.value(key)
    for link in source.links:
        yield link.url, link.span("url")
