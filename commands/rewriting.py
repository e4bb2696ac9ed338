"""Commands that rewrite tenant files: which files are meant, and writing, showing or merely counting what would change."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from commands import OK, WRONG, UsageProblem
from commands.compile_options import TENANTS

if TYPE_CHECKING:
    from compiler.fix import Rewrite
    from compiler.source.files import Parsed, Tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """A folder of tenants, and the paths under it that were asked for (none = all of it)."""

    root: Path
    wanted: tuple[str, ...]

    def holds(self, file: str) -> bool:
        return not self.wanted or any(file == path or file.startswith(f"{path}/") for path in self.wanted)

    def shown(self, file: str) -> str:
        """A file's path as the reader can open it from here."""
        path = self.root / file
        return os.path.relpath(path) if path.resolve().is_relative_to(Path.cwd()) else str(path)


def scope_of(paths: Sequence[Path]) -> Scope:
    """What some paths mean: a folder of tenants, or tenants, packs and files in one. Raises UsageProblem."""
    given = [path.resolve() for path in paths or [TENANTS]]
    for path in given:
        if not path.exists():
            hint = "" if paths else ": name the tenant, folder or file that is meant"
            raise UsageProblem(f"there is no {path}{hint}")
    roots = {_root(path) for path in given}
    if len(roots) > 1:
        raise UsageProblem("all paths must be in one folder of tenants")
    root = roots.pop()
    wanted = {path.relative_to(root).as_posix() for path in given} - {"."}
    whole = any(path == root for path in given)
    return Scope(root=root, wanted=() if whole else tuple(sorted(wanted)))


def files_of(scope: Scope, tree: Tree) -> Iterator[Parsed]:
    """The files of a tree that a scope holds. Raises UsageProblem when it holds none."""
    found = [f for folder in tree.folders() for f in folder.files if scope.holds(f.file)]
    if not found:
        raise UsageProblem(f"no tenant's file in {', '.join(scope.wanted) or scope.root}")
    yield from found


def settle(scope: Scope, rewrites: Sequence[Rewrite], *, check: bool, diff: bool) -> int:
    """Write the files, or with --check or --diff only say what would change: then exit code 1 when anything would."""
    from compiler.fix import FixRefused, write

    if diff:
        for rewrite in rewrites:
            sys.stdout.writelines(_unified(rewrite, scope.shown(rewrite.file)))
    elif check:
        for rewrite in rewrites:
            print(scope.shown(rewrite.file))
    else:
        try:
            write(scope.root, rewrites)
        except (FixRefused, OSError) as refused:
            raise UsageProblem(str(refused)) from None
        for rewrite in rewrites:
            print(f"wrote {scope.shown(rewrite.file)}")
        return OK
    return WRONG if rewrites else OK


def _root(path: Path) -> Path:
    """The folder of tenants that a path is, or lies in."""
    for folder in [path, *path.parents]:
        if (folder / "_packs").is_dir() or any(folder.glob("*/tenant.yaml")):
            return folder
    raise UsageProblem(f"{path} is in no folder of tenants")


def _unified(rewrite: Rewrite, path: str) -> Iterator[str]:
    import difflib

    from compiler.diagnostics.escape import visible

    before, after = (text.splitlines(keepends=True) for text in (rewrite.before, rewrite.after))
    for line in difflib.unified_diff(before, after, f"a/{path}", f"b/{path}"):
        whole = line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
        yield visible(whole.rstrip("\r\n")) + "\n" if sys.stdout.isatty() else whole
