"""Puts right what only one edit can put right: works it out on a copy, round after round, then writes each file at once."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from compiler.diagnostics import Diagnostic
from compiler.edits import Edit, Patch

MOST_ROUNDS = 10  # a fix can bring to light another fault, which may have a fix
SHARED = ("_packs", "_organisations")

Check = Callable[[Path, Sequence[str]], Sequence[Diagnostic]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rewrite:
    """What a file holds and what it is to hold. `file` is relative to the folder of tenants."""

    file: str
    before: str
    after: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Repair:
    """Every file that changes, and the faults that are gone by it, in the order in which they were dealt with."""

    rewrites: tuple[Rewrite, ...] = ()
    fixed: tuple[Diagnostic, ...] = ()


class FixRefused(Exception):
    """A file that cannot be rewritten as it stands: a link, not a plain file, or changed by somebody meanwhile."""


def repair(root: Path, diagnostics: Sequence[Diagnostic], check: Check) -> Repair:
    """All the fixes of these diagnostics and of those that come to light by them. Writes nothing under `root`.

    `check(folder, slugs)` gives the diagnostics of some tenants of a folder. Raises FixRefused for a link.
    """
    fixable = [d for d in diagnostics if d.fix is not None]
    if not fixable:
        return Repair()
    slugs = sorted({d.span.file.split("/")[0] for d in fixable} - set(SHARED))
    if any(d.span.file.startswith(SHARED) for d in fixable):
        slugs = []  # of a pack every tenant may come to say something else
    for file in {edit.span.file for d in fixable for edit in _edits(d)}:
        read(root, file)
    with tempfile.TemporaryDirectory(prefix="convo-fix-") as folder:
        copy = Path(folder) / "tenants"
        _copy(root, copy, slugs)
        return _rounds(root, copy, fixable, lambda: check(copy, slugs))


def write(root: Path, rewrites: Iterable[Rewrite]) -> None:
    """Each file replaced in one step, with the mode it had. Raises FixRefused when one is a link or has changed meanwhile."""
    rewrites = tuple(rewrites)
    for rewrite in rewrites:
        if read(root, rewrite.file) != rewrite.before:
            raise FixRefused(f"{root / rewrite.file} has changed meanwhile; nothing was written")
    for rewrite in rewrites:
        _replace(root / rewrite.file, rewrite.after.encode("utf-8"))


def read(root: Path, file: str) -> str:
    """A file's text as it stands, byte order mark and line ends included. Raises FixRefused for what is no plain file."""
    path = root / file
    parents = [root / parent for parent in Path(file).parents if parent != Path(".")]
    if ".." in Path(file).parts or any(parent.is_symlink() for parent in [path, *parents]):
        raise FixRefused(f"{path} is, or lies behind, a symbolic link: it is not followed")
    try:
        return path.read_bytes().decode("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FixRefused(f"{path} cannot be read as UTF-8 text: {error}") from None


def applied(
    texts: Mapping[str, str], diagnostics: Iterable[Diagnostic]
) -> tuple[dict[str, str], list[Diagnostic]]:
    """The texts after every fix that overlaps no earlier one, and the faults those belong to. A fix is taken whole or not."""
    patches = {file: Patch(text) for file, text in texts.items()}
    done: list[Diagnostic] = []
    for d in diagnostics:
        by_file: dict[str, list[Edit]] = {}
        for edit in _edits(d):
            by_file.setdefault(edit.span.file, []).append(edit)
        if all(patches[file].fits(edits) for file, edits in by_file.items()):
            for file, edits in by_file.items():
                patches[file].take(edits)
            done.append(d)
    return {file: patch.result() for file, patch in patches.items()}, done


def _rounds(
    root: Path, copy: Path, fixable: list[Diagnostic], again: Callable[[], Sequence[Diagnostic]]
) -> Repair:
    now: dict[str, str] = {}
    fixed: list[Diagnostic] = []
    for _ in range(MOST_ROUNDS):
        texts = {
            file: read(copy, file) for file in dict.fromkeys(e.span.file for d in fixable for e in _edits(d))
        }
        after, done = applied(texts, fixable)
        changed = {file: text for file, text in after.items() if text != texts[file]}
        if not changed:
            break
        for file, text in changed.items():
            (copy / file).write_bytes(text.encode("utf-8"))
        now |= changed
        fixed += done
        fixable = [d for d in again() if d.fix is not None]
    before = {file: read(root, file) for file in now}
    rewrites = [Rewrite(file=f, before=before[f], after=now[f]) for f in sorted(now) if before[f] != now[f]]
    return Repair(rewrites=tuple(rewrites), fixed=tuple(fixed))


def _edits(d: Diagnostic) -> tuple[Edit, ...]:
    return d.fix.edits if d.fix is not None else ()


def _copy(root: Path, copy: Path, slugs: Sequence[str]) -> None:
    """The folder with its packs and organisations and the tenants asked for (none: all). Links stay links."""
    copy.mkdir()
    with os.scandir(root) as entries:
        for entry in entries:
            if slugs and entry.name not in {*slugs, *SHARED}:
                continue
            if entry.is_dir(follow_symlinks=False):
                shutil.copytree(entry.path, copy / entry.name, symlinks=True)
            elif entry.is_file(follow_symlinks=False):
                shutil.copyfile(entry.path, copy / entry.name)


def _replace(path: Path, data: bytes) -> None:
    mode = stat.S_IMODE(path.lstat().st_mode)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(name, mode)
        os.replace(name, path)
    except BaseException:
        os.unlink(name)
        raise
