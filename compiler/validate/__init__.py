"""JSON Schema errors -> diagnostics that point at the key or value, with the word that was probably meant. Pure.

`jsonschema` is the authority. `jsonschema-rs`, where it is installed, or else a function made from the schema may only say
"valid" first, which spares the authority its work; all agree on our schemas, which keep to a linted subset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from compiler.diagnostics import Diagnostic, Fix, Label
from compiler.diagnostics import codes as c
from compiler.diagnostics.most import FOUND_PER_FILE
from compiler.diagnostics.rows import Rows
from compiler.diagnostics.suggest import did_you_mean, nearest, sole
from compiler.source.files import Doubtful, Parsed
from compiler.source.tree import Seq, span_of
from compiler.source.version import version_fault
from compiler.validate import repair
from compiler.validate.conditions import KNOWN, conditional
from compiler.validate.place import Path, Place, Schema, harmless, missing_keys, resolve
from compiler.validate.words import LIMITS, TYPES, inside, kind_of, name, say, short, spaced

MOST_GUESSED = 100  # unknown keys of one object for which the meant one is looked for

_CODES = {
    "type": c.WRONG_TYPE,
    "required": c.MISSING_KEY,
    "enum": c.NOT_ALLOWED,
    "pattern": c.PATTERN,
    "not": c.PATTERN,
    "uniqueItems": c.REPEATED,
    **dict.fromkeys(LIMITS, c.BOUNDS),
}


def validate(parsed: Parsed, schema: Schema, *, authority: bool = False) -> None:
    """Add the file's schema faults to it, and note which of its items have any."""
    if parsed.checked:
        return
    if parsed.data is None:
        parsed.bad.add(None)
        return
    if (other := version_fault(parsed)) is not None:
        parsed.diagnostics.append(other)
        parsed.bad.add(None)
        return
    doubts = [d for d in parsed.doubtful if not _asked_for(d, schema)]
    found = dict(_errors(parsed, schema, authority))
    # Under a key nobody knows nothing can have been asked for: the key is the fault, and its value may be right.
    unknown = {path for path, d in found.items() if d.code == c.UNKNOWN_KEY.code}
    doubts = [d for d in doubts if not any(d.path[:n] in unknown for n in range(1, len(d.path) + 1))]
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
    fixed = repair.doubtful(doubt.text, _schema_at(schema, doubt.path) or {})
    return c.AMBIGUOUS.at(
        doubt.span,
        f"the bare word `{doubt.text}` can be read in two ways",
        help=f"write {fixed}" if fixed else "write it so that it can only be read in one",
        fix=Fix(span=doubt.span, text=fixed) if fixed else None,
    )


def _schema_at(schema: Schema, path: Path) -> Schema | None:
    here: Schema | None = schema
    for step in path:
        here = resolve(schema, here)
        if here is None:
            return None
        here = here.get("items") if isinstance(step, int) else here.get("properties", {}).get(step)
    return resolve(schema, here)


# ---- schema errors -------------------------------------------------------------------------------------------------


def _errors(parsed: Parsed, schema: Schema, authority: bool) -> Iterator[tuple[Path, Diagnostic]]:
    if not authority:
        quick = _quick(schema)
        if quick is not None and quick(parsed.data):
            return
    some = islice(_authority(schema).iter_errors(parsed.data), FOUND_PER_FILE)
    errors = sorted(some, key=lambda e: (len(e.schema_path), str(e.path)))
    if len(errors) == FOUND_PER_FILE:
        parsed.bad.add(None)  # which of the rest are good nobody has looked at
    unsure = {tuple(e.absolute_path)[:-1] for e in errors if e.validator in {"enum", "type"}}
    meant = {tuple(e.absolute_path): found for e in errors if (found := _meant(e))}
    unsure |= set(meant)  # what goes with a misspelt key cannot be judged yet
    rows = Rows(parsed.text)
    for error in errors:
        path = tuple(error.absolute_path)
        under = "then" in error.schema_path or "else" in error.schema_path
        if under and (path in unsure or path[:-1] in unsure):
            continue  # the word the condition asks about is itself wrong: fix that first
        place = Place(data=parsed.data, root=schema, path=path, error=error, rows=rows, meant=meant)
        told = conditional if under and error.validator in KNOWN else _diagnostics
        yield from told(place)


def _meant(error: Any) -> Mapping[str, str]:
    """The known and missing key that each unknown one of an object can be taken for."""
    if error.validator != "additionalProperties":
        return {}
    known = error.schema.get("properties", {})
    absent = [key for key in known if key not in error.instance]
    unknown = [key for key in error.instance if key not in known]
    near = {key: nearest(key, absent) for key in unknown[:MOST_GUESSED]}
    return {key: better for key, better in near.items() if better is not None}


def _diagnostics(place: Place) -> Iterator[tuple[Path, Diagnostic]]:
    error, path = place.error, place.path
    match error.validator:
        case "additionalProperties":
            yield from _unknown_keys(place)
        case "required":
            for missing in missing_keys(place):
                what = error.schema.get("properties", {}).get(missing)
                says = (
                    (resolve(place.root, what) or {}).get("description") if isinstance(what, dict) else None
                )
                yield (
                    (*path, missing),
                    c.MISSING_KEY.at(place.span, f"`{missing}` is missing{inside(path)}", help=says),
                )
        case "uniqueItems":
            yield path, _repeated(place)
        case "enum" | "type" | "pattern":
            yield path, _refused(place)
        case _:
            says = error.schema.get("description") if isinstance(error.schema, dict) else None
            code = _CODES.get(error.validator, c.CONDITION)
            yield path, code.at(place.span, _plainly(error, path), help=says)


