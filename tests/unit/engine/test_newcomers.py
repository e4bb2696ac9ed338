"""Somebody who has just come: greetings, idioms and everyday questions, to the shipped tenants without a model."""

from __future__ import annotations

import pytest

from runtime.engine.courtesy import courtesy_of
from runtime.engine.outlook import asked_of
from runtime.engine.screen import screen_text
from runtime.messages import Suppress
from tests.unit.engine.test_shipped_tenants import TENANTS, answers_with, shipped, take
from tests.unit.engine.world import claims_of, ours, theirs

GREETINGS = ("hi", "hello there", "morning", "Good morning, how are you?", "hey up", "hi hi", "hello sir", "good evening to you",
             "hi dave, you ok?", "hello, are you there", "alright mate, how's it going", "nice to meet you")  # fmt: skip
NO_GREETINGS = ("hello, what do you charge", "good evening to you and your fees", "are you ok with pensioners",
                "morning or night", "how are you paid", "hi is this the FCA")  # fmt: skip


@pytest.mark.parametrize("text", GREETINGS)
def test_a_greeting_is_heard_with_all_that_politeness_adds_to_it(text: str) -> None:
    assert courtesy_of(text) == "greeting"


@pytest.mark.parametrize("text", NO_GREETINGS)
def test_a_question_after_a_greeting_is_a_question(text: str) -> None:
    assert courtesy_of(text) != "greeting"


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("text", GREETINGS[:3])
def test_a_bare_greeting_is_told_who_we_are_and_offered_topics(tenant: str, text: str) -> None:
    outcome = take(tenant, text)
    assert claims_of(outcome) >= {shipped(tenant).persona.opening[0]}
    assert len(answers_with(outcome)) > 1
    assert outcome.disposition == "reply"


@pytest.mark.parametrize("tenant", TENANTS)
def test_whoever_greets_again_is_offered_topics_and_not_told_once_more_who_we_are(tenant: str) -> None:
    opening = shipped(tenant).persona.opening
    outcome = take(tenant, "hello?", history=(theirs("hi"), ours(*opening)))
    assert not claims_of(outcome) & set(opening)
    assert len(answers_with(outcome)) > 1


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(
    "text",
    ["can I cancel", "can I cancel later", "if I go ahead can I cancel", "can I cancel your service whenever I want",
     "can I cancel my agreement with you later"],
)  # fmt: skip
def test_whoever_asks_whether_they_could_cancel_is_answered_and_not_taken_out(tenant: str, text: str) -> None:
    outcome = take(tenant, text)
    assert answers_with(outcome)[0] == f"{tenant[0].upper() * 2}-D07"
    assert not any(isinstance(effect, Suppress) for effect in outcome.effects)


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(
    ("text", "answers"),
    [("what's the damage", {"D06"}), ("whats the damage then?", {"D06"}), ("what's in it for you", {"D06"}),
     ("is there a catch", {"D04", "D06"}), ("what's your cut", {"D06"}), ("how much is it", {"D06"}),
     ("any strings attached", {"D04"}), ("what do you actually do", {"D02"}), ("so whats your cut mate", {"D06"})],
)  # fmt: skip
def test_an_idiom_is_answered_by_what_it_means(tenant: str, text: str, answers: set[str]) -> None:
    assert str(answers_with(take(tenant, text))[0])[3:] in answers


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(
    "text",
    ["who sold me the car", "do you know who sold me the car", "who sold me my finance", "who sold us our energy contract"],
)  # fmt: skip
def test_who_sold_something_is_no_request_about_data(tenant: str, text: str) -> None:
    assert "data_rights" not in {s.category for s in screen_text(text, shipped(tenant)).signals}


@pytest.mark.parametrize(
    "text", ["who sold you my number", "who sold my details", "who sold me out and gave you my details"]
)
def test_who_sold_a_number_is_one(text: str) -> None:
    assert "data_rights" in {s.category for s in screen_text(text, shipped("dynamo-dave")).signals}


@pytest.mark.parametrize(
    "text",
    ["am I entitled to a copy of my data", "if I got 2 grand back how much would you take",
     "can I claim a subject access request", "if we get five thousand what will you lot keep"],
)  # fmt: skip
def test_what_is_due_under_data_law_and_what_we_would_keep_is_no_question_of_an_amount(text: str) -> None:
    assert not asked_of(text)
