"""What a text says is charged: percentages, largest fees and examples, each with the redress it is for. Pure.

`36%`, `thirty-six per cent`, `36p in the pound` and `a third of` are percentages; `£2.5k` and `two thousand five hundred pounds`
are money. A sentence is read when it is about a fee, or when its whole text is a fee statement.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from schemas.text import normalise

Redress = tuple[Decimal, Decimal]  # the least and the most, in pounds
NO_END = Decimal("Infinity")
WHOLE = Decimal(100)
CACHED_TEXTS = 4_096  # tenants share their packs' texts


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One thing a text says is charged. `what`: percent, most (a largest fee), sum (a fee in pounds), upfront.

    `redress`: for what the customer gets back, in pounds; None when the text does not say.
    """

    what: str
    value: Decimal
    words: str
    redress: Redress | None = None


_UNITS = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen",
    "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
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
_SHARES = {
    "half": "50", "third": "33.3", "thirds": "33.3", "quarter": "25", "quarters": "25", "fifth": "20", "fifths": "20",
    "tenth": "10", "tenths": "10",
}  # fmt: skip

_WORD = "|".join([*_UNITS, *_TENS, "hundred", "thousand", "grand", "million"])
_WORDS = rf"(?:\ba )?\b(?:{_WORD})\b(?:[ -](?:and )?(?:{_WORD})\b)*(?: point (?:{_WORD})\b)?"
_NUMBER = rf"(?:\d[\d,]*(?:\.\d+)?(?: ?(?:hundred|thousand|grand|million)\b|[km]\b)?|{_WORDS})"
# A fraction is a share of something said, or stands alone: not `half an hour`, `a third party`, `a quarter past`.
_SHARE_OF = (
    r" (?:a |the )?(?:of|your|what)\b| ?[,.:;!?)(+]| ?$"
    r"| (?:plus|and|or|if|when|once|after|before|including|inc|to|on|in|from|only)\b"
)
_TOKEN = re.compile(
    rf"(?P<pound>{_NUMBER}) ?(?:p|pence)\b (?:in|of|for|from|out of|on) (?:the|every|each|a) (?:pound\b|£ ?1\b)"
    rf"|(?P<percent>{_NUMBER})[ -]?(?:[%٪]|per[ -]?cent\b|pct\b|percentage points?\b)"
    rf"|(?P<share>\b(?:a|an|half|{_WORD})[ -](?:half|third|quarter|fifth|tenth)s?|\bhalf)(?={_SHARE_OF})"
    rf"|£ ?(?P<sign>{_NUMBER})|\bgbp ?(?P<gbp>{_NUMBER})|(?P<coins>{_NUMBER}) ?(?:pounds?|quid|gbp)\b"
    rf"|(?P<grand>{_NUMBER}(?<=grand))"
)
_SENTENCE = re.compile(r"[.!?](?=\s|$)|[;\n•]")
_ABOUT_FEES = re.compile(
    r"\b(?:fees?|charg(?:e|es|ed|ing)|"
    r"(?:we|us|firm|i)(?:'ll| will| would| do| may| only| then)? ?(?:keep|take|deduct|retain|get|have)s?|"
    r"deduct(?:ed|ion|ions)?|(?:our|the firm's) (?:cut|share|commission|slice|percentage|price)|costs? you|you(?:'ll| will)? pay|"
    r"pay us|go(?:es)? to (?:us|the firm)|you(?:'ll| will| only| still)? keep|"
    r"pay (?:the|our) firm|payable to us|contingency|commission of ours|no[ -]win)\b"
)
_TAX_AFTER = re.compile(r"^ ?(?:vat|interest|apr)\b")
_TAX_BEFORE = re.compile(r"\b(?:vat|interest|apr)(?: rate)?(?: (?:at|of|is|rate|=|@))* ?\(?$")
# What the customer keeps: the rest is the fee.
_YOURS = re.compile(
    r"\byou(?:'ll| will| only| still| would)? (?:keep|are left with|end up with|take home)(?: \w+)? ?$"
)
_MOST = re.compile(
    r"\b(?:capped at|cap of|cap is|maximum(?: fee| charge)?(?: of| is|:)?|max\.?(?: of| is|:)?|no more than|not more than|"
    r"at most|never more than|never exceeds?|not exceed|limit(?:ed)? (?:of|to|is)|ceiling of) ?(?:the )?$"
)
_UP_TO = re.compile(r"\b(?:up to|under|less than|below|upto|to a maximum of) ?$")
_OVER = re.compile(r"\b(?:over|more than|above|at least|exceeding|from|starting at) ?$")
_AND_UP = re.compile(r"^ ?(?:or more|or over|or above|and (?:above|over|more|up|upwards)|plus\b|\+|upwards)")
_JOINED = re.compile(r"^ ?(?:to|-|and|up to|until) ?(?:£|gbp)? ?$")
_OF_REDRESS = re.compile(
    r"\b(?:redress|compensation|awards?|awarded|refund(?:ed)?|claims?|get|gets|receive[sd]?|payouts?|recover(?:ed)?|worth|back|"
    r"win|won|where|if|settlements?|between|for|on|amounts?)\b[a-z ]{0,24}$"
)
_UPFRONT = re.compile(
    r"\b(?:upfront|up[- ]front|advance|joining|registration|admin(?:istration)?|sign[- ]?up|application|arrangement|set[- ]?up)"
    r" (?:fee|charge|payment|deposit|cost)s?\b"
    r"|\b(?:pay|paid|charge|charged|payable|due|fee|costs?)\b[^.;]{0,30}\b(?:upfront|up[- ]front|in advance)\b"
    r"|\bpay\b(?: \S+){0,4} before (?:we|you|it|work|anything|the claim)\b|\b(?:pay|take|need) a deposit\b"
)
_DENIED = re.compile(
    r"\b(?:no|not|never|nothing|without|don't|doesn't|won't|isn't|aren't|any|nor|neither)\b[^,;]{0,60}$"
)


