"""What a text measures: money, percentages, durations, days, telephone numbers, each as one value in one unit."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from schemas.text import View, normalise

_SMALL = {
    "zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17,
    "eighteen": 18, "nineteen": 19, "a": 1, "an": 1, "dozen": 12,
}  # fmt: skip
_TENS = {
    "twenty": 20, "thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90,
}  # fmt: skip
_SCALES = {
    "hundred": 100,
    "thousand": 1_000,
    "grand": 1_000,
    "k": 1_000,
    "million": 1_000_000,
    "m": 1_000_000,
}
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
# Of each unit: what it is counted in, and how many of those it is. A month is not a number of days.
_LENGTHS = {
    "minute": ("minutes", 1), "hour": ("minutes", 60), "day": ("days", 1), "week": ("days", 7),
    "fortnight": ("days", 14), "month": ("months", 1), "year": ("months", 12),
}  # fmt: skip

_UNIT_WORDS = "|".join(w for w in _SMALL if w not in ("a", "an"))
_WORDS = rf"(?:{'|'.join(_TENS)})(?:[ -](?:{_UNIT_WORDS}))?|{_UNIT_WORDS}"
_DIGITS = r"\d[\d,]*(?:\.\d+)?"
_SCALE = r"(?: ?(?:hundred|thousand|million|grand)\b|[km]\b)"
_BIG = r"(?:hundred|thousand|million|grand)\b"
_NUMBER = rf"(?:{_DIGITS}{_SCALE}?|(?:\b(?:{_WORDS})\b)(?: {_BIG})?|\ba {_BIG})"
_MONTH = "|".join(_MONTHS)
_FOUND = re.compile(
    rf"(?P<date>\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)? (?:of )?)?(?P<month>{_MONTH})(?: (?P<year>\d{{4}}))?\b)"
    r"|(?P<iso>\b\d{4}-\d\d-\d\d\b)|(?P<slashed>\b\d{1,2}/\d{1,2}/\d{2,4}\b)"
    r"|(?P<phone>\+?\b\d[\d ()-]{7,}\d\b)"
    rf"|(?P<sign>[£€$]) ?(?P<sum>{_DIGITS}{_SCALE}?)"
    rf"|(?P<money>{_NUMBER}) ?(?P<coin>pounds?|quid|grand|pence|p|euros?|dollars?)\b"
    rf"|(?P<share>{_NUMBER}) ?(?:%|per ?cent\b)"
    rf"|(?P<span>{_NUMBER}|\ban?|\bhalf an?)[ -](?P<pace>working |calendar |business |full |whole )?"
    r"(?P<length>minute|hour|day|week|fortnight|month|year)s?\b"
    r"|(?P<time>\b\d{1,2}(?::\d\d)? ?[ap]m\b|\b\d{1,2}:\d\d\b)"
    r"|(?P<bare_year>\b(?:19|20)\d\d\b)"
)
_FEWEST_PHONE_DIGITS = 9
# Without one of these there is nothing to find.
_WORTH = re.compile(
    rf"[\d£€$%]|minute|hour|day|week|fortnight|month|year|pound|quid|grand|pence|euro|dollar|cent|{_MONTH}"
)
_BLANKS = re.compile(r"\s\s|[^\S ]|^ | $")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quantity:
    """`what` names its sort for people; two of one `unit` can be compared by `value`; the place is in code points."""

    what: str
    unit: str
    value: str
    start: int
    end: int


def quantities(text: str) -> Iterator[Quantity]:
    """Every measured thing of a text, in order, without overlaps: `8 weeks` and `eight weeks` are `56` of `days`."""
    view = _view(text)
    if _WORTH.search(view.text) is None:
        return
    for found in _FOUND.finditer(view.text):
        read = _read(found)
        if read is not None:
            start, end = view.span(*found.span())
            yield Quantity(what=read[0], unit=read[1], value=read[2], start=start, end=end)


def frame(text: str) -> str:
    """The text folded, with each quantity replaced by its unit in angle brackets: what a sentence says but for its numbers."""
    view = _view(text).text
    if _WORTH.search(view) is None:
        return view
    return _FOUND.sub(lambda found: f" <{read[1]}> " if (read := _read(found)) else found[0], view)


def _view(text: str) -> View:
    """The folded text; plain English needs no folding but of its case."""
    if text.isascii() and _BLANKS.search(text) is None:
        return View(text.lower(), range(len(text)))
    return normalise(text).views[0]


def _read(found: re.Match[str]) -> tuple[str, str, str] | None:
    """(what, unit, value) of a match; None for a word that only looks like one (`may`, a short row of digits)."""
    match found.lastgroup:
        case "date" | "day" | "month" | "year":
            return _date(found)
        case "iso" | "slashed":
            return "a date", "date", found[0]
        case "phone":
            digits = re.sub(r"\D", "", found[0])
            return ("a telephone number", "phone", digits) if len(digits) >= _FEWEST_PHONE_DIGITS else None
        case "sum" | "sign":
            return "money", found["sign"], _plain(_number(found["sum"]))
        case "money" | "coin":
            return _coins(found)
        case "share":
            return "a percentage", "%", _plain(_number(found["share"]))
        case "time":
            return "a time of day", "time", found[0].replace(" ", "")
        case "bare_year":
            return "a year", "year", found[0]
        case _:
            return _duration(found)


def _date(found: re.Match[str]) -> tuple[str, str, str] | None:
    if found["day"] is None and found["year"] is None:
        return None if found["month"] in ("may", "march") else ("a month", "month", found["month"])
    return "a date", "date", " ".join(part for part in (found["day"], found["month"], found["year"]) if part)


def _coins(found: re.Match[str]) -> tuple[str, str, str]:
    amount, coin = _number(found["money"]), found["coin"]
    if coin in ("pence", "p"):
        return "money", "£", _plain(amount / 100)
    if coin == "grand":
        return "money", "£", _plain(amount * 1000)
    return (
        "money",
        "€" if coin.startswith("euro") else "$" if coin.startswith("dollar") else "£",
        _plain(amount),
    )


def _duration(found: re.Match[str]) -> tuple[str, str, str]:
    unit, times = _LENGTHS[found["length"]]
    pace = (found["pace"] or "").strip()
    number = Decimal("0.5") if found["span"].startswith("half") else _number(found["span"])
    named = f"{pace} {unit}" if pace in ("working", "business") else unit
    return "a duration", named.replace("business", "working"), _plain(number * times)


def _number(words: str) -> Decimal:
    """`25`, `2,500`, `6.5 million`, `twenty-five`, `a hundred`, `5k`."""
    total = Decimal(0)
    for part in re.findall(r"\d[\d,]*(?:\.\d+)?|[a-z]+", words):
        if part[0].isdigit():
            total = Decimal(part.replace(",", ""))
        elif part in _SCALES:
            total = (total or Decimal(1)) * _SCALES[part]
        else:
            total += Decimal(_TENS.get(part, 0) or _SMALL.get(part, 0))
    return total


def _plain(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
