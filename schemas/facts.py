"""Facts that a text states in figures, names or addresses, each as one value however it is written or disguised."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Literal

from schemas import factwords as w
from schemas.fold import View, normalise
from schemas.numberwords import AMOUNT, NUMBER, ORDINAL, digits_of, ordinal, plain, value_of

Kind = Literal["money", "share", "number", "date", "length", "time", "body", "link", "email", "phone"]

FEWEST_PHONE_DIGITS = 6
LONG_PHONE_DIGITS = 9
CACHED_TEXTS = 4_096


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """`value` is in one spelling (`56 days`, `2021-01-28`, `% 30`, `fca`); the place is in code points of the text."""

    kind: Kind
    value: str
    start: int
    end: int


@lru_cache(maxsize=CACHED_TEXTS)
def facts_in(text: str) -> tuple[Fact, ...]:
    """Every fact of a text, in order, each once: read as it stands, and with its disguises taken off."""
    found: list[Fact] = []
    seen = bytearray(
        len(text)
    )  # the most faithful reading of a place stands: a later one adds only where none saw anything
    for view in normalise(text).views:
        for kind, value, start, end in _read(view):
            at, to = view.span(start, end)
            # A look-alike of an address is another address, however alike the two fold.
            alike = kind in ("link", "email") and not text[at:to].isascii()
            if _take(seen, at, to):
                found.append(Fact(kind=kind, value=text[at:to] if alike else value, start=at, end=to))
    for hit in w.ROMAN.finditer(text):
        if hit[0] not in w.NOT_ROMAN and _take(seen, *hit.span()):
            found.append(Fact(kind="number", value=hit[0], start=hit.start(), end=hit.end()))
    return tuple(sorted(found, key=lambda fact: fact.start))


def _take(seen: bytearray, start: int, end: int) -> bool:
    """Marks a span as read; False where any of it was."""
    if any(seen[start:end]):
        return False
    seen[start:end] = b"\x01" * (end - start)
    return True


def held_by(texts: Collection[str]) -> frozenset[tuple[Kind, str]]:
    """What the facts of `texts` may be said as: their kinds and values."""
    return frozenset((fact.kind, fact.value) for text in texts for fact in facts_in(text))


def holds(held: Collection[tuple[Kind, str]], fact: Fact) -> bool:
    """Whether `held` states the fact, at least as exactly: `2021` rests on `28 January 2021`, never the other way round."""
    if (fact.kind, fact.value) in held:
        return True
    match fact.kind:
        case "date":
            return any(kind == "date" and _within(fact.value, value) for kind, value in held)
        case "number" | "phone":  # 116 123 and 116123 are dialled alike
            return any(kind in ("number", "phone") and value == fact.value for kind, value in held)
        case "body":
            return any(kind == "body" and value.endswith(f" {fact.value}") for kind, value in held)
        case "money" if fact.value in ("£", "€", "$", "¥"):
            return any(kind == "money" and value.startswith(fact.value) for kind, value in held)
        case _:
            return False


def _within(said: str, held: str) -> bool:
    """`2021`, `2021-01`, `01-28` and `01` (a month) are parts of `2021-01-28`."""
    if len(held) != len("2021-01-28"):
        return held.startswith(f"{said}-") or held.endswith(f"-{said}")
    return said in (held[:4], held[:7], held[5:], held[5:7])


# ---- reading ----------------------------------------------------------------------------------------------------------------

Found = tuple[Kind, str, int, int]


def _read(view: View) -> Iterator[Found]:
    """One pass for addresses, one for bodies, one for all that is counted; a later pass does not look inside an earlier find."""
    text = w.IDIOMS.sub(lambda idiom: "\x00" * len(idiom[0]), view.text)
    seen = bytearray(len(text))
    for found in (*_addresses(text), *_bodies(text), *_counted(text)):
        if _take(seen, found[2], found[3]):
            yield found


def _addresses(text: str) -> Iterator[Found]:
    for hit in w.EMAIL.finditer(text):
        yield "email", _tidy(hit[0]), hit.start(), hit.end()
    for hit in w.LINK.finditer(text):
        yield "link", _bare_address(hit[0]), hit.start(), hit.end()


def _tidy(address: str) -> str:
    return w.SPELLED_DOT.sub(".", address).rstrip(".,;:!?)]>\"'")


def _bare_address(address: str) -> str:
    bare = re.sub(r"^(?:h..ps?:/*)?(?:www\.)?", "", _tidy(address).replace(" ", ""))
    return bare.rstrip("/")


def _bodies(text: str) -> Iterator[Found]:
    for hit in w.BODY.finditer(text):
        yield "body", w.body_of(hit[0]), hit.start(), hit.end()


def _counted(text: str) -> Iterator[Found]:
    for hit in _FOUND.finditer(text):
        read = _value(hit)
        if read is not None:
            yield (*read, hit.start(), hit.end())


_UNIT = "|".join(w.LENGTHS)
_MONTH = w.MONTH
_DAY = rf"\d{{1,2}}(?:st|nd|rd|th)?|{ORDINAL}"
_IN_MAY = "in|by|since|until|till|before|after|from|during|mid|early|late|this|next|last|of"
_FOUND = re.compile(
    # dates
    rf"(?P<iso>\b(?P<iy>\d{{4}})-(?P<im>\d\d)-(?P<id>\d\d)\b)"
    rf"|(?P<slashed>\b(?P<sd>\d{{1,2}})[/.-](?P<sm>\d{{1,2}})[/.-](?P<sy>\d{{4}}|\d\d)\b)"
    rf"|(?P<dated>\b(?:the )?(?P<day>{_DAY}) (?:of )?(?P<month>{_MONTH})\b\.?,?(?: (?P<year>\d{{4}}))?)"
    rf"|(?P<turned>\b(?P<tm>{_MONTH})\.? (?:the )?(?P<td>{_DAY})\b(?:,? (?P<ty>\d{{4}})\b)?)"
    rf"|(?P<monthly>\b(?P<mm>{_MONTH})\.?,? (?P<my>\d{{4}})\b)"
    rf"|(?P<named_month>\b(?:{w.SURE_MONTH})\b|\b(?:{_IN_MAY})[ -](?:may|march)\b)"
    rf"|(?P<named>{w.NAMED_DAY})"
    # telephone numbers
    rf"|(?P<phone>(?:\+ ?|\b00 ?)?\(?\b\d[\d ()./-]{{4,}}\d\b|\b(?:(?:{w.DIGIT_WORD})[ ,-]+){{4,}}(?:{w.DIGIT_WORD})\b)"
    # money
    rf"|(?P<sign>[£€$¥]|\b(?:gbp|eur|usd)\b) ?(?P<sum>{AMOUNT})?"
    rf"|(?P<money>{NUMBER})[ -]?(?P<coin>{w.COIN})\b"
    rf"|(?P<coins>\b(?:{w.BARE_COIN})\b)"
    # times of day
    rf"|(?P<clock>\b\d{{1,2}}(?:[:.]\d\d)? ?[ap]\.?m\b|\b\d{{1,2}}:\d\d\b|\b(?:half|quarter)(?: past| to)? {NUMBER}"
    rf"|\b{NUMBER} o'?clock|\b(?:noon|midday|midnight)\b"
    rf"|\b(?:at|by|from|until|till|before|after) {NUMBER} (?:in the (?:morning|afternoon|evening)|sharp))"
    # shares
    rf"|(?P<share>{NUMBER}|\ba) ?(?:%|per ?cent\b|p\.?c\.?\b|percentage points?\b)"
    rf"|(?P<ratio>(?:\bone|{NUMBER}) (?:in(?: every)?|out of(?: every)?) {NUMBER})"
    rf"|(?P<slash>\b\d{{1,3}} ?[/\u2044:] ?\d{{1,3}}\b(?!:))"
    rf"|(?P<part>(?:{NUMBER}|\ban?|\bone)[ -](?:{w.PART})\b|\bhal(?:f|ves)\b|\bthirds\b|\bquarters\b)"
    rf"|(?P<sharing>%|\bper ?cent(?:ages?)?\b)"
    rf"|(?P<times>\b(?:twice|thrice|double[ds]?|triple[ds]?|treble[ds]?|quadruple[ds]?|\w+fold|{NUMBER}(?: times|x\b)))"
    # lengths of time
    rf"|(?P<span>{NUMBER}|\ban?|\bhalf an?|\bevery|\beach|\bper|\banother|\bone|{w.VAGUE})[ -]"
    rf"(?P<pace>working |calendar |business |full |whole |more |extra )?(?P<length>{_UNIT})s?\b"
    rf"|(?P<spread>\b(?:within|in|for|takes?|taking|took|over|under|after|next|last|past|working|business|many|of)"
    rf" (?:the |about |around |just |only )?(?:{_UNIT})s\b|\b(?:fortnight|overnight|decades?|centur(?:y|ies))\b)"
    # numbers that measure nothing we know
    rf"|(?P<year_only>\b(?:19|20)\d\d\b|(?:^|[^\w])'\d\d\b)"
    rf"|(?P<vague>\b(?:{w.VAGUE}) (?:{w.BIG})s?\b|\b(?:{w.BIG}|dozen)s\b|\b(?:a )?dozen\b)"
    rf"|(?P<bare>{NUMBER})"
    rf"|(?P<rank>\b(?:\d+(?:st|nd|rd|th)|{w.RANK})\b)"
)


def _value(hit: re.Match[str]) -> tuple[Kind, str] | None:
    for group, reader in _READERS:
        if hit[group] is not None:
            return reader(hit)
    raise AssertionError("a group of the pattern has no reader")


def _iso(hit: re.Match[str]) -> tuple[Kind, str]:
    return "date", f"{hit['iy']}-{hit['im']}-{hit['id']}"


def _slashed(hit: re.Match[str]) -> tuple[Kind, str]:
    year = hit["sy"] if len(hit["sy"]) == 4 else f"20{hit['sy']}"
    return "date", f"{year}-{int(hit['sm']):02}-{int(hit['sd']):02}"


def _day(day: str, month: str, year: str | None) -> tuple[Kind, str]:
    number = ordinal(day)
    return "date", f"{year + '-' if year else ''}{w.month_of(month):02}-{number:02}"


def _phone(hit: re.Match[str]) -> tuple[Kind, str] | None:
    """A long number that begins with 0 or +, or one in groups; any other row of digits is a number."""
    found = digits_of(hit[0])
    grouped = re.search(r"[^\d]", hit[0]) is not None
    if len(found) < FEWEST_PHONE_DIGITS or not (
        grouped or (found[0] == "0" and len(found) >= LONG_PHONE_DIGITS)
    ):
        return "number", plain(Decimal(found.lstrip("+") or 0))
    return "phone", re.sub(r"^(?:\+|00)440?", "0", found) if found[0] in "+0" else found


def _sign(hit: re.Match[str]) -> tuple[Kind, str]:
    coin = w.coin_of(hit["sign"])[0]
    return "money", f"{coin} {plain(value_of(hit['sum']))}" if hit["sum"] else coin


def _money(hit: re.Match[str]) -> tuple[Kind, str]:
    coin, times = w.coin_of(hit["coin"])
    return "money", f"{coin} {plain(value_of(hit['money']) * times)}"


def _clock(hit: re.Match[str]) -> tuple[Kind, str]:
    return "time", w.minutes(hit[0])


def _length(hit: re.Match[str]) -> tuple[Kind, str] | None:
    counted = hit["span"]
    unit, times = w.LENGTHS[hit["length"]]
    if counted in ("a", "an", "one") and hit["length"] in w.NO_TIME_AT_ALL:
        return None
    if counted in w.PER:
        return "length", f"per {hit['length']}"
    pace = (hit["pace"] or "").strip()
    named = f"working {unit}" if pace in ("working", "business") else unit
    if re.fullmatch(w.VAGUE, counted):
        return "length", f"some {named}"
    return "length", f"{plain(_how_many(counted) * times)} {named}"


def _how_many(counted: str) -> Decimal:
    if counted.startswith("half"):
        return Decimal("0.5")
    return Decimal(1) if counted in ("a", "an", "one", "another") else value_of(counted)


def _spread(hit: re.Match[str]) -> tuple[Kind, str]:
    unit = hit[0].split()[-1]
    return (
        "length",
        f"some {w.LENGTHS[unit.removesuffix('s')][0] if unit.removesuffix('s') in w.LENGTHS else unit}",
    )


def _year(hit: re.Match[str]) -> tuple[Kind, str]:
    digits = re.sub(r"\D", "", hit[0])
    return "date", digits if len(digits) == 4 else f"20{digits}"


def _ratio(hit: re.Match[str]) -> tuple[Kind, str]:
    first, last = re.split(r" (?:in(?: every)?|out of(?: every)?) ", hit[0], maxsplit=1)
    return "share", f"{plain(value_of(first))} in {plain(value_of(last))}"


_READERS: tuple[tuple[str, Callable[[re.Match[str]], tuple[Kind, str] | None]], ...] = (
    ("iso", _iso),
    ("slashed", _slashed),
    ("dated", lambda hit: _day(hit["day"], hit["month"], hit["year"])),
    ("turned", lambda hit: _day(hit["td"], hit["tm"], hit["ty"])),
    ("monthly", lambda hit: ("date", f"{hit['my']}-{w.month_of(hit['mm']):02}")),
    ("named_month", lambda hit: ("date", f"{w.month_of(re.split('[ -]', hit[0])[-1]):02}")),
    ("named", lambda hit: ("date", hit[0])),
    ("phone", _phone),
    ("sign", _sign),
    ("money", _money),
    ("coins", lambda hit: ("money", w.coin_of(hit[0])[0])),
    ("share", lambda hit: ("share", f"% {plain(value_of(hit['share']))}")),
    ("ratio", _ratio),
    ("slash", lambda hit: ("share", re.sub(r"[^\d]+", "/", hit[0]))),
    ("part", lambda hit: ("share", w.part_of(hit[0]))),
    ("sharing", lambda hit: ("share", "%")),
    ("times", lambda hit: ("number", hit[0])),
    ("clock", _clock),
    ("span", _length),
    ("spread", _spread),
    ("year_only", _year),
    ("vague", lambda hit: ("number", hit[0].split()[-1].rstrip("s"))),
    ("bare", lambda hit: ("number", plain(value_of(hit["bare"])))),
    ("rank", lambda hit: ("number", hit[0])),
)
