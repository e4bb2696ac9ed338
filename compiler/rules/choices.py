"""Words on a button that say more than the claim behind it.

The topic of a claim and the answers of a question are tapped, not read beside their claim: a number, a sum of money, a date
or a promise there would stand alone. A topic may name only what the claim's own wording names ("What changed in 2024?" where
the claim speaks of 2024), and neither a topic nor an answer promises anything. The runtime refuses such choices as well, so
that a tenant with one would never get its offer out. Durations in words ("within a week") and addresses are statements too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Claim, Source
from schemas.promises import PROMISES

CODE = Code(
    code="CV5024",
    name="choice-says-more",
    summary="a number or a promise on a button, which the claim does not hold",
    explanation=__doc__,
    bad="says: We work out what you may be owed.\ntopic: £5,000 guaranteed",
    good="says: We work out what you may be owed.\ntopic: What am I owed?",
)
NEEDS = frozenset({"tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    values = source.sections["tenant"]["values"]
    for claim in source.spoken():
        buttons = wording.of_choices(claim)
        if not buttons:
            continue
        said = [text for variants in claim.texts.values() for text in variants.values()]
        said += [values.get(slot.removeprefix("tenant."), "") for slot in claim.slots]
        held = {token for text in said for token, _, _ in wording.tokens(text)}
        for text, span in buttons:
            loose = next(
                ((first, last) for token, first, last in wording.tokens(text) if token not in held), None
            )
            if loose is not None:
                words = text[slice(*loose)]
                message = f"`{words}` stands on a button, and the wording of `{claim.id}` does not hold it"
                yield CODE.at(span, message, help="say it in the claim's wording, or leave it out")
            for fact in wording.stated(text):
                if fact.what in PROMISES:
                    yield CODE.at(span, f"{fact.what} stands on a button", help="change the words")
            yield from _unheld(claim, text, span, said)


def _unheld(claim: Claim, text: str, span: Span, said: Collection[str]) -> Iterator[Diagnostic]:
    """Durations in words ("within a week") and addresses, which are no amounts and are statements all the same."""
    for fact in wording.stated(text):
        worded = fact.what == "a duration" and not wording.tokens(fact.words)
        if not worded and fact.what != wording.ADDRESS:
            continue
        if not any(fact.key == known.key for words in said for known in wording.stated(words)):
            message = f"`{fact.words}` stands on a button, and the wording of `{claim.id}` does not hold it"
            yield CODE.at(span, message, help="say it in the claim's wording, or leave it out")
