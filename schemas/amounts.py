"""Numbers, money, percentages and days in a text: what neither half lets stand in words that no claim's wording holds."""

from __future__ import annotations

import re
from collections.abc import Iterator

from schemas.text import Shadow, normalise

_WORDS = {
    "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "ten": "10",
    "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16", "seventeen": "17",
    "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30", "forty": "40", "fifty": "50", "sixty": "60",
    "seventy": "70", "eighty": "80", "ninety": "90", "dozen": "12", "fortnight": "fortnight", "hundred": "hundred",
    "hundreds": "hundred", "thousand": "thousand", "thousands": "thousand", "million": "million", "millions": "million",
    "grand": "thousand", "quid": "£", "pounds": "£", "pence": "pence", "euros": "€", "percent": "%", "per cent": "%",
    "half": "half", "double": "double", "triple": "triple", "monday": "monday", "tuesday": "tuesday",
    "wednesday": "wednesday", "thursday": "thursday", "friday": "friday", "saturday": "saturday", "sunday": "sunday",
    "january": "january", "february": "february", "april": "april", "june": "june", "july": "july", "august": "august",
    "september": "september", "october": "october", "november": "november", "december": "december", "tomorrow": "tomorrow",
    "tonight": "tonight",
}  # fmt: skip
_TOKEN = re.compile(
    r"(?P<digits>\d[\d,.]*\d|\d)(?P<k>k\b|m\b)?|(?P<sign>[£$€¥%])|\b(?P<word>per cent|"
    + "|".join(sorted((w for w in _WORDS if w != "per cent"), key=len, reverse=True))
    + r")\b"
)


def amounts(text: str) -> Iterator[tuple[str, int, int]]:
    """Numbers, currencies, percentages and days in `text`, in one spelling each (`5,000`, `5k` and `5000` are the same)."""
    return amounts_in(normalise(text))


def amounts_in(shadow: Shadow) -> Iterator[tuple[str, int, int]]:
    """The same of a text that is folded already."""
    view = shadow.views[0]
    for found in _TOKEN.finditer(view.text):
        first, last = view.span(*found.span())
        if found["word"]:
            yield _WORDS[found["word"]], first, last
        elif found["sign"]:
            yield found["sign"], first, last
        else:
            yield _number(found["digits"], found["k"]), first, last


def _number(digits: str, scale: str | None) -> str:
    plain = digits.replace(",", "")
    if plain.replace(".", "", 1).isdigit() and "." in plain:
        plain = plain.rstrip("0").rstrip(".")
    return plain + {"k": "000", "m": "000000"}.get(scale or "", "")
