"""Diagnostics as workflow commands: annotations on the lines of a pull request, as many as GitHub shows, the gravest first."""

from __future__ import annotations

from compiler.diagnostics import Diagnostic
from compiler.diagnostics.escape import visible, workflow_command, workflow_property
from compiler.report.facts import View, summary
from compiler.report.text import line
from compiler.rules import CODES

ANNOTATIONS_PER_LEVEL = 10  # GitHub drops the rest of a step's without saying so


def github(view: View) -> str:
    """At most ten errors and ten warnings, those on changed lines first, and a notice about the rest; then the summary."""
    ranked = sorted(view.diagnostics, key=view.urgency)
    shown: list[Diagnostic] = []
    for level in ("error", "warning"):
        shown += [d for d in ranked if d.severity == level][:ANNOTATIONS_PER_LEVEL]
    out = [_annotation(view, d) for d in shown]
    told = {id(d) for d in shown}
    rest = [d for d in ranked if id(d) not in told]
    if rest:
        where = "the job summary" if view.summarised else "the log below"
        out.append(f"::notice title=convo::+{len(rest)} more, see {where}")
    if not view.summarised:
        out += [log_line(line(view, d)) for d in rest]
    return "\n".join([*out, log_line(summary(view.result))]) + "\n"


def log_line(text: str) -> str:
    """A line of a workflow's log that is no command in either of the runner's two notations."""
    shown = visible(text).replace("##[", "# #[")
    return f": :{shown.lstrip()[2:]}" if shown.lstrip().startswith("::") else shown


def _annotation(view: View, d: Diagnostic) -> str:
    place = f"file={workflow_property(view.path(d.span.file))}"
    if d.span.line:
        place += f",line={d.span.line},col={d.span.column},endLine={d.span.end_line}"
        if d.span.end_line == d.span.line:  # columns of several lines are refused
            place += f",endColumn={max(d.span.column, d.span.end_column - 1)}"
    title = workflow_property(f"{d.code} {CODES[d.code].name}")
    message = d.message + (f"\n{d.help}" if d.help else "")
    return f"::{d.severity} {place},title={title}::{workflow_command(message)}"
