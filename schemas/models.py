"""The models that have a price, by name: what a tenant's own choice is held against. runtime/models/derive.py writes the list."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files


def priced_by_us(provider: str, model: str) -> bool:
    """Whether the model's price is known. One that is not is counted at the dearest price of all."""
    return f"{provider}/{model}" in _names()


@cache
def _names() -> frozenset[str]:
    return frozenset(json.loads(files(__package__).joinpath("models.json").read_text(encoding="utf-8")))
