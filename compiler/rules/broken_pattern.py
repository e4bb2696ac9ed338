"""A pattern that RE2 cannot run, or that would match everything.

Patterns are RE2: linear in time whatever a stranger sends, at the price of look-around and back-references. A pattern that
does not compile would be a rule that never fires; one that matches the empty text would stop every reply.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.source.context import Context
from compiler.source.model import Pattern, Source
from schemas.text import PatternError, compile_pattern

CODE = Code(
    code="CV5014",
    name="broken-pattern",
    summary="a pattern RE2 cannot run",
    explanation=__doc__,
    bad="match: [(?<!not )guarantee]",
    good="match: [guarantee]",
)
NEEDS = frozenset[str]()


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for pattern, span in _patterns(source):
        try:
            compile_pattern(pattern)
        except PatternError as error:
            yield CODE.at(span, str(error))


def _patterns(source: Source) -> Iterator[tuple[str, Span]]:
    for claim in source.prohibited():
        for index, match in enumerate(claim.match):
            yield match, claim.within("match", index)
    for category in [*(c for pack in source.packs for c in pack.categories), *source.categories]:
        for pattern in category.patterns:
            yield from _of(pattern)


def _of(pattern: Pattern) -> Iterator[tuple[str, Span]]:
    yield pattern.match, pattern.span("match")
    for index, unless in enumerate(pattern.unless):
        yield unless, pattern.within("unless", index)
