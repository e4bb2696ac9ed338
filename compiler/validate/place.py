"""Where an error of the schema stands, in the file and in the schema. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.diagnostics import Span
from compiler.diagnostics.rows import Rows
from compiler.source.tree import locate

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]
HARMLESS = frozenset({"behaviour", "cosmetic"})  # of the classes of `x-convo-change`


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """An error of the schema and what is needed to say it: the file's data and text, the whole schema."""

    data: Any
    root: Schema
    path: Path
    error: Any
    rows: Rows
    meant: Mapping[Path, Mapping[str, str]]

    @property
    def span(self) -> Span:
        return locate(self.data, self.path)


def harmless(root: Schema, path: Path) -> bool:
    """Whether a guess at what stands there can do no harm: a change of it, and of all it is in, needs nobody's consent.

    Elsewhere (who may approve what, stages, bases, roles, ids, words, limits) a near word is a suggestion to a person.
    """
    here, classes = resolve(root, root), set[str]()
    for step in path:
        if here is None:
            return False
        here = resolve(
            root, here.get("items") if isinstance(step, int) else here.get("properties", {}).get(step)
        )
        if here is not None and "x-convo-change" in here:
            classes.add(here["x-convo-change"])
    return here is not None and bool(classes) and classes <= HARMLESS


def missing_keys(place: Place) -> list[str]:
    """Every key that is asked for and not there, but for those that stand there misspelt, which is said at the word."""
    misspelt = set(place.meant.get(place.path, {}).values())
    return [
        key for key in place.error.validator_value if key not in place.error.instance and key not in misspelt
    ]


def resolve(root: Schema, here: Schema | None) -> Schema | None:
    while here is not None and "$ref" in here:
        name = here["$ref"].removeprefix("#/$defs/")
        here = {**root["$defs"][name], **{k: v for k, v in here.items() if k != "$ref"}}
    return here


def schema_along(root: Schema, steps: Iterable[str | int]) -> Any:
    """The part of the schema at a path of jsonschema's, which goes through references by name."""
    here: Any = root
    for step in steps:
        here = resolve(root, here) if step == "$ref" else here[step]
    return here


def held_at(data: Any, path: Path) -> Any:
    for step in path:
        data = data[step]
    return data
