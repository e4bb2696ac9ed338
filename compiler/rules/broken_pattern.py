"""A pattern that RE2 cannot run, or that would match everything.

Patterns are RE2: linear in time whatever a stranger sends, at the price of look-around and back-references. A pattern that
does not compile would be a rule that never fires; one that matches the empty text, or each of a handful of everyday messages
that have not a word in common, would stop every reply or turn every message into an emergency. Looked at: prohibited wording,
signals, what a tenant adds to them, what makes a hit harmless, and what a drill must `never` find. Opt-out and hand-off words
are words and not patterns, but one without a letter or a digit would be heard in nothing at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.source.context import Context
from compiler.source.lexicon import KEYS
from compiler.source.model import Source
from compiler.source.once import of_text
from compiler.source.read import items
from schemas.text import PatternError, Shadow, compile_pattern, matches, normalise

CODE = Code(
    code="CV5014",
    name="broken-pattern",
    summary="a pattern RE2 cannot run",
    explanation=__doc__,
    bad="match: [(?<!not )guarantee]",
    good="match: [guarantee]",
)
NEEDS = frozenset[str]()


# Everyday messages without a word, and nearly without a letter, in common.
_EVERYDAY = ("ok", "hi there", "27", "why my car?", "👍")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for pattern, span in _patterns(source):
        try:
            if _finds_all(pattern):
                yield CODE.at(
                    span, f"{pattern!r} matches everything", help="name at least one word that must be there"
                )
        except PatternError as error:
            yield CODE.at(span, str(error))
    for word, span in _words(source):
        if word.isascii() and not any(c.isalnum() for c in word):  # a sign like a red hand is a word too
            yield CODE.at(span, f"`{word}` holds neither letter nor digit, and is never heard")


@of_text
def _finds_all(pattern: str) -> bool:
    compile_pattern(pattern)
    return all(matches(pattern, shadow) is not None for shadow in _everyday())


@lru_cache(maxsize=1)
def _everyday() -> tuple[Shadow, ...]:
    return tuple(normalise(text) for text in _EVERYDAY)


def _patterns(source: Source) -> Iterator[tuple[str, Span]]:
    for claim in source.prohibited():
        for index, match in enumerate(claim.match):
            yield match, claim.within("match", index)
    for category in [*(c for pack in source.packs for c in pack.categories), *source.categories]:
        for pattern in category.patterns:
            yield pattern.match, pattern.span("match")
            for index, unless in enumerate(pattern.unless):
                yield unless, pattern.within("unless", index)
    for drill in [drill for file in source.folder.of("drills") for _, drill in items(file)]:
        for expected in [step["expect"] for step in drill["steps"] if "never" in step["expect"]]:
            for index, never in enumerate(expected["never"]):
                yield never, expected["never"].item(index)


def _words(source: Source) -> Iterator[tuple[str, Span]]:
    """Opt-out words of the packs, and the words that bring a person."""
    lists = [raw[key] for pack in source.packs for raw in pack.optouts for key in KEYS]
    lists += [p.sections["pack"].get("handoff_words", ()) for p in source.packs if "pack" in p.sections]
    if "guardrails" in source.sections:
        lists.append(source.sections["guardrails"]["handoff_words"])
    for held in lists:
        for index, word in enumerate(held):
            yield word, held.item(index)
