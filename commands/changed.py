"""Which lines a change touches: of a unified diff, or of git's since a revision."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from commands import UsageProblem

GIT_TIMEOUT_S = 60
Lines = Mapping[str, frozenset[int]]

_FILE = re.compile(r'\+\+\+ ("(?:[^"\\]|\\.)*"|[^\t]*)')
_HUNK = re.compile(r"@@ -\d+(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


def changed_lines(diff: str) -> Lines:
    """The lines that a unified diff adds or changes, by path without its `b/`. A file it only takes lines from has none."""
    found: dict[str, set[int]] = {}
    here: set[int] = set()
    old = new = at = 0  # what is left of the hunk on either side, and the line it stands at
    for line in diff.split("\n"):
        if old > 0 or new > 0:
            if line.startswith("+"):
                here.add(at)
            at, new = (at, new) if line.startswith(("-", "\\")) else (at + 1, new - 1)
            old -= not line.startswith(("+", "\\"))
        elif named := _FILE.match(line):
            here = found.setdefault(_unquoted(named[1]).removeprefix("b/"), set())
        elif hunk := _HUNK.match(line):
            old, at, new = int(hunk[1] or 1), int(hunk[2]), int(hunk[3] or 1)
    return {path: frozenset(lines) for path, lines in found.items() if path != "/dev/null"}


def _unquoted(path: str) -> str:
    """A path as it is, also when git has written its bytes as `"b/caf\\303\\251"`."""
    if not path.startswith('"'):
        return path.rstrip("\r")
    raw = path[1:-1].encode("latin-1", "replace").decode("unicode_escape")
    return raw.encode("latin-1", "replace").decode("utf-8", "replace")


def changed_since(revision: str, folder: Path) -> Lines:
    """The lines under a folder that differ from where this branch left a revision. Raises UsageProblem."""
    commit = commit_of(revision, folder)
    start = _git(folder, "merge-base", commit, "HEAD") or commit
    diff = _git(
        folder, "-c", "core.quotePath=false", "diff", "--unified=0", "--no-color", "--no-ext-diff", "--no-textconv",
        "--no-relative", "--src-prefix=a/", "--dst-prefix=b/", start.strip(), "--", ".",
    )  # fmt: skip
    return changed_lines(diff)


def commit_of(revision: str, folder: Path) -> str:
    """The full name of the commit that `--base` names. Raises UsageProblem."""
    commit = _git(folder, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}")
    if not commit:
        raise UsageProblem(f"--base {revision} is no revision of this repository; is it fetched?")
    return commit.strip()


def root_of_repository(folder: Path) -> Path | None:
    """The folder that holds `.git`, at or above this one; None outside of a repository."""
    here = folder.resolve()
    return next((place for place in (here, *here.parents) if (place / ".git").exists()), None)


def _git(folder: Path, *arguments: str) -> str:
    """What git prints; empty when it refuses."""
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, timeout=GIT_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageProblem(f"--base needs git: {error}") from None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
