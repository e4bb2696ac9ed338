"""Masking: foreign text made fit for a prompt, on one line, without our marks and without whatever could tell who wrote it.

What is masked is a shape (digits, an address, a plate, a postcode) or stands behind words that announce a name, in each of the
languages the project speaks. It rather masks too much: a model chooses claims, and needs no number to do it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import re2

from runtime.engine.givennames import GIVEN_NAMES, INTRODUCED
from schemas.text import visible

LINE_CHARS = 600
READ_CHARS = (
    4 * LINE_CHARS
)  # of a longer text the beginning and the end are read: what somebody asks comes at the end

# Signs a mark of ours is made of, and what looks like one. Text without them can neither open nor close a mark.
_ANGLES = "<>\u2039\u203a\u00ab\u00bb\u27e8\u27e9\u3008\u3009\u300a\u300b\u276e\u276f\u2329\u232a"
_MARKS = str.maketrans(dict.fromkeys(_ANGLES, " "))
_WORDS_FOR_DIGITS = (
    "zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|treble",
    "dim|un|dau|dwy|tri|tair|pedwar|pedair|pump|chwech|saith|wyth|naw",
    "jeden|jedna|dwa|dwie|trzy|cztery|piec|pięć|szesc|sześć|siedem|osiem|dziewiec|dziewięć",
    "unu|doi|două|doua|trei|patru|cinci|șase|şase|sase|șapte|şapte|sapte|opt|nouă|noua",
    "صفر|ایک|دو|تین|چار|پانچ|چھ|چھے|سات|آٹھ|نو",
    "ਸਿਫ਼ਰ|ਸਿਫਰ|ਇੱਕ|ਇਕ|ਦੋ|ਤਿੰਨ|ਚਾਰ|ਪੰਜ|ਛੇ|ਸੱਤ|ਅੱਠ|ਨੌਂ|ਨੌ",
    "শূন্য|এক|দুই|তিন|চার|পাঁচ|ছয়|ছয়|সাত|আট|নয়|নয়",
)
_DIGIT_WORD = "(?:" + "|".join(_WORDS_FOR_DIGITS) + ")"
# Behind these a name follows however it is written; the words are as people type them, with and without accents.
_ANNOUNCED = "|".join(
    (
        "my (?:full |first |last |sur|family |maiden )?name ?(?:is|'s|s|:)",
        "(?:sur|fore|first |last |full |family |maiden )name(?: ?(?:is|'s|:))?",
        "name ?:",
        "(?:i am|i'm|im) called",
        "(?:on behalf of|regards|sincerely|signed)[, :]*",
        "fy enw(?: i)?(?: yw)?",
        "enw i yw",
        "mam na imi[eę]",
        "nazywam si[eę]",
        "(?:moje )?nazwisko(?: to)?:?",
        "m[aă] numesc",
        "m[aă] cheam[aă]",
        "numele meu(?: este| e)?",
        "mera n(?:aa|a)m",
        "amar n(?:aa|a)m",
        "میرا نام",
        "ਮੇਰਾ ਨਾਂ",
        "ਮੇਰਾ ਨਾਮ",
        "আমার নাম",
    )
)
_SAID_BEFORE = (
    "this is|it's|i'm|i am|call me|jestem|dwi|rydw i|sunt|eu sunt|miss"  # a name only with a capital
)
_TITLES = "mr|mrs|ms|mx|dr|prof|pan|pani|domnul|doamna|dna|mister|begum|shri"
_NAME = r"[\pL\pM][\pL\pM'.-]*"
_CAPITAL = r"\p{Lu}[\pL\pM'.-]*"
_AT = r"(?: ?[(\[{] ?(?:at|a|@) ?[)\]}] ?| at | małpa )"
_DOT = r"(?: ?[(\[{] ?(?:dot|[.]) ?[)\]}] ?| (?:dot|kropka|punct) |[.])"
_LOOSE_DOT = r"(?: ?[(\[{] ?(?:dot|[.]) ?[)\]}] ?| [.] ?|[.])"
_DOMAIN = "(?:com|co|org|net|uk|info|eu|io|gov|ac|pl|ro|de|fr|ie|wales|cymru|pk|bd)"
_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*"
_STREET = (
    "(?:avenue|ave|street|st|road|rd|lane|ln|drive|dr|close|cl|crescent|court|ct|gardens?|grove|terrace|place|pl|way|walk|"
    "square|sq|hill|row|mews|park|parade|rise|view|green|house|cottage|flats?|heol|stryd|ffordd)"
)
_BORN = r"(?:d[.]?o[.]?b[.]?|date of birth|birth ?date|birth ?day|born(?: on)?)"
_GAP = r"[\s()./,_*|+:;'\"\[\]{}•·–—-]{0,3}"
_SHAPES = tuple(  # RE2: a hostile text costs no more than a friendly one
    (re2.compile(shape), instead)
    for shape, instead in (
        (r"[^\s@]+ ?@ ?[^\s@]+", "[e-mail]"),
        (rf"(?i)[\pL\d._%+-]+{_AT}[\pL\d-]+(?:{_LOOSE_DOT}[\pL\d-]+)*{_LOOSE_DOT}{_DOMAIN}\b", "[e-mail]"),
        (rf"(?i)[\pL\d._%+-]+{_AT}[\pL\d-]+(?:{_DOT}[\pL\d-]+)+", "[e-mail]"),
        (rf"(?i)\b{_BORN}[ :=-]*(?:(?:is|was|it'?s|my|the \d\d?(?:st|nd|rd|th)?|of|on|in|"
         rf"{_MONTH}|\d{{1,4}}(?:st|nd|rd|th)?)\b[ ,./-]*)*"
         r"\d{1,4}(?:st|nd|rd|th)?\b", "[date of birth]"),
        (rf"(?i)\b(?:flat |unit |no[.]? ?)?\d{{1,4}}[a-f]?,? (?:[\pL'.-]+ ){{1,3}}{_STREET}\b[.]?(?:, ?[\pL'-]+(?: [\pL'-]+)?)?",
         "[address]"),
        (r"(?i)\b(?:i live (?:at|in|on)|my address(?: is|:)?|address:|living at)(?: [\pL\d'.-]+){1,3}"
         r"(?:,(?: [\pL\d'.-]+){1,3})*", "[address]"),
        (r"(?i)\b(?:https?://|www[.])\S+", "[link]"),
        (r"(?i)\b[A-Z]{2} ?\d{2} ?\d{2} ?\d{2} ?[A-D]\b", "[national insurance]"),
        (r"\b[A-Z]{2}[ .-]?\d{2}[ .-]{0,2}[A-Z]{3}\b", "[plate]"),
        (r"(?i)\b[A-Z]{2} \d{2} [B-DF-HJ-NP-TV-Z]{2}[A-Z]\b|(?i)\b[A-Z]{2} \d{2} [A-Z][B-DF-HJ-NP-TV-Z]{2}\b", "[plate]"),
        (r"(?i)\b[A-Z]{2}\d{2}[ .-]{0,2}[A-Z]{3}\b", "[plate]"),
        (r"(?i)\b[A-Z] [A-Z] \d \d [A-Z] [A-Z] [A-Z]\b", "[plate]"),
        (r"(?i)\b[A-Z]\d{1,3} ?[A-Z]{3}\b", "[plate]"),
        (r"(?i)\b[A-Z]{3} ?\d{1,3}[A-Z]\b", "[plate]"),
        (r"(?i)\b(?:private |number |licen[cs]e |car |vehicle |the |my )*(?:reg(?:istration)?|plates?)\b"
         r"(?: ?(?:is|no[.]?|number|plate|mark|:|=|-|#))* ?(?:[A-Z\d]{1,7}[ .-]{0,2}){0,3}(?:[A-Z]+\d|\d)[A-Z\d]{0,6}"
         r"(?:[ .-]{1,2}(?:[A-Z]{3}|\d{1,4}|[A-Z]{1,2}\d{1,3}))?\b", "[plate]"),
        (r"(?i)\bgir ?0aa\b", "[postcode]"),
        (r"(?i)\b(?:[A-Z] ?){1,2}\d ?(?:[A-Z]|\d)?[ .-]{0,3}\d ?[A-Z] ?[A-Z]\b", "[postcode]"),
        (r"(?i)\b(?:pin|cvv|cvc|passcode|password|security code|sort code|account|kod|hasło|parola|cod|card)\b"
         r"(?: ?(?:is|no[.]?|number|code|to|este|yw|:|=|-|#))* ?\d[\d -]*", "[secret]"),
        (rf"(?i)(?:{_DIGIT_WORD}[\s,.-]{{1,3}}){{3,}}{_DIGIT_WORD}", "[number]"),
        (rf"(?i)\d{{2,}}(?:{_GAP}(?:{_DIGIT_WORD}|\d))*{_GAP}{_DIGIT_WORD}(?:{_GAP}(?:{_DIGIT_WORD}|\d))*", "[number]"),
        (rf"(?:\b[OoIl]{{1,3}}|[0-9])(?:{_GAP}[0-9OoIl]){{3,}}\b", "[number]"),
    )
)  # fmt: skip
_BEFORE = re2.compile(
    rf"(?i)(?:^|[^\pL\pM])(?:(?P<surely>{_ANNOUNCED})|(?P<title>(?:{_TITLES})\b[.]?)|(?P<maybe>(?:{_SAID_BEFORE})\b))"
)
_AFTER = {  # what is a name behind which of them
    "surely": re2.compile(rf"^ *{_NAME}(?: +{_NAME})?(?: +{_CAPITAL})*"),
    "title": re2.compile(rf"^ +{_NAME}(?: +{_CAPITAL})*"),
    "maybe": re2.compile(rf"^ +{_CAPITAL}(?: +{_CAPITAL})*"),
}
_GIVEN = "(?:" + "|".join(sorted(GIVEN_NAMES)) + ")"
_ANY_GIVEN = "(?:" + "|".join(sorted(INTRODUCED)) + ")"
_NO_SURNAME = "and|but|is|was|has|had|who|with|from|about|here|speaking|again|the|my|i|please|signed|said|asked|can|do|did|for|to"
_CAPITAL_GIVEN = "(?:" + "|".join(f"{n.title()}|{n.upper()}" for n in sorted(GIVEN_NAMES)) + ")"
_UNANNOUNCED = tuple(
    (re2.compile(shape), instead)
    for shape, instead in (
        (rf"(?i)(^|[^\pL\pM])(i am|i'm|im|this is|it's|its|call me|sunt|eu sunt|jestem|dwi|rydw i|from:?) {_ANY_GIVEN}\b"
         rf"(?:( (?:{_NO_SURNAME}))\b| {_NAME})?", r"\1\2 [name]\3"),
        (rf"(?i)(^|[.,!?] ?){_NAME}(?: {_NAME})? (speaking|z tej strony)\b", r"\1[name] \2"),
        (rf"(?i)(^|[^\pL\pM]){_GIVEN} {_NAME} (here|speaking|z tej strony)\b", r"\1[name] \2"),
        (rf"(^|[^\pL\pM])(?:(?i:{_GIVEN}) {_CAPITAL}|{_CAPITAL_GIVEN})\b(?: +{_CAPITAL})*", r"\1[name]"),
    )
)  # fmt: skip
_YEARS = re.compile(r"(?:19|20)[0-9]{2}(?:[\s/-]{1,3}(?:19|20)?[0-9]{2})*")
FEWEST_DIGITS = 3  # in a run of digits and of letters that look like one


def masked(text: str, private: Sequence[str] = (), *, chars: int = LINE_CHARS) -> str:
    """One line of at most `chars` characters: no sign of a mark, no invisible sign, no identifier, none of `private`."""
    plain = _plain(text)
    for shape, instead in _SHAPES:
        plain = shape.sub(_number if instead == "[number]" else instead, plain)
    for value in private:
        for word in (value, *value.split()):
            plain = _private(word).sub("[name]", plain) if len(word) > 1 else plain
    plain = _without_names(plain)
    for shape, instead in _UNANNOUNCED:
        plain = shape.sub(instead, plain)
    plain = " ".join(plain.split())
    return plain if len(plain) <= chars else plain[: chars // 2 - 2] + " … " + plain[-(chars // 2 - 2) :]


def one_line(text: str) -> str:
    """Approved text for a prompt: on one line and without the signs that marks are made of."""
    return " ".join(visible(text).translate(_MARKS).split())


def _plain(text: str) -> str:
    """Compatibility forms and every script's digits as ASCII, without marks and line ends; of a long text head and tail."""
    if len(text) > READ_CHARS:
        text = text[: READ_CHARS // 2] + " … " + text[-READ_CHARS // 2 :]
    folded = unicodedata.normalize("NFKC", visible(text)).translate(_MARKS)
    return "".join(_ascii_digit(c) for c in " ".join(folded.split()))


def _ascii_digit(char: str) -> str:
    if char.isascii():
        return char
    digit = unicodedata.decimal(char, None)
    return "\ufffd" if "\ud800" <= char <= "\udfff" else char if digit is None else str(digit)


def _without_names(text: str) -> str:
    """Masks what stands behind words that announce a name, up to the next such words."""
    kept, done = [], 0
    hits = list(_BEFORE.finditer(text))
    for hit, following in zip(hits, [*hits, None][1:], strict=True):
        kept.append(text[done : hit.end()])
        done = following.start() if following is not None else len(text)
        name = next(shape for kind, shape in _AFTER.items() if hit.group(kind) is not None)
        kept.append(name.sub(" [name]", text[hit.end() : done]))
    return "".join(kept) + text[done:]


def _number(hit: re.Match[str]) -> str:
    """Masks a run of digits, but for years, which say nothing about who wrote, and words that merely look like digits."""
    found = hit.group()
    digits = sum(c.isdigit() for c in found)
    words = not any(c.isdigit() for c in found) and any(c not in "OoIl" and c.isalpha() for c in found)
    if not words and (digits < FEWEST_DIGITS or _YEARS.fullmatch(found)):
        return found
    return "[number]"


@lru_cache(maxsize=256)
def _private(word: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(word)}(?!\w)", re.IGNORECASE)
