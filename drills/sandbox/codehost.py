"""What the code host of the sandbox knows: accounts and their tokens, repositories, pull requests, reviews, comments."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import count
from typing import Literal

from drills.sandbox.history import History

NOW = "2026-11-24T10:30:00Z"

FaultKind = Literal["429", "403-limited", "500", "timeout", "truncated", "not-json", "403"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Somebody on the code host. `kind`: User or Bot."""

    login: str
    id: int
    kind: str = "User"


@dataclass(slots=True, kw_only=True)
class Review:
    id: int
    account: Account
    state: str
    commit_id: str
    submitted_at: str = NOW


@dataclass(slots=True, kw_only=True)
class Pull:
    """`head` and `base` are branches or commits; a merged one keeps the commits it had. `fork`: whose branch the head is."""

    number: int
    account: Account
    head: str
    base: str
    title: str = "A change"
    merged: bool = False
    closed: bool = False
    fork: str = ""  # owner/name; empty: the repository's own
    reviews: list[Review] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Comment:
    id: int
    issue: int
    account: Account
    body: str


@dataclass(slots=True, kw_only=True)
class Repository:
    name: str  # owner/name
    history: History
    default_branch: str = "main"
    pulls: dict[int, Pull] = field(default_factory=dict)
    comments: dict[int, Comment] = field(default_factory=dict)
    numbers: count[int] = field(default_factory=lambda: count(1))


@dataclass(slots=True)
class Fault:
    """The next `times` requests whose path holds `path` get this answer."""

    kind: FaultKind
    path: str = ""
    times: int = 1
    retry_after: str = "0"


@dataclass(slots=True)
class World:
    """Everything the host knows. `tokens`: whose each is; `moved`: old repository name -> new one."""

    repositories: dict[str, Repository] = field(default_factory=dict)
    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Account] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)  # `GET /path` of every request, in order
    ids: count[int] = field(default_factory=lambda: count(1001))

    def account(self, login: str, *, kind: str = "User", token: str = "") -> Account:
        """An account of this name, made when there is none yet; `token` lets it in."""
        known = self.accounts.get(login.casefold()) or Account(login=login, id=next(self.ids), kind=kind)
        self.accounts[login.casefold()] = known
        if token:
            self.tokens[token] = known
        return known

    def rename(self, old: str, new: str) -> Account:
        """The same account under another login, everywhere."""
        before = self.accounts.pop(old.casefold())
        after = Account(login=new, id=before.id, kind=before.kind)
        self.accounts[new.casefold()] = after
        self.tokens = {token: after if held == before else held for token, held in self.tokens.items()}
        for repository in self.repositories.values():
            for pull in repository.pulls.values():
                pull.account = after if pull.account == before else pull.account
                for review in pull.reviews:
                    review.account = after if review.account == before else review.account
        return after

    def repository(self, name: str, history: History) -> Repository:
        return self.repositories.setdefault(name.casefold(), Repository(name=name, history=history))

    def open_pull(self, repository: Repository, *, by: Account, head: str, base: str = "main") -> Pull:
        pull = Pull(number=next(repository.numbers), account=by, head=head, base=base)
        repository.pulls[pull.number] = pull
        return pull

    def review(
        self,
        repository: Repository,
        pull: Pull,
        *,
        by: Account,
        state: str = "APPROVED",
        commit: str = "",
        at: str = NOW,
    ) -> Review:
        """A review of the head, or of an earlier commit."""
        sha = repository.history.commit(commit or pull.head).sha
        made = Review(id=next(self.ids), account=by, state=state, commit_id=sha, submitted_at=at)
        pull.reviews.append(made)
        return made

    def take_fault(self, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.path in path:
                fault.times -= 1
                if not fault.times:
                    self.faults.remove(fault)
                return fault
        return None
