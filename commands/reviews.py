"""`convo approve --from-review`: CI signs for the approvers whose reviews covered the words that now stand."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from time import sleep
from typing import TYPE_CHECKING, Any

from commands import NEEDS_APPROVAL, OK, WRONG, UsageProblem
from commands.approving import Desk, Refused, enter, key_at
from compiler.approvals import subject_of
from compiler.diagnostics.escape import visible

if TYPE_CHECKING:
    from compiler.approvals import Enrolment, ReviewKey, Subject
    from compiler.forge import Api, Counted
    from compiler.source.tree import Map
    from compiler.write import SigningKey

_PULL = re.compile(
    r"(?:https://)?(?P<host>[a-z0-9][a-z0-9.:-]*)/(?P<repository>[\w.-]+/[\w.-]+)(?:#|/pull/)(?P<number>[1-9][0-9]{0,8})\Z"
)
SHARED = ("_packs", "_organisations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A pull request as it is named: HOST/owner/repository#N, or its address."""

    host: str
    repository: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Then:
    """A tenant as it was at a commit."""

    subjects: dict[str, Subject]
    enrolment: Enrolment


@dataclass(slots=True, kw_only=True)
class Reading:
    """One pull request being read: the tenant as it was at each commit is fetched once."""

    there: Desk
    which: Named
    host: Api
    commits: dict[str, Then] = field(default_factory=dict)

    def then(self, commit: str) -> Then:
        """The tenant at a commit. Raises ForgeRefused."""
        if commit not in self.commits:
            self.commits[commit] = _then(self.host, self.which, self.there, commit)
        return self.commits[commit]


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What the reviews of one pull request come to. `judges`: the tenant where the branch left, and on the default branch."""

    judges: tuple[Then, Then]
    author: str
    counted: Sequence[Counted]
    standing: frozenset[int]  # ids of the reviews whose lines stand

    @property
    def before(self) -> Then:
        return self.judges[0]


def approve_from_review(
    there: Desk, named: str, wanted: Sequence[str], *, until: date, key: Path, token_ref: str, api: str
) -> int:
    """Writes one line a person and subject, and strikes those of this pull request whose review no longer counts.

    Exit code 0 also when no review covers anything, 4 when a line was struck: an approval is missing. Raises Refused.
    """
    from compiler.forge import ForgeRefused, api_of
    from runtime.errors import SecretMissing
    from runtime.references import read_reference

    which, signing = _named(named), key_at(key)
    review_key = _review_key(there, signing, which)
    try:
        host = api_of(which.host, api, read_reference(token_ref, os.environ), sleep=sleep)
        with host.http:
            reading = Reading(there=there, which=which, host=host)
            heard = _heard(reading)
            lines = [
                line
                for one in heard.counted
                for line in _lines(reading, one, heard, wanted=wanted, signing=signing, until=until)
            ]
    except (ForgeRefused, SecretMissing) as problem:
        raise Refused(f"{which.repository}#{which.number}: {problem}") from None
    struck = list(_struck(there, which, heard.standing))
    if lines or struck:
        enrolments = [then.enrolment for then in heard.judges]
        for gone in enter(there, lines, enrolments=enrolments, without=struck):
            print(f"removed, as it is no longer needed: {gone}")
    for void in struck:
        said = f"{void['by']}'s approval of {subject_of(void)}, {void['ref']}"
        print(visible(f"struck, as the review no longer counts: {said}"))
    for line in lines:
        print(f"{line['by']} approved {subject_of(line)}: {line['ref']}, signed by {review_key.name}")
    if struck:
        return NEEDS_APPROVAL
    if not lines:
        print("no review that counts covers anything that is not approved")
    return OK if lines or not wanted else WRONG


def _heard(reading: Reading) -> Heard:
    """Reads the reviews and says which do not count. Raises ForgeRefused, also for a pull request into another branch."""
    from compiler.forge import (
        ForgeRefused,
        commits,
        counting,
        default_branch,
        merge_base,
        pull,
        reviews,
        standing,
    )

    host, repository, number = reading.host, reading.which.repository, reading.which.number
    asked, (main, tip) = pull(host, repository, number), default_branch(host, repository)
    if asked.into != main:
        # Whoever may push to the base decides who is enrolled there: only the default branch is guarded.
        raise ForgeRefused(
            f"it is to be merged into {visible(asked.into)}; approvals are signed for {main} only"
        )
    judges = (reading.then(merge_base(host, repository, tip, asked.head)), reading.then(tip))
    said = reviews(host, repository, number)
    counted, passed = counting(
        asked, said, commits(host, repository, number), [then.enrolment for then in judges]
    )
    for why in passed:
        print(visible(f"does not count: {why}"))
    author = judges[1].enrolment.with_login(asked.author, asked.account)
    return Heard(
        judges=judges,
        author=author.name if author is not None else f"@{asked.author}",
        counted=counted,
        standing=standing(counted, said),
    )


def _struck(there: Desk, which: Named, standing: frozenset[int]) -> Iterator[Map]:
    """The lines read from this pull request's reviews whose review counts no more."""
    from compiler.approvals import review_ref

    place = review_ref(which.host, which.repository, which.number, 0).removesuffix("0").casefold()
    for line in there.source.approvals:
        ref = line["ref"].casefold()
        if line["via"] != "review" or not ref.startswith(place):
            continue
        if ref.removeprefix(place) not in {f"{id_}" for id_ in standing}:
            yield line


