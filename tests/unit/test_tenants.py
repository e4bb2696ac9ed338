"""The shipped tenants: what a reviewer must be able to rely on in the registers, packs and calendars as they stand."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import holidays
import pytest

from compiler.load import load
from compiler.pipeline import CheckResult, check
from runtime.engine.screen import screen_action, screen_text
from schemas.bundle import Bundle, Claim
from schemas.text import match_opt_out
from tests.compiling import TODAY

TENANTS = Path(__file__).parents[2] / "tenants"
SLUGS = ("dynamo-dave", "edward-energy")
ASKED = ("disclosure", "fact", "process")  # what people ask about; a question or a line of the machine is not
LONGEST_TOPIC = 24  # the title of a row in a WhatsApp list
DRAFTS = {"DD-F13", "DD-F14", "DD-F15", "DD-P04"} | {
    "EE-D12", "EE-F11", "EE-F12", "EE-F13", "EE-F14", "EE-P04", "SP-BDL", "SP-MH", "SP-CACH", "SP-FCAREG",
}  # fmt: skip


@cache
def result() -> CheckResult:
    return check(TENANTS, today=TODAY)


@cache
def bundle(slug: str) -> Bundle:
    compiled = result().tenants[slug]
    assert compiled is not None
    return Bundle.decode(compiled.bundle)


def data(part: str) -> Any:
    """What stands in the one file whose path ends so."""
    [file] = [f for folder in load(TENANTS).folders() for f in folder.files if f.file.endswith(part)]
    return file.data


def answering(slug: str) -> list[Claim]:
    """Claims with example questions, in the order of the register."""
    return [c for c in bundle(slug).claims.values() if c.questions]


def test_both_tenants_compile_without_an_error() -> None:
    assert [f"{d.span.file}:{d.span.line} {d.message}" for d in result().diagnostics if d.is_error] == []


@pytest.mark.parametrize("slug", SLUGS)
def test_a_shipped_tenant_pretends_nothing(slug: str) -> None:
    made = bundle(slug)
    assert made.unapproved
    assert not any(c.approved for c in made.claims.values())
    assert made.tenant.example
    for value in ("firm", "address", "regulatory_status_line", "company_no", "ico_ref", "hours"):
        assert "EXAMPLE" in made.tenant.values[value]
    assert {c.stage for c in made.connections.values()} == {"sandbox"}
    assert not DRAFTS & set(made.claims)


@pytest.mark.parametrize("slug", SLUGS)
def test_whatever_people_ask_about_has_questions_in_their_words(slug: str) -> None:
    prefix = {"dynamo-dave": "DD-", "edward-energy": "EE-"}[slug]
    for claim in bundle(slug).claims.values():
        flow = claim.when == "with_link" and "tenant.form_url" in claim.slots
        if claim.id.startswith(prefix) and claim.kind in ASKED and not flow:
            assert len(claim.questions) >= 3, claim.id
    said = Counter(q.lower().rstrip("?") for c in answering(slug) for q in c.questions)
    assert [q for q, times in said.items() if times > 1] == [], "one question, one answer"


@pytest.mark.parametrize("slug", SLUGS)
def test_whatever_can_be_answered_can_be_offered_by_its_topic(slug: str) -> None:
    topics = {claim.id: claim.topic for claim in answering(slug) if claim.kind != "line"}
    assert len(set(topics.values())) == len(topics), "two claims on one button could not be told apart"
    for claim_id, topic in topics.items():
        assert topic == bundle(slug).claims[claim_id].questions[0], "a person who types it finds it too"
        assert len(topic) <= LONGEST_TOPIC, topic
        assert topic[0].isupper(), topic
        assert topic.endswith("?"), topic


@pytest.mark.parametrize("slug", SLUGS)
def test_no_question_we_answer_stops_us_or_fetches_a_human(slug: str) -> None:
    made = bundle(slug)
    for claim in answering(slug):
        for question in (*claim.questions, *claim.options):
            verdict = screen_text(question, made)
            assert verdict.stop is None, question
            assert screen_action(verdict, made) in ("answer", "canned"), (claim.id, question)


@pytest.mark.parametrize("slug", SLUGS)
def test_no_answer_offered_is_an_opt_out(slug: str) -> None:
    made = bundle(slug)
    for claim in made.claims.values():
        for option in claim.options:
            assert screen_text(option, made).stop is None, (claim.id, option)


@pytest.mark.parametrize("slug", SLUGS)
def test_a_link_needs_the_free_way_the_fee_and_the_answers(slug: str) -> None:
    made = bundle(slug)
    form = made.links["form"]
    kinds = {made.claims[c].when for c in form.requires}
    assert {"before_any_link", "before_any_fee", "with_fee"} <= kinds
    for question, answer in form.answers.items():
        assert answer in made.claims[question].options
    assert "{ref}" in form.url


@pytest.mark.parametrize("slug", SLUGS)
def test_a_fixed_reply_asks_nothing_and_gives_no_form(slug: str) -> None:
    made = bundle(slug)
    for category in made.categories:
        if category.reply is None or category.priority > 2:
            continue
        text = made.claims[category.reply].texts[made.tenant.language]["full"]
        assert "?" not in text, category.id
        assert "form_url" not in text, category.id
        assert len(text) <= 400, category.id


def test_a_safety_reply_carries_no_brand_and_every_number_it_must() -> None:
    claim = bundle("dynamo-dave").claims["ALL-L-DANGER"]
    text = claim.texts["en-GB"]["full"]
    assert claim.slots == ()
    assert all(number in text for number in ("999", "116 123", "85258"))


@pytest.mark.parametrize("slug", SLUGS)
def test_no_pack_speaks_of_another_packs_protection(slug: str) -> None:
    words = json.dumps([c.texts for c in bundle(slug).claims.values()])
    if slug == "edward-energy":
        assert not re.search(r"FCA|Financial Ombudsman|FOS", words)
    else:
        assert not re.search(r"Ofgem|Energy Ombudsman|Legal Ombudsman", words)


@pytest.mark.parametrize("slug", SLUGS)
def test_the_score_counts_nothing_about_who_a_person_is(slug: str) -> None:
    weights = data(f"{slug}/journeys.yaml")["lead_score"]["weights"]
    assert weights["asked_about_fee_or_free_route"] == 0
    assert sum(weights.values()) <= 100
    assert not re.search(r"health|language|age\b|postcode|hour|urgen|sentiment", " ".join(weights))


# ---- opt-outs and calendars ---------------------------------------------------------------------------------------------

LANGUAGES = sorted(p.stem for p in (TENANTS / "_packs" / "all" / "optout").glob("*.yaml"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_opt_out_words_stop_what_they_must_and_no_more(language: str) -> None:
    file = data(f"_packs/all/optout/{language}.yaml")
    words = bundle("dynamo-dave").opt_out
    examples = file["examples"]
    assert [text for text in examples["stops"] if match_opt_out(text, words) is None] == []
    assert [text for text in examples["goes_on"] if match_opt_out(text, words) is not None] == []
    for phrase in file["stop_all"]:
        found = match_opt_out(phrase, words)
        assert found is not None, phrase
        assert found[0] == "organisation", phrase


def test_the_calendar_is_whole_for_two_years_and_more() -> None:
    file = data("_packs/all/calendar.yaml")
    assert file["covers_until"] >= "2028-12-31"
    years = range(2026, int(file["covers_until"][:4]) + 1)
    for nation in file["nations"]:
        known = holidays.country_holidays("GB", subdiv=nation["nation"].removeprefix("GB-"), years=years)
        assert [d["date"] for d in nation["days"]] == [day.isoformat() for day in sorted(known)]
    assert date(2026, 11, 30).isoformat() in {
        d["date"] for n in file["nations"] if n["nation"] == "GB-SCT" for d in n["days"]
    }
