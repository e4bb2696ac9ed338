"""personal-data: nothing personal is asked for that a chat must not hold, and nothing personal is spoken in own words."""

from __future__ import annotations

import re
import unicodedata

import re2

from runtime.guardrails import Reply, Rule, block, forbid
from runtime.messages import Finding
from schemas.text import normalise

NAME = "personal-data"

FEWEST_DIGITS = 4  # so many digits in a row of the person's own are theirs: a PIN, the end of a card number

RULES = (
    Rule(
        id="asks-for-a-secret",
        says="asks for a secret",
        pattern=(
            r"\b(sort code|account (number|details)|card (number|details)|bank (details|account)|"
            r"security (code|number|answer)|cvv|cvc|pin( number| code)?|pass ?word|"
            r"pass ?code|pass ?phrase|one[- ]time (code|pass\w*)|otp|verification code|national insurance"
            r"|ni number|passport|driving licen[cs]e number|(mother'?s )?maiden name|date of birth|"
            r"dob|birth ?day|"
            r"log[- ]?in details|memorable (word|information)|(expiry|expiration) date|long number)\b"
        ),
        unless=(
            (
                r"\b(don'?t|do not|never|no need to|please don'?t|needn'?t)( ever)? (need|send|"
                r"share|tell|give|post|type|ask for|put|to send|to share)[^.!?;]*"
            ),
            r"\bhappy birthday\b",
        ),
    ),
    Rule(
        id="asks-about-health",
        says="asks about health",
        pattern=(
            r"\b(your (diagnosis|(medical )?condition|medications?|doctor|gp|mental health|"
            r"illness|disability|treatment|symptoms|ethnicity|religion|sexuality|politics)|"
            r"are you (disabled|pregnant|ill|depressed|on medication|suicidal)|what'?s wrong with you)\b"
        ),
        unless=(r"\bfor (telling me|letting me know|sharing)[^.!?;]*",),
    ),
    Rule(
        id="claims-to-know",
        says="claims to know the person's agreement, lender or car",
        pattern=(
            r"\b(i|we) (can see|see|know|found|checked|looked up|noticed|have on (file|record)|"
            r"hold)( that| from| in)?( our| the| your)? ?(records?|files?|system|database|agreement|"
            r"lender|supplier|contract|finance|car|account|credit file|address|you (had|have|"
            r"were|are|took|bought|paid|live))\b|\b(our|the) (records?|files|system|database) (show|"
            r"say|tell|indicate|suggest)s?\b|\bi (know|see) where you\b"
        ),
        unless=(
            r"\b(if|can'?t|don'?t|cannot|won'?t|not) (\w+ ){0,2}(see|know|hold|find)\b[^.!?;]*",
            r"\bi see,? (you|that you)('ve| have)? (said|mentioned|told|asked|sent|written)\b[^.!?;]*",
        ),
    ),
)
_SHAPES = {
    "phone-or-card": ("a phone or card number", re2.compile(r"(?:\+|\b)\d(?:[ .()/-]{0,3}\d){6,}\b")),
    "email": ("an e-mail address", re2.compile(r"(?i)[^\s@]+ ?@ ?[^\s@]+\.[a-z]{2,}")),
    "plate": (
        "a number plate",
        re2.compile(
            r"(?i)\b[a-z]{2}[ -]?\d{2}[ -]?[a-z]{3}\b|\b[a-z]\d{1,3} ?[a-z]{3}\b|\b[A-Z]{3} ?\d{1,3}[A-Z]\b"
        ),
    ),
    "postcode": ("a postcode", re2.compile(r"(?i)\b[a-z]{1,2}\d[a-z\d]? ?\d[a-z]{2}\b")),
    "national-insurance": (
        "a National Insurance number",
        re2.compile(r"(?i)\b[a-z]{2} ?(?:\d\d ?){3}[a-d]\b"),
    ),
}
# Names are the person's own even where the row does not hold them: what they called themselves.
_INTRODUCED = re2.compile(
    r"(?i)\b(?:my name is|my name'?s|i am called|i'?m called|this is|i'?m|name:|it'?s) ([a-z][a-z"
    r"'-]{2,30})(?: ([a-z][a-z'-]{2,30}))?"
)
_CAPITAL = re.compile(r"[A-Z]")
_DIGITS = re.compile(r"\d")
_WORD = re.compile(r"[^\W_]+")


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks personal data in own words, and private values anywhere but in the slot of a claim that names them."""
    found = list(forbid(NAME, reply, RULES))
    ours = "".join(_digits(text) for text in reply.heard)
    names = {name for text in reply.heard for name in _names(text)}
    for start, text in reply.own_words():
        for name, (meaning, shape) in _SHAPES.items():
            hit = shape.search(text)
            if hit and not (reply.free_text and _cited(reply, hit.group())):
                found.append(block(f"{NAME}/{name}", meaning, start + hit.start(), start + hit.end()))
        whole = (start, start + len(text))
        said = " ".join(f" {' '.join(_WORD.findall(view.text))} " for view in normalise(text).views)
        for value in reply.private:
            if _spoken(value, said, text):
                found.append(block(f"{NAME}/private-value", "a private value", *whole))
        if not reply.free_text and any(f" {name} " in said for name in names):
            found.append(block(f"{NAME}/name", "a name the person gave", *whole))
        if not reply.free_text and _share_digits(_digits(text), ours):
            found.append(block(f"{NAME}/digits", "digits the person gave", *whole))
    return tuple(found)


def _spoken(value: str, said: str, text: str) -> bool:
    """Whether any part of a private value is in the words, or some of its digits in a row among theirs."""
    pieces = [p for p in _WORD.findall(normalise(value).text) if len(p) > 1 and not p.isdigit()]
    by_name = "@" not in value and any(f" {piece} " in said for piece in pieces)
    whole = len(value) > 2 and value.casefold() in text.casefold()
    return whole or by_name or _share_digits(_digits(text), _digits(value))


def _share_digits(said: str, held: str) -> bool:
    return any(said[i : i + FEWEST_DIGITS] in held for i in range(len(said) - FEWEST_DIGITS + 1))


def _names(text: str) -> set[str]:
    """What the person called themselves: a word with a capital behind `my name is` and the like."""
    found: set[str] = set()
    for hit in _INTRODUCED.finditer(text):
        for name in filter(None, (hit.group(1), hit.group(2))):
            if _CAPITAL.match(name) or "name" in hit.group().casefold():
                found.add(normalise(name).text)
    return found - {"and", "not", "the", "from", "but", "just", "really"}


def _digits(text: str) -> str:
    return "".join(_DIGITS.findall(unicodedata.normalize("NFKC", text)))


def _cited(reply: Reply, value: str) -> bool:
    claims = [reply.bundle.claims[i] for i in reply.cited if i in reply.bundle.claims]
    texts = [text for c in claims for v in c.texts.values() for text in v.values()]
    return any(value.strip() in text for text in (*texts, *reply.bundle.tenant.values.values()))
