"""Presets of models and what a tenant sets otherwise: from an order to the rungs that are asked, in order."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Literal

from runtime.models.prices import Priced, priced
from runtime.ports import ModelOrder
from runtime.settings import PROVIDERS

DEFAULT = "fast"  # a bundle's preset is always one of ours; one of a later release's falls back to this
RungName = Literal["cheap", "primary", "fallback", "tertiary"]
_FULL: tuple[RungName, ...] = ("primary", "fallback", "tertiary")
_LIMITS = {"temperature_percent": (0, 100), "max_tokens": (64, 2000), "timeout_ms": (500, 5000)}
_OVERRIDES = frozenset({"cheap", *_FULL, *_LIMITS})
_ASKED_BEFORE = frozenset({"pictures"})  # of what a prompt may hold, not of who is asked: engine/pictures.py


@dataclass(frozen=True, slots=True, kw_only=True)
class Rung:
    """One model to ask, by which limits. `price` also says what parameters it takes."""

    name: RungName
    provider: str
    model: str
    temperature_percent: int
    max_tokens: int
    timeout_s: float
    price: Priced


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """Four rungs. Frozen, and the same for every tenant that names it."""

    cheap: Rung
    primary: Rung
    fallback: Rung
    tertiary: Rung


class OverridesRefused(ValueError):
    """What a bundle sets otherwise than its preset is not of the shape its schema asks for."""


def names() -> tuple[str, ...]:
    """The presets there are."""
    return tuple(_document())


def preset(name: str, overrides: Mapping[str, Any] | None = None) -> Preset:
    """The preset with a tenant's own models and limits. Raises OverridesRefused for a key or value nobody knows.

    A model without a price may be named: it is asked, and counted at the dearest price there is.
    """
    raw = dict(_document().get(name, _document()[DEFAULT]))
    given = _checked(overrides or {})
    raw |= {key: value for key, value in given.items() if key in _LIMITS}
    rungs: dict[str, Mapping[str, str]] = {
        rung: given.get(rung, raw[rung]) for rung in ("cheap", "primary", "fallback")
    }
    third = [raw[rung] for rung in ("tertiary", "fallback", "primary")]
    rungs["tertiary"] = given.get("tertiary") or _third(rungs, third)
    return Preset(**{rung: _rung(rung, model, raw) for rung, model in rungs.items()})


def rungs_of(order: ModelOrder) -> tuple[Rung, ...]:
    """Whom to ask, in order, each model once. A preset that cannot be used as the tenant changed it is used unchanged.

    After the cheap model come those of other providers: whoever is asked second must not be away for the same reason.
    """
    try:
        chosen = preset(order.preset, order.overrides)
    except OverridesRefused:
        chosen = preset(order.preset)
    wanted = (
        _simple(chosen) if order.route == "simple" else [chosen.primary, chosen.fallback, chosen.tertiary]
    )
    found: dict[tuple[str, str], Rung] = {}
    for rung in wanted:
        if rung.price.vision or not order.vision:
            found.setdefault((rung.provider, rung.model), rung)
    return tuple(sorted(found.values(), key=lambda rung: rung.provider == order.avoid))


def _simple(chosen: Preset) -> list[Rung]:
    full = (chosen.primary, chosen.fallback, chosen.tertiary)
    return [chosen.cheap, *sorted(full, key=lambda rung: rung.provider == chosen.cheap.provider)]


def _third(rungs: Mapping[str, Mapping[str, str]], choices: list[Mapping[str, str]]) -> Mapping[str, str]:
    """The preset's tertiary, or another of its models where a tenant's own choice has used up that provider."""
    used = {rungs["primary"]["provider"], rungs["fallback"]["provider"]}
    return next((choice for choice in choices if choice["provider"] not in used), choices[0])


def _rung(name: Any, model: Mapping[str, str], raw: Mapping[str, Any]) -> Rung:
    return Rung(
        name=name,
        provider=model["provider"],
        model=model["model"],
        temperature_percent=raw["temperature_percent"],
        max_tokens=raw["max_tokens"],
        timeout_s=raw["timeout_ms"] / 1000,
        price=priced(model["provider"], model["model"]),
    )


def _checked(overrides: Mapping[str, Any]) -> Mapping[str, Any]:
    overrides = {key: value for key, value in overrides.items() if key not in _ASKED_BEFORE}
    unknown = set(overrides) - _OVERRIDES
    if unknown:
        raise OverridesRefused(f"no setting of a model: {', '.join(sorted(map(repr, unknown)))}")
    for key, value in overrides.items():
        if key in _LIMITS:
            low, high = _LIMITS[key]
            if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
                raise OverridesRefused(f"{key} is a whole number from {low} to {high}")
        elif not isinstance(value, Mapping) or set(value) != {"provider", "model"}:
            raise OverridesRefused(f"{key} is a provider and a model")
        elif value["provider"] not in PROVIDERS or not isinstance(value["model"], str) or not value["model"]:
            raise OverridesRefused(f"{key} is a model of {', '.join(PROVIDERS)}")
    return overrides


@cache
def _document() -> Mapping[str, Mapping[str, Any]]:
    loaded = json.loads(files(__package__).joinpath("presets.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded
