"""What a repository of the code host's sandbox holds: commits in memory, or those of a git folder on this machine."""

from __future__ import annotations

import hashlib
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Protocol

GIT_WITHIN_S = 30
_SHA = re.compile("[0-9a-f]{40}")
MOST_HEAD_BYTES = 200  # of what git says before each file


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """One commit. `login` is the account the host knows its author by, None for a mail address it does not know."""

    sha: str
    author: str
    login: str | None
    parents: tuple[str, ...] = ()
    mail: str = "somebody@example.com"
    message: str = "A change"


class NoSuchCommit(Exception):
    """There is no commit of this name."""


class History(Protocol):
    """The commits of one repository. `ref`: a sha, a branch or a tag. Each raises NoSuchCommit."""

    def commit(self, ref: str) -> Commit: ...

    def files(self, ref: str) -> Mapping[str, bytes]:
        """Every file by its path."""
        ...

    def since(self, base: str, head: str) -> Sequence[Commit]:
        """The commits of `head` that `base` does not have, oldest first."""
        ...

    def merge_base(self, base: str, head: str) -> str: ...


@dataclass(slots=True)
class Memory:
    """Commits that a test makes one by one."""

    commits: dict[str, Commit] = field(default_factory=dict)
    trees: dict[str, Mapping[str, bytes]] = field(default_factory=dict)
    branches: dict[str, str] = field(default_factory=dict)

    def add(
        self,
        files: Mapping[str, bytes],
        *,
        branch: str,
        author: str = "Wat Example",
        login: str | None = "wat-example",
        parents: Sequence[str] | None = None,
        message: str = "A change",
    ) -> str:
        """A commit of exactly these files on a branch (a new one begins at `parents`). Returns its sha."""
        before = (
            (self.branches[branch],) if parents is None and branch in self.branches else tuple(parents or ())
        )
        sha = hashlib.sha256(
            repr((sorted(files.items()), before, author, message, len(self.commits))).encode()
        ).hexdigest()[:40]
        self.commits[sha] = Commit(sha=sha, author=author, login=login, parents=before, message=message)
        self.trees[sha] = dict(files)
        self.branches[branch] = sha
        return sha

    def commit(self, ref: str) -> Commit:
        sha = self.branches.get(ref, ref)
        if sha not in self.commits:
            raise NoSuchCommit(ref)
        return self.commits[sha]

    def files(self, ref: str) -> Mapping[str, bytes]:
        return self.trees[self.commit(ref).sha]

    def since(self, base: str, head: str) -> Sequence[Commit]:
        known = set(self._ancestors(base))
        return [self.commits[sha] for sha in reversed(self._ancestors(head)) if sha not in known]

    def merge_base(self, base: str, head: str) -> str:
        known = set(self._ancestors(base))
        for sha in self._ancestors(head):
            if sha in known:
                return sha
        raise NoSuchCommit(f"{base}...{head}")

    def _ancestors(self, ref: str) -> list[str]:
        """A commit and all before it, newest first."""
        found: dict[str, None] = {}
        left = [self.commit(ref).sha]
        while left:
            sha = left.pop(0)
            if sha not in found:
                found[sha] = None
                left += self.commits[sha].parents
        return list(found)


@dataclass(frozen=True, slots=True)
class GitFolder:
    """The commits of a git repository on disk. `logins` maps an author's mail address to their account."""

    path: Path
    logins: Mapping[str, str] = field(default_factory=dict)

    def commit(self, ref: str) -> Commit:
        return self._commits("-1", ref)[0]

    def files(self, ref: str) -> Mapping[str, bytes]:
        return _files(self.path, ref if _SHA.fullmatch(ref) else self.commit(ref).sha)

    def since(self, base: str, head: str) -> Sequence[Commit]:
        return self._commits("--reverse", f"{self.commit(base).sha}..{self.commit(head).sha}")

    def merge_base(self, base: str, head: str) -> str:
        return self._git("merge-base", self.commit(base).sha, self.commit(head).sha).decode().strip()

    def _commits(self, *what: str) -> Sequence[Commit]:
        out = self._git("log", "-z", "--format=%H%x09%ae%x09%an%x09%P%x09%B", *what, "--").decode()
        return [self._read(entry) for entry in out.split("\0") if entry]

    def _read(self, entry: str) -> Commit:
        sha, mail, name, parents, message = entry.split("\t", 4)
        return Commit(
            sha=sha,
            author=name,
            login=self.logins.get(mail),
            parents=tuple(parents.split()),
            mail=mail,
            message=message,
        )

    def _git(self, *arguments: str) -> bytes:
        return _git(self.path, *arguments)


@lru_cache(maxsize=32)  # a commit is asked for once a file, and never changes
def _files(path: Path, sha: str) -> Mapping[str, bytes]:
    rows = [row for row in _git(path, "ls-tree", "-r", "-z", sha).split(b"\0") if row]
    held = [(name.decode(), about.split()[2]) for about, _, name in (row.partition(b"\t") for row in rows)]
    out = _git(path, "cat-file", "--batch", given=b"".join(blob + b"\n" for _, blob in held))
    found, at = {}, 0
    for name, _ in held:
        head, _, _ = out[at : at + MOST_HEAD_BYTES].partition(b"\n")
        begin = at + len(head) + 1
        end = begin + int(head.split()[2])
        found[name], at = out[begin:end], end + 1
    return found


def _git(path: Path, *arguments: str, given: bytes = b"") -> bytes:
    done = subprocess.run(
        ["git", "-C", str(path), *arguments],
        input=given,
        capture_output=True,
        check=False,
        timeout=GIT_WITHIN_S,
    )
    if done.returncode:
        raise NoSuchCommit(done.stderr.decode(errors="replace").strip())
    return done.stdout
