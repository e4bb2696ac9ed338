"""The language of a person's words: by script first, then what a linguist made of them, then what they used before."""

from __future__ import annotations

import re
from dataclasses import dataclass

SURE_LETTERS = 12  # of one script, most of the message: one foreign word among others is no evidence

_SCRIPTS = (
    ("pa", "\u0a00", "\u0a7f"),
    ("bn", "\u0980", "\u09ff"),
    ("hi", "\u0900", "\u097f"),
    ("gu", "\u0a80", "\u0aff"),
    ("ta", "\u0b80", "\u0bff"),
    ("ur", "\u0600", "\u06ff"),
    ("he", "\u0590", "\u05ff"),
    ("el", "\u0370", "\u03ff"),
    ("uk", "\u0400", "\u04ff"),
    ("ja", "\u3040", "\u30ff"),
    ("zh", "\u4e00", "\u9fff"),
)
_LETTERS = re.compile(r"[^\W\d_]")
JUDGED_CHARS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Tongue:
    """A language tag, and whether the words themselves show it clearly enough to be remembered."""

    tag: str
    sure: bool


def tongue_of(text: str, *, detected: str | None, preferred: str, home: str) -> Tongue:
    """The language to answer in. `detected` is a linguist's, who is silent when in doubt; `preferred` was used before;
    `home` is the tenant's. A tag that means the preferred or the home language is given as that."""
    for tag, sure in ((script_of(text), len(_letters(text)) >= SURE_LETTERS), (detected, True)):
        if tag is not None:
            return Tongue(tag=_as_spoken(tag, preferred, home), sure=sure)
    return Tongue(tag=preferred or home, sure=False)


def script_of(text: str) -> str | None:
    """The language of a script that only one of ours is written in, when most letters are of it."""
    letters = _letters(text)
    if not letters or text.isascii():
        return None
    for tag, first, last in _SCRIPTS:
        if sum(first <= c <= last for c in letters) * 2 > len(letters):
            return tag
    return None


def _letters(text: str) -> list[str]:
    return _LETTERS.findall(text[:JUDGED_CHARS])


def _as_spoken(tag: str, *spoken: str) -> str:
    """`en` is `en-GB` where that is what is spoken."""
    return next((known for known in spoken if known.split("-")[0] == tag.split("-", maxsplit=1)[0]), tag)
