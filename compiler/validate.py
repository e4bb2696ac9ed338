"""JSON Schema errors -> diagnostics that point at the key or value, with the word that was probably meant. Pure.

`jsonschema` is the authority. `jsonschema-rs`, where it is installed, may only say "valid" first, which spares the
authority its work; both agree on our schemas, which keep to a linted subset.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from compiler.diagnostics import Diagnostic, Fix
from compiler.diagnostics import codes as c
from compiler.diagnostics.suggest import did_you_mean, nearest
from compiler.source.files import Doubtful, Parsed
from compiler.source.tree import Map, locate

Path = tuple[str | int, ...]
Schema = Mapping[str, Any]

_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping",
}
_BOUNDS = {
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
}
_CODES = {
    "type": c.WRONG_TYPE,
    "required": c.MISSING_KEY,
    "enum": c.NOT_ALLOWED,
    "pattern": c.PATTERN,
    "not": c.PATTERN,
    "uniqueItems": c.REPEATED,
    **dict.fromkeys(_BOUNDS, c.BOUNDS),
}


def validate(parsed: Parsed, schema: Schema, *, authority: bool = False) -> None:
    """Add the file's schema faults to it, and note which of its items have any."""
    if parsed.data is None:
        parsed.bad.add(None)
        return
    doubts = [d for d in parsed.doubtful if not _asked_for(d, schema)]
    found = dict(_errors(parsed, schema, authority))
    # Under a key nobody knows nothing can have been asked for: the key is the fault, and its value may be right.
    unknown = {path for path, d in found.items() if d.code == c.UNKNOWN_KEY.code}
    doubts = [d for d in doubts if not any(d.path[: len(path)] == path for path in unknown)]
    doubted = {d.path for d in doubts}
    parsed.diagnostics += [_ambiguous(d, schema) for d in doubts]
    said = {d.span for d in parsed.diagnostics}
    parsed.diagnostics += [d for path, d in found.items() if path not in doubted and d.span not in said]
    for path in [*found, *doubted]:
        parsed.bad.add(path[0] if path and isinstance(path[0], int) else None)


# ---- bare words ----------------------------------------------------------------------------------------------------


def _asked_for(doubt: Doubtful, schema: Schema) -> bool:
    """Whether the schema wants just such a text there: it says so by `x-convo-text`."""
    place = _schema_at(schema, doubt.path)
    return place is not None and "x-convo-text" in place


def _ambiguous(doubt: Doubtful, schema: Schema) -> Diagnostic:
    place = _schema_at(schema, doubt.path) or {}
    fixed = f'"{doubt.text}"'
    if place.get("type") == "boolean":
        fixed = "true" if doubt.text.lower() in {"yes", "y", "on", "true"} else "false"
    return c.AMBIGUOUS.at(
        doubt.span,
        f"the bare word `{doubt.text}` can be read in two ways",
        help=f"write {fixed}",
        fix=Fix(span=doubt.span, text=fixed),
    )


def _schema_at(schema: Schema, path: Path) -> Schema | None:
    here: Schema | None = schema
    for step in path:
        here = _resolve(schema, here)
        if here is None:
            return None
        here = here.get("items") if isinstance(step, int) else here.get("properties", {}).get(step)
    return _resolve(schema, here)


def _resolve(root: Schema, here: Schema | None) -> Schema | None:
    while here is not None and "$ref" in here:
        name = here["$ref"].removeprefix("#/$defs/")
        here = {**root["$defs"][name], **{k: v for k, v in here.items() if k != "$ref"}}
    return here


# ---- schema errors -------------------------------------------------------------------------------------------------


def _errors(parsed: Parsed, schema: Schema, authority: bool) -> Iterator[tuple[Path, Diagnostic]]:
    if not authority:
        quick = _quick(schema)
        if quick is not None and quick(parsed.data):
            return
    errors = sorted(
        _authority(schema).iter_errors(parsed.data), key=lambda e: (len(e.schema_path), str(e.path))
    )
    unsure = {tuple(e.absolute_path)[:-1] for e in errors if e.validator in {"enum", "type"}}
    unsure |= {tuple(e.absolute_path) for e in errors if _misspelt(e)}
    for error in errors:
        path = tuple(error.absolute_path)
        conditional = "then" in error.schema_path or "else" in error.schema_path
        if conditional and (path in unsure or path[:-1] in unsure):
            continue  # the word the condition asks about is itself wrong: fix that first
        yield from _diagnostics(parsed.data, path, error, conditional)


