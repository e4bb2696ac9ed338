"""What to write in place of a value the schema refuses, where only one thing can have been meant. Pure.

Every function gives the new text of the value as it is to stand in the file, or None.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from compiler.diagnostics import Fix, Span
from compiler.diagnostics.rows import Rows
from compiler.diagnostics.suggest import sole
from compiler.source.remedies import quoted
from compiler.source.tree import Map, Seq

TRUE, FALSE = frozenset({"yes", "y", "on", "true"}), frozenset({"no", "n", "off", "false"})
_WHOLE = re.compile(r"-?(?:0|[1-9][0-9]*)")
_PARTED = re.compile(r"[1-9][0-9]{0,2}(?:_[0-9]{3})+")
_FLOW_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./@+-]*")
_YEAR_FIRST = re.compile(r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})")
_DAY_FIRST = re.compile(r"([0-9]{1,2})[-/.]([0-9]{1,2})[-/.]([0-9]{4})")
_CLOCK = re.compile(r"([0-9]):([0-9]{2})")


def doubtful(word: str, wanted: Mapping[str, Any]) -> str | None:
    """A bare word with two readings, written in the one way that is wanted there."""
    match wanted.get("type"):
        case "boolean":
            lower = word.lower()
            return "true" if lower in TRUE else "false" if lower in FALSE else None
        case "integer":
            return word.replace("_", "") if _PARTED.fullmatch(word) else None
        case "array" | "object":
            return None
        case _:
            return f'"{word}"'


def of_type(value: Any, written: str, wanted: str, items: Mapping[str, Any] | None) -> str | None:
    """A value of the wrong type that says the right thing: a number without its quotes, one word that should be a list of it."""
    match wanted:
        case "string" if isinstance(value, int):
            return f'"{written}"'
        case "integer" if isinstance(value, str) and _WHOLE.fullmatch(value) and written != value:
            return value
        case "boolean" if isinstance(value, str) and value in {"true", "false"} and written != value:
            return str(value)
        case "array" if isinstance(value, str) and items is not None and _fits(value, items):
            return f"[{written if written != value or _FLOW_WORD.fullmatch(written) else quoted(value)}]"
        case _:
            return None


def of_words(value: Any, written: str, allowed: list[Any]) -> str | None:
    """The one allowed word that a misspelt one can have been."""
    if not isinstance(value, str) or not all(isinstance(word, str) for word in allowed):
        return None
    meant = sole(value.strip(), allowed)
    if meant is None or "\n" in written:
        return None
    return meant if written == value else quoted(meant)


def of_form(value: str, written: str, form: str) -> str | None:
    """A text that has the form once it is trimmed, or a day or time once it is written out."""
    fitting = {text for text in _respelt(value) if text != value and re.search(form, text)}
    if len(fitting) != 1 or "\n" in written:
        return None
    (text,) = fitting
    return text if written == value else quoted(text)


def repetition(items: Seq, rows: Rows) -> tuple[Span, Span, Fix | None] | None:
    """(the second of two equal items, the first, what takes the second out) of a list, or None when all differ."""
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        first = seen.setdefault(json.dumps(item, sort_keys=True), index)
        if first != index:
            return items.item(index), items.item(first), _without(items, index, rows)
    return None


def _without(items: Seq, index: int, rows: Rows) -> Fix | None:
    if any(isinstance(item, Map | Seq) for item in items[index - 1 : index + 1]):
        return None
    before, this = items.item(index - 1), items.item(index)
    between = rows.between(before, this)
    if this.line != this.end_line or not re.fullmatch(r"\s*,\s*|\s*\n\s*-[ ]+", between):
        return None
    gone = Span(
        file=this.file,
        line=before.end_line,
        column=before.end_column,
        end_line=this.end_line,
        end_column=this.end_column,
    )
    return Fix(span=gone, text="")


def _fits(value: str, items: Mapping[str, Any]) -> bool:
    return (
        items.get("type") == "string"
        and value in items.get("enum", [value])
        and re.search(items.get("pattern", ""), value) is not None
        and len(value) >= items.get("minLength", 0)
    )


def _respelt(value: str) -> set[str]:
    trimmed = value.strip()
    found = {trimmed}
    if day := _YEAR_FIRST.fullmatch(trimmed):
        found.add(f"{day[1]}-{int(day[2]):02}-{int(day[3]):02}")
    if (day := _DAY_FIRST.fullmatch(trimmed)) and (int(day[1]) > 12 or day[1] == day[2]):
        found.add(f"{day[3]}-{int(day[2]):02}-{int(day[1]):02}")  # 21/11 is no month first
    if clock := _CLOCK.fullmatch(trimmed):
        found.add(f"0{clock[1]}:{clock[2]}")
    if re.fullmatch(r"\+[0-9][0-9 ()-]+", trimmed):
        found.add(re.sub(r"[ ()-]", "", trimmed))
    return found
