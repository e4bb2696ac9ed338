"""Diagnostics as JSON, for programs: `"format": "convo.diagnostics/v1"`."""

from __future__ import annotations

import json
from typing import Any

from compiler.diagnostics import Diagnostic, Span
from compiler.report.facts import View
from compiler.rules import CODES

FORMAT = "convo.diagnostics/v1"  # a field may be added to a version; what one means never changes in it


def as_json(view: View) -> str:
    """The whole report as one object: each tenant with its digest (null when it has errors), and every diagnostic."""
    found = view.diagnostics
    errors = sum(d.is_error for d in found)
    fixable = sum(d.fix is not None for d in found)
    document = {
        "format": FORMAT,
        "tenants": {slug: _tenant(compiled) for slug, compiled in view.result.tenants.items()},
        "summary": {"errors": errors, "warnings": len(found) - errors, "fixable": fixable},
        "diagnostics": [_object(view, d) for d in found],
    }
    return json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


def _tenant(compiled: Any) -> dict[str, Any] | None:
    if compiled is None:
        return None
    return {"digest": compiled.digest, "bytes": compiled.size, "unapproved": compiled.unapproved}


def _object(view: View, d: Diagnostic) -> dict[str, Any]:
    return {
        "code": d.code,
        "name": CODES[d.code].name,
        "severity": d.severity,
        "message": d.message,
        "span": _span(view, d.span),
        "labels": [{"span": _span(view, label.span), "text": label.text} for label in d.labels],
        "help": d.help,
        "fix": [{"span": _span(view, e.span), "text": e.text} for e in d.fix.edits] if d.fix else None,
    }


def _span(view: View, span: Span) -> dict[str, Any]:
    return {
        "file": view.path(span.file),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }
