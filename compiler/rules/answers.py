"""A link waits for an answer that its question does not offer.

A link is given only after the answers it names. An answer is a choice of the question's `options`, word for word; one that is
not among them can never be given, and the link would never be sayable.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.diagnostics.suggest import did_you_mean
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5022",
    name="answer-not-offered",
    summary="a link that waits for an answer its question does not offer",
    explanation=__doc__,
    bad="answers:\n  - question: DD-Q01   # options: [Yes, No]\n    answer: Not yet",
    good='answers:\n  - question: DD-Q01\n    answer: "No"',
)
NEEDS = frozenset({"claims"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for link in source.links:
        for wanted in link.answers:
            question = source.claims.get(wanted["question"])
            if question is None or question.kind != "question":
                continue  # the link pass says so
            offered = question.raw["options"]
            if wanted["answer"] not in offered:
                yield CODE.at(
                    wanted.value("answer"),
                    f"`{wanted['answer']}` is not an answer `{question.id}` offers",
                    labels=[Label(span=question.span("options"), text="its answers")],
                    help=did_you_mean(wanted["answer"], offered) or f"one of: {', '.join(offered)}",
                )
