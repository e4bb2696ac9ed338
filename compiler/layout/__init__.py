"""`convo fmt`: one layout for every tenant file, keeping each value and each comment, or changing nothing. Pure.

Block style, one field a line, prose folded at 100 columns, keys in the order of the schema, ids sorted where their order
means nothing, quotes only where they are needed, one line end at the end. The author's choice stays where both read
well: a list on one line that fits there, a folded text, an empty line. What a value holds is never changed: the result is
parsed again and compared, comments included, and refused if anything differs.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from compiler.diagnostics import Diagnostic
from compiler.layout.comments import comments_of, notes_of
from compiler.layout.printer import Printer
from compiler.layout.shape import resolved, sorts
from compiler.source.files import Parsed
from compiler.source.parse import parse

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`text` is the file laid out; None when it was left alone, and `reason` then says why in one sentence."""

    text: str | None
    reason: str = ""


def layout(file: str, kind: str, text: str, schema: Schema) -> Layout:
    """Lay one file's text out. A text that is not a tenant's YAML is left alone, as is one that would not come out whole."""
    before = parse(Parsed(file, kind, text=text))
    if fault := _unreadable(before):
        return Layout(text=None, reason=f"{fault.code}: {fault.message}")
    root = yaml.compose(text, yaml.CBaseLoader)
    laid = Printer(schema, notes_of(text, root)).document(root)
    after = parse(Parsed(file, kind, text=laid))
    if _unreadable(after) or _meaning(after.data, schema, schema) != _meaning(before.data, schema, schema):
        return Layout(
            text=None, reason="it would not read the same afterwards; write the value in another way"
        )
    if Counter(comments_of(text)) != Counter(comments_of(laid)):
        return Layout(
            text=None, reason="a comment would be lost; move it to a line of its own above an entry"
        )
    return Layout(text=laid)


def _unreadable(parsed: Parsed) -> Diagnostic | None:
    return next((d for d in parsed.diagnostics if d.is_error), None)


def _meaning(data: Any, here: Schema | None, root: Schema) -> Any:
    """The value without what has no meaning: the order of lists that are sets of ids, and who is a subclass of whom."""
    place = resolved(here, root)
    match data:
        case dict():
            known: Mapping[str, Any] = place.get("properties", {})
            return {key: _meaning(value, known.get(key), root) for key, value in data.items()}
        case list():
            items = [_meaning(item, place.get("items"), root) for item in data]
            return sorted(items, key=str) if sorts(place) else items
        case _:
            return (type(data).__name__, data)
