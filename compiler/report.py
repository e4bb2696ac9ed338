"""Diagnostics for their readers: text with the line and a caret, one line each, JSON, GitHub annotations, SARIF."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from compiler.diagnostics import Diagnostic, Span
from compiler.rules import CODES

FORMATS = ("text", "concise", "json", "github", "sarif")
ANNOTATIONS_PER_LEVEL = 10  # GitHub drops the rest of a step's without saying so
_INVISIBLE = {
    c: f"<U+{c:04X}>"
    for c in (*range(0x200B, 0x2010), *range(0x202A, 0x202F), *range(0x2066, 0x206A), 0xFEFF)
}
_CONTROLS = {c: f"<U+{c:04X}>" for c in (*range(0x20), 0x7F, *range(0x80, 0xA0)) if c != 0x09}


class Result(Protocol):
    """What is rendered: the pipeline's CheckResult."""

    @property
    def root(self) -> Path: ...
    @property
    def diagnostics(self) -> Sequence[Diagnostic]: ...
    @property
    def sources(self) -> Mapping[str, str]: ...
    @property
    def tenants(self) -> Mapping[str, Any]: ...


def render(result: Result, format: str = "text", *, color: bool = False) -> str:
    """The whole report as text, ending in a line end. Raises ValueError for an unknown format."""
    renderers: dict[str, Callable[[Result], str]] = {
        "text": lambda r: _text(r, color=color),
        "concise": _concise,
        "json": _json,
        "github": _github,
        "sarif": _sarif,
    }
    if format not in renderers:
        raise ValueError(f"unknown format {format!r}; there are {', '.join(FORMATS)}")
    return renderers[format](result)


def explain(code: str) -> str:
    """A code's manual page. Raises KeyError for an unknown code."""
    page = CODES[code.upper()]
    return "\n".join([
        f"{page.code} {page.name} ({page.severity})",
        "",
        page.explanation.strip(),
        "",
        "Wrong:",
        _indent(page.bad),
        "",
        "Right:",
        _indent(page.good),
        "",
    ])  # fmt: skip


def visible(text: str) -> str:
    """Somebody's text, safe to print: control, bidirectional and invisible characters are spelt out."""
    return text.translate(_INVISIBLE | _CONTROLS)


def _indent(text: str) -> str:
    return "\n".join(f"    {line}" for line in text.splitlines())


# ---- text ----------------------------------------------------------------------------------------------------------

_COLORS = {"error": "\x1b[1;31m", "warning": "\x1b[1;33m", "help": "\x1b[1;36m", "dim": "\x1b[2m"}
_PLAIN = "\x1b[0m"


def _text(result: Result, *, color: bool) -> str:
    def paint(style: str, text: str) -> str:
        return f"{_COLORS[style]}{text}{_PLAIN}" if color else text

    out: list[str] = []
    for d in result.diagnostics:
        out.append(f"{paint(d.severity, f'{d.severity}[{d.code}]')}: {visible(d.message)}")
        out += _excerpt(result, d.span, "^", partial(paint, d.severity))
        for label in d.labels:
            out += _excerpt(result, label.span, "-", partial(paint, "dim"), label.text)
        if d.help:
            out.append(f"  {paint('help', 'help')}: {visible(d.help)}")
        out.append("")
    out.append(_summary(result))
    return "\n".join(out) + "\n"


def _excerpt(
    result: Result, span: Span, mark: str, paint: Callable[[str], str], note: str = ""
) -> Iterator[str]:
    """The place, the line as it stands, and marks under the words meant."""
    yield f"  --> {_where(result, span)}" + (f"  {visible(note)}" if note and not span.line else "")
    lines = result.sources.get(span.file, "").splitlines()
    if not 0 < span.line <= len(lines):
        return
    line = visible(lines[span.line - 1])
    first = len(visible(lines[span.line - 1][: span.column - 1]))
    last = (
        len(visible(lines[span.line - 1][: span.end_column - 1])) if span.end_line == span.line else len(line)
    )
    number = str(span.line)
    yield f"   {number} | {line}"
    yield f"   {' ' * len(number)} | {' ' * first}{paint(mark * max(1, last - first))} {visible(note)}".rstrip()


