"""Fewer different people signed an item of the go-live checklist than it asks for.

The last item is a decision, and two named people take it: two entries in golive.yaml, of two persons, for the same content. One
name in two spellings is one person.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

# Not one rule with CV5047: there the content changed, here a person is missing; both read the same verdicts of source.golive.
CODE = Code(
    code="CV5046",
    name="golive-too-few-people",
    summary="a go-live item signed by fewer people than it needs (a warning for staging)",
    explanation=__doc__,
    bad="(one entry for GL-24)",
    good="(two entries for GL-24, signed by two people)",
)
NEEDS = frozenset(golive.ALL_KINDS)


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    if severity is None:
        return
    for verdict in golive.judged(source, context, golive.NAMES):
        if (record := verdict.record) is not None:
            help_ = "add an entry by somebody else"
            if verdict.item.bound:
                help_ += f", with `subject: {golive.subject_of(source)}`"
            yield CODE.at(
                record.value("signed_by"),
                f"{verdict.item.id} needs {verdict.item.people} different people, and so far only {record['signed_by']} "
                "has signed for the tenant as it stands",
                labels=[Label(span=verdict.item.raw.at(), text="the item")],
                help=help_,
                severity=severity,
            )
