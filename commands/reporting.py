"""What `convo compile` found, told: for which reader, with which paths and links, what of it first, and to which file."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from commands import UsageProblem

if TYPE_CHECKING:
    from compiler.pipeline import CheckResult
    from compiler.report import View

SUMMARY_BYTES = 1 << 20  # GitHub takes no more of one step
TELL_DIGESTS = frozenset({"json", "md"})
FOR_REPOSITORIES = frozenset({"github", "sarif", "md"})  # their paths are from the repository's root


def report(result: CheckResult, given: argparse.Namespace) -> None:
    """To stdout in the form asked for, and where there is a job's summary to that too. Raises UsageProblem."""
    from compiler.report import rendered

    summary = _summary(given)
    view = view_of(result, given, summarised=summary is not None)
    sys.stdout.write(rendered(view, given.format))
    if summary is not None:
        _add_summary(view, summary)


def tells_digests(given: argparse.Namespace) -> bool:
    """Whether the report names each tenant's bundle, so that it must be made even where nothing is written."""
    return given.format in TELL_DIGESTS or _summary(given) is not None


def _summary(given: argparse.Namespace) -> Path | None:
    """The job's summary to add to, where there is one."""
    if given.summary is None and given.format == "github" and os.environ.get("GITHUB_STEP_SUMMARY"):
        return Path(os.environ["GITHUB_STEP_SUMMARY"])
    named: Path | None = given.summary
    return named


def view_of(result: CheckResult, given: argparse.Namespace, *, summarised: bool = False) -> View:
    """The result as whoever asked looks at it: from which folder, in which colours, with which lines first."""
    from commands.terminal import wants_color
    from compiler.report import View

    prefix = docs = ""
    changed: Mapping[str, frozenset[int]] = {}
    if given.format in FOR_REPOSITORIES or summarised:
        from commands.changed import root_of_repository

        repository = root_of_repository(result.root)
        if repository is not None:
            prefix = result.root.resolve().relative_to(repository).as_posix()
            docs = _pages(repository, os.environ)
        changed = _changed(result.root, given)
    return View(
        result=result,
        prefix=prefix,
        color=wants_color(sys.stdout, os.environ),
        changed=changed,
        docs=given.docs or docs or None,
        summarised=summarised,
    )


def _changed(root: Path, given: argparse.Namespace) -> Mapping[str, frozenset[int]]:
    from commands.changed import changed_lines, changed_since

    if given.base is not None and given.changed is not None:
        raise UsageProblem("--base asks git and --changed brings the diff: give one of them")
    if given.base is not None:
        return changed_since(given.base, root)
    if given.changed is None:
        return {}
    try:
        data = sys.stdin.buffer.read() if str(given.changed) == "-" else given.changed.read_bytes()
    except OSError as error:
        raise UsageProblem(f"--changed {given.changed}: {error.strerror}") from None
    return changed_lines(data.decode("utf-8", "replace"))


def _pages(repository: Path, environment: Mapping[str, str]) -> str:
    """Where a code host shows the codes' pages, when it is one and this repository holds them."""
    pages = "docs/reference/diagnostics"
    server, name = environment.get("GITHUB_SERVER_URL"), environment.get("GITHUB_REPOSITORY")
    if not server or not name or not (repository / pages).is_dir():
        return ""
    return f"{server}/{name}/blob/{environment.get('GITHUB_SHA') or 'HEAD'}/{pages}"


def _add_summary(view: View, path: Path) -> None:
    from compiler.report.page import page

    try:
        taken = path.stat().st_size if path.exists() else 0
        text = page(view, most=SUMMARY_BYTES - taken - 1024)
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise UsageProblem(f"--summary {path}: {error.strerror}") from None
