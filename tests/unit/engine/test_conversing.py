"""Without a model: the tenant's own ask flow, ready answers, meaning beside words, and what was said before."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest

from runtime.engine.flows import closed, next_moves, steps_to
from runtime.engine.index import index_of
from runtime.engine.memory import place_of, refers_back, topic_of, wants_more
from runtime.engine.ranking import rank
from runtime.engine.scene import Scene, scene_of
from runtime.engine.screen import screen
from runtime.engine.turn import take_turn
from runtime.messages import Ask, GiveLink, Outcome, RecordAnswer, State
from runtime.ports import Hit
from schemas.bundle import Bundle
from schemas.record import Activation, Appointments, AskFlow, Journeys, LeadScore
from tests.unit.engine.world import (
    NOW,
    SHOWN,
    FixedClock,
    WordSearch,
    bundle,
    claim,
    claims_of,
    ours,
    theirs,
    turn,
    with_claims,
)

Q02 = claim("T-Q02", "Was it hire purchase?", kind="question", options=["Yes", "No", "Not sure"])


def scripted(*steps: str) -> Bundle:
    """The hand-made tenant with one more question, and an ask flow of these steps."""
    journeys = Journeys(
        activation=Activation(auto_reply=True, mode="always_on", keywords=(), hours=None),
        ask_flows=(AskFlow(id="form", steps=steps),) if steps else (),
        follow_ups=(),
        appointments=Appointments(enabled=False, slot_minutes=15, notice_hours=24, max_days_ahead=14),
        lead_score=LeadScore(enabled=False, weights={}),
    )
    return dataclasses.replace(with_claims(Q02), journeys=journeys)


def scene(active: Bundle, *texts: str, **changes: Any) -> Scene:
    of = turn(*(texts or ("hello",)), active=active, **changes)
    return scene_of(of, screen(of))


def take(*texts: str, active: Bundle | None = None, **changes: Any) -> Outcome:
    active = active or bundle()
    of = turn(*texts, active=active, **changes)
    return asyncio.run(take_turn(of, WordSearch(active), None, None, FixedClock()))


# ---- ask flows --------------------------------------------------------------------------------------------------------------

FLOW = ("T-Q02", "T-D04", "T-Q01", "T-Q03", "T-D06", "T-P01")


def test_the_way_to_a_link_is_the_tenants_flow_and_holds_all_that_the_link_requires() -> None:
    active = scripted(*FLOW)
    assert steps_to(active, active.links["form"]) == FLOW[:-1]
    without = scripted()
    assert steps_to(without, without.links["form"]) == ("T-D04", "T-D06", "T-Q01", "T-Q03")
    short = scripted("T-Q03", "T-P01")
    assert set(steps_to(short, short.links["form"])) == {"T-Q03", "T-D04", "T-D06", "T-Q01"}


def test_questions_are_asked_in_the_tenants_order_and_the_link_comes_last() -> None:
    active = scripted(*FLOW)
    link = active.links["form"]
    answers: dict[str, str] = {}
    shown = dict(SHOWN)
    asked = []
    for chosen in ("Yes", "No", "Get the form"):
        moves = next_moves(scene(active, answers=answers, shown=shown), link)
        assert isinstance(moves[-1], Ask)
        asked.append(moves[-1].id)
        answers[moves[-1].id] = chosen
        shown |= {m.id: NOW for m in moves if isinstance(m, State)}
    assert asked == ["T-Q02", "T-Q01", "T-Q03"]
    assert {"T-D04", "T-D06"} <= shown.keys(), (
        "with the last question comes all that must be read before the link"
    )
    assert next_moves(scene(active, answers=answers, shown=shown), link) == (GiveLink(id="form"),)


def test_the_link_is_not_given_in_the_breath_that_shows_what_it_requires() -> None:
    active = scripted(*FLOW)
    answers = {"T-Q02": "Yes", "T-Q01": "No", "T-Q03": "Get the form"}
    moves = next_moves(scene(active, answers=answers, shown=SHOWN), active.links["form"])
    assert moves == (State(id="T-D04"), State(id="T-D06"), Ask(id="T-Q03"))


def test_an_answer_is_recorded_and_the_next_step_follows_at_once() -> None:
    active = scripted(*FLOW)
    outcome = take("yes", active=active, asked="T-Q02", history=(theirs("the form"), ours("T-Q02")))
    assert RecordAnswer(question="T-Q02", answer="Yes") in outcome.effects
    assert outcome.sends[-1].asks == "T-Q01"


@pytest.mark.parametrize(("question", "chosen"), [("T-Q01", "Yes"), ("T-Q03", "Leave it there")])
def test_who_is_represented_or_wants_to_stop_is_led_no_further(question: str, chosen: str) -> None:
    active = scripted(*FLOW)
    assert closed(scene(active, answers={question: chosen}), active.links["form"])
    outcome = take(chosen, active=active, asked=question, history=(theirs("the form"), ours(question)))
    assert RecordAnswer(question=question, answer=chosen) in outcome.effects
    assert not outcome.sends or outcome.sends[-1].asks is None
    assert not any(send.has_link for send in outcome.sends)


def test_the_way_by_oneself_is_shown_to_who_chooses_it() -> None:
    outcome = take(
        "complain myself", active=scripted(*FLOW), asked="T-Q03", history=(theirs("x"), ours("T-Q03"))
    )
    assert "T-P03" in claims_of(outcome)


# ---- ready answers -----------------------------------------------------------------------------------------------------------


def test_a_quick_reply_is_found_in_other_words_than_its_own() -> None:
    outcome = take("what it costs please", active=bundle(claims=[
        c | {"questions": []} if c["id"] == "T-D06" else c for c in _documents()
    ]))  # fmt: skip
    assert outcome.audit["reason"] == "quick_reply"
    assert "T-D06" in claims_of(outcome)


def test_a_quick_reply_is_no_claim_and_stands_in_nobodys_ranking() -> None:
    assert set(index_of(bundle()).ready("what would this cost me")) == {"fees"}
    assert set(index_of(bundle()).scores("what would this cost me")) <= bundle().claims.keys()


def _documents() -> Sequence[dict[str, Any]]:
    from tests.unit.engine.world import CLAIMS

    return CLAIMS


# ---- meaning beside words ----------------------------------------------------------------------------------------------------


def hit(claim_id: str, likeness: float | None, score: float = 0.0) -> Hit:
    return Hit(claim_id=claim_id, score=score, matched="x", likeness=likeness)


def test_a_likeness_in_meaning_finds_a_claim_that_shares_no_word() -> None:
    ranked = rank(scene(bundle()), "dinero", [hit("T-D06", 0.9), hit("T-F02", 0.1)])
    assert ranked[0][0] == "T-D06"
    assert ranked[0][1] > 0.3


def test_without_an_embedder_the_ranking_is_by_words_and_the_searchs_order() -> None:
    words = "what is your fee"
    assert rank(scene(bundle()), words, [])[0][0] == "T-D06"
    with_text = rank(scene(bundle()), words, [hit("T-D06", None, 0.8)])
    assert with_text[0][0] == "T-D06"


def test_words_and_meaning_together_beat_either_alone() -> None:
    words = "what is your fee"
    both = dict(rank(scene(bundle()), words, [hit("T-D06", 0.9), hit("T-F01", 0.9)]))
    assert both["T-D06"] > both["T-F01"]


def test_what_may_not_be_said_is_not_ranked_however_like_it_is() -> None:
    ranked = dict(
        rank(scene(bundle()), "tell me", [hit("T-F06", 1.0), hit("T-F05", 1.0), hit("NO-SUCH", 1.0)])
    )
    assert not ranked.keys() & {"T-F06", "T-F05", "NO-SUCH"}


# ---- what was said before ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    ["tell me more", "why?", "and what about that?", "go on", "what do you mean by that", "explain please"],
)
def test_a_wish_for_more_is_about_the_last_topic_and_does_not_repeat_it(text: str) -> None:
    assert wants_more(text)
    history = (theirs("did my dealer get commission"), ours("T-F01", "T-D08"))
    outcome = take(text, history=history)
    assert topic_of(scene(bundle(), text, history=history)) == "T-F01"
    assert "T-F01" not in claims_of(outcome)
    assert outcome.sends, "somebody who asks gets an answer"


@pytest.mark.parametrize(
    "text", ["why do I need to pay you", "more money", "what about leasing", "explain your fee"]
)
def test_a_question_that_names_its_matter_is_no_wish_for_more(text: str) -> None:
    assert not wants_more(text)


def test_a_question_that_names_nothing_is_read_with_the_last_topic() -> None:
    assert refers_back("is that included?")
    outcome = take("is that included?", history=(theirs("what about a leased car"), ours("T-F03")))
    assert outcome.audit["reason"] != "no_answer"


@pytest.mark.parametrize(
    ("text", "options", "place"),
    [("the second one", 3, 1), ("ok what about the third one", 3, 2), ("the last one", 3, 2), ("the other one", 2, 1),
     ("the other one", 3, None), ("the third one", 2, None), ("second", 3, None), ("the second car I bought", 3, None)],
)  # fmt: skip
def test_an_option_is_meant_by_its_place(text: str, options: int, place: int | None) -> None:
    assert place_of(text, options) == place


def test_the_second_one_is_still_understood_after_the_first_was_answered() -> None:
    history = (theirs("hm"), ours("L-CLAR"), theirs("1"), ours("T-F02"))
    outcome = take("and the second one?", asked="offer:T-F02|T-F03", history=history)
    assert "T-F03" in claims_of(outcome)


def test_the_same_words_are_not_said_twice_in_a_row() -> None:
    history = (
        theirs("did my dealer get commission"),
        ours("T-F01", text="Some car finance agreements involved ..."),
    )
    outcome = take("what is commission about", history=history)
    said = [s for send in outcome.sends for s in send.sentences if s.claim == "T-F01"]
    assert all(s.variant == "short" for s in said)
