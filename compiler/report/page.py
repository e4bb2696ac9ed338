"""Diagnostics as Markdown: a job's summary, or a page for reviewers. Nothing of a tenant's text acts on who reads it."""

from __future__ import annotations

from itertools import groupby

from compiler.diagnostics import Diagnostic, Span
from compiler.diagnostics.escape import markdown
from compiler.report.facts import View, summary
from compiler.report.text import excerpt
from compiler.rules import CODES

LARGEST = (1 << 20) - 4096  # bytes: GitHub refuses a step's summary of more than 1 MiB
LONGEST_LINE = 120  # characters of an excerpt
_SIGNS = {"error": "❌", "warning": "⚠️"}


def page(view: View, *, most: int = LARGEST) -> str:
    """Tables of errors by tenant or pack, then of warnings, then each tenant's digest. Never more than `most` bytes of UTF-8."""
    head = f"## convo: {markdown(summary(view.result))}\n"
    tail = _digests(view)
    room = most - len(head.encode()) - len(tail.encode()) - 200
    if room < 0:  # thousands of tenants: who asks for the digests of all reads the JSON
        tail, room = "", most - len(head.encode()) - 200
    parts, shown = [head], 0
    ranked = sorted(
        view.diagnostics, key=lambda d: not d.is_error
    )  # what is cut off at the end should weigh least
    for (severity, folder), members in groupby(ranked, key=lambda d: (d.severity, _folder(d))):
        opening = f"\n### {markdown(folder)}: {severity}s\n\n| | where | what |\n|---|---|---|\n"
        for row in (_row(view, d) for d in members):
            block = opening + row
            room -= len(block.encode())
            if room < 0:
                break
            parts.append(block)
            opening = ""
            shown += 1
        if room < 0:
            break
    rest = len(view.diagnostics) - shown
    note = f"\n+{rest} more are not shown here: `convo compile --check` prints all.\n" if rest else ""
    return "".join([*parts, note, tail])


def _row(view: View, d: Diagnostic) -> str:
    code = f"[{d.code}]({view.page(d.code)})" if view.docs else d.code
    where = _where(view, d.span)
    line = excerpt(view, d.span).strip()[:LONGEST_LINE]
    what = [f"**{markdown(d.message)}**", *([markdown(d.help)] if d.help else [])]
    what += [f"<kbd>{markdown(line)}</kbd>"] if line else []
    what += [f"{_where(view, label.span)}: {markdown(label.text)}" for label in d.labels]
    return (
        f"| {_SIGNS[d.severity]} {d.severity} {code} {CODES[d.code].name} | {where} | {'<br>'.join(what)} |\n"
    )


def _where(view: View, span: Span) -> str:
    path = markdown(view.path(span.file))
    return f"{path} line {span.line}" if span.line else path


def _folder(d: Diagnostic) -> str:
    parts = d.span.file.split("/")
    return "/".join(parts[:2]) if parts[0] == "_packs" else parts[0] or "the folder of tenants"


def _digests(view: View) -> str:
    rows = [
        f"| {markdown(slug)} | {'has errors' if c is None else f'`{c.digest}`'} | {'yes' if c and c.unapproved else ''} |\n"
        for slug, c in view.result.tenants.items()
    ]
    return "".join(["\n### Bundles\n\n| tenant | digest | unapproved |\n|---|---|---|\n", *rows])
