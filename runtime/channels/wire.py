"""What every channel does with text and fields from outside: clean them, and refuse what has the wrong shape."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NoReturn

from runtime.errors import MalformedWebhook

REPLACEMENT = "\ufffd"
MAX_ID_CHARS = 512
MAX_NAME_CHARS = 200
# A NUL can be stored in no Postgres text; half of a surrogate pair is valid in JSON and cannot be encoded as UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def clean(text: str) -> str:
    """The text with what cannot be stored replaced by U+FFFD. Bidirectional controls stay: they are the person's words."""
    if text.isascii() and "\0" not in text:
        return text
    return _UNSTORABLE.sub(REPLACEMENT, text)


def read_json(body: bytes) -> Any:
    """The JSON value of a UTF-8 body. Raises MalformedWebhook."""
    try:
        return json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise MalformedWebhook("the body is not UTF-8") from error
    except RecursionError as error:
        raise MalformedWebhook("the JSON is nested too deeply") from error
    except ValueError as error:
        # The parser's own message may quote the body; the position may not.
        where = f" at byte {error.pos}" if isinstance(error, json.JSONDecodeError) else ""
        raise MalformedWebhook(f"the body is not JSON{where}") from error


def mapping(value: object, path: str) -> Mapping[str, Any]:
    """`value` if it is a JSON object. Raises MalformedWebhook naming the path."""
    if not isinstance(value, dict):
        raise MalformedWebhook(f"{path} is not an object")
    return value


def items(holder: Mapping[str, Any], key: str, path: str) -> list[Any]:
    """The list under `key`; empty when absent or null. Raises MalformedWebhook when it is something else."""
    value = holder.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise MalformedWebhook(f"{path}.{key} is not a list")
    return value


def text(holder: Mapping[str, Any], key: str) -> str:
    """The cleaned string under `key`; a number as its digits, anything else as ''."""
    value = holder.get(key)
    if isinstance(value, str):
        return clean(value)
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def identifier(holder: Mapping[str, Any], key: str, path: str) -> str:
    """A non-empty id of reasonable length. Raises MalformedWebhook: without it nothing can be de-duplicated or matched."""
    value = text(holder, key)
    if not value or len(value) > MAX_ID_CHARS:
        raise MalformedWebhook(f"{path}.{key} is missing or unreasonably long")
    return value


def moment(holder: Mapping[str, Any], key: str, now: datetime) -> datetime:
    """Unix seconds (as text or number) as aware UTC; `now` when absent or unreadable: a message is not lost over its date."""
    try:
        return datetime.fromtimestamp(int(text(holder, key)), UTC)
    except (ValueError, OverflowError, OSError):
        return now


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
