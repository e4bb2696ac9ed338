"""New lines of approvals.yaml: by whom, of what, and signed. Nothing here decides whether they hold; `judge` does. Pure."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compiler.approvals.enrolment import Enrolment
from compiler.approvals.judge import judge
from compiler.approvals.lines import approval_payload, ended, subject_of
from compiler.approvals.subjects import Subject, written
from compiler.diagnostics import Diagnostic
from compiler.source.model import Source
from compiler.source.tree import Map


@dataclass(frozen=True, slots=True, kw_only=True)
class Approval:
    """Who approves, when and how. Days are ISO; `expires` is the first day on which it no longer holds (None: no end).

    `login` and `account`: whose review it was, where it is one.
    """

    by: str
    role: str
    on: str
    expires: str | None
    ref: str
    author: str
    via: str
    key: str
    login: str | None = None
    account: int | None = None


def line_of(
    tenant: str, subject: Subject, approval: Approval, sign: Callable[[bytes], bytes]
) -> dict[str, Any]:
    """The signed line by which somebody approves a thing as it now stands."""
    line: dict[str, Any] = {
        subject.key: subject.id,
        "digest": subject.digest,
        "by": approval.by,
        "role": approval.role,
        "on": approval.on,
        "ref": approval.ref,
        "author": approval.author,
        "via": approval.via,
        "key": approval.key,
    }
    optional = {"expires": approval.expires, "login": approval.login, "account": approval.account}
    line |= {key: value for key, value in optional.items() if value is not None}
    signature = base64.b64encode(sign(approval_payload(tenant, line))).decode()
    return {**line, "signature": signature, "text": written(subject.normative)}


def refusals(
    source: Source,
    lines: Iterable[Map],
    new: Sequence[Mapping[str, Any]],
    *,
    today: str,
    enrolment: Enrolment | None,
) -> list[Diagnostic]:
    """What the compiler would say of the new lines, once `lines` (all of them, as the file will be read) stand."""
    judged = judge(replace(source, approvals=tuple(lines)), today=today, enrolment=enrolment)
    ours = {(subject_of(line), line["by"]) for line in new}
    wrong = [
        fault
        for line, faults in judged.lines
        if (subject_of(line), line["by"]) in ours
        for fault in (*faults, *ended(line, today))
    ]
    return wrong or (
        [] if all(judged.held.lines.get(subject) for subject, _ in ours) else list(judged.faults)
    )


def without_void(source: Source, lines: Sequence[Map], *, today: str) -> list[Map]:
    """The lines without those a fully approved thing no longer needs: approvals of its former words."""
    judged = judge(replace(source, approvals=tuple(lines)), today=today)
    return [line for line, faults in judged.lines if not (faults and judged.held.approved(subject_of(line)))]
