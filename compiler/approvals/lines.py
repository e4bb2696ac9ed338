"""One line of approvals.yaml: what is signed, whether it holds, and what is wrong with it when it does not. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.approvals.enrolment import Enrolment, Person, wrote_it
from compiler.approvals.subjects import Subject, canonical_words, kept_words
from compiler.diagnostics import Diagnostic, Label, Span
from compiler.diagnostics import approval_codes as own
from compiler.diagnostics import codes as c
from compiler.diagnostics.suggest import did_you_mean
from compiler.source.tree import Map
from schemas.signing import pae, text_signature_holds

APPROVAL_TYPE = "application/vnd.convo.approval+json"
SIGNED_FIELDS = (
    "claim", "script", "digest", "by", "role", "on", "expires", "ref", "author", "via", "key", "login", "account",
)  # fmt: skip
OF_REVIEWS = frozenset({"login", "account"})  # a line signed with a person's own key has none
REVIEW = "review"
SHORT = 15  # characters of a digest in a message, `sha256:` among them
SHOWN_PARTS = 3
_REVIEW_REF = re.compile(
    r"https://(?P<host>[^/]+)/(?P<repository>[^/]+/[^/]+)/pull/[1-9][0-9]*#pullrequestreview-[1-9][0-9]*\Z"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a line is judged by. `enrolment`: who counts as enrolled."""

    tenant: str
    subjects: Mapping[str, Subject]
    enrolment: Enrolment
    today: str


def approval_payload(tenant: str, line: Mapping[str, Any]) -> bytes:
    """What an approver signs: every field of the line but text and signature, bound to the tenant, in DSSE's encoding.

    The text needs no signature: it is worth nothing unless the digest, which is signed, comes of it.
    """
    fields = {key: line.get(key) for key in SIGNED_FIELDS if key in line or key not in OF_REVIEWS}
    return pae(APPROVAL_TYPE, canonical_words({"tenant": tenant, **fields}))


def review_ref(host: str, repository: str, number: int, review: int) -> str:
    """Where a review can be read, as a line's `ref` names it."""
    return f"https://{host}/{repository}/pull/{number}#pullrequestreview-{review}"


def subject_of(line: Mapping[str, Any]) -> str:
    """What a line approves."""
    return str(line["claim"] if "claim" in line else line["script"])


def faults(line: Map, rules: Rules) -> Iterator[Diagnostic]:
    """What makes a line not hold: the first thing only, as the rest follows from it."""
    subject = rules.subjects.get(subject_of(line))
    if subject is None:
        if "script" in line:  # of claims the link pass has said so
            scripts = [s.id for s in rules.subjects.values() if s.script]
            message = f"there is no script `{line['script']}`"
            yield c.UNDEFINED.at(line.value("script"), message, help=did_you_mean(line["script"], scripts))
        return
    signer = _signer(line, rules)
    if isinstance(signer, Diagnostic):
        yield signer
    elif signer is not None:
        person, key = signer
        yield from _first(
            _unsigned(line, rules.tenant, key), _by_its_author(line, person), _not_theirs(line, person, subject),
            _stale(line, subject), _early(line, rules.today),
        )  # fmt: skip


def signed(tenant: str, line: Mapping[str, Any], key: bytes) -> bool:
    """Whether the signature is this key's over exactly this line."""
    return text_signature_holds(key, line["signature"], approval_payload(tenant, line))


def ended(line: Map, today: str) -> Iterator[Diagnostic]:
    """The line holds, but its time is over."""
    if line.get("expires") is not None and line["expires"] <= today:
        message = f"the approval of `{subject_of(line)}` ended on {line['expires']}"
        yield c.APPROVAL_EXPIRED.at(line.value("expires"), message, help="have it approved again")


def _first(*found: Diagnostic | None) -> Iterator[Diagnostic]:
    yield from [fault for fault in found if fault is not None][:1]


def _signer(line: Map, rules: Rules) -> tuple[Person, bytes] | Diagnostic | None:
    """(who approved, the key that signed), a fault, or None where the enrolment's own fault says all."""
    if line["key"] in rules.enrolment.dubious:
        return None
    if line["via"] == REVIEW:
        return _by_review(line, rules)
    person = rules.enrolment.people.get(line["key"])
    if person is None or (person.name, person.role) != (line["by"], line["role"]):
        return _not_enrolled(line, rules)
    return person, person.key


