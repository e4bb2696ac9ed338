"""The SARIF of every example has the structure the 2.1.0 specification asks for and a code host's scanner reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from compiler.report import View, rendered
from tests.compiling import EXAMPLES, compile_case, lay_out

TEXT: dict[str, Any] = {"type": "string", "minLength": 1}
MESSAGE = {
    "type": "object",
    "required": ["text"],
    "properties": {"text": TEXT, "markdown": TEXT},
    "additionalProperties": False,
}
LEVEL = {"enum": ["none", "note", "warning", "error"]}
COUNT = {"type": "integer", "minimum": 1}


def closed(required: dict[str, Any], **optional: Any) -> dict[str, Any]:
    """An object with these properties and no other: a misspelt one would be ignored by whoever reads the file."""
    return {
        "type": "object",
        "required": list(required),
        "properties": {**required, **optional},
        "additionalProperties": False,
    }


def many(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items}


# Section numbers are those of the specification.
REGION = closed({"startLine": COUNT, "startColumn": COUNT, "endLine": COUNT, "endColumn": COUNT})  # 3.30
ARTIFACT = closed({"uri": {"type": "string", "pattern": "^[A-Za-z0-9%._~/-]+$"}, "uriBaseId": TEXT})  # 3.4
PHYSICAL = closed({"artifactLocation": ARTIFACT}, region=REGION)  # 3.29
LOCATION = closed({"physicalLocation": PHYSICAL})  # 3.28
RELATED = closed({"physicalLocation": PHYSICAL, "id": {"type": "integer", "minimum": 0}, "message": MESSAGE})
REPLACEMENT = closed(
    {"deletedRegion": REGION, "insertedContent": closed({"text": {"type": "string"}})}
)  # 3.57
CHANGE = closed({"artifactLocation": ARTIFACT, "replacements": {**many(REPLACEMENT), "minItems": 1}})  # 3.56
FIX = closed({"artifactChanges": {**many(CHANGE), "minItems": 1}}, description=MESSAGE)  # 3.55
RESULT = closed(  # 3.27
    {
        "ruleId": {"type": "string", "pattern": "^CV[0-9]{4}$"},
        "ruleIndex": {"type": "integer", "minimum": 0},
        "level": LEVEL,
        "message": MESSAGE,
        "locations": {**many(LOCATION), "minItems": 1, "maxItems": 1},
        "partialFingerprints": {"type": "object", "minProperties": 1, "additionalProperties": TEXT},
    },
    relatedLocations={**many(RELATED), "maxItems": 100},
    fixes=many(FIX),
)
RULE = closed(  # 3.49
    {
        "id": {"type": "string", "pattern": "^CV[0-9]{4}$"},
        "name": {"type": "string", "pattern": "^[A-Z][A-Za-z0-9]*$", "maxLength": 255},
        "shortDescription": {**MESSAGE, "properties": {"text": {**TEXT, "maxLength": 1024}}},
        "fullDescription": MESSAGE,
        "help": {**MESSAGE, "required": ["text", "markdown"]},
        "helpUri": {"type": "string", "pattern": "^[a-z]+:[^ ]+$"},
        "defaultConfiguration": closed({"level": LEVEL}),
        "properties": closed(
            {"tags": many(TEXT), "precision": {"enum": ["very-high", "high", "medium", "low"]}}
        ),
    }
)
DRIVER = closed({"name": TEXT, "semanticVersion": TEXT, "rules": many(RULE)})  # 3.19
INVOCATION = closed(  # 3.20
    {"executionSuccessful": {"type": "boolean"}},
    toolExecutionNotifications=many(closed({"level": LEVEL, "message": MESSAGE})),
)
RUN = closed(  # 3.14
    {
        "tool": closed({"driver": DRIVER}),
        "invocations": many(INVOCATION),
        "originalUriBaseIds": {"type": "object", "additionalProperties": closed({"description": MESSAGE})},
        "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
        "results": {**many(RESULT), "maxItems": 25_000},
    }
)
SARIF = Draft202012Validator(
    closed(
        {"$schema": TEXT, "version": {"const": "2.1.0"}, "runs": {**many(RUN), "minItems": 1, "maxItems": 20}}
    )
)
CASES = ["CV1005", "CV1006", "CV2002", "CV2010", "CV3001", "CV3008", "CV4001", "CV5009", "CV5011", "CV6001"]


@pytest.mark.parametrize("code", CASES)
def test_it_has_the_structure_of_the_specification(code: str, tmp_path: Path) -> None:
    (case, *_) = sorted((EXAMPLES / "negative").glob(f"{code}-*"))
    result = compile_case(tmp_path / "tenants", lay_out(tmp_path / "tenants", case))
    document = json.loads(rendered(View(result=result, prefix="tenants"), "sarif"))
    assert [f"{e.json_path}: {e.message}" for e in SARIF.iter_errors(document)] == []
    (run,) = document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    assert all(rules[found["ruleIndex"]] == found["ruleId"] for found in run["results"])
    assert {found["ruleId"] for found in run["results"]} == {code}


def test_a_path_is_a_uri_whatever_it_is_called(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    (tmp_path / "tenants/plain/a b#?%é.yaml").write_text("x: 1\n")
    result = compile_case(tmp_path / "tenants", {})
    document = json.loads(rendered(View(result=result, prefix="tenants"), "sarif"))
    assert [f"{e.json_path}: {e.message}" for e in SARIF.iter_errors(document)] == []
    place = document["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert place["artifactLocation"]["uri"] == "tenants/plain/a%20b%23%3F%25%C3%A9.yaml"
