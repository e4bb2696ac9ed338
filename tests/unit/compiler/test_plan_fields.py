"""Every field of a bundle has its place in the schemas, every kind of change its rule, every rule its sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from compiler.pipeline import compile_tenant
from compiler.plan import plan
from compiler.plan.beside import RULES_BESIDE
from compiler.plan.fields import DERIVED, KEYED, OWN_CLASS, PLACES, pointer_of, way_of
from compiler.plan.rules import RULES, families, rule_of, waivable
from schemas.bundle import canonical
from schemas.properties import property_at
from tests.compiling import TODAY, lay_out

# Places in a bundle whose keys are a tenant's own words, or belong to no schema.
OWN_WORDS = ("claims/*/texts", "claims/*/approvals", "record/more", "send_table")


@pytest.fixture(scope="module")
def document(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    root = tmp_path_factory.mktemp("fields") / "tenants"
    lay_out(root)
    journeys = root / "plain/journeys.yaml"
    hours = "  keywords: []\n  hours: {from: 09:00, until: 17:00}\n"
    journeys.write_text(journeys.read_text().replace("  keywords: []\n", hours))
    found: dict[str, Any] = json.loads(compile_tenant(root / "plain", TODAY).bundle)
    return found


def fields(value: Any, path: str, pointer: str) -> Iterator[tuple[str, str]]:
    """(path in the bundle, pointer in the schemas) of every field that is compared."""
    if path in DERIVED or path in OWN_CLASS or path.startswith(OWN_WORDS):
        return
    if isinstance(value, dict) and value and pointer not in KEYED:
        for key, inner in value.items():
            below = "opt_out/*" if path == "opt_out" else f"{path}/{key}" if path else key
            yield from fields(inner, below, pointer_of(below, pointer))
    elif isinstance(value, list) and value and isinstance(value[0], dict):
        for item in value:
            yield from fields(item, f"{path}/*", pointer_of(f"{path}/*", pointer))
    else:
        yield path, pointer


def test_every_field_of_a_bundle_stands_in_the_schemas(document: dict[str, Any]) -> None:
    unknown = {
        (path, pointer)
        for path, pointer in fields(document, "", "")
        if property_at(pointer) is None and not pointer.startswith("channels/connections/*/")
    }
    assert unknown == set()


def test_every_field_of_a_bundle_is_classed_by_its_schema(document: dict[str, Any]) -> None:
    # A whole file that is a list has no class of its own; its items' ids do.
    unclassed = {p for _, p in fields(document, "", "") if "/" in p and way_of(p) is None}
    assert unclassed == set()


def test_places_lead_to_properties_that_exist() -> None:
    assert [pointer for pointer in PLACES.values() if property_at(pointer) is None] == []


def test_a_field_no_schema_knows_needs_approval(document: dict[str, Any]) -> None:
    changed = json.loads(json.dumps(document))
    changed["tenant"]["mood"] = "sunny"
    [change] = plan(canonical(document), canonical(changed))
    assert (change.klass, change.rule) == ("NEEDS_APPROVAL", "IDENTITY_CHANGED")


def test_every_rule_is_given_to_something_and_has_a_sentence() -> None:
    given = {name for names in families().values() for name in names}
    for pointer in (
        "claims/*",
        "channels/connections/*",
        "journeys/campaigns/*",
        "journeys/quick_replies/*",
        "x",
    ):
        for op in ("added", "removed", "renamed", "changed"):
            given.add(rule_of(pointer, pointer, op, None))
    for op in ("added", "removed", "changed"):
        given.add(rule_of("claims/*", "prohibited/*", op, None))
    for path in ("claims/*/texts/*", "claims/*/approvals"):
        given.add(rule_of("claims/*/says", path, "changed", None))
    given.add(rule_of("signals/*/hold", "categories/*/hold", "changed", "loosened", urgent=True))
    given |= {rule_of("x", "x", "changed", way) for way in ("loosened", "tightened")}
    given |= {rule_of("x", "record/packs/*", "changed", way) for way in ("loosened", "tightened", None)}
    given |= {"TENANT_ADDED", "TENANT_REMOVED", "AFFECTED", "NOT_COMPARABLE"}  # given by the plan itself
    given |= {"SETTING_FIRST_SEEN", "BASE_DOES_NOT_COMPILE"}
    given |= set(RULES_BESIDE)
    assert given == set(RULES)
    assert all(rule.says.endswith(".") for rule in RULES.values())


def test_what_protects_people_can_never_be_waived() -> None:
    never = {rule.id for rule in RULES.values() if rule.way == "never"}
    assert never == {
        "BASE_DOES_NOT_COMPILE",
        "OPT_OUT_NOT_WEAKENED",
        "SAFETY_SIGNAL_NOT_LOOSENED",
        "SEND_TABLE_NOT_LOOSENED",
        "GUARDRAIL_REMOVED",
        "CONSENT_NOT_WEAKENED",
        "PACK_DROPPED",
    }
    assert not any(waivable(name) for name in never)
    assert waivable("CAP_NOT_LOOSENED")
    assert not waivable("CLAIM_REWORDED"), "what is said is approved, not waived"
    assert not waivable("NO_SUCH_RULE")


ROOT = Path(__file__).parents[3]


def test_the_page_about_plans_names_every_rule() -> None:
    page = (ROOT / "docs/explanation/plan.md").read_text()
    for rule in RULES.values():
        assert f"| `{rule.id}` | {rule.says} |" in page
