"""What the schemas of a tenant's files say about a property: what changing it means, and in which order its values stand."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parent / "tenant"


@dataclass(frozen=True, slots=True, kw_only=True)
class Property:
    """One place in a schema. `change`: its x-convo-change, or None. `order`: its enum, from the first word to the last."""

    pointer: str
    type: str
    change: str | None
    order: tuple[Any, ...]
    described: str


def property_at(pointer: str) -> Property | None:
    """The property at `<kind>/<name>/.../*`, or None where the schema has none."""
    kind, _, _ = pointer.partition("/")
    return _properties(kind).get(pointer)


def kinds() -> tuple[str, ...]:
    """Every kind of file, by the name of its schema."""
    return tuple(sorted(path.name.removesuffix(".schema.json") for path in FOLDER.glob("*.schema.json")))


def properties(kind: str) -> Mapping[str, Property]:
    """Every property of one kind of file, by pointer."""
    return _properties(kind)


@lru_cache(maxsize=64)
def _properties(kind: str) -> dict[str, Property]:
    path = FOLDER / f"{kind}.schema.json"
    if not path.exists():
        return {}
    document = json.loads(path.read_bytes())
    return {found.pointer: found for found in _walk(document, document, kind)}


def _walk(root: Mapping[str, Any], node: Mapping[str, Any], pointer: str) -> Iterator[Property]:
    if "$ref" in node:
        node = {**root["$defs"][node["$ref"].removeprefix("#/$defs/")], **node}
    yield Property(
        pointer=pointer,
        type=node.get("type", ""),
        change=node.get("x-convo-change"),
        order=tuple(node.get("enum", ())),
        described=node.get("description", ""),
    )
    for name, inner in node.get("properties", {}).items():
        if isinstance(inner, dict):
            yield from _walk(root, inner, f"{pointer}/{name}")
    if isinstance(node.get("items"), dict):
        yield from _walk(root, node["items"], f"{pointer}/*")
