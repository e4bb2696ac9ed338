"""A report for a terminal or a workflow's log: one line a group, then every miss with what was expected and what came."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics.escape import log_line
from drills.reports.before import Change
from drills.reports.values import Report, Row

NAMED = 12  # ids of one kind of change; the report as JSON has them all


def table(report: Report, change: Change | None = None) -> str:
    """No text of a tenant begins a line or acts in a log. `change`: what `compare` found."""
    width = max((len(group) for group in report.groups), default=0)
    lines = [f"{report.kind} {report.tenant}  {report.digest[:19]}  seed {report.seed}", ""]
    for group in report.groups:
        rows = [row for row in report.rows if row.group == group]
        missed = sum(not row.ok for row in rows)
        lines.append(f"{'FAIL' if missed else 'ok  '}  {group:<{width}}  {len(rows) - missed} of {len(rows)}")
    for row in report.missed:
        lines += ["", *_miss(row)]
    lines += ["", f"{len(report.rows)} played, {len(report.missed)} failed"]
    lines += changes(change) if change is not None else []
    return "\n".join(lines)


def _miss(row: Row) -> Iterator[str]:
    yield f"FAIL  {log_line(row.id)}  ({row.group}, {row.strategy})"
    yield from (f"      {log_line(fault)}" for fault in row.faults)
    for said in row.transcript:
        behind = f"[{', '.join(said.claims) or 'no claim'}] " if said.who == "bot" else ""
        yield f"      {said.who}: {behind}{log_line(said.text)}"


def changes(change: Change, *, gone: str = "not played any more") -> Iterator[str]:
    """What differs from the run before, a line each way. `gone`: what is said of rows that are not there any more."""
    for word, ids in (
        ("newly failing", change.newly_failing),
        ("newly passing", change.newly_passing),
        (gone, change.gone),
    ):
        if ids:
            more = f" and {len(ids) - NAMED} more" if len(ids) > NAMED else ""
            yield f"{word}: {', '.join(map(log_line, ids[:NAMED]))}{more}"
    if change.nothing:
        yield "as the run before"
