"""The sign-off was given for other content than the tenant now has.

Who signs the go-live record signs for the register, the persona, the rule packs, the consent rules, the destinations and the
connections as they stood. `subject` in the entry is their digest. When any of them changes the signature falls, and both people
look again. The message gives the digest to sign for. Notes, colours and approvers are not part of it.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5047",
    name="golive-other-content",
    summary="a go-live sign-off for other content than the tenant now has (a warning for staging)",
    explanation=__doc__,
    bad="subject: sha256:0000...   # a claim was changed since",
    good="subject: sha256:...   # as the message of CV5042 or CV5047 prints it",
)
NEEDS = frozenset(golive.ALL_KINDS)


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    if severity is None:
        return
    for verdict in golive.judged(source, context, golive.SUBJECT):
        if (record := verdict.record) is not None:
            yield CODE.at(
                record.value("subject") if "subject" in record else record.at(),
                f"{verdict.item.id} was signed for other content than the tenant now has",
                help=f"have it signed again by {verdict.item.people} people, with `subject: {golive.subject_of(source)}`",
                severity=severity,
            )
