"""A permitted text holds wording that the register prohibits.

Prohibited entries are patterns no reply may hold. A claim is said word for word, so a claim that holds one would be refused
by the runtime's review at the moment it is needed. Either the claim says what the firm must not say, or the pattern is too
wide, or the claim is the one place where the wording belongs: then the prohibited entry names it under `allow`. The
persona's phrases and the titles of quick replies are looked at too, and have no `allow`.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Claim, Source
from compiler.source.once import of_text
from schemas.bundle import Prohibited
from schemas.text import PatternError, compile_any, compile_pattern, find_prohibited

CODE = Code(
    code="CV5004",
    name="prohibited-wording",
    summary="prohibited wording inside a permitted text",
    explanation=__doc__,
    bad="says: You are owed money.",
    good="says: I can't tell you whether you have a claim.",
)
NEEDS = frozenset({"claims"})


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    readable = [claim for claim in source.prohibited() if _readable(claim)]
    entries = tuple(_entry(claim) for claim in readable)
    patterns = tuple(pattern for claim in readable for pattern in claim.match)
    for claim in source.spoken():
        for text, span in wording.of_claim(claim):
            if not _clean(patterns, text):
                yield from _faults(source, entries, text, span, claim.id)
    for text, span in wording.of_tenant(source):
        if not _clean(patterns, text):
            yield from _faults(source, entries, text, span, "")


@of_text
def _clean(patterns: tuple[str, ...], text: str) -> bool:
    """Whether no entry can have anything to say, as is so of nearly every text."""
    at_all = compile_any(patterns)
    return at_all is not None and not any(at_all.search(view.text) for view in wording.shadow_of(text).views)


def _faults(
    source: Source, entries: tuple[Prohibited, ...], text: str, span: Span, claim: str
) -> Iterator[Diagnostic]:
    for found in find_prohibited(text, entries, [claim] if claim else []):
        words = text[found.start : found.end]
        entry = source.claims[found.rule]
        yield CODE.at(
            span,
            f"`{words}` is prohibited by {found.rule}: {found.says}",
            labels=[Label(span=entry.span("match"), text=f"{found.rule} finds it with `{found.pattern}`")],
            help=f"change the words, or add `{claim}` to `allow` of {found.rule}"
            if claim
            else "change the words",
        )


def _entry(claim: Claim) -> Prohibited:
    says = claim.raw["says"].strip()
    return Prohibited(id=claim.id, says=says, match=claim.match, allow=claim.allow, file="", line=0)


def _readable(claim: Claim) -> bool:
    try:
        return all(compile_pattern(pattern) is not None for pattern in claim.match)
    except PatternError:
        return False  # CV5014 says so
