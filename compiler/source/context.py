"""What a rule is told beside the tenant: the day and the stage. Both decide diagnostics only, never bytes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """`today` is an ISO day; `soon` the last day of the warning period; `year_ahead` the same day a year later."""

    today: str
    soon: str
    year_ahead: str
    stage: str
