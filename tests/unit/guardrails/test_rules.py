"""Every rule of every guardrail, by the sentences written down for it: what it blocks alone, and what it lets pass."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
import yaml

from runtime.engine import review as review_module
from runtime.engine.review import review
from runtime.guardrails import broken, guardrail_of
from schemas.text import normalise
from tests.unit.guardrails.mutants import all_rules, modules, rules
from tests.unit.guardrails.test_guardrails import reply, say, scene

RULES = dict(all_rules())


@cache
def sentences() -> dict[str, dict[str, list[str]]]:
    read: dict[str, dict[str, list[str]]] = yaml.safe_load(
        (Path(__file__).parent / "rules.yaml").read_text("utf-8")
    )
    return read


def found_in(text: str, *, held: bool) -> set[str]:
    of = scene(holds=("distress",)) if held else scene()
    return {finding.rule for finding in review(reply(say(text), of=of, vouched=frozenset({text})))}


def test_every_rule_has_a_name_of_its_own_and_sentences_on_both_sides() -> None:
    ids = [rule_id for rule_id, _ in all_rules()]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(sentences())
    assert all(each["blocks"] and each["passes"] for each in sentences().values())


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_a_rule_blocks_its_sentences_where_they_stand_and_quotes_nobody(rule_id: str) -> None:
    for text in sentences()[rule_id]["blocks"]:
        of = scene(holds=("distress",)) if rule_id.startswith("vulnerability/") else scene()
        whole = reply(say("Good question."), say(text), of=of, vouched=frozenset({text}))
        mine = [finding for finding in review(whole) if finding.rule == rule_id]
        assert mine, text
        start = len("Good question. ")
        assert all(start <= f.start < f.end <= len(whole.text) for f in mine)
        assert all(f.severity == "block" and f.message and f.message not in text for f in mine)


@pytest.mark.parametrize("rule_id", sorted(RULES))
def test_a_rule_lets_its_near_misses_pass(rule_id: str) -> None:
    held = rule_id.startswith("vulnerability/")
    for text in sentences()[rule_id]["passes"]:
        assert rule_id not in found_in(text, held=held), text


@pytest.mark.parametrize("rule_id", sorted(rule_id for rule_id, rule in RULES.items() if rule.unless))
def test_the_excuses_of_a_rule_are_what_lets_a_near_miss_pass(rule_id: str) -> None:
    strict = replace(RULES[rule_id], unless=())
    assert any(broken(strict, normalise(text)) for text in sentences()[rule_id]["passes"])


def test_an_excuse_ends_where_the_sentence_turns_round() -> None:
    assert "promises/outcome" in found_in(
        "I can't say how it goes but you will get compensation.", held=False
    )
    assert "promises/outcome" not in found_in("I can't say whether you will get compensation.", held=False)


def test_taking_a_rule_or_a_guardrail_out_is_noticed_and_undone() -> None:
    before = review_module.GUARDRAILS
    for rule_id, without in rules():
        if rule_id in RULES:
            text, held = sentences()[rule_id]["blocks"][0], rule_id.startswith("vulnerability/")
            with without:
                assert rule_id not in found_in(text, held=held)
            assert rule_id in found_in(text, held=held)
        else:
            text = f"{'x' * 200}? Anyone? £5, www.example.com or это: you asked what is your fee, sam@example.com"
            whole = {guardrail_of(rule) for rule in found_in(text, held=False)}
            with without:
                assert {guardrail_of(rule) for rule in found_in(text, held=False)} == whole - {rule_id}
    assert review_module.GUARDRAILS is before
    assert {module.NAME for module in modules()} == {name for name, _ in before}
