"""What the approval pass hands the builder: every digest, and the approvals that hold; and text in one form."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.source.encoded import Fixed
from compiler.source.tree import Map

SCRIPT_ROLES = ("solicitor", "compliance")  # each of them, as two people, for a script


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The lines of approvals.yaml that hold, and every digest, by claim id or name of the script (`scripts`)."""

    digests: Mapping[str, str]
    lines: Mapping[str, tuple[Map, ...]]
    scripts: tuple[str, ...] = ()

    def approved(self, subject: str) -> bool:
        """A claim by one person; a script by a solicitor and a compliance person, who are two people."""
        if subject not in self.scripts:
            return bool(self.lines.get(subject))
        return not self.lacks(subject)

    def lacks(self, script: str) -> tuple[str, ...]:
        """The offices whose approval a script still needs. No person has two, as nobody is enrolled twice."""
        roles = {line["role"] for line in self.lines.get(script, ())}
        return tuple(role for role in SCRIPT_ROLES if role not in roles)

    @property
    def whole(self) -> bool:
        """Every claim and every script is approved."""
        return all(self.approved(subject) for subject in self.digests)


def composed(value: Any) -> Any:
    """The same value with every text in NFC, so that two ways to write an accent are one text."""
    if isinstance(value, str):
        return value if value.isascii() else unicodedata.normalize("NFC", value)
    if isinstance(value, dict):
        return {composed(key): composed(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and not isinstance(value, Fixed):
        return [composed(item) for item in value]
    return value
