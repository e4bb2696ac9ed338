"""What each pack by itself asks of its tenants, as the bundle carries it beside what came of it. Pure.

The strictest of a tenant and its packs is in force, so that a pack can ask for less without anything moving: the tenant asks
for more already. The next tenant need not, so a plan must show it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from compiler.build.known import plain
from compiler.source.model import Pack, Source

# Bases are said in a tenant's own file; a pack's limit them by `allowed_bases`.
NO_FLOOR = ("bases",)


def floors(source: Source) -> list[dict[str, Any]]:
    """One entry a pack, by id. What a pack does not limit is absent (its retention, its consent) or null (its fees)."""
    return [_floor(pack) for pack in sorted(source.packs, key=lambda pack: pack.id)]


def _floor(pack: Pack) -> dict[str, Any]:
    raw = pack.sections["pack"]
    consent: Mapping[str, Any] = pack.sections.get("consent", {})
    required = raw.get("required_for", {})
    return {
        "id": pack.id,
        **{
            name: sorted(raw.get(name, ())) for name in ("guardrails", "handoff_words", "domains", "statuses")
        },
        "required_for": {name: sorted(required.get(name, ())) for name in ("roles", "channels", "unless")},
        "retention_days": plain(raw.get("retention_days", {})),
        "fee_caps": _fees(raw.get("fee_caps")),
        "consent": {
            name: plain(sorted(value) if isinstance(value, list) else value)
            for name, value in consent.items()
            if name not in NO_FLOOR
        },
    }


def _fees(raw: Any) -> dict[str, Any] | None:
    """A band is known by the pound it begins at."""
    if raw is None:
        return None
    bands = sorted(raw["bands"], key=lambda band: int(band["from_pounds"]))
    return {
        "effective": raw["effective"],
        "source": sorted(raw["source"]),
        "bands": [
            {
                "id": str(band["from_pounds"]),
                **{name: band.get(name) for name in ("to_pounds", "percent", "max_pence")},
            }
            for band in bands
        ],
    }
