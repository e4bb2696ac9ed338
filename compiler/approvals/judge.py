"""Which approvals of a tenant hold, what is wrong with the others, and what is still missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from compiler.approvals.enrolment import Enrolment, enrolment_of
from compiler.approvals.lines import Rules, ended, faults, subject_of
from compiler.approvals.subjects import Subject, subjects_of
from compiler.diagnostics import ERROR, Diagnostic, Label
from compiler.diagnostics import approval_codes as own
from compiler.diagnostics import codes as c
from compiler.source.held import Held
from compiler.source.model import Source
from compiler.source.tree import Map

LIVE = "live"
SHOWN = 5  # ids named in a message about many
_READ = ("claims", "approvals", "tenant", "persona", "journeys")


def check(
    source: Source, *, today: str, stage: str, enrolment: Enrolment | None = None
) -> tuple[Held, list[Diagnostic]]:
    """Which approvals hold, and what is wrong with the others. The day decides diagnostics only, never what holds.

    `enrolment`: who is enrolled in what this tree is to be merged into, when it is a proposed change (None: it is not).
    Then a line must hold by that, too, so that nobody is enrolled by the change they approve.
    """
    subjects = subjects_of(source)
    here, found = enrolment_of(source.sections.get("tenant"))
    rules = [
        Rules(tenant=source.slug, subjects=subjects, enrolment=one, today=today)
        for one in (here, enrolment)
        if one is not None
    ]
    lines: dict[str, tuple[Map, ...]] = {}
    faulty: set[str] = set()
    for line in source.approvals if "tenant" in source.sections else ():
        id_ = subject_of(line)
        wrong = list(faults(line, rules[0])) or list(_twice(line, lines.get(id_, ())))
        wrong = wrong or list(_enrolled_here(line, rules[1:]))
        found += wrong
        if wrong or id_ not in subjects or not rules[0].enrolment.knows(line["key"]):
            faulty.add(id_)
        else:
            lines[id_] = (*lines.get(id_, ()), line)
            found += ended(line, today)
    held = Held(
        digests={id_: subject.digest for id_, subject in subjects.items()},
        lines=lines,
        scripts=tuple(id_ for id_, subject in subjects.items() if subject.script),
    )
    if source.broken.isdisjoint(_READ):
        found += _unapproved(source, held, subjects, faulty, stage)
    return held, found


def _enrolled_here(line: Map, bases: Sequence[Rules]) -> Iterator[Diagnostic]:
    """What holds by this tree's enrolment holds by that of its base, or this very change made it hold."""
    for base in bases:
        if any(faults(line, base)) or not base.enrolment.knows(line["key"]):
            message = f"{line['by']} could not approve this before the very change that the line approves"
            help_ = "merge the enrolment first, approved by those who are enrolled now"
            yield own.ENROLLED_HERE.at(line.value("by"), message, help=help_)


def _twice(line: Map, before: tuple[Map, ...]) -> Iterator[Diagnostic]:
    """One person's word counts once for one thing."""
    for other in before:
        if other["by"] == line["by"]:
            message = f"{line['by']} has approved `{subject_of(line)}` already"
            yield own.TWICE.at(
                line.value("by"),
                message,
                labels=[Label(span=other.value("by"), text="here")],
                help="keep the newer line only; `convo approve` replaces the older one",
            )
            return


def _unapproved(
    source: Source, held: Held, subjects: Mapping[str, Subject], faulty: set[str], stage: str
) -> Iterator[Diagnostic]:
    severity = ERROR if stage == LIVE else None
    missing = [id_ for id_ in subjects if not held.approved(id_) and id_ not in faulty]
    claims = [id_ for id_ in missing if not subjects[id_].script]
    scripts = [f"{id_} ({' and '.join(held.lacks(id_))})" for id_ in missing if subjects[id_].script]
    of = {False: len(held.digests) - len(held.scripts), True: len(held.scripts)}
    if claims:
        message = f"{len(claims)} of {of[False]} claims are not approved: {_named(claims)}"
        help_ = "the bundle is marked unapproved and speaks on sandbox connections only"
        yield c.UNAPPROVED.at(source.file("approvals"), message, help=help_, severity=severity)
    if scripts:
        message = f"{len(scripts)} of {of[True]} scripts lack an approval: {_named(scripts)}"
        help_ = "a solicitor and a compliance person, two people, approve each script"
        yield own.SCRIPT_UNAPPROVED.at(source.file("approvals"), message, help=help_, severity=severity)


def _named(ids: list[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")
