"""The tenant schemas: their files are the loader's files, and both validators say the same of them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import schemas
from compiler.load import ORGANISATION_FILES, PACK_FILES, TENANT_FILES, load, schema
from compiler.source.files import Parsed
from compiler.source.parse import parse
from compiler.source.shape import predicate
from compiler.validate import validate
from tests.compiling import BASE

SCHEMAS = sorted((Path(schemas.__file__).parent / "tenant").glob("*.schema.json"))


def _made(path: Path) -> Callable[[Any], bool]:
    made = predicate(json.loads(path.read_text()))
    assert made is not None, f"{path.name} says what compiler/source/shape.py cannot ask"
    return made


GOOD = [(f.kind, f.file, f.data) for folder in load(BASE).folders() for f in folder.files]
OURS = {path.name.removesuffix(".schema.json"): _made(path) for path in SCHEMAS}


def test_every_schema_is_a_schema_for_the_files_the_loader_reads() -> None:
    table: dict[str, set[str]] = {}
    for prefix, kinds in (
        ("*", TENANT_FILES),
        ("_packs/*", PACK_FILES),
        ("_organisations", ORGANISATION_FILES),
    ):
        for kind in kinds:
            table.setdefault(kind.name, set()).add(f"tenants/{prefix}/{kind.called}")
    for path in SCHEMAS:
        document = json.loads(path.read_text())
        jsonschema.Draft202012Validator.check_schema(document)
        assert table.pop(path.name.removesuffix(".schema.json")) == set(document["x-convo-files"])
    assert table == {}


@pytest.mark.parametrize(("kind", "file", "data"), GOOD, ids=lambda v: v if isinstance(v, str) else "")
def test_the_base_example_is_valid_for_both(kind: str, file: str, data: Any) -> None:
    assert list(jsonschema.Draft202012Validator(schema(kind)).iter_errors(data)) == [], file
    assert jsonschema_rs.validator_for(dict(schema(kind))).is_valid(data)
    assert OURS[kind](data)


ODD = st.sampled_from(
    [
        None,
        True,
        0,
        -1,
        10**9,
        "",
        "x",
        "2026-13-01",
        "a\nb",
        "EXAMPLE\n",
        "\u0661",
        "é",
        [],
        {},
        [1, 1],
        {"a": 1},
    ]
)


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(GOOD), st.data())
def test_all_validators_agree_on_files_gone_wrong(good: tuple[str, str, Any], data: st.DataObject) -> None:
    kind, _, document = good
    broken = _plain(document)
    for _ in range(data.draw(st.integers(1, 2))):
        broken = _mutated(broken, data)
    authority = jsonschema.Draft202012Validator(schema(kind)).is_valid(broken)
    assert jsonschema_rs.validator_for(dict(schema(kind))).is_valid(broken) == authority
    assert OURS[kind](broken) == authority


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value))


def _mutated(document: Any, data: st.DataObject) -> Any:
    """One value somewhere replaced, removed or added."""
    document = copy.deepcopy(document)
    here: Any = document
    parent: Any = None
    key: Any = None
    while (
        isinstance(here, dict | list)
        and here
        and data.draw(st.booleans() if parent is not None else st.just(True))
    ):
        parent, key = (
            here,
            data.draw(st.sampled_from(sorted(here) if isinstance(here, dict) else range(len(here)))),
        )
        here = here[key]
    match parent, data.draw(st.sampled_from(["replace", "remove", "add"])):
        case dict(), "remove":
            del parent[key]
        case dict(), "add":
            parent["unheard_of"] = data.draw(ODD)
        case list(), "add":
            parent.append(copy.deepcopy(here))
        case ((dict() | list()), _):
            parent[key] = data.draw(ODD)
        case _:
            return data.draw(ODD)
    return document


def faults(kind: str, text: str, *, authority: bool = True) -> list[tuple[str, int, str]]:
    parsed = parse(Parsed("f.yaml", kind, text=text))
    validate(parsed, schema(kind), authority=authority)
    return [(d.code, d.span.line, d.help or "") for d in parsed.diagnostics]


CAPS = (BASE / "plain" / "caps.yaml").read_text()


def test_all_faults_of_a_file_are_reported_at_once_and_where_they_are() -> None:
    text = CAPS.replace("concurrency: 4", "concurency: 4").replace("per_day: 1000", "per_day: yes")
    assert faults("caps", text) == [
        ("CV2003", 6, "write it so that it can only be read in one"),
        ("CV3001", 4, "did you mean `concurrency`?"),
    ]


def test_the_quick_validator_changes_nothing_in_what_is_reported() -> None:
    text = CAPS.replace("concurrency: 4", "concurrency: many")
    assert faults("caps", text, authority=False) == faults("caps", text)
    assert faults("caps", CAPS, authority=False) == faults("caps", CAPS) == []


def test_a_boolean_written_as_a_word_is_told_its_word() -> None:
    text = (BASE / "plain" / "channels.yaml").read_text().replace("outreach: true", "outreach: yes")
    assert faults("channels", text) == [("CV2003", 11, "write true")]


def test_a_date_may_stand_bare_where_a_date_is_asked_for() -> None:
    text = (BASE / "_packs" / "all" / "calendar.yaml").read_text()
    assert faults("calendar", text) == []
    assert faults("calendar", text.replace("name: Christmas Day", "name: 2026-12-25"))[0][0] == "CV2003"
