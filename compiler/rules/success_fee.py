"""A text says "no win, no fee" without the statement of what it can still cost.

An agreement to pay only on success is not free of risk: there can be charges for leaving it, and costs a win does not cover.
Where a pack has a duty about that (`fee-risk`), the words may stand only in a claim that quotes a document of the firm and is
shown together with the disclosure that fulfils the duty. They may not stand in a phrase, a value, a name or a quick reply.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from compiler.diagnostics import Code, Diagnostic, Label, Span
from compiler.source import wording
from compiler.source.context import Context
from compiler.source.model import Source
from schemas.text import matches, normalise

CODE = Code(
    code="CV5056",
    name="success-fee-bare",
    summary="'no win, no fee' without the statement of its risk",
    explanation=__doc__,
    bad="says: No win, no fee!",
    good="says: It is no win, no fee, as the firm's statement explains.\nrequired_with: [EE-D11]\ndocument: documents/fees.md",
)
NEEDS = frozenset({"claims", "pack", "tenant"})

DUTY = "fee-risk"
_WORDS = r"\bno[ -]?win\W{0,3}no[ -]?fee\b|\bnwnf\b|\b(?:only|nothing) (?:pay|to pay) (?:if|unless) (?:you|we) (?:win|succeed)"


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    duty = next((duty for pack in source.packs for duty in pack.duties if duty.id == DUTY), None)
    if duty is None:
        return
    for text, span in _bare(source):
        if _says_so(text):
            yield CODE.at(
                span,
                "`no win, no fee` is said without what it can still cost",
                labels=[Label(span=duty.span(), text="the duty to say so")],
                help="say it in a claim that quotes the firm's document and requires the disclosure of the risk, or not at all",
            )


@lru_cache(maxsize=4_096)
def _says_so(text: str) -> bool:
    return matches(_WORDS, normalise(text)) is not None


def _bare(source: Source) -> Iterator[tuple[str, Span]]:
    """Every text but those of claims that quote a document and are shown with the disclosure of the risk."""
    for claim in source.spoken():
        with_it = {claim.id, *claim.required_with}
        told = any(name in source.claims and DUTY in source.claims[name].covers for name in with_it)
        if not (told and "document" in claim.raw):
            yield from wording.of_claim(claim)
    yield from dict.fromkeys([*wording.of_tenant(source), *wording.values(source), *wording.names(source)])
