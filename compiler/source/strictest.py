"""When and how often we may send: the strictest of what a tenant, its packs and its organisation say."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.source.model import Source
from compiler.source.tree import Map

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
# Of two values the stricter: the smaller of these ...
SMALLER = ("max_age_days", "per_day", "per_30_days", "strikes", "window_hours", "open_until")
# ... and the larger of these. `true` is stricter than `false`, a longer list of quiet days than a shorter one.
LARGER = ("min_gap_hours", "open_from", "quiet_bank_holidays")
NUMBERS = (*SMALLER, *LARGER)


def consents(source: Source) -> Iterator[tuple[str, Map]]:
    """(whose, consent.yaml) of the packs, then of the tenant."""
    for pack in source.packs:
        if "consent" in pack.sections:
            yield pack.id, pack.sections["consent"]
    if "consent" in source.sections:
        yield source.slug, source.sections["consent"]


def strictest(source: Source, key: str) -> Any:
    """The strictest value anybody gives for `key`, or None when nobody does."""
    given = [held[key] for _, held in consents(source) if key in held]
    if source.organisation is not None and key in source.organisation:
        given.append(source.organisation[key])
    if not given:
        return None
    return min(given) if key in SMALLER else max(given)


def minutes(time: str) -> int:
    """Minutes from midnight of `hh:mm`; 24:00 is 1440."""
    hours, past = time.split(":")
    return int(hours) * 60 + int(past)


def quiet_dates(source: Source) -> list[str]:
    """Bank holidays of the tenant's nation, from its packs' calendars."""
    nation = source.sections["tenant"]["nation"]
    days: set[str] = set()
    for pack in source.packs:
        for held in pack.sections["calendar"]["nations"] if "calendar" in pack.sections else ():
            if held["nation"] == nation:
                days |= {day["date"] for day in held["days"]}
    return sorted(days)


def policy_of(source: Source) -> dict[str, Any]:
    """The bundle's `policy`. Every value must be given by somebody (rule CV5018)."""
    weekdays = {day for _, held in consents(source) for day in held.get("quiet_weekdays", ())}
    caps = source.sections["caps"]
    spend = caps["spend_pence"]
    return {
        "timezone": source.sections["tenant"]["timezone"],
        "open_minute": minutes(strictest(source, "open_from")),
        "close_minute": minutes(strictest(source, "open_until")),
        "quiet_weekdays": sorted(WEEKDAYS.index(day) + 1 for day in weekdays),
        "quiet_dates": quiet_dates(source) if strictest(source, "quiet_bank_holidays") else [],
        "proactive_per_day": strictest(source, "per_day"),
        "proactive_per_30_days": strictest(source, "per_30_days"),
        "min_gap_hours": strictest(source, "min_gap_hours"),
        "strikes": strictest(source, "strikes"),
        "consent_max_age_days": strictest(source, "max_age_days"),
        "window_hours": strictest(source, "window_hours"),
        "spend_pence_per_day": spend["per_day"],
        "spend_pence_per_contact_per_day": spend["per_contact_per_day"],
        "prices": {channel: dict(prices) for channel, prices in caps.get("prices", {}).items()},
    }
