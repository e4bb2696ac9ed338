"""Who may approve: the people and CI keys that tenant.yaml enrols, and what makes an enrolment worthless. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

from compiler.diagnostics import Diagnostic, Label
from compiler.diagnostics import approval_codes as c
from compiler.source.people import account_of, mails_of, people_in, same_person
from compiler.source.tree import Map
from schemas.signing import keyid, public_key

# Points of small order, sign bit aside: under such a key a signature over anything can be made without knowing a secret.
WEAK_KEYS = frozenset(
    bytes.fromhex(y)
    for y in (
        "00" * 32,
        "01" + "00" * 31,
        "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "ec" + "ff" * 30 + "7f",
        "ed" + "ff" * 30 + "7f",
        "ee" + "ff" * 30 + "7f",
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """An approver. `approves`: facts, scripts, waivers; `login` and `account` are theirs on the code host."""

    name: str
    role: str
    keyid: str
    key: bytes = field(repr=False)
    approves: frozenset[str]
    login: str | None
    account: int | None
    raw: Map = field(repr=False, compare=False)

    def has_account(self, login: str, account: int | None) -> bool:
        """Whose account it is. Where the account's number is enrolled it decides, as a login can be given to another."""
        if self.account is not None and account is not None:
            return self.account == account
        return self.login is not None and self.login.casefold() == login.casefold()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewKey:
    """A key of CI. It may sign what it read from reviews of this repository on this host, and nothing else."""

    name: str
    keyid: str
    key: bytes = field(repr=False)
    host: str
    repository: str
    raw: Map = field(repr=False, compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """People and review keys by the id of their key. What is enrolled in two ways is in `dubious` and counts for nothing."""

    people: Mapping[str, Person] = field(default_factory=dict)
    review_keys: Mapping[str, ReviewKey] = field(default_factory=dict)
    dubious: frozenset[str] = frozenset()
    dubious_names: frozenset[str] = frozenset()

    def knows(self, keyid: str) -> bool:
        """Whether a key is enrolled, and once only."""
        return keyid in self.people or keyid in self.review_keys

    def knows_name(self, name: str) -> bool:
        """Whether somebody of this name is enrolled, and once only."""
        return any(person.name == name for person in self.people.values())

    def named(self, name: str, role: str) -> Person | None:
        """The approver of this name and office."""
        return next((p for p in self.people.values() if (p.name, p.role) == (name, role)), None)

    def with_login(self, login: str, account: int | None = None) -> Person | None:
        """The approver whose account this is."""
        return next((p for p in self.people.values() if p.has_account(login, account)), None)


def enrolment_of(tenant: Map | None) -> tuple[Enrolment, list[Diagnostic]]:
    """Who is enrolled in a tenant.yaml (None: it could not be read, so nobody), and what is wrong with that."""
    if tenant is None:
        return Enrolment(), []
    people = [_person(raw) for raw in tenant["approvers"]]
    keys = [_review_key(raw) for raw in tenant.get("review_keys", ())]
    faults: list[Diagnostic] = []
    dubious: set[str] = set()
    for one, other, what in _clashes(people, keys):
        dubious |= {one.keyid, other.keyid}
        message = f"{_called(other)} and {_called(one)} have {what}"
        faults.append(
            c.AMBIGUOUS_ENROLMENT.at(
                other.raw.at(),
                message,
                labels=[Label(span=one.raw.at(), text=f"{_called(one)} is enrolled here")],
                help="enrol each person once, with a key and a login of their own",
            )
        )
    everybody: list[Person | ReviewKey] = [*people, *keys]
    for holder in everybody:
        if _is_weak(holder.key):
            dubious.add(holder.keyid)
            message = f"{_called(holder)} is enrolled with a key under which anybody can sign"
            help_ = "make a pair with `convo keys new` and enrol its public key"
            faults.append(c.AMBIGUOUS_ENROLMENT.at(holder.raw.value("key"), message, help=help_))
    enrolment = Enrolment(
        people={p.keyid: p for p in people if p.keyid not in dubious},
        review_keys={k.keyid: k for k in keys if k.keyid not in dubious},
        dubious=frozenset(dubious),
        dubious_names=frozenset(p.name for p in people if p.keyid in dubious),
    )
    return enrolment, faults


def wrote_it(author: str, person: Person) -> bool:
    """Whether whoever a line names as an author is this approver, by name, mail address, login or number of the account.

    A line may name several, as in `Wat Example; Ada Example`.
    """
    return any(_is(one, person) for one in people_in(author))


def _is(one: str, person: Person) -> bool:
    if same_person(one, person.name):
        return True
    logins = [one.removeprefix("@")] if "@" not in one[1:] else []
    for mail in mails_of(one):
        account, login = account_of(mail)
        if account is not None and account == person.account:
            return True
        logins.append(login)
    return person.login is not None and any(login and same_person(login, person.login) for login in logins)


def _clashes(
    people: list[Person], keys: list[ReviewKey]
) -> Iterator[tuple[Person | ReviewKey, Person | ReviewKey, str]]:
    everybody: Iterable[Person | ReviewKey] = [*people, *keys]
    for one, other in combinations(everybody, 2):
        if one.keyid == other.keyid:
            yield one, other, "the same key"
        elif isinstance(one, Person) and isinstance(other, Person):
            if same_person(one.name, other.name):
                yield one, other, "the same name"
            elif one.login is not None and other.login is not None and _same_login(one, other):
                yield one, other, "the same login"
            elif one.account is not None and one.account == other.account:
                yield one, other, "the same account"


def _is_weak(key: bytes) -> bool:
    return key[:-1] + bytes([key[-1] & 0x7F]) in WEAK_KEYS


def _same_login(one: Person, other: Person) -> bool:
    return (one.login or "").casefold() == (other.login or "").casefold()


def _called(holder: Person | ReviewKey) -> str:
    return holder.name if isinstance(holder, Person) else f"the review key `{holder.name}`"


def _person(raw: Any) -> Person:
    key = public_key(raw["key"])
    return Person(
        name=raw["name"],
        role=raw["role"],
        keyid=keyid(key),
        key=key,
        approves=frozenset(raw["approves"]),
        login=raw.get("login"),
        account=raw.get("account"),
        raw=raw,
    )


def _review_key(raw: Any) -> ReviewKey:
    key = public_key(raw["key"])
    return ReviewKey(
        name=raw["name"], keyid=keyid(key), key=key, host=raw["host"], repository=raw["repository"], raw=raw
    )
