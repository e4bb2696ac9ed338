"""`convo compile --watch`: on every save, says what the tenant that was changed has come to. Writes nothing.

Whether to look again is asked of the files' times and sizes; what they hold decides everything else. What did not change is
not compiled again, and what was said of it is not repeated.
"""

from __future__ import annotations

import gc
import os
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import TextIO

from commands import OK
from compiler.cache import Cache
from compiler.diagnostics import Diagnostic
from compiler.pipeline import CheckResult, check
from compiler.report import render

LOOK_S = 0.05
LOOK_SHARE = (
    5  # a look that takes long (thousands of tenants) is followed by a pause of that many times its length
)
COMPARED_TENANTS = 200  # up to so many, a change is held against every neighbour at once
UNKNOWN_FILE = "CV1001"

Stamp = tuple[int, int, int]


def watch(
    root: Path,
    only: Sequence[str] = (),
    *,
    today: Callable[[], date],
    stage: str,
    out: TextIO = sys.stdout,
    color: bool = False,
    now: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    stop: threading.Event | None = None,
) -> int:
    """Runs until Ctrl-C or `stop`, and ends with 0: being told of faults is what one is there for."""
    stop = stop or threading.Event()
    told = _Told(out=out, color=color, now=now)
    memory = Cache(None, "")  # of this process only: whoever edits the compiler starts it again
    seen: Mapping[str, Stamp] | None = None
    gc.enable()  # the command line turns it off for its one short run
    try:
        while not stop.is_set():
            began = time.monotonic()
            found = _stamps(root)
            look_s = time.monotonic() - began
            if found != seen:
                changed = _tenants(seen, found) if seen is not None else None
                seen = found
                slugs = _asked(root, only, changed)
                told.of(
                    check(root, today=today(), only=slugs, stage=stage, cache=memory, bundles=False), changed
                )
            stop.wait(max(LOOK_S, look_s * LOOK_SHARE))
    except KeyboardInterrupt:
        out.write("\n")
    return OK


class _Told:
    """What has been said, so that it is not said again."""

    def __init__(self, *, out: TextIO, color: bool, now: Callable[[], datetime]) -> None:
        self.out, self.color, self.now = out, color, now
        self.before: frozenset[Diagnostic] = frozenset()

    def of(self, result: CheckResult, changed: Collection[str] | None) -> None:
        """The faults of the tenants that were changed, and new ones of any other. None: everything was looked at."""
        found = [d for d in result.diagnostics if not _an_editor_s(d)]
        shown = found
        if changed:
            shown = [d for d in found if d.span.file.partition("/")[0] in changed or d not in self.before]
            result = replace(result, tenants={s: c for s, c in result.tenants.items() if s in changed})
        self.before = frozenset(found)
        about = ", ".join(sorted(changed)) if changed else f"{result.root}"
        self.out.write(f"[{self.now():%H:%M:%S}] {about}\n")
        self.out.write(render(replace(result, diagnostics=tuple(shown)), color=self.color))
        self.out.flush()


def _asked(root: Path, only: Sequence[str], changed: Collection[str] | None) -> Sequence[str]:
    """The tenants to look at; none means all."""
    if only or not changed:
        return only
    there = [slug for slug in sorted(changed) if (root / slug).is_dir()]
    many = sum(1 for _ in os.scandir(root)) > COMPARED_TENANTS
    return there if many and len(there) == len(changed) else ()


def _tenants(before: Mapping[str, Stamp], after: Mapping[str, Stamp]) -> Collection[str] | None:
    """The tenants whose files differ; None when a pack's, an organisation's or no folder's do."""
    files = {file for file in before.keys() | after.keys() if before.get(file) != after.get(file)}
    slugs = {file.partition("/")[0] for file in files if not _hidden(file)}
    return None if any(slug.startswith("_") for slug in slugs) else slugs


def _stamps(root: Path) -> Mapping[str, Stamp]:
    """Every file below, with what tells that it was written. One that vanishes meanwhile is not there."""
    found: dict[str, Stamp] = {}
    folders = [(f"{root}", "")]
    while folders:
        folder, prefix = folders.pop()
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    name = prefix + entry.name
                    if entry.is_dir(follow_symlinks=False):
                        folders.append((entry.path, f"{name}/"))
                    elif not _hidden(name):
                        about = entry.stat(follow_symlinks=False)
                        found[name] = (about.st_mtime_ns, about.st_size, about.st_ino)
        except OSError:
            continue
    return found


def _hidden(file: str) -> bool:
    """An editor's own: a swap file, a backup, a file it writes before it renames it."""
    name = file.rpartition("/")[2]
    return name.startswith((".", "#")) or name.endswith(("~", ".swp", ".tmp", ".part")) or name.isdigit()


def _an_editor_s(d: Diagnostic) -> bool:
    return d.code == UNKNOWN_FILE and _hidden(d.span.file)
