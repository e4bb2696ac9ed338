"""Is a model's text one JSON object of the shape that was asked for? Providers promise it; this is where it is checked."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator  # imported before the first turn: app.py asks for the ladder then

MAX_ANSWER_CHARS = 32_000

# NUL and halves of surrogate pairs: JSON can write them in escapes, UTF-8 and Postgres can hold neither.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def fits(text: str, schema: Mapping[str, Any]) -> bool:
    """Whether it does. Duplicate keys, NaN, what nothing can store and what is nested too deep do not fit. Never raises."""
    if len(text) > MAX_ANSWER_CHARS:
        return False
    try:
        document = json.loads(text, parse_constant=_refused, object_pairs_hook=_no_twice)
        return _storable(document) and bool(_validator(json.dumps(schema, sort_keys=True)).is_valid(document))
    except (ValueError, RecursionError, OverflowError):
        return False


def _storable(value: Any) -> bool:
    match value:
        case str():
            return _UNSTORABLE.search(value) is None
        case list():
            return all(_storable(each) for each in value)
        case dict():
            return all(_storable(key) and _storable(each) for key, each in value.items())
        case _:
            return True


def _refused(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _no_twice(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) != len(pairs):
        raise ValueError("a key stands twice")
    return dict(pairs)


@lru_cache(maxsize=64)  # one a bundle and one for each number of sentences a checker is asked about
def _validator(schema: str) -> Any:
    return Draft202012Validator(json.loads(schema))
