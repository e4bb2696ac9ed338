"""How `convo approve` comes to new lines: what to approve, by whom, wholly shown, asked for, checked, then written at once."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commands import UsageProblem
from compiler.approvals import subject_of
from compiler.diagnostics.escape import visible

if TYPE_CHECKING:
    from compiler.approvals import Enrolment, Person, Subject
    from compiler.approvals.judge import Judged
    from compiler.source.model import Source
    from compiler.source.tree import Map
    from compiler.write import SigningKey

APPROVALS = "approvals.yaml"
LINKS = "CV4"  # codes of the link pass
VOID = "CV6002"  # a line that holds but for its words, which are no longer those that stand


class Refused(Exception):
    """Nothing was written; why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One tenant as it now stands on disk, with what its approvals come to."""

    path: Path
    source: Source
    judged: Judged
    today: date

    @property
    def file(self) -> Path:
        return self.path / APPROVALS

    def subject(self, name: str) -> Subject:
        """Raises UsageProblem."""
        from compiler.diagnostics.suggest import did_you_mean

        found = self.judged.subjects.get(name)
        if found is None:
            hint = did_you_mean(name, self.judged.subjects)
            raise UsageProblem(
                f"{self.source.slug} has no claim or script `{name}`{f': {hint}' if hint else ''}"
            )
        return found


def desk(path: Path, today: date) -> Desk:
    """Reads a tenant. Raises UsageProblem while what approvals are about cannot be read whole."""
    from compiler.approvals.judge import judge
    from compiler.pipeline import source_of

    path = path.resolve()
    source = source_of(path.parent, path.name)
    if broken := sorted(_unread(source)):
        raise UsageProblem(
            f"{', '.join(broken)} cannot be read whole: `convo compile {path} --check` says why"
        )
    return Desk(path=path, source=source, judged=judge(source, today=f"{today}"), today=today)


def _unread(source: Source) -> set[str]:
    """Kinds of file that approvals are about and that cannot be read whole. A reference that leads nowhere is no such fault:
    a line about a claim that is gone must be removable."""
    from compiler.approvals.judge import READ

    found: set[str] = set()
    for folder in (source.folder, *(pack.folder for pack in source.packs)):
        found |= folder.missing
        for file in folder.files:
            faults = [d for d in file.diagnostics if d.is_error and not d.code.startswith(LINKS)]
            if file.data is None or file.bad or faults:
                found.add(file.kind)
    return found.intersection(READ)


def changed_since(there: Desk, base: str) -> list[str]:
    """What differs from the base, or was not there: ids in order. Without a base, all that is not approved."""
    if not base:
        return [id_ for id_ in there.judged.subjects if not there.judged.held.approved(id_)]
    from commands.gitref import folder_at
    from compiler.approvals.subjects import subjects_of
    from compiler.pipeline import source_of

    with folder_at(base, there.path.parent) as folder:
        known = (folder / there.path.name / "tenant.yaml").exists()
        before = subjects_of(source_of(folder, there.path.name)) if known else {}
    return [
        id_
        for id_, subject in there.judged.subjects.items()
        if id_ not in before or before[id_].digest != subject.digest
    ]


def key_at(path: Path) -> SigningKey:
    """The private key of a PEM file. Raises UsageProblem, which never shows it."""
    from cryptography.exceptions import UnsupportedAlgorithm

    from compiler.write import signing_key

    try:
        return signing_key(path.read_bytes())
    except OSError as error:
        raise UsageProblem(f"{path}: {error.strerror}") from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise UsageProblem(
            f"{path}: no unencrypted Ed25519 private key (PEM); `convo keys new` makes one"
        ) from None


def signer_of(there: Desk, key: SigningKey, by: str) -> Person:
    """Whose key this is. Raises Refused when it is nobody's, or not that of `by`."""
    person = there.judged.enrolment.people.get(key.keyid)
    if person is None:
        who = "is enrolled twice" if key.keyid in there.judged.enrolment.dubious else "is enrolled for nobody"
        raise Refused(f"this key {who} under `approvers` in {there.source.slug}/tenant.yaml")
    if by and by != person.name:
        raise Refused(f"this is the key of {person.name}, not of {visible(by)}")
    return person


def shown(there: Desk, ids: Iterable[str]) -> None:
    """Prints everything an approver of these answers for."""
    from compiler.approvals.show import page

    for id_ in ids:
        print("\n".join(page(there.subject(id_), there.source, there.judged)))
        print()


def confirmed(question: str, *, yes: bool) -> bool:
    """Asks on a terminal. Raises UsageProblem when there is none and nobody said yes beforehand."""
    if yes:
        return True
    if not sys.stdin.isatty():
        raise UsageProblem("there is no terminal to ask on; --yes says it beforehand")
    return input(f"{question} [y/N] ").strip().casefold() in {"y", "yes"}


