"""Which of the options offered a person means, in whatever way they say it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

import re2

from schemas.text import normalise

_ORDINALS = (
    ("1", "one", "first", "a", "top"),
    ("2", "two", "second", "b", "middle"),
    ("3", "three", "third", "c"),
    ("4", "four", "fourth", "d"),
    ("5", "five", "fifth", "e"),
)
_UNSURE = re2.compile(
    r"\b(not sure|don'?t know|dunno|no idea|unsure|can'?t remember|not certain|maybe|idk)\b"
)
# A word may be followed by more; "I have a question" and "I didn't understand" are no answers, so such beginnings stand alone.
_YES_LINE = re2.compile(
    r"^(?:(?:yes|y|yeah|yep|yup|yea|aye|correct|indeed|of course)\b|(?:sure|true|it was|we did|i did|i do|i have)$)"
)
_NO_LINE = re2.compile(
    r"^(?:(?:no|n|nope|nah|not really|not yet|not that i know)\b|(?:never|nobody|no one|none|i didn'?t|i haven'?t)$)"
)
_NO_ANSWER = re2.compile(r"^no (?:problem|worries|way|clue|comment|need|matter|rush|offence|doubt)\b")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ASKING = frozenset(["how", "what", "why", "when", "who", "where", "which"])
_FILLER = frozenset(
    ["the", "a", "an", "please", "pls", "option", "number", "i", "want", "would", "like", "choose", "pick", "i'll", "take",
     "go", "for", "with", "that", "it", "my", "me", "to", "get", "your", "our"]
)  # fmt: skip


def pick(said: str, options: Sequence[str], *, exactly: bool = False) -> str | None:
    """The option a person means: its words, its place (`2`, `the first`), yes or no, or the one option their words fit.

    `exactly`: only an option's own words count, as a pressed button sends them, and a bare yes or no not even then.
    """
    plain = normalise(said).text.strip(" .!?,")
    keyed = {own(option): option for option in options}
    if exactly:
        return keyed.get(plain) if " " in plain else None
    if plain in keyed:
        return keyed[plain]
    words = [w for w in _WORD.findall(plain) if w not in _FILLER]
    if len(words) > 1 and words[-1] == "one":  # "the second one"
        words.pop()
    for place, names in enumerate(_ORDINALS[: len(options)]):
        if plain in names or (len(words) == 1 and words[0] in names):
            return options[place]
    if words == ["last"] and options:
        return options[-1]
    asks = "?" in said or any(w in _ASKING for w in words)
    kinds = {
        "not sure": _UNSURE.search(plain),
        "yes": _YES_LINE.search(plain),
        "no": _NO_LINE.search(plain) and not _NO_ANSWER.search(plain),
    }
    for kind, meant in kinds.items():
        if meant and kind in keyed and len(words) <= 5 and not asks:
            return keyed[kind]
    fitting = [option for key, option in keyed.items() if words and set(words) <= set(_WORD.findall(key))]
    return fitting[0] if len(fitting) == 1 else None


@lru_cache(maxsize=4_096)
def own(text: str) -> str:
    """A text of the tenant's as it is compared. Kept; what a person writes never is."""
    return normalise(text).text.strip(" .!?,")
