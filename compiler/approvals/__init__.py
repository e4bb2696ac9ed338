"""Digest <-> approvals.yaml: an approval is of exact words, signed by an enrolled approver who did not write them. Pure."""

from __future__ import annotations

from compiler.approvals.enrolment import Enrolment, Person, ReviewKey, enrolment_of, wrote_it
from compiler.approvals.judge import check
from compiler.approvals.lines import SIGNED_FIELDS, approval_payload, review_ref, signed, subject_of
from compiler.approvals.subjects import (
    Subject,
    claim_digest,
    digest_of_words,
    kept_words,
    subjects_of,
    words_of,
    written,
)
from compiler.source.people import people_in, same_person

__all__ = [
    "SIGNED_FIELDS",
    "Enrolment",
    "Person",
    "ReviewKey",
    "Subject",
    "approval_payload",
    "check",
    "claim_digest",
    "digest_of_words",
    "enrolment_of",
    "kept_words",
    "people_in",
    "review_ref",
    "same_person",
    "signed",
    "subject_of",
    "subjects_of",
    "words_of",
    "written",
    "wrote_it",
]
