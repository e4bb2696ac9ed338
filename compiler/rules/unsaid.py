"""Something every tenant needs is said by nobody: neither the tenant nor a pack.

Hours, frequency, strikes, the age of consent, and the fixed lines (the confirmation of an opt-out, the holding line, the
hand-off, the fallback) have no built-in defaults: somebody who answers for it must have said it. The same is true of opt-out
words in each language of the persona, and of a signal of the highest priority, by which a person in danger is heard.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source.context import Context
from compiler.source.lexicon import opt_out_words
from compiler.source.model import Source
from compiler.source.strictest import NUMBERS, strictest

CODE = Code(
    code="CV5018",
    name="unsaid",
    summary="a limit or a fixed line that neither tenant nor pack gives",
    explanation=__doc__,
    bad="(no `strikes` in consent.yaml, and none in a pack)",
    good="strikes: 3",
)
NEEDS = frozenset({"consent", "optout", "pack", "persona", "signals", "tenant"})

LINES = ("opt_out_confirmation", "holding", "handoff", "fallback", "no_answer", "clarify")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for key in NUMBERS:
        if strictest(source, key) is None:
            yield CODE.at(source.file("consent"), f"nobody says `{key}`", help="add it to consent.yaml")
    given = {
        purpose
        for held in [*(pack.sections["pack"] for pack in source.packs), source.sections["persona"]]
        for purpose in held.get("lines", ())
    }
    for purpose in LINES:
        if purpose not in given:
            yield CODE.at(
                source.file("persona"), f"nobody has the line `{purpose}`", help="add it to `lines`"
            )
    yield from _unheard(source)


def _unheard(source: Source) -> Iterator[Diagnostic]:
    heard = {language.split("-")[0] for language in opt_out_words(source.packs)}
    languages = source.sections["persona"]["languages"]
    for index, language in enumerate(languages):
        if language.split("-")[0] not in heard:
            yield CODE.at(
                languages.item(index), f"nobody has opt-out words in {language}", help="add them to a pack"
            )
    if not any(category.raw["priority"] == 0 for pack in source.packs for category in pack.categories):
        yield CODE.at(
            source.file("tenant"), "no pack has a signal of priority 0", help="take a pack that has one"
        )