def unchanged(before: Desk, now: Desk, ids: Iterable[str]) -> None:
    """What was shown is what will be signed, documents included. Raises Refused."""
    for id_ in ids:
        shown_digest = before.judged.subjects[id_].digest
        if id_ not in now.judged.subjects or now.judged.subjects[id_].digest != shown_digest:
            raise Refused(f"`{id_}` changed while it was being read; nothing was approved")
    if before.judged.enrolment != now.judged.enrolment:
        raise Refused("who may approve changed meanwhile; nothing was approved")


def enter(
    there: Desk,
    new: Sequence[dict[str, Any]],
    *,
    enrolments: Sequence[Enrolment | None] = (None,),
    without: Sequence[Map] = (),
) -> list[str]:
    """Writes new lines into approvals.yaml, each in place of its signer's earlier one, and drops those `without`.

    Returns what else went. Raises Refused with what the compiler would say of a line that does not hold, by this tenant's
    own enrolment and by each of those it is judged by; then nothing is written.
    """
    from compiler.approvals.propose import refusals, without_void
    from compiler.approvals.register import added

    lines = added([line for line in there.source.approvals if line not in without], new)
    parsed = _read_back(there, lines)
    for enrolment in enrolments if new else ():
        wrong = refusals(there.source, parsed, new, today=f"{there.today}", enrolment=enrolment)
        if wrong:
            raise Refused("\n".join(f"{d.code} {d.message}{f' ({d.help})' if d.help else ''}" for d in wrong))
    kept = without_void(there.source, parsed, today=f"{there.today}")
    _put(there, kept)
    return [f"{line['by']}'s approval of the former words" for line in parsed if line not in kept]


def strike(there: Desk, ids: Sequence[str], by: str) -> int:
    """Removes the lines about these (only those of `by`, if given). Returns how many there were."""
    gone = [line for line in there.source.approvals if subject_of(line) in ids and by in ("", line["by"])]
    if gone:
        _put(there, [line for line in there.source.approvals if line not in gone])
    return len(gone)


def _put(there: Desk, lines: Sequence[Any]) -> None:
    from compiler.approvals.register import head_of, rendered
    from compiler.write import put

    before = there.file.read_text(encoding="utf-8") if there.file.exists() else ""
    put(there.file, rendered(head_of(before), lines).encode())


def _read_back(there: Desk, lines: Sequence[Any]) -> list[Map]:
    """The lines as the compiler will read them from the file. Raises Refused when it would not."""
    from compiler.approvals.register import rendered
    from compiler.load import schema
    from compiler.source.files import Parsed
    from compiler.source.parse import parse
    from compiler.source.read import items
    from compiler.validate import validate

    parsed = parse(Parsed(f"{there.source.slug}/{APPROVALS}", "approvals", text=rendered("", lines)))
    validate(parsed, schema("approvals"), authority=True)
    if not parsed.whole:
        raise Refused("\n".join(f"{d.code} {d.message}" for d in parsed.diagnostics))
    return [line for _, line in items(parsed)]


def author_of(there: Desk, person: Person, also: str, subject: Subject, addresses: frozenset[str]) -> str:
    """Who wrote it, several with a semicolon between them: all whom git names, and whoever else is named.

    `addresses`: under which the approver has committed here. Raises UsageProblem when nobody is known.
    """
    from commands.wrote import authors, commit_that_brought, listed, part_of

    tenants = there.path.parent
    digest = _approved_before(there, subject)
    since = commit_that_brought(digest, there.file) if digest else ""
    beside = [there.path / "tenant.yaml", *_documents(there, subject)]
    found = authors(part_of(tenants / subject.raw.file, subject.raw.node), since, also=beside)
    names = listed([*found, *([also] if also else [])], person.name, addresses)
    if not names:
        raise UsageProblem(f"git does not tell who wrote `{subject.id}`: name them with --author")
    return "; ".join(names)


def _approved_before(there: Desk, subject: Subject) -> str:
    """The digest of the newest wording before this one that somebody else's signed line approved; empty when there is none."""
    lines = [
        line
        for line, faults in there.judged.lines
        if subject_of(line) == subject.id and [fault.code for fault in faults] == [VOID]
    ]
    newest = max(lines, key=lambda line: str(line["on"]), default=None)
    return str(newest["digest"]) if newest is not None else ""


def _documents(there: Desk, subject: Subject) -> list[Path]:
    return [there.path / subject.raw["document"]] if "document" in subject.raw else []
