"""A JSON Schema of ours as one Python function that says whether data is valid: what makes the common case quick.

Our schemas keep to a small closed subset of keywords. What is outside it gives no function, and jsonschema, which is the
authority and says what is wrong, looks at everything itself. A test holds the two against each other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

Schema = Mapping[str, Any]

_SILENT = {"$schema", "$id", "$comment", "$defs", "title", "description", "default", "then", "else"}
_TYPES = {
    "string": "isinstance({v}, str)",
    "integer": "isinstance({v}, int) and {v} is not True and {v} is not False",
    "boolean": "{v} is True or {v} is False",
    "array": "isinstance({v}, list)",
    "object": "isinstance({v}, dict)",
    "null": "{v} is None",
}
_OF_TEXT = {"minLength", "maxLength", "pattern"}
_OF_LIST = {"minItems", "maxItems", "uniqueItems", "items"}
_OF_MAPPING = {"properties", "required", "additionalProperties", "minProperties", "maxProperties"}
_OF_NUMBER = {"minimum", "maximum"}
_OF_ANY = {"$ref", "type", "enum", "const", "not", "if", "allOf"}
_KNOWN = _SILENT | _OF_TEXT | _OF_LIST | _OF_MAPPING | _OF_NUMBER | _OF_ANY


class _Unknown(Exception):
    """A keyword outside the subset."""


def predicate(schema: Schema) -> Callable[[Any], bool] | None:
    """Whether data is valid; None where the schema says something we do not know how to ask."""
    writer = _Writer(schema)
    try:
        root = writer.function(schema)
    except _Unknown:
        return None
    names: dict[str, Any] = {"unique": _unique, **writer.constants}
    # The text is made from our own package's schemas alone; every value of theirs is passed in by name.
    exec(compile("\n".join(writer.functions), f"<{schema.get('$id', 'schema')}>", "exec"), names)  # noqa: S102
    made: Callable[[Any], bool] = names[root]
    return made


class _Writer:
    """Writes a function for each schema that stands for itself: the root, what a $ref names, conditions."""

    def __init__(self, root: Schema) -> None:
        self.root = root
        self.functions: list[str] = []
        self.constants: dict[str, Any] = {}
        self.named: dict[str, str] = {}
        self.variables = 0

    def function(self, schema: Schema | bool) -> str:
        name = f"f{self._fresh()}"
        lines: list[str] = []
        self._check(schema, "v", lines, 1)
        self.functions.append("\n".join([f"def {name}(v):", *lines, " return True"]))
        return name

    def _check(self, schema: Schema | bool, v: str, out: list[str], depth: int) -> None:
        """Statements that return False where `v` breaks the schema."""
        pad = " " * depth
        if isinstance(schema, bool):
            out += [] if schema else [f"{pad}return False"]
            return
        unknown = {key for key in schema if not key.startswith("x-convo-")} - _KNOWN
        if unknown:
            raise _Unknown(*unknown)
        asked = list(self._asked(schema, v))
        out += [f"{pad}if not ({each}): return False" for each in asked]
        for each in schema.get("allOf", ()):
            self._check(each, v, out, depth)
        self._text(schema, v, out, pad)
        self._number(schema, v, out, pad)
        for keywords, kind, write in (
            (_OF_LIST, "list", self._list),
            (_OF_MAPPING, "dict", self._mapping),
        ):
            if keywords & schema.keys():
                out.append(f"{pad}if isinstance({v}, {kind}):")
                write(schema, v, out, depth + 1)
                out.append(f"{pad} pass")

    def _asked(self, schema: Schema, v: str) -> Iterator[str]:
        """What must be true of any value."""
        if "$ref" in schema:
            yield f"{self._reference(schema['$ref'])}({v})"
        if "type" in schema:
            types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
            yield " or ".join(f"({self._type(name).format(v=v)})" for name in types)
        if "enum" in schema:
            yield self._among(schema["enum"], v)
        if "const" in schema:
            yield self._among([schema["const"]], v)
        if "not" in schema:
            yield f"not {self.function(schema['not'])}({v})"
        if "if" in schema:
            then, other = self.function(schema.get("then", True)), self.function(schema.get("else", True))
            yield f"{then}({v}) if {self.function(schema['if'])}({v}) else {other}({v})"

    def _text(self, schema: Schema, v: str, out: list[str], pad: str) -> None:
        asked = []
        if "minLength" in schema:
            asked.append(f"len({v}) < {int(schema['minLength'])}")
        if "maxLength" in schema:
            asked.append(f"len({v}) > {int(schema['maxLength'])}")
        if "pattern" in schema:
            asked.append(f"not {self._constant(re.compile(schema['pattern']).search)}({v})")
        if asked:
            out.append(f"{pad}if isinstance({v}, str) and ({' or '.join(asked)}): return False")

    def _number(self, schema: Schema, v: str, out: list[str], pad: str) -> None:
        asked = []
        if "minimum" in schema:
            asked.append(f"{v} < {int(schema['minimum'])}")
        if "maximum" in schema:
            asked.append(f"{v} > {int(schema['maximum'])}")
        if asked:
            number = f"isinstance({v}, int) and {v} is not True and {v} is not False"
            out.append(f"{pad}if {number} and ({' or '.join(asked)}): return False")

    def _list(self, schema: Schema, v: str, out: list[str], depth: int) -> None:
        pad = " " * depth
        if "minItems" in schema:
            out.append(f"{pad}if len({v}) < {int(schema['minItems'])}: return False")
        if "maxItems" in schema:
            out.append(f"{pad}if len({v}) > {int(schema['maxItems'])}: return False")
        if schema.get("uniqueItems"):
            out.append(f"{pad}if len({v}) > 1 and not unique({v}): return False")
        if "items" in schema:
            item = self._variable()
            out.append(f"{pad}for {item} in {v}:")
            self._check(schema["items"], item, out, depth + 1)
            out.append(f"{pad} pass")

    def _mapping(self, schema: Schema, v: str, out: list[str], depth: int) -> None:
        pad = " " * depth
        properties = schema.get("properties", {})
        if "minProperties" in schema:
            out.append(f"{pad}if len({v}) < {int(schema['minProperties'])}: return False")
        if "maxProperties" in schema:
            out.append(f"{pad}if len({v}) > {int(schema['maxProperties'])}: return False")
        if "required" in schema:
            wanted = self._constant(frozenset(schema["required"]))
            out.append(f"{pad}if not {wanted} <= {v}.keys(): return False")
        more = schema.get("additionalProperties", True)
        if more is False:
            out.append(f"{pad}if not {v}.keys() <= {self._constant(frozenset(properties))}: return False")
        elif more is not True:
            key, item = self._variable(), self._variable()
            out.append(f"{pad}for {key}, {item} in {v}.items():")
            out.append(f"{pad} if {key} in {self._constant(frozenset(properties))}: continue")
            self._check(more, item, out, depth + 1)
        for name, inner in properties.items():
            item, quoted = self._variable(), self._constant(name)
            out.append(f"{pad}if {quoted} in {v}:")
            out.append(f"{pad} {item} = {v}[{quoted}]")
            self._check(inner, item, out, depth + 1)

    def _reference(self, name: str) -> str:
        if name not in self.named:
            if not name.startswith("#/$defs/"):
                raise _Unknown(name)
            self.named[name] = f"r{len(self.named)}"  # before its own body: it may refer to itself
            made = self.function(self.root["$defs"][name.removeprefix("#/$defs/")])
            self.functions.append(f"{self.named[name]} = {made}")
        return self.named[name]

    def _type(self, name: str) -> str:
        if name not in _TYPES:
            raise _Unknown(name)
        return _TYPES[name]

    def _among(self, values: Sequence[Any], v: str) -> str:
        """JSON's equality: 1 is not true."""
        if all(isinstance(value, str) for value in values):
            return f"(isinstance({v}, str) and {v} in {self._constant(frozenset(values))})"
        if all(isinstance(value, bool) for value in values):
            return "(" + " or ".join(f"{v} is {value}" for value in values) + ")"
        if all(isinstance(value, int) and not isinstance(value, bool) for value in values):
            wanted = self._constant(frozenset(values))
            return f"({_TYPES['integer'].format(v=v)} and {v} in {wanted})"
        raise _Unknown("enum")

    def _constant(self, value: Any) -> str:
        name = f"c{len(self.constants)}"
        self.constants[name] = value
        return name

    def _variable(self) -> str:
        return f"v{self._fresh()}"

    def _fresh(self) -> int:
        self.variables += 1
        return self.variables


def _unique(items: Sequence[Any]) -> bool:
    if all(isinstance(item, str) for item in items):
        return len(set(items)) == len(items)
    seen = set()
    for item in items:
        key = _key(item)
        if key in seen:
            return False
        seen.add(key)
    return True


def _key(value: Any) -> Any:
    """Something hashable that is equal where JSON's values are."""
    match value:
        case dict():
            return ("object", frozenset((name, _key(each)) for name, each in value.items()))
        case list():
            return ("array", tuple(_key(each) for each in value))
        case _:
            return (type(value).__name__, value)
