"""Every rule of law names what stands behind it, and each of those things exists: take one away and the table is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Set
from functools import cache
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest

from compiler.load import load, schema
from compiler.rules import CODES
from docs.writers import rules_table
from runtime.engine.review import GUARDRAILS
from schemas.law import ENFORCE, EVIDENCE, KINDS, LawRule, Means, rule, rules
from schemas.sendtable import STATES

ROOT = Path(__file__).parents[2]

ENFORCED = (
    "R-PERIM-2 R-PERIM-3 R-COND-1 R-COND-2 R-COND-3 R-COND-4 R-COND-5 R-COND-6 R-COND-7 R-COND-8 R-PRE-3 R-PRE-4 R-PRE-5 "
    "R-PECR-1 R-PECR-2 R-PECR-3 R-PECR-4 R-PECR-5 R-CONS-1 R-CONS-3 R-SRA-1 R-SRA-2 R-TIME-1 R-TIME-2 R-FREQ-1 R-FREQ-2 "
    "R-OPT-1 R-OPT-2 R-DEAD-1 R-WA-1 R-WA-2 R-WA-3 R-WA-4 R-REC-1 R-REC-2 R-CPL-1 R-CPL-3 R-CPL-4 R-GDPR-1 R-GDPR-2"
)
EVIDENCED = "R-PERIM-1 R-DUTY-1 R-PRE-1 R-PRE-2 R-PECR-6 R-CONS-2 R-LEAD-1 R-CPL-2 R-GDPR-3"
# The send table's own: turns, money, the switches, and the row that lets go.
OF_THE_TABLE = {"R-TURN-1", "R-SPEND-1", "R-KILL-1", "R-KILL-2", "R-KILL-3", "R-CLEAR"}
RECORDS = {"item", "table"}  # these show that something was done; they stand in nobody's way

MEANS = sorted({means for each in rules() for means in each.by}, key=lambda m: (m.kind, m.name))


@cache
def existing() -> Mapping[str, frozenset[str]]:
    """Everything a row may name, by kind. `schema` and `code` are looked up one by one."""
    packs = load(ROOT / "tenants").packs
    sql = "\n".join(path.read_text() for path in sorted((ROOT / "runtime/storage/migrations").glob("*.sql")))
    return {
        "rule": frozenset(CODES),
        "state": frozenset(state.id for state in STATES),
        "guardrail": frozenset(name for name, _ in GUARDRAILS),
        "category": frozenset(item["id"] for folder in packs.values() for item in _items(folder, "signals")),
        "claim": frozenset(item["id"] for folder in packs.values() for item in _items(folder, "claims")),
        "item": frozenset(item["id"] for folder in packs.values() for item in _items(folder, "checklist")),
        "duty": frozenset(
            f"{name}/{duty['id']}"
            for name, folder in packs.items()
            for file in folder.of("pack")
            for duty in file.data["duties"]
        ),
        "function": frozenset(re.findall(r"^create (?:or replace )?function (\w+)\(", sql, re.MULTILINE)),
        "table": frozenset(re.findall(r"^create table (\w+) ", sql, re.MULTILINE)),
        "schema": frozenset(m.name for m in MEANS if m.kind == "schema" and _in_schema(m.name)),
        "code": frozenset(m.name for m in MEANS if m.kind == "code" and _in_code(m.name)),
    }


def _items(folder: Any, kind: str) -> Iterable[Any]:
    return (item for file in folder.of(kind) for item in file.data)


def _in_schema(name: str) -> bool:
    kind, _, path = name.partition("#/")
    here: Any = schema(kind)
    for step in path.split("/"):
        if not isinstance(here, Mapping) or step not in here:
            return False
        here = here[step]
    return True


def _in_code(name: str) -> bool:
    module, _, attribute = name.partition(":")
    return hasattr(import_module(module), attribute)


def unfounded(there: Mapping[str, Set[str]]) -> list[tuple[str, Means]]:
    """The rows that name something which does not exist."""
    return [(each.id, means) for each in rules() for means in each.by if means.name not in there[means.kind]]


def test_everything_the_table_names_exists() -> None:
    assert unfounded(existing()) == []


@pytest.mark.parametrize("means", MEANS, ids=lambda means: f"{means.kind} {means.name}")
def test_the_table_is_wrong_without_any_one_thing_it_names(means: Means) -> None:
    without = {**existing(), means.kind: existing()[means.kind] - {means.name}}
    naming = [each.id for each in rules() if means in each.by]
    assert naming
    assert unfounded(without) == [(each, means) for each in naming]


@pytest.mark.parametrize(
    "name", ["CV0000", "consent#/properties/basis", "channels#/$defs/voice", "runtime.ports:Fax"]
)
def test_what_does_not_exist_is_not_found(name: str) -> None:
    assert name not in existing()["rule"]
    assert "#" not in name or not _in_schema(name)
    assert ":" not in name or not _in_code(name)


def test_every_rule_is_in_the_table_once() -> None:
    ids = [each.id for each in rules()]
    assert len(set(ids)) == len(ids)
    assert {each.id for each in rules() if each.mode == ENFORCE} == set(ENFORCED.split())
    assert {each.id for each in rules() if each.mode == EVIDENCE} == set(EVIDENCED.split())
    assert len(ENFORCED.split()) == 40


@pytest.mark.parametrize("each", rules(), ids=lambda each: each.id)
def test_an_enforced_rule_is_enforced_by_something_that_stands_in_the_way(each: LawRule) -> None:
    kinds = {means.kind for means in each.by}
    assert kinds <= set(KINDS)
    assert each.by
    assert each.asks.endswith(".")
    assert each.source
    if each.mode == ENFORCE:
        assert kinds - RECORDS, "only records: nothing stands in the way"
    for _, same in groupby(sorted(each.by, key=lambda m: (m.kind, m.name))):
        assert len(list(same)) == 1


def test_a_state_of_the_send_table_stands_for_a_rule_that_names_it() -> None:
    for state in STATES:
        if state.rule not in OF_THE_TABLE:
            named = rule(state.rule)
            assert named is not None, state.rule
            assert Means(kind="state", name=state.id) in named.by


def test_a_pack_may_be_named_only_where_it_exists() -> None:
    packs = {path.name for path in (ROOT / "tenants/_packs").iterdir()}
    assert {pack for each in rules() for pack in each.packs} <= packs


def test_a_rule_that_is_not_in_the_table_is_none() -> None:
    assert rule("R-KILL-1") is None
    assert rule("R-PECR-1") is not None


def test_the_page_shows_every_rule_and_what_falls_short() -> None:
    page = rules_table.page()
    for each in rules():
        assert f"| {each.id} |" in page
        assert not each.falls_short or f"- {each.id}: {each.falls_short}" in page
