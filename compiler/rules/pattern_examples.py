"""A pattern, or the opt-out words, do not do what their examples say.

Every pattern of a signal comes with messages it must find and messages it must leave alone, every list of opt-out words with
messages that stop and messages that do not. They are run as the runtime runs them, so that a slip is seen here and not in what
a person in danger is answered, or in a STOP that nobody heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source.context import Context
from compiler.source.lexicon import opt_out_words
from compiler.source.model import Category, Pack, Pattern, Source
from compiler.source.once import of_text, once
from compiler.source.tree import Map
from schemas.bundle import OptOutWords
from schemas.text import PatternError, match_opt_out, matches, normalise

CODE = Code(
    code="CV5020",
    name="pattern-example",
    summary="a pattern that misses an example it must find, or finds one it must not",
    explanation=__doc__,
    bad="match: solicter\nexamples:\n  hits: [my solicitor is dealing with it]\n  misses: [hello]",
    good="match: solicitor\nexamples:\n  hits: [my solicitor is dealing with it]\n  misses: [hello]",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    yield from _of_packs(source.packs)
    yield from _patterns(source.categories)


@once
def _of_packs(packs: tuple[Pack, ...]) -> Iterator[Diagnostic]:
    """What is wrong with packs, whoever takes them."""
    yield from _patterns([category for pack in packs for category in pack.categories])
    words = {
        language: OptOutWords(**{key: tuple(entry) for key, entry in lists.items()})
        for language, lists in opt_out_words(packs).items()
    }
    for raw in [raw for pack in packs for raw in pack.optouts]:
        for key, verdict in (("stops", "does not stop"), ("goes_on", "stops")):
            for index, text in enumerate(raw["examples"][key]):
                if (match_opt_out(text, words) is None) == (key == "stops"):
                    yield CODE.at(
                        raw["examples"][key].item(index), f"`{text}` {verdict}", help="correct the words"
                    )


def _patterns(categories: Iterable[Category]) -> Iterator[Diagnostic]:
    for category in categories:
        for pattern in category.patterns:
            try:
                yield from _wrong(pattern)
            except PatternError:
                continue  # CV5014 says so


def _wrong(pattern: Pattern) -> Iterator[Diagnostic]:
    for index, text in enumerate(pattern.hits):
        if not _finds(pattern.match, pattern.unless, text):
            yield _fault(pattern, "hits", index, f"the pattern `{pattern.id}` does not find `{text}`")
    for index, text in enumerate(pattern.misses):
        if _finds(pattern.match, pattern.unless, text):
            yield _fault(pattern, "misses", index, f"the pattern `{pattern.id}` finds `{text}`")


@of_text
def _finds(match: str, unless: tuple[str, ...], text: str) -> bool:
    shadow = normalise(text)
    return matches(match, shadow) is not None and not any(matches(u, shadow) for u in unless)


def _fault(pattern: Pattern, key: str, index: int, message: str) -> Diagnostic:
    examples: Map = pattern.raw["examples"]
    span: Span = examples[key].item(index)
    return CODE.at(span, message, labels=[Label(span=pattern.span("match"), text="the pattern")])
