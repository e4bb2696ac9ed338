"""The words that make a fact: months, named days, coins, lengths of time, parts of a whole, bodies, addresses."""

from __future__ import annotations

import re
from decimal import Decimal

from schemas.numberwords import NUMBER, plain, value_of

_MONTHS = {
    "january": 1, "jan": 1, "february": 2, "feb": 2, "march": 3, "mar": 3, "april": 4, "apr": 4, "may": 5, "june": 6, "jun": 6,
    "july": 7, "jul": 7, "august": 8, "aug": 8, "september": 9, "sept": 9, "sep": 9, "october": 10, "oct": 10, "november": 11,
    "nov": 11, "december": 12, "dec": 12,
}  # fmt: skip
MONTH = "|".join(sorted(_MONTHS, key=len, reverse=True))
SURE_MONTH = "january|february|april|june|july|august|september|sept|october|november|december"
_SEASON = "spring|summer|autumn|winter"
NAMED_DAY = (
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|tomorrow|yesterday|tonight|christmas(?: eve)?|xmas|easter|"
    r"new year(?:'?s)?(?: eve| day)?|bank holidays?|tax years?|financial years?|q[1-4]|"
    rf"(?:next|last|this|by the end of the|end of the|start of the|early|later?) (?:week|"
    rf"month|year|quarter|century|{_SEASON})|"
    rf"(?:in|by|since|until|before|after|next|last)(?: the)? (?:{_SEASON})|(?:in|by|"
    rf"since|until|before|after) the new year)\b"
)

_HUNDREDTH = Decimal("0.01")
# Of each word: its currency, and how much of that currency it is.
_COINS = {
    "£": ("£", Decimal(1)), "gbp": ("£", Decimal(1)), "pound": ("£", Decimal(1)), "quid": ("£", Decimal(1)),
    "sterling": ("£", Decimal(1)), "pence": ("£", _HUNDREDTH), "p": ("£", _HUNDREDTH), "penny": ("£", _HUNDREDTH),
    "pennie": ("£", _HUNDREDTH), "grand": ("£", Decimal(1_000)), "fiver": ("£", Decimal(5)), "tenner": ("£", Decimal(10)),
    "€": ("€", Decimal(1)), "eur": ("€", Decimal(1)), "euro": ("€", Decimal(1)), "$": ("$", Decimal(1)),
    "usd": ("$", Decimal(1)), "dollar": ("$", Decimal(1)), "buck": ("$", Decimal(1)), "¥": ("¥", Decimal(1)),
}  # fmt: skip
COIN = (
    r"pounds?(?: sterling)?|quid|grand|pence|p|penn(?:y|ies)|euros?|dollars?|bucks?|"
    r"gbp|eur|usd|sterling|fivers?|tenners?"
)
BARE_COIN = r"pounds?|quid|sterling|pence|penny|pennies|euros?|dollars?|bucks?|fivers?|tenners?"

# Of each unit: what it is counted in, and how many of those it is. A month is not a number of days.
LENGTHS = {
    "minute": ("minutes", 1), "hour": ("minutes", 60), "day": ("days", 1), "week": ("days", 7), "fortnight": ("days", 14),
    "month": ("months", 1), "year": ("months", 12), "decade": ("months", 120),
}  # fmt: skip
NO_TIME_AT_ALL = frozenset({"minute"})  # "give me a minute" tells nobody how long
PER = frozenset({"every", "each", "per"})
VAGUE = "a few|few|several|a couple(?: of)?|couple of|some|many|dozens of|hundreds of|thousands of"
BIG = "hundred|thousand|million|billion|grand"

_PARTS = {
    "half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fifth": 5, "fifths": 5, "sixth": 6,
    "sixths": 6, "eighth": 8, "eighths": 8, "tenth": 10, "tenths": 10,
}  # fmt: skip
PART = "|".join(sorted(_PARTS, key=len, reverse=True))
RANK = (
    "fourth|fifth|sixth|seventh|eighth|ninth|tenth|eleventh|twelfth|(?:thir|four|fif|six|seven|eigh|nine)teenth|"
    "(?:twent|thirt|fort|fift|sixt|sevent|eight|ninet)ieth|hundredth"
)
DIGIT_WORD = "(?:double |triple |treble )?(?:oh|nought|zero|one|two|three|four|five|six|seven|eight|nine|\\d)"

