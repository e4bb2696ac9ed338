"""A document as canonical bytes, whose parts that every tenant shares are encoded once. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from schemas.bundle import canonical


class Fixed(list[Any]):
    """A list that nobody changes any more, in its one form, with its canonical bytes."""

    __slots__ = ("data",)

    def __init__(self, items: Iterable[Any]) -> None:
        super().__init__(items)
        self.data = canonical(list(self))


def encoded(document: Mapping[str, Any]) -> bytes:
    """What `canonical` makes of a mapping; a Fixed among its values is not gone through again."""
    parts = [
        canonical(key) + b":" + (value.data if isinstance(value, Fixed) else canonical(value))
        for key, value in sorted(document.items())
    ]
    return b"{" + b",".join(parts) + b"}"
