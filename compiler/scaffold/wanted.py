"""What somebody asks `convo init` for, and the answer when it cannot be had."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


class Refused(ValueError):
    """What was asked for cannot be made; the message says what can."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What somebody asked for. `today` is the day the claims take effect."""

    slug: str
    today: date
    packs: tuple[str, ...] = ()
    organisation: str | None = None
    firm: str | None = None
    domain: str = "example.com"
    repository: bool = True  # also CODEOWNERS, workflows and the rest around the tenants
