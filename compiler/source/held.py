"""What the approval pass hands the builder: every claim's digest, and the approvals that hold; and text in one form."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.source.tree import Map


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lines of approvals.yaml that hold, by claim id, and every claim's digest."""

    digests: Mapping[str, str]
    lines: Mapping[str, tuple[Map, ...]]

    def approved(self, claim: str) -> bool:
        return bool(self.lines.get(claim))


def composed(value: Any) -> Any:
    """The same value with every text in NFC, so that two ways to write an accent are one text."""
    match value:
        case str():
            return value if value.isascii() else unicodedata.normalize("NFC", value)
        case list() | tuple():
            return [composed(item) for item in value]
        case dict():
            return {composed(key): composed(item) for key, item in value.items()}
        case _:
            return value