def _lines(
    reading: Reading,
    one: Counted,
    heard: Heard,
    *,
    wanted: Sequence[str],
    signing: SigningKey,
    until: date,
) -> Iterator[dict[str, Any]]:
    from compiler.approvals import review_ref
    from compiler.approvals.propose import Approval, line_of
    from compiler.forge import covered

    which, there = reading.which, reading.there
    seen, later = covered(
        one,
        reviewed=reading.then(one.review.commit).subjects,
        base=heard.before.subjects,
        now=there.judged.subjects,
        wanted=wanted,
    )
    for id_ in later:
        print(f"not covered: {id_} changed after {one.person.name} reviewed {one.review.commit[:12]}")
    approval = Approval(
        by=one.person.name,
        role=one.person.role,
        on=min(one.review.day, f"{there.today}"),  # the host's day is UTC's
        expires=f"{until}",
        ref=review_ref(which.host, which.repository, which.number, one.review.id),
        author=heard.author,
        via="review",
        key=signing.keyid,
        login=one.review.login,
        account=one.review.account if one.person.account is not None else None,
    )
    for subject in seen:
        held = there.judged.held.lines.get(subject.id, ())
        if any((line["by"], line["ref"]) == (approval.by, approval.ref) for line in held):
            continue  # a job that runs twice writes once
        yield line_of(there.source.slug, subject, approval, signing.sign)


def _named(text: str) -> Named:
    found = _PULL.match(text)
    if found is None:
        raise UsageProblem(f"{text} names no pull request: write HOST/owner/repository#N")
    return Named(host=found["host"], repository=found["repository"], number=int(found["number"]))


def _review_key(there: Desk, signing: SigningKey, which: Named) -> ReviewKey:
    """The enrolled key this is, if it may speak for this repository. Raises Refused."""
    found = there.judged.enrolment.review_keys.get(signing.keyid)
    if found is None:
        raise Refused(f"this key is not enrolled under `review_keys` in {there.source.slug}/tenant.yaml")
    if (found.host, found.repository.casefold()) != (which.host, which.repository.casefold()):
        raise Refused(
            f"the key `{found.name}` signs for {found.host}/{found.repository}, not for {which.host}/{which.repository}"
        )
    return found


def _then(host: Api, which: Named, there: Desk, commit: str) -> Then:
    from compiler.approvals import Enrolment, enrolment_of, subjects_of
    from compiler.forge import checkout
    from compiler.pipeline import source_of

    prefix = _prefix(there.path.parent)
    with _folder() as folder:
        names = [f"{prefix}/{name}".lstrip("/") for name in (there.path.name, *SHARED)]
        checkout(host, which.repository, commit, names, folder)
        root = folder / prefix
        if not (root / there.path.name / "tenant.yaml").exists():
            return Then(subjects={}, enrolment=Enrolment())
        source = source_of(root, there.path.name)
        return Then(subjects=subjects_of(source), enrolment=enrolment_of(source.sections.get("tenant"))[0])


@contextmanager
def _folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="convo-review-") as name:
        yield Path(name)


def _prefix(tenants: Path) -> str:
    """Where the folder of tenants is in its repository; outside of git it is taken to be at its root."""
    try:
        done = subprocess.run(
            ["git", "-C", str(tenants), "rev-parse", "--show-prefix"],
            capture_output=True,
            check=False,
            timeout=30,
        )
    except FileNotFoundError:
        return tenants.name
    return done.stdout.decode().strip().rstrip("/") if done.returncode == 0 else tenants.name