def _by_review(line: Map, rules: Rules) -> tuple[Person, bytes] | Diagnostic | None:
    key = rules.enrolment.review_keys.get(line["key"])
    if key is None:
        message = "the key that signed this line is no review key of tenant.yaml"
        return c.NOT_ENROLLED.at(line.value("key"), message, help="enrol CI's key under `review_keys`")
    person = rules.enrolment.named(line["by"], line["role"])
    if person is None:
        return None if line["by"] in rules.enrolment.dubious_names else _not_enrolled(line, rules)
    place = _REVIEW_REF.match(line["ref"])
    if place is None or (place["host"], place["repository"].casefold()) != (
        key.host,
        key.repository.casefold(),
    ):
        message = f"the key `{key.name}` signs for reviews on {key.host}/{key.repository}, and this is none"
        return own.NOT_ITS_REVIEW.at(
            line.value("ref"), message, help="have the line written by `convo approve`"
        )
    if person.login is None:
        message = f"{person.name} has no login in tenant.yaml, so no review can be theirs"
        return own.NOT_ITS_REVIEW.at(
            line.value("by"), message, help="enrol their `login`, or sign with their key"
        )
    return _not_their_account(line, person) or (person, key.key)


def _not_their_account(line: Map, person: Person) -> Diagnostic | None:
    """Whose review it was is signed, so that it is judged by whoever has that account now, here and in the base."""
    if "login" not in line:
        message = "the line does not say whose review it was"
        return own.NOT_ITS_REVIEW.at(line.at(), message, help="have it written again by `convo approve`")
    if person.has_account(line["login"], line.get("account")):
        return None
    message = f"the review was @{line['login']}'s, which is not the account enrolled for {person.name}"
    help_ = "have it reviewed again from the enrolled account"
    return own.NOT_ITS_REVIEW.at(line.value("login"), message, help=help_)


def _not_enrolled(line: Map, rules: Rules) -> Diagnostic:
    names = [p.name for p in rules.enrolment.people.values()]
    message = f"{line['by']} ({line['role']}) is not enrolled with this key in tenant.yaml"
    return c.NOT_ENROLLED.at(line.value("by"), message, help=did_you_mean(line["by"], names))


def _unsigned(line: Map, tenant: str, key: bytes) -> Diagnostic | None:
    help_ = "have it approved again; never edit it by hand"
    if not signed(tenant, line, key):
        message = f"the signature over the approval of `{subject_of(line)}` does not hold"
        return c.BAD_SIGNATURE.at(line.value("signature"), message, help=help_)
    if "text" in line and kept_words(line) is None:
        message = f"the words kept with the approval of `{subject_of(line)}` are not those its digest names"
        return c.BAD_SIGNATURE.at(line.value("text"), message, help=help_)
    return None


def _by_its_author(line: Map, person: Person) -> Diagnostic | None:
    if not wrote_it(line["author"], person):
        return None
    message = f"{person.name} approves what {line['author']} wrote, and that is the same person"
    return own.SELF_APPROVAL.at(line.value("author"), message, help="have somebody else approve it")


def _not_theirs(line: Map, person: Person, subject: Subject) -> Diagnostic | None:
    if subject.kind in person.approves:
        return None
    may = ", ".join(sorted(person.approves))
    message = f"{person.name} may approve {may}, and `{subject.id}` is one of the {subject.kind}"
    return own.NOT_THEIRS.at(
        line.value("by"),
        message,
        labels=[Label(span=person.raw.value("approves"), text="what they may approve")],
        help=f"have it approved by somebody enrolled for {subject.kind}",
    )


def _stale(line: Map, subject: Subject) -> Diagnostic | None:
    if line["digest"] == subject.digest:
        return None
    message = f"the approval is for {line['digest'][:SHORT]}..., but `{subject.id}` is now {subject.digest[:SHORT]}..."
    labels = [Label(span=subject.raw.at(), text=f"the {subject.key} as it now stands")]
    if (old := kept_words(line)) is not None:
        from compiler.approvals.words import changes, shortened  # only a fault needs it

        found = changes(old, subject.normative)
        parts = [shortened(str(change)) for change in found]
        message += ": " + "; ".join(parts[:SHOWN_PARTS])
        message += f"; and {len(parts) - SHOWN_PARTS} more" if len(parts) > SHOWN_PARTS else ""
        labels = [
            Label(
                span=_place(subject, change.part),
                text=f"{change.part} as it now stands"
                if n < SHOWN_PARTS
                else part,  # the message shows the others
            )
            for n, (change, part) in enumerate(zip(found, parts, strict=True))
        ] or labels
    help_ = f"have `{subject.id}` approved again as it now stands, or restore the words"
    return c.STALE.at(line.value("digest"), message, labels=labels, help=help_)


def _place(subject: Subject, part: str) -> Span:
    """Where a part of the words stands: what a script says is under `claims`, or for the persona under `opening`."""
    keys = (part, "claims", "opening") if part in {"claims", "says"} else (part,)
    return next((subject.raw.value(key) for key in keys if key in subject.raw), subject.raw.at())


def _early(line: Map, today: str) -> Diagnostic | None:
    if line["on"] <= today:
        return None
    message = f"the approval of `{subject_of(line)}` is dated {line['on']}, which is still to come"
    return own.NOT_YET.at(line.value("on"), message, help="an approval holds from the day it was given")
