"""A link can be given without a question that a pack wants asked first.

A pack's duty with `when: asked_before_any_link` is fulfilled by a question: a claim of kind `question` that names the duty
under `covers`. Every link must have that question among its `answers`, with the one answer that opens the way. Somebody who
gives another answer gets no link. This is how a person who is already represented is kept from signing twice.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5055",
    name="question-unasked",
    summary="a link given without the question a pack wants asked before it",
    explanation=__doc__,
    bad="answers: []   # the pack wants `not-represented` asked",
    good="answers:\n  - question: DD-Q01\n    answer: No",
)
NEEDS = frozenset({"claims", "destinations", "pack"})

ASKED = "asked_before_any_link"


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    duties = {duty.id: duty for pack in reversed(source.packs) for duty in pack.duties if duty.when == ASKED}
    for duty in duties.values():
        asking = {
            claim.id for claim in source.spoken() if claim.kind == "question" and duty.id in claim.covers
        }
        if not any(duty.id in claim.covers for claim in source.spoken()):
            continue  # CV5012 says so
        for link in source.links:
            if not asking & {answer["question"] for answer in link.answers}:
                yield CODE.at(
                    link.span("answers"),
                    f"the link `{link.id}` is given without asking for the duty `{duty.id}`: {duty.says.strip()}",
                    labels=[Label(span=duty.span(), text="the duty")],
                    help=f"write a question with `covers: [{duty.id}]` and add it to `answers`"
                    if not asking
                    else f"add {' or '.join(sorted(asking))} to `answers`",
                )
