"""A slot in a text that the claim does not declare, or one declared and not used.

A slot like `{tenant.firm}` is filled at the moment of writing. Its name is part of what was approved, so it is declared under
`slots`; an undeclared one, or a stray brace, would reach the customer as it stands. A `tenant.` slot must have a value in
tenant.yaml or be filled by a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic, Span
from compiler.diagnostics.suggest import did_you_mean
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Claim, Source

CODE = Code(
    code="CV5015",
    name="slot",
    summary="a slot that is not declared, not used or has no value",
    explanation=__doc__,
    bad="says: Hello from {tenant.frim}.\nslots: [tenant.firm]",
    good="says: Hello from {tenant.firm}.\nslots: [tenant.firm]",
)
NEEDS = frozenset({"tenant", "destinations"})

_SLOT = re.compile(r"\{([^{}]*)\}")


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    known = {f"tenant.{name}" for name in source.sections["tenant"]["values"]} | {
        link.slot for link in source.links
    }
    for claim in source.spoken():
        used: set[str] = set()
        for text, span in wording.of_claim(claim):
            if "{" in text or "}" in text:
                used |= set(_SLOT.findall(text))
                yield from _undeclared(claim, text, span)
        for index, name in enumerate(claim.slots):
            if name not in used:
                yield CODE.at(
                    claim.within("slots", index), f"the slot `{name}` stands in no text of `{claim.id}`"
                )
            elif name.startswith("tenant.") and name not in known:
                message = f"nothing gives `{name}` a value"
                yield CODE.at(claim.within("slots", index), message, help="add it to `values` in tenant.yaml")


def _undeclared(claim: Claim, text: str, span: Span) -> Iterator[Diagnostic]:
    for name in _SLOT.findall(text):
        if name not in claim.slots:
            help_ = did_you_mean(name, claim.slots) or f"add it to `slots` of `{claim.id}`"
            yield CODE.at(span, f"the slot `{{{name}}}` is not declared", help=help_)
    if re.search(r"[{}]", _SLOT.sub("", text)):
        yield CODE.at(span, "a brace stands alone in the text", help="a slot is written {name}")
