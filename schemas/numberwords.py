"""Numbers as people write them: digits, words, ordinals, scales, and the value they stand for."""

from __future__ import annotations

import re
from decimal import Decimal

SMALL = {
    "nought": 0, "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9,
    "ten": 10, "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19,
}  # fmt: skip
TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fourty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
SCALES = {
    "hundred": 100, "thousand": 1_000, "grand": 1_000, "k": 1_000, "million": 1_000_000, "m": 1_000_000, "mn": 1_000_000,
    "billion": 1_000_000_000, "bn": 1_000_000_000, "dozen": 12,
}  # fmt: skip
_ORDINALS = {
    "first": 1, "second": 2, "third": 3, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "eleventh": 11, "twelfth": 12, "thirteenth": 13, "fourteenth": 14, "fifteenth": 15, "sixteenth": 16,
    "seventeenth": 17, "eighteenth": 18, "nineteenth": 19, "twentieth": 20, "thirtieth": 30,
}  # fmt: skip
_LONG_SCALE = "hundred|thousand|grand|million|billion|dozen"
_SPOKEN_DIGITS = {**{word: str(n) for word, n in SMALL.items() if n < 10}, "oh": "0", "o": "0"}

# `one` alone counts nothing ("that one"): it is a number only before a scale or behind another number.
_UNIT_WORDS = "|".join(sorted((word for word in SMALL if word != "one"), key=len, reverse=True))
_TEENS = rf"(?:{'|'.join(TENS)})(?:[ -](?:{'|'.join(sorted(SMALL, key=len, reverse=True))}))?"
_WORD = rf"(?:{_TEENS}|{_UNIT_WORDS})"
DIGITS = r"\d+(?:,\d{3})*(?:\.\d+)?"
AMOUNT = rf"(?:{DIGITS}(?: ?(?:{_LONG_SCALE})\b| ?(?:k|m|mn|bn)\b)?|\b{_WORD}\b(?: (?:{_LONG_SCALE})\b)?)"
_SCALED = rf"(?: (?:{_LONG_SCALE}))"
NUMBER = (
    rf"(?:{DIGITS}(?: ?(?:{_LONG_SCALE})\b|(?:k|m|mn|bn)\b)?(?: and a half\b)?"
    rf"|\b(?:(?:an?|one|{_WORD}){_SCALED}{{1,2}}(?:,? (?:and )?(?:{_WORD}|one){_SCALED}?){{0,3}}"
    rf"|{_WORD}(?: k\b| point (?:{_UNIT_WORDS}|one))?)(?: and a half)?\b)"
)
_NAMED = "|".join(sorted(_ORDINALS, key=len, reverse=True))
ORDINAL = rf"(?:(?:twenty|thirty)[ -](?:{_NAMED})|{_NAMED})"


def value_of(words: str) -> Decimal:
    """`25`, `2,500`, `6.5 million`, `twenty-five`, `a hundred and five`, `twelve hundred`, `5k`, `two and a half`."""
    total = Decimal(0)
    current = Decimal(0)
    rest = words.removesuffix(" and a half")
    halves = Decimal("0.5") if rest != words else Decimal(0)
    for part in re.findall(r"\d[\d,]*(?:\.\d+)?|[a-z]+", rest):
        if part[0].isdigit():
            current += Decimal(part.replace(",", "") or 0)
        elif part in SCALES:
            current = (current or Decimal(1)) * SCALES[part]
            if SCALES[part] >= 1_000:
                total, current = total + current, Decimal(0)
        else:
            current += Decimal(TENS.get(part, 0) or SMALL.get(part, 0))
    scale = next((SCALES[p] for p in reversed(re.findall(r"[a-z]+", rest)) if p in SCALES), 1)
    return total + current + halves * scale


def ordinal(word: str) -> int:
    """`28`, `28th`, `twenty-eighth`."""
    if word[0].isdigit():
        return int(re.sub(r"\D", "", word))
    return sum(TENS.get(part, 0) or _ORDINALS.get(part, 0) for part in re.split("[ -]", word))


def digits_of(words: str) -> str:
    """The digits of a telephone number in figures or spoken (`oh seven, double nine`), with the plus it begins with."""
    out = "+" if words.lstrip().startswith("+") else ""
    again = 1
    for part in re.findall(r"\d|[a-z]+", re.sub(r"\(0\)", "", words)):
        if part in ("double", "triple", "treble"):
            again = 2 if part == "double" else 3
            continue
        out += _SPOKEN_DIGITS.get(part, part if part.isdigit() else "") * again
        again = 1
    return out


def plain(number: Decimal) -> str:
    """Without trailing zeros or an exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
