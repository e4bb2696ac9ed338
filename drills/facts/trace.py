"""Where one sentence came from: the claim whose approved words it is, a phrase of the persona, or nothing at all. Pure."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from runtime.guardrails.registered_facts import wording
from runtime.messages import Outcome, Sentence
from schemas.bundle import Bundle, Claim
from schemas.text import normalise, visible

UNTRACED = "UNTRACED"
CHECKED = "checked"  # in a report: own words that the independent checker allowed

_SLOT = re.compile(r"\{([a-z_][a-z0-9_.:]*)\}")
_REF = "[0-9A-Za-z_-]{1,64}"
# What only rows know. A line about where we have somebody from is one clause, without money, an address or a second sentence.
_FORMS = {
    "case.ref": r"[A-Z]-?[0-9A-Z]{4,8}(?:-[0-9A-Z]{4,8})?",
    "consent.source_line": r"[^\n.!?£$€%]{1,160}",
    "contact.given_name": r"[^\W\d_][\w' -]{0,59}",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Traced:
    """One sentence and its origin. `why` says what is wrong with one that has none."""

    text: str
    claim: str | None
    file: str | None = None
    line: int | None = None
    why: str = ""

    @property
    def origin(self) -> str:
        """As the table prints it: the claim, `phrase`, `checked`, or UNTRACED."""
        return self.claim or (UNTRACED if self.why else "connective")


def trace(sentence: Sentence, bundle: Bundle, *, vouched: Collection[str] = ()) -> Traced:
    """Judges one sentence by the bundle it was composed from. `vouched`: own words that the checker allowed."""
    if sentence.claim is None:
        why = (
            ""
            if _connective(sentence.text, bundle, vouched)
            else "no claim, phrase or check stands behind it"
        )
        return Traced(text=sentence.text, claim=None, why=why)
    claim = bundle.claims.get(sentence.claim)
    if claim is None:
        return Traced(text=sentence.text, claim=None, why=f"{sentence.claim} is not in the bundle")
    if sentence.digest is not None and sentence.digest != claim.digest:  # a transcript names none
        return Traced(text=sentence.text, claim=None, why=f"{claim.id} reads otherwise in the bundle")
    if not any(_is(sentence.text, text, bundle) for text in _texts(claim)):
        return Traced(text=sentence.text, claim=None, why=f"these are not the words of {claim.id}")
    return Traced(text=sentence.text, claim=claim.id, file=claim.file, line=claim.line)


def vouched_in(outcomes: Iterable[Outcome]) -> frozenset[str]:
    """Own words that the checker allowed in these turns."""
    return frozenset(row["say"] for o in outcomes for row in o.audit["checked"] if row["allowed"] is True)


def origin_of(sentence: Sentence, vouched: Collection[str]) -> tuple[str, ...]:
    """How a report names where a sentence came from: its claim, or that a checker allowed it, or nothing."""
    if sentence.claim is not None:
        return (sentence.claim,)
    return (CHECKED,) if sentence.text in vouched else ()


def _connective(text: str, bundle: Bundle, vouched: Collection[str]) -> bool:
    key = _key(text)
    return text in vouched or any(key == _key(phrase) for phrase in bundle.persona.phrases)


def _texts(claim: Claim) -> tuple[str, ...]:
    languages = set(claim.texts)
    variants = {variant for texts in claim.texts.values() for variant in texts}
    found = (wording(claim, tag, variant) for tag in sorted(languages) for variant in sorted(variants))
    return tuple(text for text in found if text is not None)


def _is(said: str, approved: str, bundle: Bundle) -> bool:
    """Whether `said` is the approved text with each slot filled by what it may hold, and nothing else."""
    pieces = _SLOT.split(approved)
    shape = "".join(
        re.escape(piece) if n % 2 == 0 else f"(?:{_value(piece, bundle)})" for n, piece in enumerate(pieces)
    )
    return re.fullmatch(shape, said, re.S) is not None


def _value(slot: str, bundle: Bundle) -> str:
    """What a slot may hold, as a pattern: the bundle's own values word for word; what rows fill, by its form."""
    if slot in _FORMS:
        return _FORMS[slot]
    tenant, name = bundle.tenant, slot.removeprefix("tenant.")
    values = [tenant.values.get(name), tenant.values.get(slot)]
    values += [{"hours": tenant.hours_text, "display_name": tenant.display_name}.get(name)]
    values += [link.url for link in bundle.links.values() if link.slot == slot or name.endswith("form_url")]
    known = [" ".join(visible(value).split()) for value in values if value]
    return "|".join(re.escape(value).replace(re.escape("{ref}"), _REF) for value in known) or "(?!)"


def _key(text: str) -> str:
    return normalise(text).text.rstrip(".!? ")
