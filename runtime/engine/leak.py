"""Leak: the secret mark of a prompt, and how to find it in what comes back."""

from __future__ import annotations

import base64
import codecs
import hashlib
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from schemas.bundle import Bundle

READ_CHARS = 100_000  # of a longer answer no more is read; it is refused in any case

_SIGNS = re.compile(r"[^a-z0-9]+")


def canary_of(bundle: Bundle) -> str:
    """A token that only the prompt holds; the same for a bundle, so that the prompt's prefix can be cached."""
    return hashlib.sha256(f"canary/{bundle.digest}".encode()).hexdigest()[:16]


def holds(canary: str, text: str) -> bool:
    """Whether the mark is in there: whole, backwards, taken apart by signs, or in a common encoding."""
    letters = _SIGNS.sub("", text[:READ_CHARS].casefold())
    return any(form in letters for form in _forms(canary))


def texts_of(value: Any) -> Iterator[str]:
    """Every text of a JSON document, in order, but for its keys."""
    match value:
        case str():
            yield value
        case list():
            for each in value:
                yield from texts_of(each)
        case dict():
            for each in value.values():
                yield from texts_of(each)
        case _:
            return


@lru_cache(maxsize=64)
def _forms(canary: str) -> tuple[str, ...]:
    coded = base64.b64encode(canary.encode()).decode().rstrip("=").casefold()
    return (canary, canary[::-1], coded, canary.encode().hex(), codecs.encode(canary, "rot13"))
