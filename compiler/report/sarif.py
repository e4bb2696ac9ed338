"""Diagnostics as SARIF 2.1.0: rules with their pages, related places, fixes and fingerprints, within what GitHub takes."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from compiler.diagnostics import Code, Diagnostic, Edit, Span
from compiler.report.facts import View
from compiler.rules import CODES

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
MOST_RESULTS = 25_000  # of a run; GitHub refuses the file beyond
MOST_RELATED = 100  # places GitHub shows of one result
ROOT = "%SRCROOT%"  # paths are relative to the repository
PASSES = {
    "1": "discover",
    "2": "yaml",
    "3": "schema",
    "4": "link",
    "5": "lint",
    "6": "approval",
    "7": "change",
    "8": "bundle",
}


def sarif(view: View) -> str:
    """One run. More than 25,000 results are cut, errors kept first, and the run says how many went."""
    ranked = (
        sorted(view.diagnostics, key=view.urgency)
        if len(view.diagnostics) > MOST_RESULTS
        else view.diagnostics
    )
    shown = ranked[:MOST_RESULTS]
    codes = {code: index for index, code in enumerate(sorted({d.code for d in shown}))}
    driver = {
        "name": "convo",
        "semanticVersion": _version(),
        "rules": [_rule(view, CODES[code]) for code in codes],
    }
    run = {
        "tool": {"driver": driver},
        "invocations": [_invocation(len(view.diagnostics) - len(shown))],
        "originalUriBaseIds": {ROOT: {"description": {"text": "The root of the repository."}}},
        "columnKind": "unicodeCodePoints",
        "results": _results(view, shown, codes),
    }
    document = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(document, indent=2, ensure_ascii=False).encode("utf-8", "replace").decode() + "\n"


def _version() -> str:
    """That of the installed distribution; a checkout that is not installed has none."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("convo-engine")
    except PackageNotFoundError:
        return "0.0.0"


def _rule(view: View, code: Code) -> dict[str, Any]:
    explanation = " ".join(code.explanation.split())
    text = f"{explanation}\n\nWrong:\n{code.bad}\n\nRight:\n{code.good}"
    markdown = f"{explanation}\n\nWrong:\n\n{_indented(code.bad)}\n\nRight:\n\n{_indented(code.good)}\n"
    return {
        "id": code.code,
        "name": "".join(word.capitalize() for word in code.name.split("-")),
        "shortDescription": {"text": code.summary},
        "fullDescription": {"text": explanation},
        "help": {"text": text, "markdown": markdown},
        "helpUri": view.page(code.code),
        "defaultConfiguration": {"level": code.severity},
        "properties": {"tags": [PASSES.get(code.code[2], "other")], "precision": "very-high"},
    }


def _results(view: View, shown: Any, codes: dict[str, int]) -> list[dict[str, Any]]:
    twins: Counter[str] = Counter()
    results = []
    for d in shown:
        print_ = _fingerprint(view, d)
        results.append({
            "ruleId": d.code,
            "ruleIndex": codes[d.code],
            "level": d.severity,
            "message": {"text": d.message + (f" ({d.help})" if d.help else "")},
            "locations": [_location(view, d.span)],
            "relatedLocations": [
                {"id": n, **_location(view, label.span), "message": {"text": label.text}}
                for n, label in enumerate(d.labels[:MOST_RELATED])
            ],
            "partialFingerprints": {"convoFault/v1": f"{print_}:{twins[print_]}"},
            **({"fixes": [_fix(view, d)]} if d.fix else {}),
        })  # fmt: skip
        twins[print_] += 1
    return results


def _fingerprint(view: View, d: Diagnostic) -> str:
    """The same for the same fault on the same words, wherever in the file they have moved to."""
    from hashlib import sha256

    row = (view.row(d.span.file, d.span.line) or "").strip() if d.span.line else ""
    told = "\0".join([d.code, d.span.file, row, d.message])
    return sha256(told.encode("utf-8", "replace")).hexdigest()[:32]


def _fix(view: View, d: Diagnostic) -> dict[str, Any]:
    assert d.fix is not None
    files = dict.fromkeys(edit.span.file for edit in d.fix.edits)
    return {
        "description": {"text": d.help or "put it right"},
        "artifactChanges": [
            {
                "artifactLocation": _artifact(view, file),
                "replacements": [_replacement(e) for e in d.fix.edits if e.span.file == file],
            }
            for file in files
        ],
    }


def _replacement(edit: Edit) -> dict[str, Any]:
    return {"deletedRegion": _region(edit.span), "insertedContent": {"text": edit.text}}


def _location(view: View, span: Span) -> dict[str, Any]:
    place: dict[str, Any] = {"artifactLocation": _artifact(view, span.file)}
    if span.line:
        place["region"] = _region(span)
    return {"physicalLocation": place}


def _artifact(view: View, file: str) -> dict[str, str]:
    from urllib.parse import quote

    return {"uri": quote(view.path(file).encode("utf-8", "surrogateescape")), "uriBaseId": ROOT}


def _region(span: Span) -> dict[str, int]:
    return {
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    }


def _invocation(cut: int) -> dict[str, Any]:
    if not cut:
        return {"executionSuccessful": True}
    words = f"{cut} results are not in this file, which may hold {MOST_RESULTS:,}; errors were kept first."
    return {
        "executionSuccessful": True,
        "toolExecutionNotifications": [{"level": "warning", "message": {"text": words}}],
    }


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())
