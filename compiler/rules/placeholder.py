"""A word that holds a place stands where something must be shown: "-", "to be done", "tbd", "none yet", "failed".

The evidence of a go-live item, who signed it, the agreement with a processor, the permission under which the firm seeks people
out and the tenant's values are read by those who decide whether it goes live. A place-holder in one of them looks filled in
and shows nothing, and a `failed` there shows the opposite. So does `example` in any case (EXAMPLE anywhere: CV5019). A value the
firm does not have is left out. An error for live, a warning for staging.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.source import golive
from compiler.source.context import Context
from compiler.source.model import Source
from compiler.source.once import of_text
from schemas.text import compile_pattern, normalise

CODE = Code(
    code="CV5060",
    name="placeholder",
    summary="a place-holder where something must be shown (a warning for staging)",
    explanation=__doc__,
    bad="evidence: to be done",
    good="evidence: Restore report 4",
)
NEEDS = frozenset[str]()

_WORDS = (
    r"t\.?b\.?[acd]\.?|to ?do|to (?:be|follow)(?: [a-z]+){0,2}|none|nothing|n/?\.?a\.?|"
    r"not (?:applicable|known|available|done|signed|yet)|pending|fail(?:ed|s|ure)?|passed|no|nil|null|yes|ok(?:ay)?|done|"
    r"unknown|examples?|x+|later|soon|yet|placeholder|replace(?: me)?|missing|draft|unsigned|"
    r"(?:awaiting|waiting for)(?: [a-z]+)?|in progress|under way|test|dummy|sample|and|or|so far|still"
)
_APART = r"[^\pL\pN]"
_ONLY = rf"^{_APART}+$|^(?:{_APART}*(?:{_WORDS})(?:{_APART}+|$))+$"
_EXAMPLE = r"(?:^|[^\pL\pN.@-])example(?:[^\pL\pN.@-]|$)"
_OURS = "EXAMPLE"  # what CV5019 finds


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    severity = golive.severity(context)
    for text, span in _shown(source) if severity is not None else ():
        if _holds_a_place(text):
            message = f"`{text.strip()}` holds a place and shows nothing"
            help_ = "write what was shown or agreed, or leave a value out that the firm does not have"
            yield CODE.at(span, message, help=help_, severity=severity)


@of_text
def _holds_a_place(text: str) -> bool:
    view = normalise(text.strip()).views[0].text
    example = _OURS not in text and compile_pattern(_EXAMPLE).search(view) is not None
    return example or compile_pattern(_ONLY).search(view) is not None


def _shown(source: Source) -> Iterator[tuple[str, Span]]:
    """What must say something, each with its place."""
    for record in source.evidence:
        yield from ((record[key], record.value(key)) for key in ("evidence", "signed_by"))
    tenant: Any = source.sections.get("tenant", {})
    if "perimeter" in tenant:
        yield tenant["perimeter"]["permission"], tenant["perimeter"].value("permission")
    for processor in tenant.get("processors", ()):
        yield from ((processor[key], processor.value(key)) for key in ("name", "agreement"))
    for key, text in tenant.get("values", {}).items():
        yield text, tenant["values"].value(key)
