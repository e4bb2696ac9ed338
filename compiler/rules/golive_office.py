"""The evidence for an item of the go-live checklist was signed in the wrong office.

Each item says who answers for it: the solicitor for wording and permissions, data protection for consent and agreements,
operations for rotas and signposts, engineering for tests and restores, the accountable senior manager for the decision. A
signature in another office shows that somebody looked, not that the one who answers did. Where several people must sign, one of
them must hold the office.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5044",
    name="golive-wrong-office",
    summary="go-live evidence signed in another office than its item asks for (a warning for staging)",
    explanation=__doc__,
    bad="signer: engineering   # GL-15 is signed by data protection",
    good="signer: data_protection",
)
NEEDS = frozenset({"checklist", "golive", "pack", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    if severity is None:
        return
    for verdict in golive.judged(source, context, golive.OFFICE):
        if (record := verdict.record) is not None:
            wanted = golive.OFFICES[verdict.item.signer]
            yield CODE.at(
                record.value("signer"),
                f"{verdict.item.id} must be signed by {wanted}, not in the office `{record['signer']}`",
                labels=[Label(span=verdict.item.raw.value("signer"), text="who signs it")],
                help=f"have it signed by {wanted}",
                severity=severity,
            )
