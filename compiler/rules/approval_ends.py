"""An approval ends within 30 days.

When it ends the wording may no longer be said, and a tenant that has just gone live would fall silent on it. Have it approved
again now, for a later day. A compile for `live` needs approvals that last longer; elsewhere it is a warning.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import ERROR, WARNING, Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.tree import Map

CODE = Code(
    code="CV5053",
    name="approval-ends-soon",
    summary="an approval that ends within 30 days (an error for live)",
    severity=WARNING,
    explanation=__doc__,
    bad="expires: 2026-12-01   # compiled on 2026-11-24",
    good="expires: 2027-06-01",
)
NEEDS = frozenset({"approvals"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    latest: dict[tuple[str, str], Map] = {}
    for line in source.approvals:
        of = (str(line.get("claim") or line.get("script")), str(line["role"]))
        if of not in latest or _ends(line) > _ends(latest[of]):
            latest[of] = line
    severity = ERROR if context.stage == "live" else WARNING
    for (subject, _), line in latest.items():
        if context.today < _ends(line) <= context.soon:
            message = f"the approval of `{subject}` ends on {line['expires']}"
            yield CODE.at(
                line.value("expires"), message, help="have it approved again now", severity=severity
            )


def _ends(line: Map) -> str:
    """Its last day; for one without, a day after all others."""
    return str(line.get("expires") or "9999-12-31")
