"""Diagnostics for a terminal: the place, the line as it stands with marks under the words meant, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from unicodedata import combining, east_asian_width

from compiler.diagnostics import Diagnostic, Span
from compiler.diagnostics.escape import visible
from compiler.report.facts import View, summary

WIDEST = 160  # columns of somebody's line that are shown
BEFORE = 40  # of them before the words meant, when the line is longer
TAB = "    "
_STYLES = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "help": "\x1b[1;36m", "dim": "\x1b[2m"}
_PLAIN = "\x1b[0m"


def text(view: View) -> str:
    """The whole report for people."""
    out: list[str] = []
    for d in view.diagnostics:
        out += [_headline(view, d), *_excerpts(view, d)]
        if d.help:
            out.append(f"  {_paint(view, 'help', 'help')}: {visible(d.help)}")
        out.append("")
    return "\n".join([*out, summary(view.result)]) + "\n"


def concise(view: View) -> str:
    """A line a fault: `path:line:column: severity code message (help)`."""
    return "\n".join([*(line(view, d) for d in view.diagnostics), summary(view.result)]) + "\n"


def line(view: View, d: Diagnostic) -> str:
    """One fault on one line."""
    told = f"{visible(view.where(d.span))}: {d.severity} {d.code} {visible(d.message)}"
    return f"{told} ({visible(d.help)})" if d.help else told


def excerpt(view: View, span: Span) -> str:
    """The line a span begins on, as much of it as is shown; empty for a whole file."""
    row = view.row(span.file, span.line) if span.line else None
    return "" if row is None else _cut(row, span)[0]


def _headline(view: View, d: Diagnostic) -> str:
    return f"{_paint(view, d.severity, f'{d.severity}[{d.code}]')}: {visible(d.message)}"


def _excerpts(view: View, d: Diagnostic) -> Iterator[str]:
    """The primary place, then those of the labels; places in one file share an excerpt, in the order of its lines."""
    marks = [(d.span, "^", ""), *((label.span, "-", label.text) for label in d.labels)]
    width = len(str(max(span.line for span, _, _ in marks)))
    for arrow, file in zip(
        ["-->", *":" * len(marks)], dict.fromkeys(span.file for span, _, _ in marks), strict=False
    ):
        here = [mark for mark in marks if mark[0].file == file]
        shown = [mark for mark in here if view.row(file, mark[0].line) is not None]
        head = f"{' ' * width} {arrow if arrow == '-->' else ':::'} {visible(view.where(here[0][0]))}"
        note = here[0][2] if here[0] not in shown else ""
        yield f"{head}  {visible(note)}".rstrip()
        yield from _snippet(view, d.severity, sorted(shown, key=lambda m: m[0].line), width)


def _snippet(view: View, severity: str, marks: list[tuple[Span, str, str]], width: int) -> Iterator[str]:
    last = 0
    for span, mark, note in marks:
        row = view.row(span.file, span.line) or ""
        line, first, length = _cut(row, span)
        if last and span.line > last + 1:
            yield f"{'.' * width}"
        if span.line != last:
            yield f"{span.line:>{width}} | {line}"
        under = _paint(view, severity if mark == "^" else "dim", mark * length)
        yield f"{' ' * width} | {' ' * first}{under} {visible(note)}".rstrip()
        last = span.line


def _cut(row: str, span: Span) -> tuple[str, int, int]:
    """(the part of a line that is shown, the column at which the marks begin, how many there are)."""
    end = span.end_column - 1 if span.end_line == span.line else len(row)
    start = min(span.column - 1, len(row))
    begin = max(0, start - BEFORE) if len(row) > WIDEST else 0
    ahead = "…" if begin else ""
    after = "…" if begin + WIDEST < len(row) else ""
    line = ahead + _shown(row[begin : begin + WIDEST]) + after
    first = _columns(ahead + _shown(row[begin:start]))
    meant = _columns(_shown(row[start : min(end, begin + WIDEST)]))
    return line, first, max(1, meant)


def _shown(part: str) -> str:
    return visible(part).replace("\t", TAB)


def _columns(part: str) -> int:
    """How wide a terminal prints it."""
    if part.isascii():
        return len(part)
    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in part)


def _paint(view: View, style: str, words: str) -> str:
    return f"{_STYLES[style]}{words}{_PLAIN}" if view.color else words
