"""A git ref as a folder of tenants: exactly the bytes of the commit, read without a checkout, thrown away afterwards.

Nothing in the commit decides what is read: `git archive` would heed its .gitattributes (`export-ignore`,
`export-subst`), so that a change could hide its own files from the plan; blobs are taken as they are stored.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from commands import UsageProblem

WITHIN_S = 60
MAX_FILES, MAX_BYTES = 200_000, 2 << 30
# A branch, tag, commit or remote's branch, and what stands before it: no option, no range, no path in a commit.
_REF = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._/+@-]{0,199}([~^][0-9]{0,4}){0,8}\Z")
_ENTRY = re.compile(rb"([0-9]{6}) (\w+) ([0-9a-f]{40,64})\t(.*)\Z", re.DOTALL)
_FILE_MODES = (b"100644", b"100755")
_LINK_MODE = b"120000"
_MODULE = b"commit"  # what git calls the entry of a submodule
TENANTS = "tenants"  # what the folder is called where it is the whole repository
MAINS = ("origin/main", "main", "origin/master", "master")


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """A ref laid out: the folder of tenants (empty where the commit has none) and the commit's full name."""

    folder: Path
    commit: str


@contextmanager
def tenants_at(ref: str, tenants: Path) -> Iterator[At]:
    """The folder `tenants` of this repository as it was at a ref. Raises UsageProblem."""
    top, within = _place(tenants)
    commit = resolved(ref, top)
    with tempfile.TemporaryDirectory(prefix="convo-ref-") as folder:
        place = Path(folder) / (within.name or TENANTS)
        place.mkdir()
        _lay_out(top, commit, within, place)
        yield At(folder=place, commit=commit)


@contextmanager
def folder_at(ref: str, tenants: Path) -> Iterator[Path]:
    """The same for whoever needs no commit: `ref` may be a folder of tenants as well, then it is that one."""
    if Path(ref).is_dir():
        yield Path(ref)
        return
    with tenants_at(ref, tenants) as at:
        yield at.folder


def resolved(ref: str, where: Path) -> str:
    """The full name of the commit a ref stands for. Raises UsageProblem."""
    if not _REF.match(ref) or ".." in ref or "@{" in ref:
        raise UsageProblem(
            f"`{ref}` is no branch, tag or commit, and there is no folder or bundle of that name"
        )
    found = _git(where, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if found is None:
        raise UsageProblem(f"there is no commit `{ref}` in this repository; is it fetched?")
    return found.decode().strip()


def merge_base(tenants: Path) -> str:
    """Where this branch left the main one. Raises UsageProblem when there is no main branch."""
    top, _ = _place(tenants)
    for main in MAINS:
        if (
            _git(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{main}^{{commit}}")
            is not None
        ):
            found = _git(top, "merge-base", main, "HEAD")
            if found is not None:
                return found.decode().strip()
    raise UsageProblem(
        f"none of {', '.join(MAINS)} has a commit in common with this branch: name one with --base"
    )


def _place(tenants: Path) -> tuple[Path, PurePosixPath]:
    """(the top of the repository, the folder's path in it). The folder itself need not exist any more."""
    here = tenants.absolute()
    near = next(folder for folder in (here, *here.parents) if folder.is_dir())
    found = _git(near, "rev-parse", "--show-toplevel")
    if found is None:
        raise UsageProblem(f"{tenants} is in no git repository: compare folders, or bundles")
    top = Path(found.decode().rstrip("\n"))
    return top, PurePosixPath((near.resolve() / here.relative_to(near)).relative_to(top.resolve()).as_posix())


def _lay_out(top: Path, commit: str, within: PurePosixPath, folder: Path) -> None:
    """Every blob under a path of the commit, as a file. A link becomes a link, which the compiler refuses.

    Raises UsageProblem when the path itself is a link, or a submodule is part of it: its files are not of this commit.
    """
    _is_folder(top, commit, within)
    below = ["--", f"{within}/"] if within.parts else []
    listed = _git(top, "ls-tree", "-r", "-z", "--full-tree", commit, *below) or b""
    entries = [entry for raw in listed.split(b"\0") if (entry := _ENTRY.match(raw))]
    if len(entries) > MAX_FILES:
        raise UsageProblem(f"the commit has more than {MAX_FILES:,} files under {within}")
    if module := next((entry for entry in entries if entry[2] == _MODULE), None):
        raise UsageProblem(
            f"{module[4].decode(errors='replace')} is a submodule: put its files there themselves"
        )
    blobs = [entry for entry in entries if entry[2] == b"blob"]
    links: list[tuple[Path, bytes]] = []
    for entry, data in zip(blobs, _contents(top, [entry[3] for entry in blobs]), strict=True):
        parts = PurePosixPath(entry[4].decode("utf-8", "surrogateescape")).parts[len(within.parts) :]
        if not parts or any(part in ("", ".", "..") for part in parts):
            continue
        path = folder.joinpath(*parts)
        if entry[1] in _FILE_MODES:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        elif entry[1] == _LINK_MODE:
            links.append((path, data))
    for path, data in links:  # last, so that no file is written through one
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(data.decode("utf-8", "surrogateescape"))


def _is_folder(top: Path, commit: str, within: PurePosixPath) -> None:
    """Raises UsageProblem when the commit has something other than folders on the way to a path."""
    for path in [within, *within.parents][: len(within.parts)]:
        found = _git(top, "ls-tree", "-z", "--full-tree", commit, "--", f"{path}") or b""
        if found and found.split(b" ", 2)[1] != b"tree":
            raise UsageProblem(f"{path} is no folder in that commit: it is a link, a file or a submodule")


def _contents(top: Path, names: Sequence[bytes]) -> Iterator[bytes]:
    """The bytes of blobs, in order, from one process."""
    if not names:
        return
    given = b"".join(name + b"\n" for name in names)
    told = _git(top, "cat-file", "--batch", given=given)
    if told is None or len(told) > MAX_BYTES:
        raise UsageProblem("git cannot give the files of the commit; is the clone complete?")
    at = 0
    for _ in names:
        end = told.index(b"\n", at)
        header = told[at:end].split()
        if len(header) != 3:
            raise UsageProblem("git lacks a file of the commit; is the clone complete?")
        size = int(header[2])
        yield told[end + 1 : end + 1 + size]
        at = end + 2 + size


def _git(where: Path, *arguments: str, given: bytes | None = None) -> bytes | None:
    """What git prints, or None when it refuses."""
    command = ["git", "-C", str(where), "-c", "core.fsmonitor=false", *arguments]
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageProblem(f"a ref needs git: {error}") from None
    return done.stdout if done.returncode == 0 else None
