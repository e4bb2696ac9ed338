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
ONE_BY_ONE_CHARS = 29  # the least that fifteen digits and what holds them apart take

# Read as their ASCII likeness: digits of the scripts people write to us in, blanks and dashes of every width, and the two signs
# beyond ASCII that are letters of ours in the other case.
_DIGITS = (0xFF10, 0x0660, 0x06F0, 0x0966, 0x09E6, 0x0A66, 0x0AE6)
_ALIKE = (
    *((chr(zero + n), str(n)) for zero in _DIGITS for n in range(10)),
    *(
        (blank, " ")
        for blank in "\u00a0\u2002\u2003\u2007\u2009\u200a\u200b\u200c\u200d\u202f\u2060\u3000\ufeff"
    ),
    *((dash, "-") for dash in "‐‑‒–—−"),
    ("ſ", "s"),
    ("\u212a", "k"),
)
_ANY_ALIKE = re.compile(f"[{''.join(sign for sign, _ in _ALIKE)}]")
_RUN = re.compile(r"(?a)\d+(?:[ .\-]\d+)*")
_GROUP = re.compile(r"(?a)\d{4}")  # without one a run holds digits one by one, or none of ours
_APART = str.maketrans("", "", " .-")
# What stands after a card number may be digits as well, its end date and code: so the ways to write one are looked for in a
# longer run. Each where it begins, whatever it overlaps; digits one by one only where those before them end.
_CARD = re.compile(
    r"(?a)(?<!\d)(?=([2-6]\d{12,18}|[2-6]\d{3}(?:[ .\-]\d{4}){3}|3\d{3}[ .\-]\d{6}[ .\-]\d{4,5})(?!\d)([ .\-]\d{3}(?!\d))?)"
)
_ONE_BY_ONE = re.compile(r"(?a)(?<!\d)([2-6](?:[ .\-]\d){14,15})(?!\d)")
_ONCE = bytes.maketrans(b"0123456789", bytes(range(10)))
_TWICE = bytes.maketrans(b"0123456789", bytes((0, 2, 4, 6, 8, 1, 3, 5, 7, 9)))
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
    plain = _plainly(text)
    found = sorted({*_numbers(plain), *_passwords(plain)})
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


def _plainly(text: str) -> str:
    """In ASCII, one sign for one: every secret is of its signs, and what is not costs least as a question mark."""
    if text.isascii():
        return text
    if _ANY_ALIKE.search(text):
        for sign, plain in _ALIKE:
            text = text.replace(sign, plain)
    return text.encode("ascii", "replace").decode()


def _numbers(text: str) -> Iterator[tuple[int, int]]:
    if not any(digit in text for digit in "0123456789"):
        return  # nearly every message
    yield from _cards(text)
    for shape in (_TOLD, _ACCOUNT):
        yield from (hit.span(1) for hit in shape.finditer(text))


def _passwords(text: str) -> Iterator[tuple[int, int]]:
    yield from (hit.span(1) for hit in _PASSWORD.finditer(text))


def _cards(text: str) -> Iterator[tuple[int, int]]:
    for run in _RUN.finditer(text):
        if run.end() - run.start() < CARD_DIGITS.start:
            continue
        if _checks(run.group()):
            yield run.span()
        elif run.group().isdecimal():
            continue  # one number, of another kind
        else:
            yield from _within(text, *run.span())


def _within(text: str, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Card numbers in a longer run of digits."""
    for hit in _CARD.finditer(text, first, last) if _GROUP.search(text, first, last) else ():
        if _checks(hit[1]):
            yield hit.span(1)
        if hit[2] and _checks(hit[1] + hit[2]):  # of 19 digits; else it is the code
            yield hit.start(1), hit.end(2)
    for hit in _ONE_BY_ONE.finditer(text, first, last) if last - first >= ONE_BY_ONE_CHARS else ():
        for end in (hit.end(1), hit.end(1) - 2):
            if _checks(text[hit.start(1) : end]):
                yield hit.start(1), end


def _checks(run: str) -> bool:
    """Whether it is as long as a card number and ends in Luhn's check digit."""
    digits = run.translate(_APART).encode()
    if len(digits) not in CARD_DIGITS:
        return False
    return (sum(digits[-1::-2].translate(_ONCE)) + sum(digits[-2::-2].translate(_TWICE))) % 10 == 0
