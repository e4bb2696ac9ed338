"""The tenant does not say where its customers' data lies, or who processes it.

A firm that writes to people must be able to tell them, and its regulator, where their messages are kept, in which countries a
model may see them, and which processors are bound by which agreement. `residency` and `processors` in tenant.yaml say so. A
compile for `live` needs both; one for `staging` warns.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5048",
    name="residency-unstated",
    summary="where data lies, or who processes it, is not stated (a warning for staging)",
    explanation=__doc__,
    bad="(no `residency` in tenant.yaml)",
    good="residency:\n  data: GB\n  models: [GB]",
)
NEEDS = frozenset({"tenant"})

WANTED = {
    "residency": "where the data lies and where models see it",
    "processors": "who processes personal data, and under which agreement",
}


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity, tenant = golive.severity(context), source.sections["tenant"]
    for key, what in WANTED.items() if severity is not None else ():
        if key not in tenant:
            message = f"the tenant does not say {what}"
            yield CODE.at(
                source.file("tenant"), message, help=f"add `{key}` to tenant.yaml", severity=severity
            )