def _refused(place: Place) -> Diagnostic:
    """A value that is not of the type, the words or the form asked for."""
    value, wanted, span = place.error.instance, place.error.validator_value, place.span
    written = place.rows.written(span) if isinstance(value, str | int) else ""
    match place.error.validator:
        case "enum":
            message = f"{say(value)} is not one of {', '.join(map(str, wanted))}"
            help_ = did_you_mean(str(value), [str(w) for w in wanted])
            if isinstance(value, str) and value in [str(w) for w in wanted if not isinstance(w, str)]:
                message, help_ = (
                    f"{say(value)} is a text here, not {kind_of(wanted[0])}",
                    f"write {value}, without quotes",
                )
            fixed = repair.of_words(value, written, wanted) if harmless(place.root, place.path) else None
        case "type":
            message = (
                f"{name(place.path)} must be {TYPES.get(str(wanted), str(wanted))}, not {kind_of(value)}"
            )
            fixed = repair.of_type(
                value, written, str(wanted), resolve(place.root, place.error.schema.get("items"))
            )
            help_ = f"write {fixed}" if fixed else place.error.schema.get("description")
        case _:
            message = f"{say(value)} is not of the form asked for"
            fixed = repair.of_form(str(value), written, wanted)
            form = place.error.schema.get("description") or f"the form {wanted}"
            help_ = f"write {fixed}" if fixed else f"wanted: {form}"
    fix = Fix(span=span, text=fixed) if fixed and written else None
    return _CODES[place.error.validator].at(span, message, help=help_, fix=fix)


def _plainly(error: Any, path: Path) -> str:
    if error.validator == "not":
        return f"{name(path)} must be on one line"
    limit = LIMITS.get(str(error.validator))
    if limit is None:
        return f"{name(path)} breaks its limit: {spaced(str(error.validator))} {error.validator_value}"
    way, unit = limit
    held = error.instance if not unit else len(error.instance)
    return (
        f"{name(path)} has {held:,}{unit}, and may have {way} {error.validator_value:,}"
        if unit
        else (f"{name(path)} is {held:,}, and may be {way} {error.validator_value:,}")
    )


def _repeated(place: Place) -> Diagnostic:
    items = place.error.instance
    found = repair.repetition(items, place.rows) if isinstance(items, Seq) else None
    message = f"an item of {name(place.path)} stands twice"
    if found is None:
        return c.REPEATED.at(place.span, message)
    again, first, fix = found
    return c.REPEATED.at(
        again, message, labels=[Label(span=first, text="first here")], help="take one of them out", fix=fix
    )


def _unknown_keys(place: Place) -> Iterator[tuple[Path, Diagnostic]]:
    instance, known = place.error.instance, place.error.schema.get("properties", {})
    absent = [key for key in known if key not in instance]
    meant = place.meant.get(place.path, {})
    taken = Counter(meant.values())
    nodes = {key.value: key for key, _ in reversed(instance.node.value)}
    for key in [key for key in instance if key not in known]:
        span = span_of(instance.file, nodes[key])
        better = meant.get(key)
        certain = better is not None and taken[better] == 1 and sole(key, absent) is not None
        certain = certain and (harmless(place.root, (*place.path, str(better))) or _lacks(place, str(better)))
        yield (
            (*place.path, key),
            c.UNKNOWN_KEY.at(
                span,
                f"the key `{short(key)}` is not known here",
                help=f"did you mean `{better}`?" if better else f"known: {', '.join(sorted(known))}",
                fix=Fix(span=span, text=better) if better and certain else None,
            ),
        )


def _lacks(place: Place, key: str) -> bool:
    """Whether this is a claim without a key it must have: nobody can have approved it, and one key alone can be meant."""
    if place.root["$id"] != "urn:convo:tenant:claims:v1" or len(place.path) != 1:
        return False
    one = place.error.schema
    needs = [one, *(part.get(way, {}) for part in (one, *one.get("allOf", ())) for way in ("then", "else"))]
    return any(key in each.get("required", ()) for each in needs)


# ---- the validators ------------------------------------------------------------------------------------------------


_quick_checks: dict[str, Callable[[Any], bool] | None] = {}
_authorities: dict[str, Any] = {}


def _quick(schema: Schema) -> Callable[[Any], bool] | None:
    """A yes or no for this schema: jsonschema-rs's where it is installed, else our own function's. Made once."""
    if schema["$id"] not in _quick_checks:
        try:
            import jsonschema_rs
        except ImportError:
            from compiler.source.shape import predicate

            _quick_checks[schema["$id"]] = predicate(schema)
        else:
            _quick_checks[schema["$id"]] = jsonschema_rs.validator_for(dict(schema)).is_valid
    return _quick_checks[schema["$id"]]


def _authority(schema: Schema) -> Any:
    if schema["$id"] not in _authorities:
        from jsonschema import Draft202012Validator

        _authorities[schema["$id"]] = Draft202012Validator(schema)
    return _authorities[schema["$id"]]