# Figures of speech that count nothing.
IDIOMS = re.compile(
    r"\b(?:on (?:the )?one hand|thanks? (?:you )?a million|cheers a million|half a (?:sec|second|mo|moment|tick)|"
    r"first things first|square one|one day at a time|a day at a time|what a day|third part(?:y|ies)|in two minds|"
    r"double[- ]check(?:ed|ing|s)?|the other half|half the battle|halfway|meet you half ?way|half asleep|"
    r"zero (?:pressure|rush|hurry|obligation|stress|bother|problem|problems)|a penny for your thoughts|"
    r"second to none|two (?:ticks|secs|seconds)|(?:merry|happy|lovely|good|nice) (?:christmas|xmas|easter|new year|"
    r"weekend|bank holiday|(?:mon|tues|wednes|thurs|fri|satur|sun)day)|ten out of ten|"
    r"(?:asked|raised|mentioned|have|got|said|are|were) two (?:things|questions|points|parts|ways|messages)|"
    r"one moment|at the eleventh hour|one in a million|pound for pound|may i)\b"
)
# Capital letters that are a number, and those that are something else as well.
ROMAN = re.compile(r"\b(?=[IVXLCDM]{2,}\b)M{0,3}(?:CM|CD|D?C{0,3})(?:XC|XL|L?X{0,3})(?:IX|IV|V?I{0,3})\b")
NOT_ROMAN = frozenset(
    {
        "CD",
        "DM",
        "DI",
        "MD",
        "CV",
        "MIX",
        "MM",
        "CM",
        "DC",
        "CC",
        "ID",
        "LI",
        "MC",
        "MI",
        "LC",
        "DL",
        "ML",
        "CL",
    }
)

_BODIES = {
    "fca": r"fca|financial conduct authority|financial services authority|fsa",
    "financial ombudsman": r"fos|financial ombudsman(?: service)?",
    "energy ombudsman": r"energy ombudsman|ombudsman services",
    "legal ombudsman": r"leo|legal ombudsman",
    "claims management ombudsman": r"cmo|claims management ombudsman",
    "ombudsman": r"ombuds(?:man|men|people|person)(?:'s)?",
    "ofgem": r"ofgem", "ofcom": r"ofcom", "ofwat": r"ofwat",
    "sra": r"sra|solicitors regulation authority", "asa": r"asa|advertising standards(?: authority)?",
    "cma": r"competition and markets authority", "pra": r"prudential regulation authority",
    "information commissioner": r"ico|information commissioner(?:'?s)?(?: office)?",
    "fscs": r"fscs|financial services compensation scheme", "hmrc": r"hmrc|inland revenue|tax ?man", "nhs": r"nhs",
    "supreme court": r"supreme court", "appeal court": r"court of appeal|appeal court", "high court": r"high court",
    "county court": r"county court", "small claims court": r"small claims(?: court| track)?",
    "european court": r"european court(?: of \w+)?", "court": r"courts?|(?:the|a|your) judges?|judiciary",
    "tribunal": r"(?:upper |first-tier )?tribunals?",
    "parliament": r"parliament|house of (?:lords|commons)|mps", "government": r"government|treasury|ministry of justice",
    "bank of england": r"bank of england", "regulator": r"regulators?", "police": r"police",
    "citizens advice": r"citizens'? advice(?: bureau)?", "companies house": r"companies house", "stepchange": r"step ?change",
    "national debtline": r"(?:national )?debtline", "samaritans": r"samaritans", "moneyhelper": r"money ?helper",
    "trading standards": r"trading standards", "law society": r"law society", "bar council": r"bar council",
    "act": (
            r"(?:consumer (?:credit|rights|protection)|unfair terms) (?:act|regulations)|(?:\w+ )?act (?:"
            r"of )?(?:19|20)\d\d"
        ),
    "gdpr": r"gdpr|data protection act", "martin lewis": r"martin lewis|money ?saving ?expert|mse",
    "which": r"which\? (?:magazine|report|says)",
    "price cap": r"(?:energy )?price cap",
}  # fmt: skip
BODY = re.compile(rf"\b(?:{'|'.join(f'(?:{pattern})' for pattern in _BODIES.values())})\b")
_EACH_BODY = tuple((name, re.compile(pattern)) for name, pattern in _BODIES.items())

