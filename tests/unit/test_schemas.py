"""The schemas: every property is explained and classed, both validators read them alike, and every file of tenants/ is valid."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import jsonschema
import pytest

import schemas
from compiler.load import load, schema
from compiler.pipeline import check
from schemas import bundle, record
from tests.compiling import TODAY

ROOT = Path(schemas.__file__).parent
TENANTS = ROOT.parent / "tenants"
KINDS = sorted(p.name.removesuffix(".schema.json") for p in (ROOT / "tenant").glob("*.schema.json"))
CHANGES = {"breaking", "reapproval", "loosen_up", "loosen_down", "behaviour", "cosmetic"}
KEYWORDS = {
    "$schema", "$id", "$comment", "$defs", "$ref", "title", "description", "type", "properties", "required", "const",
    "additionalProperties", "items", "minItems", "maxItems", "uniqueItems", "enum", "pattern", "minLength", "maxLength",
    "minimum", "maximum", "not", "allOf", "if", "then", "else",
    "x-convo-files", "x-convo-change", "x-convo-ref", "x-convo-set", "x-convo-text",
}  # fmt: skip
TYPES = {"object", "array", "string", "integer", "boolean"}
FILES = [f for folder in load(TENANTS).folders() for f in folder.files]


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every schema inside a schema, itself included."""
    if isinstance(node, dict):
        yield node
        for key, value in node.items():
            if key in ("properties", "$defs"):
                for inner in value.values():
                    yield from nodes(inner)
            elif key in ("items", "not", "if", "then", "else"):
                yield from nodes(value)
            elif key == "allOf":
                for inner in value:
                    yield from nodes(inner)


def written(node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every property a tenant can write: not those inside a condition, which only narrow what stands elsewhere."""
    for name, inner in node.get("properties", {}).items():
        yield name, inner
        yield from written(inner)
    if isinstance(node.get("items"), dict):
        yield from written(node["items"])


@pytest.mark.parametrize("kind", KINDS)
def test_every_property_says_what_it_is_and_what_changing_it_means(kind: str) -> None:
    document = schema(kind)
    for name, inner in written(document):
        assert re.search(r"[a-z]{2}.*[.]$", inner["description"]), f"{kind}.{name} needs a plain sentence"
        assert inner["x-convo-change"] in CHANGES, f"{kind}.{name}"
    assert document["description"].endswith(".")


@pytest.mark.parametrize("kind", KINDS)
def test_a_schema_keeps_to_the_subset_both_validators_read_alike(kind: str) -> None:
    for node in nodes(schema(kind)):
        assert set(node) <= KEYWORDS, set(node) - KEYWORDS
        if "type" in node:
            assert node["type"] in TYPES
        if "additionalProperties" in node or node.get("type") == "object":
            assert node["additionalProperties"] is False, "an unknown key must never pass"
        for number in ("minimum", "maximum"):
            assert isinstance(node.get(number, 0), int)
        pattern = node.get("pattern", "")
        assert not re.search(r"\\[a-zA-Z]|\(\?", pattern), (
            f"{pattern} means different things to different readers"
        )
        if pattern.endswith("$"):
            assert "maxLength" in node or "not" in node, (
                f"{pattern}: to Python `$` also fits before a last line end"
            )


def test_every_kind_of_file_occurs_in_the_shipped_tenants() -> None:
    assert {f.kind for f in FILES} == set(KINDS)


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.file)
def test_every_file_of_the_shipped_tenants_is_valid(file: Any) -> None:
    faults = jsonschema.Draft202012Validator(dict(schema(file.kind))).iter_errors(file.data)
    assert [f"{list(e.absolute_path)}: {e.message}" for e in faults] == []


@pytest.mark.parametrize("path", sorted(TENANTS.rglob("*.yaml")), ids=lambda p: str(p.relative_to(TENANTS)))
def test_every_file_tells_an_editor_which_schema_it_follows(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    found = re.fullmatch(r"# yaml-language-server: \$schema=(.+)", lines[0])
    assert found is not None
    assert (path.parent / found.group(1)).resolve().parent == ROOT / "tenant"
    prose = [line for line in lines if "://" not in line and not re.search(r"[\\^|]", line)]
    assert [line for line in prose if len(line) > 120] == [], "prose is folded at 100 columns"


# ---- the bundle ---------------------------------------------------------------------------------------------------------

BUNDLE = json.loads((ROOT / "bundle.schema.json").read_text("utf-8"))
TYPES_OF_A_BUNDLE = {
    name: held
    for module in (bundle, record)
    for name, held in vars(module).items()
    if isinstance(held, type) and dataclasses.is_dataclass(held)
}


@pytest.mark.parametrize("name", sorted(BUNDLE["$defs"]))
def test_the_bundle_schema_holds_the_fields_the_runtime_reads(name: str) -> None:
    fields = [f.name for f in dataclasses.fields(TYPES_OF_A_BUNDLE[name])]
    assert list(BUNDLE["$defs"][name]["properties"]) == fields == BUNDLE["$defs"][name]["required"]


def test_the_bundle_schema_describes_every_type_and_section() -> None:
    assert set(BUNDLE["$defs"]) == set(TYPES_OF_A_BUNDLE) - {"Bundle"}
    assert set(BUNDLE["properties"]) == set(get_type_hints(bundle.Bundle)) - {"digest"} | {"format"}
    for node in nodes(BUNDLE):
        for inner in node.get("properties", {}).values():
            assert inner["description"].endswith(".")


def test_what_the_compiler_makes_of_both_tenants_is_a_bundle() -> None:
    validator = jsonschema.Draft202012Validator(BUNDLE)
    made = check(TENANTS, today=TODAY).tenants
    assert set(made) == {"dynamo-dave", "edward-energy"}
    for compiled in made.values():
        assert compiled is not None
        assert [e.message for e in validator.iter_errors(json.loads(compiled.bundle))] == []
