"""personal-data: own words repeat no number, address, plate or name, and ask for no secret."""

from __future__ import annotations

import re2

from runtime.guardrails import Reply, block, forbid
from runtime.messages import Finding

NAME = "personal-data"

_FORBIDDEN = {
    "asks for a secret": (
        r"\b(sort code|account number|card number|security code|cvv|cvc|pin( number)?|password|"
        r"passcode|one[- ]time code|national insurance|ni number|mother'?s maiden name|date of birth|"
        r"log[- ]?in details)\b"
    ),
    "asks about health": (
        r"\b(your (diagnosis|condition|medication|doctor|mental health|illness|disability))\b"
    ),
}
_SHAPES = {
    "a phone or card number": re2.compile(r"(?:\+|\b)\d(?:[ -]?\d){6,}\b"),
    "an e-mail address": re2.compile(r"(?i)[^\s@]+@[^\s@]+\.[a-z]{2,}"),
    "a number plate": re2.compile(r"\b[A-Z]{2}\d{2} ?[A-Z]{3}\b"),
    "a postcode": re2.compile(r"\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b"),
}


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks personal data in own words, and private values anywhere but in the slot of a claim that names them."""
    found = list(forbid(NAME, reply, _FORBIDDEN))
    for start, text in reply.own_words():
        for meaning, shape in _SHAPES.items():
            hit = shape.search(text)
            if hit and not (reply.free_text and _cited(reply, hit.group())):
                found.append(block(NAME, meaning, start + hit.start(), start + hit.end()))
        for value in reply.private:
            at = text.casefold().find(value.casefold()) if len(value) > 2 else -1
            if at >= 0:
                found.append(block(NAME, "a private value", start + at, start + at + len(value)))
    return tuple(found)


def _cited(reply: Reply, value: str) -> bool:
    claims = [reply.bundle.claims[i] for i in reply.cited if i in reply.bundle.claims]
    texts = [text for c in claims for v in c.texts.values() for text in v.values()]
    return any(value.strip() in text for text in (*texts, *reply.bundle.tenant.values.values()))
