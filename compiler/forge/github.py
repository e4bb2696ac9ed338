"""GitHub's REST API as far as approvals need it: answers as typed values, ForgeRefused when one is not what it should be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from compiler.forge.http import Api, ForgeRefused

MAX_COMMITS = 250  # the host tells no more of one pull request
MAX_LISTED = 1_000  # nor of one folder
MAX_FILES = 5_000
_SHA = re.compile(r"[0-9a-f]{40}([0-9a-f]{24})?\Z")
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]*\Z")
_TRAILER = re.compile(r"\s*Co-(?:authored|developed)-by\s*:\s*(.+)", re.IGNORECASE)
_BRANCH = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}\Z")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?=T)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pull:
    """A pull request. `author` and `account` are the login and number of whoever opened it; `into` is the base branch."""

    number: int
    author: str
    account: int
    head: str
    into: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """One review. `state`: APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED, PENDING; `commit`: what it was of; `at`: ISO."""

    id: int
    login: str
    account: int
    kind: str
    state: str
    commit: str
    at: str

    @property
    def day(self) -> str:
        return self.at[:10]


@dataclass(frozen=True, slots=True, kw_only=True)
class Commit:
    """Who wrote and who committed: `Name <mail>` as git has them, trailers included, and logins where the host knows them."""

    sha: str
    names: tuple[str, ...]
    logins: tuple[str, ...]
    accounts: tuple[int, ...]


def pull(api: Api, repository: str, number: int) -> Pull:
    """One pull request of exactly this repository. Raises ForgeRefused."""
    raw = _read(api.get(f"/repos/{repository}/pulls/{number}"), dict)
    base = _of(raw, "base", dict)
    named = _of(_of(base, "repo", dict), "full_name", str)
    if named.casefold() != repository.casefold():
        raise ForgeRefused(f"pull request {number} is one of {named}, not of {repository}")
    user = _of(raw, "user", dict)
    return Pull(
        number=number,
        author=_of(user, "login", str),
        account=_of(user, "id", int),
        head=_sha(_of(raw, "head", dict)),
        into=_of(base, "ref", str),
    )


def default_branch(api: Api, repository: str) -> tuple[str, str]:
    """(the branch that a repository protects and everything is merged into, its newest commit). Raises ForgeRefused."""
    name = _of(_read(api.get(f"/repos/{repository}"), dict), "default_branch", str)
    if not _BRANCH.match(name):
        raise ForgeRefused("the code host names a default branch that is none")
    raw = _of(_read(api.get(f"/repos/{repository}/branches/{quote(name, safe='')}"), dict), "commit", dict)
    return name, _sha(raw)


def reviews(api: Api, repository: str, number: int) -> list[Review]:
    """Every review that somebody submitted, oldest first. Raises ForgeRefused."""
    found = [_review(raw) for raw in api.pages(f"/repos/{repository}/pulls/{number}/reviews")]
    return sorted((r for r in found if r is not None), key=lambda r: (r.at, r.id))


def commits(api: Api, repository: str, number: int) -> list[Commit]:
    """Every commit of a pull request. Raises ForgeRefused, also when there are more than the host tells."""
    found = [_commit(raw) for raw in api.pages(f"/repos/{repository}/pulls/{number}/commits")]
    if len(found) >= MAX_COMMITS:
        raise ForgeRefused(
            f"a pull request of {MAX_COMMITS} commits or more: the host does not name all its authors"
        )
    return found


def co_authors(message: str) -> list[str]:
    """Who else wrote a commit, as its message says: `Co-authored-by: Name <mail>`, on a line of its own."""
    return [found[1].strip() for row in message.splitlines() if (found := _TRAILER.match(row))]


def merge_base(api: Api, repository: str, base: str, head: str) -> str:
    """Where the head left the base. Raises ForgeRefused."""
    raw = _read(api.get(f"/repos/{repository}/compare/{base}...{head}", {"per_page": "1"}), dict)
    return _sha(_of(raw, "merge_base_commit", dict))


def checkout(api: Api, repository: str, commit: str, folders: list[str], into: Path) -> None:
    """The files of some folders as they were at a commit; one that was not there yet is left out. Raises ForgeRefused."""
    for count, path in enumerate(_files(api, repository, commit, folders), 1):
        if count > MAX_FILES:
            raise ForgeRefused(f"more than {MAX_FILES:,} files")
        place = into / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(api.raw(_contents(repository, path), {"ref": commit}))


def _files(api: Api, repository: str, commit: str, folders: list[str]) -> Iterator[str]:
    for folder in folders:
        above, _, name = folder.rpartition("/")
        if any(e["type"] == "dir" and e["name"] == name for e in _listed(api, repository, commit, above)):
            yield from _below(api, repository, commit, folder)


def _below(api: Api, repository: str, commit: str, folder: str, depth: int = 0) -> Iterator[str]:
    for entry in _listed(api, repository, commit, folder):
        path = f"{folder}/{entry['name']}"
        if entry["type"] == "file":
            yield path
        elif entry["type"] == "dir" and depth < 2:
            yield from _below(api, repository, commit, path, depth + 1)
        else:
            raise ForgeRefused(f"{path} is neither a file nor a folder a tenant may have")


def _listed(api: Api, repository: str, commit: str, folder: str) -> list[dict[str, Any]]:
    rows = _read(api.get(_contents(repository, folder), {"ref": commit}), list)
    if len(rows) >= MAX_LISTED:
        raise ForgeRefused(f"{folder} holds {MAX_LISTED:,} entries or more: the host does not list all")
    for row in rows:
        if not _NAME.match(_of(_read(row, dict), "name", str)):
            raise ForgeRefused(f"{folder} holds a file of a name no tenant has")
        _of(row, "type", str)
    return list(rows)


def _contents(repository: str, path: str) -> str:
    return f"/repos/{repository}/contents/{quote(path)}".rstrip("/")


def _review(raw: Any) -> Review | None:
    user = _read(raw, dict).get("user")
    if not isinstance(user, dict) or raw.get("state") == "PENDING":
        return None  # an account that is gone, or a review not yet submitted
    at = _of(raw, "submitted_at", str)
    if not _DAY.match(at):
        raise ForgeRefused("a review has no day")
    return Review(
        id=_of(raw, "id", int),
        login=_of(user, "login", str),
        account=_of(user, "id", int),
        kind=_of(user, "type", str),
        state=_of(raw, "state", str),
        commit="" if raw.get("commit_id") is None else _commit_named(raw["commit_id"]),
        at=at,
    )


def _commit(raw: Any) -> Commit:
    inner = _of(_read(raw, dict), "commit", dict)
    people = [p for key in ("author", "committer") if isinstance(p := raw.get(key), dict) and "login" in p]
    written = [w for key in ("author", "committer") if isinstance(w := inner.get(key), dict)]
    names = [f"{name} <{w.get('email', '')}>" for w in written if isinstance(name := w.get("name"), str)]
    names += co_authors(_of(inner, "message", str))
    return Commit(
        sha=_sha(raw),
        names=tuple(dict.fromkeys(names)),
        logins=tuple(dict.fromkeys(_of(p, "login", str) for p in people)),
        accounts=tuple(dict.fromkeys(_of(p, "id", int) for p in people)),
    )


def _sha(raw: dict[str, Any]) -> str:
    return _commit_named(raw.get("sha"))


def _commit_named(value: Any) -> str:
    sha = _read(value, str, "sha")
    if not _SHA.match(sha):
        raise ForgeRefused("the code host names a commit that is none")
    return str(sha)


def _of(raw: dict[str, Any], key: str, kind: type) -> Any:
    return _read(raw.get(key), kind, key)


def _read(value: Any, kind: type, key: str = "the answer") -> Any:
    if not isinstance(value, kind) or isinstance(value, bool):
        raise ForgeRefused(f"the code host's answer is not what it should be: {key}")
    return value
