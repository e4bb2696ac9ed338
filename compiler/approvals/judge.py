"""Which approvals of a tenant hold, what is wrong with the others, and what is still missing. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from compiler.approvals.enrolment import Enrolment, enrolment_of
from compiler.approvals.lines import Rules, ended, faults, subject_of
from compiler.approvals.subjects import Digests, Subject, subjects_of
from compiler.approvals.unread import unread
from compiler.diagnostics import ERROR, Diagnostic, Label
from compiler.diagnostics import approval_codes as own
from compiler.diagnostics import codes as c
from compiler.source.held import Held
from compiler.source.model import Source
from compiler.source.tree import Map

LIVE = "live"
SHOWN = 5  # ids named in a message about many
READ = ("claims", "approvals", "tenant", "persona", "journeys")
OF_WORDS = frozenset({c.UNDEFINED.code, c.STALE.code})  # what is only known of words that could be read whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """Every line with what is wrong with it (nothing: it holds), and what it makes of each subject."""

    subjects: Mapping[str, Subject]
    held: Held
    lines: Sequence[tuple[Map, tuple[Diagnostic, ...]]]
    enrolment: Enrolment
    faults: Sequence[Diagnostic]  # of the enrolment itself

    @property
    def faulty(self) -> set[str]:
        """Subjects with a line that does not hold: what is wrong is said there."""
        good = {id(line) for lines in self.held.lines.values() for line in lines}
        return {subject_of(line) for line, _ in self.lines if id(line) not in good}


def check(
    source: Source, *, today: str, stage: str, enrolment: Enrolment | None = None
) -> tuple[Held, list[Diagnostic]]:
    """Which approvals hold, and what is wrong with the others. The day decides diagnostics only, never what holds.

    `enrolment`: who is enrolled in what this tree is to be merged into, when it is a proposed change (None: it is not).
    Then a line must hold by that, too, so that nobody is enrolled by the change they approve.
    """
    judged = judge(source, today=today, enrolment=enrolment)
    follows = unread(source, judged.subjects)
    found = [*judged.faults]
    for line, wrong in judged.lines:
        found += [fault for fault in wrong if not (fault.code in OF_WORDS and subject_of(line) in follows)]
    found += [fault for lines in judged.held.lines.values() for line in lines for fault in ended(line, today)]
    if source.broken.isdisjoint(READ):
        found += _unapproved(source, judged, stage)
    return judged.held, found


def judge(source: Source, *, today: str, enrolment: Enrolment | None = None) -> Judged:
    """What holds and what does not, line by line; an enrolment as for `check`."""
    subjects = subjects_of(source)
    here, clashes = enrolment_of(source.sections.get("tenant"))
    rules, *bases = [
        Rules(tenant=source.slug, subjects=subjects, enrolment=one, today=today)
        for one in (here, enrolment)
        if one is not None
    ]
    good: dict[str, tuple[Map, ...]] = {}
    judged: list[tuple[Map, tuple[Diagnostic, ...]]] = []
    for line in source.approvals if "tenant" in source.sections else ():
        id_ = subject_of(line)
        wrong = list(faults(line, rules)) or list(_twice(line, good.get(id_, ())))
        wrong = wrong or list(_enrolled_here(line, bases))
        judged.append((line, tuple(wrong)))
        if not wrong and id_ in subjects and here.knows(line["key"]) and here.knows_name(line["by"]):
            good[id_] = (*good.get(id_, ()), line)
    held = Held(
        digests=Digests(subjects),
        lines=good,
        scripts=tuple(id_ for id_, subject in subjects.items() if subject.script),
    )
    return Judged(subjects=subjects, held=held, lines=judged, enrolment=here, faults=clashes)


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


def _unapproved(source: Source, judged: Judged, stage: str) -> Iterator[Diagnostic]:
    severity = ERROR if stage == LIVE else None
    held, subjects, faulty = judged.held, judged.subjects, judged.faulty
    missing = [id_ for id_ in subjects if not held.approved(id_) and id_ not in faulty]
    claims = [id_ for id_ in missing if not subjects[id_].script]
    scripts = [f"{id_} ({' and '.join(held.lacks(id_))})" for id_ in missing if subjects[id_].script]
    if claims:
        message = (
            f"{len(claims)} of {len(subjects) - len(held.scripts)} claims are not approved: {_named(claims)}"
        )
        help_ = "the bundle is marked unapproved and speaks on sandbox connections only"
        yield c.UNAPPROVED.at(source.file("approvals"), message, help=help_, severity=severity)
    if scripts:
        message = f"{len(scripts)} of {len(held.scripts)} scripts lack an approval: {_named(scripts)}"
        help_ = "a solicitor and a compliance person, two people, approve each script"
        yield own.SCRIPT_UNAPPROVED.at(source.file("approvals"), message, help=help_, severity=severity)


def _named(ids: list[str]) -> str:
    return ", ".join(ids[:SHOWN]) + (f" and {len(ids) - SHOWN} more" if len(ids) > SHOWN else "")
