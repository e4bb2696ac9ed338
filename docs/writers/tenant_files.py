"""docs/reference/tenant-files.md, from the tenant schemas."""

from __future__ import annotations

import json
from collections.abc import Iterator
from importlib import resources
from typing import Any

NAME = "tenant-files.md"
SCHEMAS = resources.files("schemas") / "tenant"
HEAD = """# The files of a tenant

Written by `python -m docs.generate` from `schemas/tenant/`; do not edit. Every key not listed here is an error.

| change | what it means |
|---|---|
| breaking | something outside depends on it |
| reapproval | part of what a reviewer approved: the approval falls |
| loosen_up | more is looser: a larger number, a later date or hour, one more entry, true |
| loosen_down | less is looser: a smaller number, an earlier hour, one entry fewer, false |
| behaviour | the tenant behaves differently, within what was approved |
| cosmetic | nothing a customer can notice |
"""


def page() -> str:
    """The whole page, kinds in alphabetical order."""
    kinds = [
        json.loads(path.read_text("utf-8"))
        for path in sorted(SCHEMAS.iterdir(), key=lambda path: path.name)
        if path.name.endswith(".schema.json")
    ]
    return "\n".join([HEAD, *(_kind(kind) for kind in kinds)])


def _kind(kind: dict[str, Any]) -> str:
    places = ", ".join(f"`{place}`" for place in kind["x-convo-files"])
    rows = [
        f"| `{path}`{'' if needed else ' (optional)'} | {_shape(node, kind)} | {node['description']} | {node['x-convo-change']} |"
        for path, node, needed in _keys(kind, "")
    ]
    return "\n".join(
        [
            f"## {kind['title']}",
            "",
            f"{kind['description']} {places}.",
            "",
            "| key | holds | meaning | change |",
            "|---|---|---|---|",
            *rows,
            "",
        ]
    )


def _keys(node: dict[str, Any], path: str) -> Iterator[tuple[str, dict[str, Any], bool]]:
    if node.get("type") == "array":
        yield from _keys(node["items"], f"{path}[]")
    for name, inner in node.get("properties", {}).items():
        here = f"{path}.{name}".lstrip(".").removeprefix("[].")
        yield here, inner, name in node.get("required", ())
        yield from _keys(inner, here)


def _shape(node: dict[str, Any], kind: dict[str, Any]) -> str:
    if "$ref" in node:
        named = str(node["$ref"]).removeprefix("#/$defs/")
        return _shape({**kind["$defs"][named], "x-name": named}, kind)
    if "enum" in node:
        return " / ".join(f"`{value}`" for value in node["enum"])
    match node.get("type"):
        case "array":
            return f"list of {_shape(node['items'], kind)}"
        case "integer":
            return f"{node['minimum']} to {node['maximum']}"
        case "boolean":
            return "true / false"
        case "object":
            return "mapping"
        case _:
            return str(node.get("x-name", "text")).replace("_", " ")
