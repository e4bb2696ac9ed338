"""One comment on a pull request, found again by its hidden marker and edited in place, through GitHub's REST API; and which
pull request stands at a commit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import httpx2

MARKER = "<!-- convo:plan:v1 -->"
MOST_CHARS = 65_000  # GitHub takes 65,536
PER_PAGE = 100
MOST_PAGES = 30
TIMEOUT_S = 10.0
PAUSES_S = (1.0, 2.0, 4.0, 8.0)  # between tries, unless the host says how long
LONGEST_WAIT_S = 60.0
TOO_MUCH = "\n*Some of it did not fit into a comment; all of it is in the summary of the job.*\n"


class HostRefused(Exception):
    """The code host did not do what was asked; the message says what it answered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """A repository on a code host. `author`: whose comments are ours; nobody else's is ever taken for it."""

    api: str  # https://api.github.com
    repository: str  # owner/name
    token: str = field(repr=False)
    author: str
    sleep: Callable[[float], None] = time.sleep

    def post(self, pull: int, body: str) -> str:
        """Edits our comment, or writes it where there is none. Returns its address. Raises HostRefused."""
        with self._client() as http:
            ours = [
                c for c in self._comments(http, pull) if str(c["body"]).startswith(MARKER) and self._ours(c)
            ]
            if ours:
                kept, *doubles = reversed(ours)
                done = self._ask(http, "PATCH", f"/issues/comments/{kept['id']}", {"body": body})
                for double in doubles:  # two runs that wrote at the same time
                    self._ask(http, "DELETE", f"/issues/comments/{double['id']}")
            else:
                done = self._ask(http, "POST", f"/issues/{pull}/comments", {"body": body})
        return str(done.json()["html_url"])

    def head(self, pull: int) -> str:
        """The commit a pull request stands at. Raises HostRefused."""
        with self._client() as http:
            found = self._ask(http, "GET", f"/pulls/{pull}").json()
            try:
                return str(found["head"]["sha"])
            except (KeyError, TypeError):
                raise HostRefused(f"{self.api}: no pull request in the answer") from None

    def open_at(self, commit: str, source: str = "") -> Sequence[int]:
        """The open pull requests into the default branch whose head this commit is. Raises HostRefused.

        `source`: only of this branch, `owner/name:branch`. One into another branch is none of ours: it is judged by a base
        that its own author may have made.
        """
        with self._client() as http:
            try:
                default = str(self._ask(http, "GET", "").json()["default_branch"])
                rows = self._rows(http, f"/pulls?state=open&base={quote(default, safe='')}&")
                return [
                    int(row["number"])
                    for row in rows
                    if row["head"]["sha"] == commit
                    and row["base"]["ref"] == default
                    and row["state"] == "open"
                    and source in ("", _branch(row["head"]))
                ]
            except (KeyError, TypeError, ValueError):
                raise HostRefused(f"{self.api}: no pull requests in the answer") from None

    def _comments(self, http: httpx2.Client, pull: int) -> Iterator[Mapping[str, Any]]:
        rows = self._rows(http, f"/issues/{pull}/comments?")
        yield from (row for row in rows if {"id", "body"} <= row.keys())

    def _rows(self, http: httpx2.Client, path: str) -> Iterator[Mapping[str, Any]]:
        """Every row of a list, page after page; `path` ends with ? or &."""
        for page in range(1, MOST_PAGES + 1):
            rows = self._ask(http, "GET", f"{path}per_page={PER_PAGE}&page={page}").json()
            if not isinstance(rows, list):
                raise HostRefused(f"{self.api}: no list in the answer")
            yield from (row for row in rows if isinstance(row, dict))
            if len(rows) < PER_PAGE:
                return

    def _ours(self, comment: Mapping[str, Any]) -> bool:
        user = comment.get("user")
        return isinstance(user, dict) and str(user.get("login", "")).casefold() == self.author.casefold()

    def _ask(
        self, http: httpx2.Client, method: str, path: str, body: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """An answer of 2xx that can be read. A POST is not repeated once the host may have carried it out."""
        said = "no answer"
        for pause in (*PAUSES_S, None):
            wait = pause
            try:
                answer = http.request(method, f"{self.api}/repos/{self.repository}{path}", json=body)
                if answer.is_success and (answer.status_code == 204 or _is_json(answer)):
                    return answer
                said = _said(answer)
                if not _again(method, answer):
                    break
                wait = _wait(answer, pause)
            except httpx2.TransportError as error:
                said = f"{type(error).__name__}"
                if method == "POST" and not isinstance(error, httpx2.ConnectError):
                    break
            if wait is None or pause is None or wait > LONGEST_WAIT_S:
                break
            self.sleep(wait)
        raise HostRefused(f"{method} {self.api}/repos/{self.repository}{path}: {said}")

    def _client(self) -> httpx2.Client:
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
            "User-Agent": "convo",
        }
        return httpx2.Client(headers=headers, timeout=TIMEOUT_S, follow_redirects=False, trust_env=False)


def body_of(texts: Sequence[str]) -> str:
    """One comment of several texts: the marker first, each text whole if there is room for it, and a note if one was left out."""
    body, left_out = f"{MARKER}\n", False
    for text in texts:
        part = text.strip().removeprefix(MARKER).strip().replace("<!--", "&lt;!--")
        if len(body) + len(part) + len(TOO_MUCH) + 2 > MOST_CHARS:
            left_out = True
        elif part:
            body += f"\n{part}\n"
    return body + TOO_MUCH * left_out


def _branch(head: Mapping[str, Any]) -> str:
    """`owner/name:branch` of a pull request's head; nothing when its fork is gone."""
    return f"{head['repo']['full_name']}:{head['ref']}" if head["repo"] else ""


def _again(method: str, answer: httpx2.Response) -> bool:
    """Whether another try may help: limits always; a fault of theirs, or a spoilt answer, where repeating does no harm."""
    limited = answer.status_code == 429 or (
        answer.status_code == 403
        and ("retry-after" in answer.headers or answer.headers.get("x-ratelimit-remaining") == "0")
    )
    return limited or (method != "POST" and (answer.status_code >= 500 or answer.is_success))


def _wait(answer: httpx2.Response, pause: float | None) -> float | None:
    told = answer.headers.get("retry-after", "")
    return float(told) if told.isdecimal() else pause


def _is_json(answer: httpx2.Response) -> bool:
    try:
        answer.json()
    except ValueError:
        return False
    return True


def _said(answer: httpx2.Response) -> str:
    try:
        message = answer.json()["message"]
    except (ValueError, KeyError, TypeError):
        message = "an answer that cannot be read"
    return f"{answer.status_code} {message}"
