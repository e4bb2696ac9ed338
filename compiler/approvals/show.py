"""What somebody is about to approve, whole, and what it is worth so far: for people at a terminal. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from compiler.approvals.judge import Judged
from compiler.approvals.lines import subject_of
from compiler.approvals.subjects import Subject, kept_words
from compiler.diagnostics.escape import visible
from compiler.source.held import SCRIPT_ROLES
from compiler.source.model import Source

LABEL_CHARS = 18
WIDTH_CHARS = 100
VARIANTS = ("full", "short", "answer")
CALLED = {"full": "says", "required_with": "always with", "repeat_after_days": "repeat after days"}
OWN_ROWS = frozenset(
    {"tenant", "id", "kind", "texts", "claims", "slots", "values", "effective", "expires", "review_by"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the approvals of one thing come to. `state`: approved, expired, void, partly or none."""

    subject: str
    state: str
    digest: str
    by: tuple[Mapping[str, Any], ...]
    lacks: tuple[str, ...]
    void: tuple[str, ...]  # why each line that does not hold does not

    def __str__(self) -> str:
        said = [f"{a['by']} ({a['role']}) until {a['expires'] or 'further notice'}" for a in self.by]
        parts = [*([", ".join(said)] if said else []), *self.void]
        parts += [f"lacks {' and '.join(self.lacks)}"] if self.lacks else []
        return visible("; ".join(parts))


def standings(judged: Judged, today: str) -> list[Standing]:
    """Every claim and script of a tenant, in the order of `subjects_of`."""
    return [_standing(subject, judged, today) for subject in judged.subjects.values()]


def last_approved(judged: Judged, subject: str) -> Mapping[str, Any] | None:
    """The newest line about a thing that kept its words, whether or not they are still the same."""
    lines = [line for line, _ in judged.lines if subject_of(line) == subject and kept_words(line) is not None]
    return max(lines, key=lambda line: str(line["on"]), default=None)


def page(subject: Subject, source: Source, judged: Judged) -> Iterator[str]:
    """Everything an approver of this answers for, line by line, and what changed since it was last approved."""
    from compiler.approvals.words import changes

    words = subject.normative
    at = subject.raw.at()
    yield f"{subject.id}  {visible(str(words.get('kind', 'script')))}  {visible(at.file)}:{at.line}"
    for label, text in _rows(subject, source):
        yield from _row(label, text)
    last = last_approved(judged, subject.id)
    if last is None:
        yield from _row("changed", "never approved before")
    elif last["digest"] == subject.digest:
        yield from _row("changed", f"nothing since {last['by']} approved it on {last['on']}")
    else:
        yield from _row("changed", f"since {last['by']} approved it on {last['on']}:")
        for change in changes(kept_words(last) or {}, words):
            yield from _row("", str(change))


def _rows(subject: Subject, source: Source) -> Iterator[tuple[str, str]]:
    words = subject.normative
    for language, texts in words.get("texts", {}).items():
        for variant in VARIANTS:
            if variant in texts:
                yield f"{CALLED.get(variant, variant)} ({language})", texts[variant]
    for slot in words.get("slots", ()):
        value = words["values"].get(slot)
        yield "slot", f"{{{slot}}}" + (f" = {value}" if value is not None else "")
    for key, value in words.items():
        if key not in OWN_ROWS and value not in (None, [], {}):
            yield CALLED.get(key, key), _text(value)
    for link in source.links:
        if link.claim == subject.id:
            yield "link", f"{link.id}: {link.url}"
    for cited in subject.cites:
        yield f"says {cited}", _full(source, cited)
    if "effective" in words:
        ends = f"expires {words['expires']}" if words["expires"] else "no last day"
        yield "dates", f"effective {words['effective']}, {ends}, review by {words['review_by'] or 'no day'}"
    yield "digest", subject.digest


def _full(source: Source, claim: str) -> str:
    known = source.claims.get(claim)
    return known.texts.get(source.language, {}).get("full", "") if known is not None else "(no such claim)"


def _text(value: Any) -> str:
    match value:
        case Mapping():
            return "; ".join(f"{key}: {_text(item)}" for key, item in value.items())
        case list() | tuple():
            return ", ".join(map(str, value))
        case _:
            return str(value)


def _row(label: str, text: str) -> Iterator[str]:
    indent = " " * (LABEL_CHARS + 4)
    for n, paragraph in enumerate(text.split("\n")):
        begin = f"  {label:<{LABEL_CHARS}}  " if n == 0 else indent
        yield from textwrap.wrap(
            visible(paragraph),
            WIDTH_CHARS,
            initial_indent=begin,
            subsequent_indent=indent,
            break_on_hyphens=False,
        ) or [begin.rstrip()]


def _standing(subject: Subject, judged: Judged, today: str) -> Standing:
    lines = judged.held.lines.get(subject.id, ())
    void = tuple(
        f"{line['by']}: {fault.message}"
        for line, faults in judged.lines
        if subject_of(line) == subject.id
        for fault in faults
    )
    standing = [line for line in lines if line.get("expires") is None or line["expires"] > today]
    return Standing(
        subject=subject.id,
        state=_state(subject, judged, lines, standing, void),
        digest=subject.digest,
        by=tuple(
            {key: line.get(key) for key in ("by", "role", "on", "expires", "ref", "via")} for line in lines
        ),
        lacks=_lacks(subject, judged),
        void=void,
    )


def _state(
    subject: Subject, judged: Judged, lines: Sequence[Any], standing: Sequence[Any], void: Sequence[str]
) -> str:
    if judged.held.approved(subject.id):
        return "approved" if len(standing) == len(lines) else "expired"
    if void:
        return "void"
    return "partly" if lines else "none"


def _lacks(subject: Subject, judged: Judged) -> tuple[str, ...]:
    if not subject.script:
        return () if judged.held.approved(subject.id) else ("an approver of facts",)
    return tuple(role for role in SCRIPT_ROLES if role in judged.held.lacks(subject.id))
