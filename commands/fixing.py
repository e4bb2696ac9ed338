"""`compile --fix` and `--diff`: what was put right, or would be."""

from __future__ import annotations

import difflib
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from commands import UsageProblem

if TYPE_CHECKING:
    from compiler.diagnostics import Diagnostic
    from compiler.fix import Check, Repair
    from compiler.report import View


def repaired(root: Path, diagnostics: Sequence[Diagnostic], check: Check) -> Repair:
    """What the fixes come to. Writes nothing. Raises UsageProblem for a file that may not be rewritten."""
    from compiler.fix import FixRefused, repair

    try:
        return repair(root, diagnostics, check)
    except FixRefused as refused:
        raise UsageProblem(str(refused)) from None


def put_right(root: Path, repair: Repair) -> None:
    """Write it. Raises UsageProblem, before anything is written, when a file has changed meanwhile."""
    from compiler.fix import FixRefused, write

    try:
        write(root, repair.rewrites)
    except (FixRefused, OSError) as refused:
        raise UsageProblem(str(refused)) from None


def told(view: View, repair: Repair) -> str:
    """What was put right, a line a fault."""
    from compiler.diagnostics.escape import visible
    from compiler.report import many

    if not repair.rewrites:
        return "nothing can be put right by machine\n"
    lines = [
        f"fixed {visible(view.where(d.span))}: {d.code} {visible(d.message)}"
        for d in repair.fixed
        if d.fix is not None
    ]
    counts = f"put right: {many(len(lines), 'fault')} in {many(len(repair.rewrites), 'file')}"
    return "\n".join([*lines, counts]) + "\n\n"


def diff(view: View, repair: Repair) -> str:
    """The change as one unified diff that `git apply` takes; spelt out where a terminal would act on it."""
    from compiler.diagnostics.escape import visible

    out: list[str] = []
    for rewrite in repair.rewrites:
        path = view.path(rewrite.file)
        for line in _unified(rewrite.before, rewrite.after, path):
            shown = visible(line.rstrip("\r\n")) + "\n" if sys.stdout.isatty() else line
            out.append(shown)
    return "".join(out)


def _unified(before: str, after: str, path: str) -> Iterator[str]:
    lines = difflib.unified_diff(_lines(before), _lines(after), f"a/{path}", f"b/{path}")
    for line in lines:
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(text: str) -> list[str]:
    """Lines with their ends, as diff and git count them."""
    parts = text.split("\n")
    return [f"{part}\n" for part in parts[:-1]] + ([parts[-1]] if parts[-1] else [])
