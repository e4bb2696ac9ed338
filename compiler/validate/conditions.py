"""Errors under `then` and `else`: what the keys beside it ask of a key, told with the key that asks. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from compiler.diagnostics import Diagnostic, Label
from compiler.diagnostics import codes as c
from compiler.source.tree import Map
from compiler.validate.place import Path, Place, held_at, missing_keys, schema_along
from compiler.validate.words import as_written, inside

KNOWN = frozenset({None, "required", "const", "enum", "type"})  # what `conditional` has words for


def conditional(place: Place) -> Iterator[tuple[Path, Diagnostic]]:
    """An error under `then` or `else`: what does not go with, or is needed by, another key of the same object."""
    error, path = place.error, place.path
    match error.validator:
        case None:  # `key: false`; jsonschema names the object, not the key
            held = held_at(place.data, path)
            refused = schema_along(place.root, error.absolute_schema_path)
            for key in [k for k, v in refused.items() if v is False and k in held]:
                why, labels = _because(place, held)
                message = f"`{key}` does not go with {why}"
                yield (
                    (*path, key),
                    c.CONDITION.at(held.key(key), message, labels=labels, help="take one of them out"),
                )
        case "required":
            why, labels = _because(place, error.instance)
            for missing in missing_keys(place):
                message = f"`{missing}` is missing{inside(path)}: {why} needs it"
                yield (*path, missing), c.MISSING_KEY.at(place.span, message, labels=labels)
        case _:
            why, labels = _because(place, held_at(place.data, path[:-1]))
            wanted = error.validator_value
            goes = ", ".join(map(as_written, wanted if isinstance(wanted, list) else [wanted]))
            key = path[-1] if path else "this file"
            message = f"`{key}: {as_written(error.instance)}` does not go with {why}"
            help_ = f"with it goes {goes}" if error.validator != "type" else None
            yield path, c.CONDITION.at(place.span, message, labels=labels, help=help_)


def _because(place: Place, held: Any) -> tuple[str, list[Label]]:
    """The key the condition asks about, in words and as a second place to look at."""
    steps = list(place.error.absolute_schema_path)
    branch = max(n for n, step in enumerate(steps) if step in {"then", "else"})
    asks = schema_along(place.root, steps[:branch]).get("if", {})
    keys = list(asks.get("properties", {})) or list(asks.get("required", ()))
    present = [key for key in keys if isinstance(held, Map) and key in held]
    if not present:
        return f"the lack of `{keys[0]}`" if keys else "the keys beside it", []
    key = present[0]
    value = held[key]
    words = f"`{key}: {as_written(value)}`" if isinstance(value, str | int) else f"`{key}`"
    return words, [Label(span=held.value(key), text="because of this")]
