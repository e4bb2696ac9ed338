"""Every text a customer may be shown, each with its place: what rules about wording look at; and what a text states."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from compiler.diagnostics import Span
from compiler.source.model import Claim, Source
from compiler.source.once import of_text, once
from compiler.source.tree import Map, Seq
from schemas.amounts import amounts_in
from schemas.promises import PROMISES
from schemas.quantities import quantities
from schemas.text import compile_any, compile_pattern, normalise

TEXT_KEYS = ("says", "short", "answer")
ADDRESS = "an address"
NUMBER = "a number or a day"

_ADDRESS = re.compile(
    r"https?://\S+|www\.\S+|\S+@\S+\.\w+|(?<![\w@])(?:[^\W_][\w-]*\.)+[^\W\d_]{2,}(?!\w)(?:/\S*)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stated:
    """Something a text states: its sort, the words, and a key that is the same in every spelling."""

    what: str
    words: str
    key: str


@dataclass(frozen=True, slots=True)
class Said:
    """One wording of a claim, where it stands."""

    claim: Claim
    language: str
    variant: str
    text: str
    place: Map

    @property
    def span(self) -> Span:
        return self.place.value(self.variant)


def wordings(claim: Claim, language: str) -> Iterator[Said]:
    """A claim's wordings one by one; `language` is that of a claim which does not say otherwise."""
    for place in [claim.raw, *(t for t in claim.raw.get("translations", ()) if isinstance(t, Map))]:
        for key in TEXT_KEYS:
            if key in place:
                spoken = language if place is claim.raw else place["language"]
                yield Said(claim, spoken, key, place[key].strip(), place)


@of_text
def tokens(text: str) -> tuple[tuple[str, int, int], ...]:
    """The amounts it names: each in its one spelling, and where it stands."""
    return tuple(amounts_in(shadow_of(text)))


shadow_of = of_text(normalise)


@of_text
def stated(text: str) -> tuple[Stated, ...]:
    """Addresses, money, percentages, dates, durations, telephone numbers, bare numbers and promises, without overlaps."""
    found: list[Stated] = []
    taken: list[tuple[int, int]] = []
    for hit in _ADDRESS.finditer(text):
        taken.append(hit.span())
        found.append(Stated(ADDRESS, hit[0].rstrip(".,;)"), hit[0].rstrip(".,;)").casefold()))
    for quantity in quantities(text):
        if _free(taken, quantity.start, quantity.end):
            taken.append((quantity.start, quantity.end))
            words = text[quantity.start : quantity.end]
            found.append(Stated(quantity.what, words, f"{quantity.value} {quantity.unit}"))
    for token, start, end in tokens(text):
        if _free(taken, start, end):
            found.append(Stated(NUMBER, text[start:end], token))
    return (*found, *_promises(text))


def _promises(text: str) -> Iterator[Stated]:
    told = set[str]()
    for fact, _ in promises(text):
        if fact.what not in told:
            told.add(fact.what)
            yield fact


@of_text
def promises(text: str) -> tuple[tuple[Stated, int], ...]:
    """Every promise of a text, each with where it begins."""
    shadow, at_all = shadow_of(text), compile_any(tuple(PROMISES.values()))
    if at_all is not None and not any(at_all.search(view.text) for view in shadow.views):
        return ()
    found: dict[tuple[str, int], Stated] = {}
    for what, pattern in PROMISES.items():
        for view in shadow.views:
            for hit in compile_pattern(pattern).finditer(view.text):
                start, end = view.span(*hit.span())
                found.setdefault((what, start), Stated(what, text[start:end], what))
    return tuple((fact, start) for (_, start), fact in found.items())


def _free(taken: list[tuple[int, int]], start: int, end: int) -> bool:
    return not any(start < last and first < end for first, last in taken)


def exact(source: Source, span: Span, words: str) -> Span:
    """The place of `words` within a text that stands at `span`; the whole text where they are broken over lines."""
    folders = [source.folder, *(pack.folder for pack in source.packs)]
    held = next((f.text for folder in folders for f in folder.files if f.file == span.file), "")
    for number, line in enumerate(held.split("\n")[span.line - 1 : span.end_line], span.line):
        at = line.find(words, span.column - 1 if number == span.line else 0)
        if words and at >= 0:
            return Span(
                file=span.file, line=number, column=at + 1, end_line=number, end_column=at + 1 + len(words)
            )
    return span


@once
def of_claim(claim: Claim) -> Iterator[tuple[str, Span]]:
    """A claim's variants in every language, and what it puts on buttons."""
    for place in [claim.raw, *(t for t in claim.raw.get("translations", ()) if isinstance(t, Map))]:
        for key in TEXT_KEYS:
            if key in place:
                yield place[key], place.value(key)
    yield from of_choices(claim)


@once
def of_choices(claim: Claim) -> Iterator[tuple[str, Span]]:
    """The words a person may tap: the topic that offers the claim, and the answers a question offers."""
    if "topic" in claim.raw:
        yield claim.raw["topic"], claim.raw.value("topic")
    options = claim.raw.get("options")
    if isinstance(options, Seq):
        for index, option in enumerate(options):
            yield option, options.item(index)


@once
def of_tenant(source: Source) -> Iterator[tuple[str, Span]]:
    """The persona's phrases and the titles of quick replies: words that belong to no claim."""
    if "persona" in source.sections:
        phrases = source.sections["persona"]["phrases"]
        for index, phrase in enumerate(phrases):
            yield phrase, phrases.item(index)
    for reply in source.sections["journeys"]["quick_replies"] if "journeys" in source.sections else ():
        yield reply["title"], reply.value("title")


@once
def values(source: Source) -> Iterator[tuple[str, Span]]:
    """What fills the tenant's slots, and where its links lead."""
    if "tenant" in source.sections:
        held = source.sections["tenant"]["values"]
        for key, text in held.items():
            yield text, held.value(key)
    for link in source.links:
        yield link.url, link.span("url")


@once
def names(source: Source) -> Iterator[tuple[str, Span]]:
    """What people read as a name or a title: of the tenant, the assistant, the trade, a page, a sender."""
    for kind, keys in (("tenant", ("display_name",)), ("persona", ("name", "display_name"))):
        if kind in source.sections:
            yield from ((source.sections[kind][key], source.sections[kind].value(key)) for key in keys)
    for part, keys in (("values", ("brand", "topic")), ("business", ("industry", "description"))):
        held: Any = source.sections["tenant"].get(part, {}) if "tenant" in source.sections else {}
        yield from ((held[key], held.value(key)) for key in keys if key in held)
    for connection in source.connections:
        if connection.channel == "webchat":
            yield connection.address, connection.span("address")
        options: Any = connection.raw.get("options", {})
        if "from_name" in options:
            yield options["from_name"], options.value("from_name")