# ---- addresses --------------------------------------------------------------------------------------------------------------

SPELLED_DOT = re.compile(r" ?[\[({] ?(?:dot|\.) ?[\])}] ?| dot ")
_DOT = r"(?:\.| ?[\[({] ?(?:dot|\.) ?[\])}] ?| dot )"
_TLD = (
    r"com|co|uk|org|net|gov|edu|info|biz|io|ly|me|app|link|xyz|site|online|shop|store|"
    r"club|click|legal|law|finance|loans?|"
    r"credit|bank|eu|us|de|fr|ru|cn|tv|cc|gg|gl|gd|dev|tech|ai|space|website|email|"
    r"mobi|cymru|wales|scot|london|zip|ws|su|tk|ml|"
    r"claims?|ie|ac|nhs|police"
)
LINK = re.compile(
    rf"\bh(?:tt|xx)ps? ?: ?/*\S{{1,2000}}|\bwww{_DOT}\S+|(?:[a-z0-9_-]{{1,63}}{_DOT}){{1,6}}(?:{_TLD})\b(?:[/?#]\S*)?"
    r"|\b[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63}){1,6}/\S*|\b[a-z0-9_-]{1,63} \. ?(?:com|"
    r"co|uk|org|net|io|ly|info|gov)\b"
    r"|\b\d{1,3}(?:\.\d{1,3}){3}\b|\bdot (?:com|co|org|net|uk|gov)\b"
)
EMAIL = re.compile(
    rf"[^\s@<>(),;]{{1,64}} ?(?:@|[\[(]at[\])]) ?[a-z0-9-]+(?:{_DOT}[a-z0-9-]+)+"
    rf"|\b[\w.+-]{{1,64}} at [a-z0-9-]+(?: dot [a-z]+)+"
)


def month_of(word: str) -> int:
    """1 to 12."""
    return _MONTHS[word]


def coin_of(word: str) -> tuple[str, Decimal]:
    """(currency, how much of it) of `quid`, `pence`, `£`, `pounds sterling`."""
    first = word.split(maxsplit=1)[0]
    return _COINS[first] if first in _COINS else _COINS[first.removesuffix("s")]


def part_of(words: str) -> str:
    """`two thirds` is 2/3, `a quarter` 1/4, `half` 1/2."""
    pieces = re.split("[ -]", words)
    of = _PARTS[pieces[-1]]
    counted = " ".join(pieces[:-1])
    return f"{'1' if counted in ('', 'a', 'an', 'one') else plain(value_of(counted))}/{of}"


def minutes(words: str) -> str:
    """`9am`, `17:00`, `half past five`, `nine o'clock`, `noon` in one spelling each."""
    if (clock := re.fullmatch(r"(\d{1,2})(?:[:.](\d\d))? ?(?:([ap])\.?m)?", words)) is not None:
        hour = int(clock[1]) % 12 + (12 if clock[3] == "p" else 0) if clock[3] else int(clock[1])
        return f"{hour:02}:{clock[2] or '00'}"
    named = {"noon": "12:00", "midday": "12:00", "midnight": "00:00"}
    return named.get(words) or re.sub(NUMBER, lambda number: plain(value_of(number[0])), words)


def body_of(words: str) -> str:
    """The body's one name."""
    return next(name for name, pattern in _EACH_BODY if pattern.fullmatch(words))
