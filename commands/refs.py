"""The tenants as they were at a git commit, in a folder that is thrown away: nothing of the working tree is touched."""

from __future__ import annotations

import io
import os
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from commands import UsageProblem

GIT_WITHIN_S = 60


@contextmanager
def tenants_at(ref: str, tenants: Path) -> Iterator[Path]:
    """The folder of tenants at a branch, tag or commit (empty when there was none). `ref` may be a folder: then that one.

    Raises UsageProblem when `tenants` is in no git repository or there is no such commit.
    """
    if Path(ref).is_dir():
        yield Path(ref)
        return
    here = tenants.resolve()
    top = Path(_git(here.parent, "rev-parse", "--show-toplevel").decode().strip())
    within = PurePosixPath(here.relative_to(top.resolve()).as_posix())
    commit = _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    sha = commit.decode().strip()
    with tempfile.TemporaryDirectory(prefix="convo-at-") as folder:
        there = _git(top, "ls-tree", "-d", "--name-only", sha, "--", f"{within}").strip()
        if there:
            _unpack(_git(top, "archive", "--format=tar", sha, "--", f"{within}"), Path(folder))
        place = Path(folder) / within
        place.mkdir(parents=True, exist_ok=True)
        yield place


def _unpack(archive: bytes, folder: Path) -> None:
    """Files as they are and links as links: whoever reads them refuses links. Paths are those of a git tree."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        for member in tar:
            path = folder / member.name
            if member.isdir():
                path.mkdir(parents=True, exist_ok=True)
            elif member.issym():
                os.symlink(member.linkname, path)
            elif (held := tar.extractfile(member)) is not None:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(held.read())


def _git(where: Path, *arguments: str) -> bytes:
    try:
        done = subprocess.run(
            ["git", "-C", str(where), *arguments], capture_output=True, check=False, timeout=GIT_WITHIN_S
        )
    except FileNotFoundError:
        raise UsageProblem("git is not installed; give a folder instead of a commit") from None
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip() or f"git knows no commit `{arguments[-1]}`"
        raise UsageProblem(said.removeprefix("fatal: "))
    return done.stdout


def author_of(path: Path) -> str:
    """Who changed a file last, as git tells: for changes not yet committed, whoever works here. Empty when it cannot tell."""
    try:
        where = path.resolve().parent
        if _git(where, "status", "--porcelain", "--", path.name).strip():
            return _git(where, "config", "user.name").decode().strip()
        return _git(where, "log", "-1", "--format=%an", "--", path.name).decode().strip()
    except UsageProblem:
        return ""
