"""A specimen of a pattern: some text it matches, made from the pattern itself, with randomness passed in."""

from __future__ import annotations

import re
from random import Random
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

from schemas.text import PatternError, matches, normalise

TRIES = 40
_SPACES = {sre.CATEGORY_DIGIT: "7", sre.CATEGORY_SPACE: " ", sre.CATEGORY_WORD: "a"}


def specimen(pattern: str, rng: Random) -> str | None:
    """Text that `pattern` (RE2) matches as the screen and the review read it, or None when none is found in some tries."""
    try:
        tree = _parser.parse(pattern, re.IGNORECASE)
    except re.error:
        return None
    for _ in range(TRIES):
        text = " ".join(_of(tree, rng).split())
        try:
            if text and matches(pattern, normalise(text)) is not None:
                return text
        except PatternError:
            return None
    return None


def _of(tree: Any, rng: Random) -> str:
    return "".join(_piece(op, argument, rng) for op, argument in tree)


def _piece(op: Any, argument: Any, rng: Random) -> str:
    match op:
        case sre.LITERAL:
            return chr(argument)
        case sre.NOT_LITERAL | sre.ANY:
            return " "
        case sre.IN:
            return _one_of(argument, rng)
        case sre.BRANCH:
            return _of(rng.choice(argument[1]), rng)
        case sre.SUBPATTERN:
            return _of(argument[3], rng)
        case sre.MAX_REPEAT | sre.MIN_REPEAT:
            least, most, inner = argument
            times = least if least or rng.random() < 0.5 else min(1, most)
            return "".join(_of(inner, rng) for _ in range(times))
        case _:  # anchors take no room
            return ""


def _one_of(members: Any, rng: Random) -> str:
    op, argument = rng.choice(members)
    match op:
        case sre.LITERAL:
            return chr(argument)
        case sre.RANGE:
            return chr(rng.randint(argument[0], argument[1]))
        case sre.CATEGORY:
            return _SPACES.get(argument, " ")
        case _:  # a negated set: a blank is in nearly every one
            return " "
