"""What a page is made from: the compiled tenant, and what its files say beyond that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from compiler.page.html import Html, el
from schemas.bundle import Bundle, Claim

FULL = "full"


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """`sections` are the tenant's files of one mapping by kind; `sources` the entries of sources.yaml by id; `today` ISO.

    `scripts`: the persona, campaigns and quick replies by name, each with the approvals of it that hold and, in `lacking`, the
    offices whose approval it still needs.
    """

    bundle: Bundle
    sections: Mapping[str, Mapping[str, Any]]
    sources: Mapping[str, Mapping[str, Any]]
    today: str
    scripts: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    lacking: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def section(self, kind: str) -> Mapping[str, Any]:
        return self.sections.get(kind, {})

    def says(self, claim_id: str) -> Html:
        """A claim's wording, or its id where the register does not have it."""
        claim = self.bundle.claims.get(claim_id)
        return el("span", claim_id) if claim is None else self.wording(claim, FULL)

    def wording(self, claim: Claim, variant: str) -> Html:
        """One variant in the tenant's language, slots marked with what fills them."""
        language = self.bundle.tenant.language
        texts = claim.texts.get(language) or next(iter(claim.texts.values()))
        return el("span", *self._filled(texts.get(variant, ""), claim))

    def _filled(self, text: str, claim: Claim) -> Iterator[str]:
        rest = text
        names = {f"{{{slot}}}": slot for slot in claim.slots}
        while rest:
            at, mark = min(
                ((rest.find(mark), mark) for mark in names if mark in rest), default=(len(rest), "")
            )
            yield rest[:at]
            rest = rest[at + len(mark) :]
            if mark:
                yield self._slot(names[mark])

    def _slot(self, slot: str) -> Html:
        values = self.bundle.tenant.values
        held = values.get(slot.removeprefix("tenant.")) if slot.startswith("tenant.") else None
        return el("span", held or slot.replace("_", " ").replace(".", ": "), cls="slot", title=slot)

    def mention(self, claim_id: str) -> Html:
        """A claim by id, leading to its place on the page."""
        if claim_id not in self.bundle.claims:
            return el("code", claim_id)
        return el("a", el("code", claim_id), href=f"#{claim_id}")
