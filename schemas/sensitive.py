"""Secrets people type into a chat: card numbers, PINs, security codes and passwords. Where they stand, and the text without them.

Nobody here needs one, so none is kept. A card number is told by its length and check digit (ISO/IEC 7812-1); a PIN, a code or
a password by the words before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import re2

MASK = "[removed]"
CARD_DIGITS = range(13, 20)

_UNPAIRED = re.compile("[\ud800-\udfff]")
_RUN = re2.compile(r"\d(?:[ .\-]?\d){12,18}")
# `my pin is 4 4 7 1`, `cvv: 123`, `the three digits on the back are 123`, `password is hunter2`
_TOLD = re2.compile(
    r"(?i)\b(?:pin|p\.i\.n|pin ?(?:number|code|no)|cvv2?|cvc2?|security (?:code|number)|(?:three|3) digits on the back|"
    r"sort ?code|passcode|otp|one.time (?:code|password))\b"
    r"(?:[ :=,'\"-]|is|are|was|its|it's|s|on|back|my|the|number|code|no){0,14}?"
    r"(\d(?:[ .\-/]{0,3}\d){2,11})"
)
_PASSWORD = re2.compile(
    r"(?i)\b(?:password|passphrase|pass ?word)\b(?: is|:|=| was| ?-) *[\"']?([^\s\"']{4,64})"
)
_ACCOUNT = re2.compile(
    r"(?i)\b(?:account|acc|a/c)\.? ?(?:number|no|num)?\b(?:[ :=]|is|my|the){0,8}?(\d(?:[ -]?\d){7})\b"
)


def spans(text: str) -> tuple[tuple[int, int], ...]:
    """Where secrets stand, in order and without overlap (code points)."""
    text = _UNPAIRED.sub("\ufffd", text)  # RE2 reads no half of a surrogate pair; one sign for one
    found = sorted({*_cards(text), *_told(text)})
    kept: list[tuple[int, int]] = []
    for start, end in found:
        if kept and start < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(end, kept[-1][1]))
        else:
            kept.append((start, end))
    return tuple(kept)


def masked(text: str) -> str:
    """The text with each secret replaced by MASK; the same text when there is none."""
    pieces, at = [], 0
    for start, end in spans(text):
        pieces += [text[at:start], MASK]
        at = end
    return "".join([*pieces, text[at:]])


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for hit in _RUN.finditer(text):
        digits = re.sub(r"\D", "", hit.group())
        if len(digits) in CARD_DIGITS and _checks(digits):
            yield hit.span()


def _told(text: str) -> Iterator[tuple[int, int]]:
    for shape in (_TOLD, _PASSWORD, _ACCOUNT):
        for hit in shape.finditer(text):
            yield hit.span(1)


def _checks(digits: str) -> bool:
    """Luhn's check digit."""
    total = 0
    for n, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if n % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
