"""Which version of the tenant schema a file is written for, and what there is to say when it is not ours. Pure.

Version 1 had no `schema:` in tenant.yaml, and lines of approvals.yaml without `author` and `via`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.diagnostics import Diagnostic, Span
from compiler.diagnostics import codes as c
from compiler.source.files import Parsed
from compiler.source.tree import Map, Seq

CURRENT = 2
KEY = "schema"
SINCE_TWO = ("author", "via")  # keys every line of approvals.yaml has since version 2


def version_fault(parsed: Parsed) -> Diagnostic | None:
    """The one thing to say about a file of another version; None for a file of ours."""
    match parsed.kind, parsed.data:
        case "tenant", Map() as tenant:
            return _of_tenant(tenant)
        case "approvals", Seq() as lines:
            old = next(old_lines(lines), None)
            return None if old is None else _old(old.at())
        case _:
            return None


def old_lines(lines: Any) -> Iterator[Map]:
    """The lines of approvals.yaml that version 1 signed: whole but for what it did not know."""
    for line in lines if isinstance(lines, Seq) else ():
        if isinstance(line, Map) and "signature" in line and not any(key in line for key in SINCE_TWO):
            yield line


def _of_tenant(tenant: Map) -> Diagnostic | None:
    if KEY not in tenant:
        return _old(tenant.at()) if "slug" in tenant else None
    written = tenant[KEY]
    if type(written) is not int or written == CURRENT:
        return None  # what is no number is the schema's to say
    if written < CURRENT:
        return _old(tenant.value(KEY), written)
    return c.VERSION.at(
        tenant.value(KEY),
        f"written for schema {written}; this release reads schema {CURRENT}",
        help="install the release these files were written for, or a later one",
    )


def _old(span: Span, written: int = 1) -> Diagnostic:
    return c.VERSION.at(span, f"written for schema {written}: run `convo upgrade`")
