"""Which reviews of a pull request are an enrolled approver's own word on somebody else's change, and what they cover. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from compiler.approvals import Enrolment, Person, Subject, wrote_it
from compiler.forge.github import Commit, Pull, Review

APPROVED, PERSON = "APPROVED", "User"
DECIDING = frozenset({APPROVED, "CHANGES_REQUESTED", "DISMISSED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """A review that counts, and whose word it is: with what they may approve by every enrolment that judges."""

    review: Review
    person: Person


def counting(
    pull: Pull, reviews: Sequence[Review], commits: Sequence[Commit], enrolments: Sequence[Enrolment]
) -> tuple[list[Counted], list[str]]:
    """(the reviews that count, why each other reviewer's does not). Of each account its last decision is what it thinks.

    `enrolments`: every one of them must know the reviewer, and as the same person in the same office.
    """
    last = {r.account: r for r in sorted(reviews, key=lambda r: (r.at, r.id)) if r.state in DECIDING}
    found: list[Counted] = []
    passed: list[str] = []
    for review in last.values():
        person = _enrolled(review, enrolments)
        why = _why_not(review, person, pull, commits)
        if person is not None and not why:
            found.append(Counted(review=review, person=person))
        else:
            passed.append(f"@{review.login}: {why}")
    return found, passed


def standing(counted: Sequence[Counted], reviews: Sequence[Review]) -> frozenset[int]:
    """The ids of the reviews whose lines stand: each approval not dismissed, of an account whose last decision counts."""
    accounts = {one.review.account for one in counted}
    return frozenset(r.id for r in reviews if r.account in accounts and r.state == APPROVED)


def covered(
    counted: Counted,
    *,
    reviewed: Mapping[str, Subject],
    base: Mapping[str, Subject],
    now: Mapping[str, Subject],
    wanted: Iterable[str] = (),
) -> tuple[list[Subject], list[str]]:
    """(what the reviewer saw change and what still stands so word by word, what changed after their review)."""
    only = set(wanted)
    seen: list[Subject] = []
    later: list[str] = []
    for id_, subject in now.items():
        if (only and id_ not in only) or subject.kind not in counted.person.approves:
            continue
        if id_ in base and base[id_].digest == subject.digest:
            continue
        if id_ in reviewed and reviewed[id_].digest == subject.digest:
            seen.append(subject)
        else:
            later.append(id_)
    return seen, later


def _enrolled(review: Review, enrolments: Sequence[Enrolment]) -> Person | None:
    found = [enrolment.with_login(review.login, review.account) for enrolment in enrolments]
    people = [person for person in found if person is not None]
    if not people or len(people) < len(found) or len({(p.name, p.role) for p in people}) > 1:
        return None
    return replace(people[0], approves=frozenset.intersection(*(p.approves for p in people)))


def _why_not(review: Review, person: Person | None, pull: Pull, commits: Sequence[Commit]) -> str:
    if review.kind != PERSON:
        return "not a person"
    if review.state != APPROVED:
        return "the approval was dismissed" if review.state == "DISMISSED" else "asks for changes"
    if not review.commit:
        return "the commit that was reviewed is gone"
    if person is None:
        return "no enrolled approver has this login"
    if review.account == pull.account or wrote_it(f"@{pull.author}", person):
        return "opened the pull request"
    if any(_wrote(commit, review, person) for commit in commits):
        return "wrote some of its commits"
    return ""


def _wrote(commit: Commit, review: Review, person: Person) -> bool:
    return review.account in commit.accounts or any(
        wrote_it(name, person) for name in (*commit.names, *(f"@{login}" for login in commit.logins))
    )
