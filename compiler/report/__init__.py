"""Diagnostics for their readers: people at a terminal, programs, a code host's pull request, its scanner, a reviewer's page."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from compiler.diagnostics.escape import visible
from compiler.report.facts import Result, View, many, summary

if TYPE_CHECKING:
    from compiler.report.manual import code_of, codes_as_json, explain, index

__all__ = [
    "FORMATS", "Result", "View", "code_of", "codes_as_json", "explain", "index", "many", "render", "rendered",
    "summary", "visible",
]  # fmt: skip

FORMATS = ("text", "concise", "json", "github", "sarif", "md")

_MANUAL = frozenset({"code_of", "codes_as_json", "explain", "index"})


def __getattr__(name: str) -> Any:
    """The manual stands in every rule: loading them all costs more than a check whose results are in the cache."""
    if name not in _MANUAL:
        raise AttributeError(name)
    from compiler.report import manual

    return getattr(manual, name)


def render(
    result: Result,
    format: str = "text",
    *,
    color: bool = False,
    prefix: str = "",
    changed: Mapping[str, frozenset[int]] | None = None,
    docs: str | None = None,
) -> str:
    """The whole report as text, ending in a line end. The options are those of View. Raises ValueError for an unknown format."""
    return rendered(View(result=result, color=color, prefix=prefix, changed=changed or {}, docs=docs), format)


def rendered(view: View, format: str) -> str:
    """The same of a View. Raises ValueError for an unknown format."""
    if format not in FORMATS:
        raise ValueError(f"unknown format {format!r}; there are {', '.join(FORMATS)}")
    return _renderer(format)(view)


def _renderer(format: str) -> Callable[[View], str]:
    """Only what is asked for is loaded: most runs print text."""
    match format:
        case "text":
            from compiler.report.text import text as made
        case "concise":
            from compiler.report.text import concise as made
        case "json":
            from compiler.report.machine import as_json as made
        case "github":
            from compiler.report.github import github as made
        case "sarif":
            from compiler.report.sarif import sarif as made
        case _:
            from compiler.report.page import page as made
    return made