@lru_cache(maxsize=CACHED_TEXTS)
def charges(text: str, *, statement: bool = False) -> tuple[Charge, ...]:
    """Everything `text` says is charged. `statement`: all of it is about the fee, so that no sentence needs to say so."""
    found: dict[Charge, None] = {}
    for view in normalise(text).views:
        for sentence in _SENTENCE.split(view.text):
            if statement or _ABOUT_FEES.search(sentence):
                found.update(dict.fromkeys(_charges(sentence)))
            early = _UPFRONT.search(sentence)
            if early is not None and not _DENIED.search(sentence[: early.end()]):
                found[Charge(what="upfront", value=Decimal(0), words=early[0])] = None
    return tuple(found)


class _Read:
    """A sentence's figures, each in order: percentages, largest fees, other sums, and what redress it names."""

    def __init__(self, sentence: str) -> None:
        self.sentence = sentence
        self.percents: list[tuple[Decimal, str]] = []
        self.mosts: list[tuple[Decimal, str]] = []
        self.sums: list[tuple[Decimal, str]] = []
        self.ranges: list[Redress] = []
        tokens = list(_TOKEN.finditer(sentence))
        while tokens:
            token = tokens.pop(0)
            if token["percent"] or token["pound"] or token["share"]:
                self._percent(token)
            elif tokens and self._joined(token, tokens[0]):
                self.ranges.append((_value(token), _value(tokens.pop(0))))
            else:
                self._money(token)

    def _percent(self, token: re.Match[str]) -> None:
        before, after = self.sentence[: token.start()], self.sentence[token.end() :]
        if not _TAX_AFTER.search(after) and not _TAX_BEFORE.search(before):
            share = _percent(token)
            kept = _YOURS.search(before) is not None and share <= WHOLE
            self.percents.append((WHOLE - share if kept else share, token[0].strip()))

    def _joined(self, token: re.Match[str], following: re.Match[str]) -> bool:
        """Whether two sums are the ends of one range: between them `to`, or `and` after `between`."""
        before, between = self.sentence[: token.start()], self.sentence[token.end() : following.start()]
        if not _is_money(following) or _MOST.search(before):
            return False
        return bool(_JOINED.search(between)) or (
            between.strip() == "and" and before.rstrip().endswith("between")
        )

    def _money(self, token: re.Match[str]) -> None:
        before, after = self.sentence[: token.start()], self.sentence[token.end() :]
        value, words = _value(token), token[0].strip()
        up_to = _UP_TO.search(before)
        if _MOST.search(before):
            self.mosts.append((value, words))
        elif _AND_UP.search(after):
            self.ranges.append((value, NO_END))
        elif _OVER.search(before):
            self.ranges.append((value + 1, NO_END))
        elif up_to is None:
            self.sums.append((value, words))
        elif _OF_REDRESS.search(before[: up_to.start()]) or self.percents:
            self.ranges.append((Decimal(0), value))
        else:
            self.mosts.append((value, words))


def _charges(sentence: str) -> Iterator[Charge]:
    read = _Read(sentence)
    if len(read.sums) >= 2 and not read.ranges:  # a worked example: of two sums the smaller is the fee
        redress = max(read.sums)[0]
        fee, words = min(read.sums)
        yield Charge(what="sum", value=fee, words=words, redress=(redress, redress))
        read.ranges = [(redress, redress)]
    elif read.sums and read.percents and not read.ranges:  # 30% of £2,000
        read.ranges = [(read.sums[0][0], read.sums[0][0])]
    elif read.sums and not read.ranges:
        for value, words in read.sums:
            yield Charge(what="sum", value=value, words=words)
    for what, figures in (("percent", read.percents), ("most", read.mosts)):
        for (value, words), redress_ in zip(figures, _paired(len(figures), read.ranges), strict=True):
            yield Charge(what=what, value=value, words=words, redress=redress_)


def _paired(count: int, ranges: list[Redress]) -> list[Redress | None]:
    """The redress of each figure: in order where there is one for each, the only one, else unsaid."""
    if len(ranges) == count:
        return list(ranges)
    return [ranges[0] if len(ranges) == 1 else None] * count


def _is_money(token: re.Match[str]) -> bool:
    return bool(token["sign"] or token["gbp"] or token["coins"] or token["grand"])


def _value(token: re.Match[str]) -> Decimal:
    return number(token["sign"] or token["gbp"] or token["coins"] or token["grand"])


def _percent(token: re.Match[str]) -> Decimal:
    if token["share"]:
        many, _, name = token["share"].replace("-", " ").rpartition(" ")
        return Decimal(_SHARES[name]) * max(number(many), Decimal(1))
    return number(token["percent"] or token["pound"])


def number(words: str) -> Decimal:
    """`36`, `2,500.50`, `2.5k`, `thirty-six`, `two thousand five hundred`, `twelve point five`."""
    whole, _, fraction = words.partition(" point ")
    total = part = Decimal(0)
    for piece in re.findall(r"\d[\d,]*(?:\.\d+)?|[a-z]+", whole):
        if piece[0].isdigit():
            part += Decimal(piece.replace(",", ""))
        elif piece in _SCALES:
            part = (part or Decimal(1)) * _SCALES[piece]
            if _SCALES[piece] > 100:
                total, part = total + part, Decimal(0)
        elif piece in _TENS:
            part += _TENS[piece]
        elif piece in _UNITS:
            part += _UNITS.index(piece)
    if fraction in _UNITS:
        part += Decimal(_UNITS.index(fraction)) / 10
    return total + part
