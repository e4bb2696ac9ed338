"""How a place and a value are named in a message of the schema pass. Pure."""

from __future__ import annotations

import re
from typing import Any

Path = tuple[str | int, ...]
LONGEST_SHOWN = 60  # characters of somebody's value in a message

TYPES = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}


# What a bound is called, and of what it counts.
LIMITS = {
    "minimum": ("at least", ""),
    "maximum": ("at most", ""),
    "minLength": ("at least", " characters"),
    "maxLength": ("at most", " characters"),
    "minItems": ("at least", " items"),
    "maxItems": ("at most", " items"),
    "minProperties": ("at least", " keys"),
    "maxProperties": ("at most", " keys"),
}


def inside(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    return f" in `{'.'.join(names)}`" if names else ""


def name(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    return f"`{names[-1]}`" if names else "the file"


def say(value: Any) -> str:
    return f"`{as_written(value)}`" if isinstance(value, str | int) else kind_of(value)


def kind_of(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def spaced(keyword: str) -> str:
    return re.sub(r"([A-Z])", r" \1", keyword).lower()


def as_written(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else short(str(value))


def short(text: str) -> str:
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}…"
