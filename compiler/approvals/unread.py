"""What is approved, or named as approved, and cannot be judged: something its words hang on could not be read. Pure.

Why not is said at the file with the fault. A line about such a thing holds no more than any other that does not fit.
"""

from __future__ import annotations

from collections.abc import Mapping, Set

from compiler.approvals.lines import subject_of
from compiler.approvals.subjects import CAMPAIGN, PERSONA, QUICK_REPLY, Subject
from compiler.rules.prompt import filled_in
from compiler.source.model import Claim, Source

ANY_LINK = "tenant."


def unread(source: Source, subjects: Mapping[str, Subject]) -> Set[str]:
    """The ids of claims and scripts of which one cannot say whether they are as they were approved."""
    claims = {claim.id for claim in source.spoken() if _in_part(source, claim)}
    scripts = {s.id for s in subjects.values() if s.script and _says_unread(s, subjects, claims)}
    if PERSONA in subjects and ("channels" not in source.sections or filled_in(source) is None):
        scripts.add(PERSONA)
    return (
        claims | scripts | {id_ for line in source.approvals if _of_no_file(source, id_ := subject_of(line))}
    )


def _in_part(source: Source, claim: Claim) -> bool:
    """Whether what fills a slot of it, or the document it cites, is not there: then the link pass or a rule says so."""
    if "document" in claim.raw and not source.documents.get(claim.raw["document"]):
        return True
    fills = source.fills() if "destinations" not in source.sections else {}
    return "destinations" not in source.sections and any(
        slot.startswith(ANY_LINK) and slot not in fills for slot in claim.slots
    )


def _says_unread(script: Subject, subjects: Mapping[str, Subject], claims: Set[str]) -> bool:
    """Whether it says a claim that is not there, or in part."""
    return any(claim not in subjects or claim in claims for claim in script.cites)


def _of_no_file(source: Source, id_: str) -> bool:
    """Whether it is a script of a file that could not be read."""
    if id_ == PERSONA:
        return "persona" not in source.sections
    return id_.startswith((CAMPAIGN, QUICK_REPLY)) and "journeys" not in source.sections
