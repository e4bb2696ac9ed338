"""Nothing is shown for an item of the go-live checklist.

Before real people are written to, a firm shows that it may, that it can and that it has tried: permissions, agreements, where
each consent came from, signed wording, the kill switch, training, restores. The packs list the items in checklist.yaml;
golive.yaml of the tenant records for each what was shown, who signed and when. A compile for `live` needs every one of them, a
compile for `staging` warns, and in the sandbox nothing need be shown. Where no pack has a checklist at all, nothing could be
missed, so that is a fault as well.

An entry counts only if there is something to look at: a `document` of the tenant (a file under documents/) or a `link`. What
the entry says in words shows nothing.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5042",
    name="golive-missing",
    summary="nothing shown for an item of the go-live checklist (a warning for staging)",
    explanation=__doc__,
    bad="(no entry for GL-19 in golive.yaml)",
    good="- item: GL-19\n  evidence: Restore drill, report RD-7\n  document: documents/restore-rd-7.md\n"
    "  signed_by: Una Operator\n  signer: engineering\n  shown_on: 2026-11-20",
)
NEEDS = frozenset({"checklist", "golive", "pack", "tenant"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    if severity is None:
        return
    if not golive.items(source):
        message = "no pack of this tenant has a checklist, so that nothing need be shown before it goes live"
        yield CODE.at(source.file("golive"), message, help="put one into the pack `all`", severity=severity)
    for verdict in golive.judged(source, context, golive.MISSING):
        item, record = verdict.item, verdict.record
        said = "nothing is shown" if record is None else "there is no document and no link to look at"
        yield CODE.at(
            source.file("golive") if record is None else record.value("evidence"),
            f"{said} for {item.id}: {item.raw['item'].strip()}",
            labels=[Label(span=item.raw.value("item"), text=f"the pack `{item.pack}` asks for it here")],
            help=_help(source, item),
            severity=severity,
        )


def _help(source: Source, item: golive.Item) -> str:
    who = (
        f"{item.people} people, one of them {golive.OFFICES[item.signer]}"
        if item.people > 1
        else golive.OFFICES[item.signer]
    )
    help_ = f"record it in golive.yaml, signed by {who}. It is shown by: {item.raw['evidence'].strip()}"
    return (
        f"{help_} What is signed for is `subject: {golive.subject_of(source)}`"
        if _tellable(source, item)
        else help_
    )


def _tellable(source: Source, item: golive.Item) -> bool:
    """Whether there is content to sign for: not while a file of it cannot be read."""
    return item.bound and not source.broken & frozenset(golive.ALL_KINDS)
