"""What a schema says about the layout of a place: which keys in which order, and whether the order of a list means anything."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Schema = Mapping[str, Any]


def resolved(here: Schema | None, root: Schema) -> Schema:
    """The place with its `$ref` followed; an empty one where the schema knows nothing."""
    while here is not None and "$ref" in here:
        name = str(here["$ref"]).removeprefix("#/$defs/")
        here = {**root["$defs"][name], **{k: v for k, v in here.items() if k != "$ref"}}
    return here or {}


def sorts(place: Schema) -> bool:
    """Whether a list is a set of ids: those are written in alphabetical order. Not packs: of two fixed lines the later pack's
    is said, so their order has a meaning even where their rules merely add up."""
    items = place.get("items")
    named = items.get("x-convo-ref", "pack") if isinstance(items, Mapping) else "pack"
    return bool(place.get("x-convo-set")) and named != "pack"


def rank(place: Schema) -> Mapping[str, int]:
    """Where each known key stands; a key nobody knows comes last, in the author's order."""
    return {key: index for index, key in enumerate(place.get("properties", ()))}
