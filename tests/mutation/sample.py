"""One text that a pattern finds: its first alternatives and shortest repeats, written out."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any

_CATEGORY = {"CATEGORY_DIGIT": "7", "CATEGORY_SPACE": " ", "CATEGORY_WORD": "a", "CATEGORY_NOT_SPACE": "a"}


@cache
def sample(pattern: str) -> str:
    """A text for a pattern of the packs (RE2's common part of Python's syntax). '' for one that cannot be read so."""
    try:
        return _written(_parser.parse(pattern.replace(r"\pL", "a").replace(r"\p{L}", "a"), re.IGNORECASE))
    except (re.error, KeyError, ValueError):
        return ""


def _written(parsed: Iterable[tuple[Any, Any]]) -> str:
    return "".join(_one(op, arg) for op, arg in parsed)


def _one(op: Any, arg: Any) -> str:
    if op is sre.LITERAL:
        return chr(arg)
    if op is sre.NOT_LITERAL or op is sre.ANY:
        return "a"
    if op is sre.IN:
        return _member(arg)
    if op is sre.BRANCH:
        return _written(arg[1][0])
    if op is sre.SUBPATTERN:
        return _written(arg[3])
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        least, _, inner = arg
        return _written(inner) * int(least)
    return ""  # an anchor


def _member(members: Any) -> str:
    for op, arg in members:
        if op is sre.LITERAL:
            return chr(int(arg))
        if op is sre.RANGE:
            return chr(int(arg[0]))
        if op is sre.CATEGORY:
            return _CATEGORY[str(arg)]
    return "a"