def _where(result: Result, span: Span) -> str:
    path = visible(f"{result.root}/{span.file}" if span.file else str(result.root))
    return f"{path}:{span.line}:{span.column}" if span.line else path


def _summary(result: Result) -> str:
    errors = sum(d.is_error for d in result.diagnostics)
    warnings = len(result.diagnostics) - errors
    count = f"{len(result.tenants)} tenant{'' if len(result.tenants) == 1 else 's'}"
    if not result.diagnostics:
        return f"{count}: no faults"
    return f"{count}: {_many(errors, 'error')}, {_many(warnings, 'warning')}"


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _concise(result: Result) -> str:
    lines = [
        f"{_where(result, d.span)}: {d.severity} {d.code} {visible(d.message)}"
        + (f" ({visible(d.help)})" if d.help else "")
        for d in result.diagnostics
    ]
    return "\n".join([*lines, _summary(result)]) + "\n"


# ---- for machines --------------------------------------------------------------------------------------------------


def _json(result: Result) -> str:
    tenants = {
        slug: {"digest": c.digest, "bytes": len(c.bundle), "unapproved": c.unapproved}
        if c is not None
        else None
        for slug, c in result.tenants.items()
    }
    document = {"tenants": tenants, "diagnostics": [_object(result, d) for d in result.diagnostics]}
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _object(result: Result, d: Diagnostic) -> dict[str, Any]:
    return {
        "code": d.code,
        "name": CODES[d.code].name,
        "severity": d.severity,
        "message": d.message,
        "span": _span(result, d.span),
        "labels": [{"span": _span(result, label.span), "text": label.text} for label in d.labels],
        "help": d.help,
        "fix": {"span": _span(result, d.fix.span), "text": d.fix.text} if d.fix else None,
    }


def _span(result: Result, span: Span) -> dict[str, Any]:
    return {
        "file": f"{result.root}/{span.file}" if span.file else str(result.root),
        "line": span.line,
        "column": span.column,
        "end_line": span.end_line,
        "end_column": span.end_column,
    }


def _github(result: Result) -> str:
    """Workflow commands, the gravest first, and a notice about those GitHub would not show."""
    out: list[str] = []
    for level in ("error", "warning"):
        found = [d for d in result.diagnostics if d.severity == level]
        for d in found[:ANNOTATIONS_PER_LEVEL]:
            place = f"file={_property(f'{result.root}/{d.span.file}')}"
            if d.span.line:
                place += f",line={d.span.line},col={d.span.column},endLine={d.span.end_line}"
            text = d.message + (f"\n{d.help}" if d.help else "")
            out.append(
                f"::{level} {place},title={_property(f'{d.code} {CODES[d.code].name}')}::{_data(text)}"
            )
        if len(found) > ANNOTATIONS_PER_LEVEL:
            out.append(f"::notice::{len(found) - ANNOTATIONS_PER_LEVEL} more {level}s: see the log")
    return "\n".join([*out, _summary(result)]) + "\n"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _sarif(result: Result) -> str:
    used = sorted({d.code for d in result.diagnostics})
    rules = [
        {
            "id": code,
            "name": CODES[code].name,
            "shortDescription": {"text": CODES[code].summary},
            "fullDescription": {"text": CODES[code].explanation.strip()},
        }
        for code in used
    ]
    run = {
        "tool": {"driver": {"name": "convo", "rules": rules}},
        "columnKind": "unicodeCodePoints",
        "results": [
            {
                "ruleId": d.code,
                "ruleIndex": used.index(d.code),
                "level": d.severity,
                "message": {"text": d.message + (f" ({d.help})" if d.help else "")},
                "locations": [_location(result, d.span)],
                "relatedLocations": [
                    {**_location(result, label.span), "message": {"text": label.text}} for label in d.labels
                ],
            }
            for d in result.diagnostics
        ],
    }
    schema = "https://json.schemastore.org/sarif-2.1.0.json"
    return (
        json.dumps({"$schema": schema, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)
        + "\n"
    )


def _location(result: Result, span: Span) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": {"uri": Path(f"{result.root}/{span.file}").as_posix()}}
    if span.line:
        place["region"] = {
            "startLine": span.line,
            "startColumn": span.column,
            "endLine": span.end_line,
            "endColumn": span.end_column,
        }
    return {"physicalLocation": place}