def _misspelt(error: Any) -> bool:
    """An unknown key that stands where a known and missing one was meant: what goes with that one cannot be judged yet."""
    if error.validator != "additionalProperties":
        return False
    known = error.schema.get("properties", {})
    absent = [key for key in known if key not in error.instance]
    return any(nearest(key, absent) for key in error.instance if key not in known)


def _diagnostics(data: Any, path: Path, error: Any, conditional: bool) -> Iterator[tuple[Path, Diagnostic]]:
    span = locate(data, path)
    match error.validator:
        case "additionalProperties":
            known = error.schema.get("properties", {})
            for key in [key for key in error.instance if key not in known]:
                yield (*path, key), _unknown_key(error.instance, key, known)
        case "required":
            missing = next(key for key in error.validator_value if key not in error.instance)
            yield (*path, missing), c.MISSING_KEY.at(span, f"`{missing}` is missing{_in(path)}")
        case None:
            place = _container(data, path)
            at = place.key(str(path[-1])) if place is not None else span
            yield (
                path,
                c.CONDITION.at(at, f"`{path[-1]}` does not belong here", help="see the other keys beside it"),
            )
        case "const" | "if" | "then" | "else":
            yield path, c.CONDITION.at(span, f"{_say(error.instance)} does not go with the keys beside it")
        case _ if conditional and error.validator in {"enum", "type"}:
            yield path, c.CONDITION.at(span, f"{_say(error.instance)} does not go with the keys beside it")
        case _:
            yield path, _plain(span, error, path)


def _plain(span: Any, error: Any, path: Path) -> Diagnostic:
    value, wanted = error.instance, error.validator_value
    help_ = None
    match error.validator:
        case "enum":
            message = f"{_say(value)} is not one of {', '.join(map(str, wanted))}"
            help_ = did_you_mean(str(value), [str(w) for w in wanted])
        case "type":
            message = f"{_name(path)} must be {_TYPES.get(wanted, wanted)}, not {_kind_of(value)}"
            if wanted == "string" and isinstance(value, int | bool):
                help_ = "quote it"
        case "pattern":
            form = error.schema.get("description") or f"the form {wanted}"
            message = f"{_say(value)} is not of the form asked for"
            help_ = f"wanted: {form}"
        case "not":
            message = f"{_name(path)} must be on one line"
        case "uniqueItems":
            message = f"an item of {_name(path)} stands twice"
        case _:
            message = f"{_name(path)} breaks its limit: {_words(error.validator)} {wanted}"
    return _CODES.get(error.validator, c.CONDITION).at(span, message, help=help_)


def _unknown_key(instance: Map, key: str, known: Mapping[str, Any]) -> Diagnostic:
    better = nearest(key, [k for k in known if k not in instance])
    span = instance.key(key)
    return c.UNKNOWN_KEY.at(
        span,
        f"the key `{key}` is not known here",
        help=f"did you mean `{better}`?" if better else f"known: {', '.join(sorted(known))}",
        fix=Fix(span=span, text=better) if better else None,
    )


def _container(data: Any, path: Path) -> Map | None:
    here = data
    for step in path[:-1]:
        here = here[step]
    return here if isinstance(here, Map) else None


def _in(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    return f" in `{'.'.join(names)}`" if names else ""


def _name(path: Path) -> str:
    names = [step for step in path if isinstance(step, str)]
    return f"`{names[-1]}`" if names else "the file"


def _say(value: Any) -> str:
    return f"`{value}`" if isinstance(value, str | int) else _kind_of(value)


def _kind_of(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int():
            return "a number"
        case str():
            return "text"
        case list():
            return "a list"
        case _:
            return "a mapping"


def _words(keyword: str) -> str:
    return re.sub(r"([A-Z])", r" \1", keyword).lower()


_quick_checks: dict[str, Callable[[Any], bool] | None] = {}
_authorities: dict[str, Any] = {}


def _quick(schema: Schema) -> Callable[[Any], bool] | None:
    """jsonschema-rs's yes or no for this schema, compiled once. None where it is not installed."""
    if schema["$id"] not in _quick_checks:
        try:
            import jsonschema_rs
        except ImportError:
            _quick_checks[schema["$id"]] = None
        else:
            _quick_checks[schema["$id"]] = jsonschema_rs.validator_for(dict(schema)).is_valid
    return _quick_checks[schema["$id"]]


def _authority(schema: Schema) -> Any:
    if schema["$id"] not in _authorities:
        from jsonschema import Draft202012Validator

        _authorities[schema["$id"]] = Draft202012Validator(schema)
    return _authorities[schema["$id"]]
