"""What customers really write, to the shipped tenants: nothing wrong is asserted, and most of it is answered at once."""

from __future__ import annotations

import pytest

from runtime.engine.outlook import asked_of
from runtime.messages import OpenCase, Outcome
from tests.unit.engine.asked import asked, judged, tally
from tests.unit.engine.test_shipped_tenants import TENANTS, answers_with, shipped, take
from tests.unit.engine.world import claims_of, message, ours, theirs

NO_ADVICE = {"dynamo-dave": "DD-D08", "edward-energy": "EE-D08"}
FEE = {"dynamo-dave": "DD-D06", "edward-energy": "EE-D06"}


def play(tenant: str, text: str) -> Outcome:
    return take(tenant, text)


@pytest.mark.parametrize("tenant", TENANTS)
def test_of_what_we_know_people_write_nothing_is_answered_wrongly(tenant: str) -> None:
    known = [a for a in asked(tenant) if not a.held_out]
    assert len(known) == 40
    wrong = [a.says for a in known if judged(play(tenant, a.says), a, shipped(tenant)) == "wrong"]
    assert wrong == []


@pytest.mark.parametrize(
    ("tenant", "held_out", "at_least", "wrong_at_most"),
    [("dynamo-dave", False, 36, 0), ("dynamo-dave", True, 11, 2),
     ("edward-energy", False, 35, 0), ("edward-energy", True, 13, 2)],
)  # fmt: skip
def test_the_right_claim_comes_first(tenant: str, held_out: bool, at_least: int, wrong_at_most: int) -> None:
    came = tally(tenant, lambda text: play(tenant, text), shipped(tenant), held_out=held_out)
    assert came["right"] >= at_least, came
    assert came["wrong"] <= wrong_at_most, came


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(
    "text",
    ["so what do people usually get", "what would I be looking at", "is it a couple of grand", "how much am I owed",
     "my sister got £1,200 back, will I", "am I definitely entitled to it", "do you think we qualify", "what are the odds",
     "would it be worth the hassle", "can I claim", "is my brother entitled to anything", "have I got a leg to stand on",
     "will I get thousands", "roughly how much money would it be", "could I be due a refund", "how much is a typical payout",
     "do I stand a chance", "are we due anything back", "how much money will they give me", "tell me if I'm eligible",
     "my mate got ten grand back from his broker, would I", "will the lender pay me thousands"],
)  # fmt: skip
def test_nothing_but_the_no_advice_line_answers_an_amount_or_a_likelihood(tenant: str, text: str) -> None:
    assert list(answers_with(play(tenant, text))) == [NO_ADVICE[tenant]]


@pytest.mark.parametrize(
    "text",
    ["how much do you charge", "how much do you get out of it", "what will it cost me", "what percentage do you keep",
     "how much did the dealer get", "how much will I owe you", "can I claim myself", "how can I make a claim",
     "can I claim for free", "how do I claim without you", "what did my broker get", "do I get charged", "what do you get",
     "can I get a copy of the form", "how long until it is paid", "am I talking to a bot", "do I have to use you"],
)  # fmt: skip
def test_what_others_get_and_what_we_charge_is_no_question_of_an_amount_for_the_person(text: str) -> None:
    assert not asked_of(text)


@pytest.mark.parametrize("tenant", TENANTS)
def test_two_questions_in_one_message_are_both_answered_and_the_limits_come_first(tenant: str) -> None:
    outcome = play(tenant, "What do you charge? And how much would I get back?")
    assert outcome.sends[0].sentences[0].claim == NO_ADVICE[tenant]
    assert FEE[tenant] in claims_of(outcome)
    assert outcome.disposition == "reply"


@pytest.mark.parametrize("tenant", TENANTS)
def test_three_short_messages_are_read_one_by_one(tenant: str) -> None:
    outcome = take(tenant, message("hi"), message("who are you", seq=2), message("what are your fees", seq=3))
    said = claims_of(outcome)
    assert FEE[tenant] in said
    assert f"{FEE[tenant][:2]}-D02" in said


def test_one_word_in_common_is_asked_about_and_not_answered() -> None:
    for text in ("do i have to go to court", "what even is pcp"):
        assert play("dynamo-dave", text).audit["reason"] in ("close_race", "no_answer")


@pytest.mark.parametrize("tenant", TENANTS)
def test_thanks_are_taken_once_and_two_machines_do_not_thank_each_other_for_ever(tenant: str) -> None:
    for text in (
        "thanks, bye",
        "ok cheers",
        "thank you, that's clear",
        "that's all I needed, ta",
        "bye for now",
    ):
        assert [s.claim for s in play(tenant, text).sends[0].sentences] == ["ALL-L-THANKS"], text
    again = take(tenant, "thank you", history=(theirs("thanks"), ours("ALL-L-THANKS")))
    assert (again.sends, again.disposition) == ((), "silence")


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(
    "kind", ["audio", "image", "video", "document", "sticker", "location", "unsupported"]
)
def test_whoever_sends_what_we_cannot_open_is_told_so(tenant: str, kind: str) -> None:
    outcome = take(tenant, message("", kind=kind))
    assert claims_of(outcome) == {"ALL-L-MEDIA"}


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_picture_with_words_is_answered_by_its_words_and_a_reaction_not_at_all(tenant: str) -> None:
    assert FEE[tenant] in claims_of(take(tenant, message("what are your fees", kind="image")))
    assert take(tenant, message("", kind="reaction")).sends == ()
    assert take(tenant, message("", kind="system")).sends == ()


# ---- yes and no ------------------------------------------------------------------------------------------------------------

FORM = {"dynamo-dave": "DD-Q03", "edward-energy": "EE-Q05"}


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_yes_to_a_question_that_has_none_asks_it_again_once_and_then_leads_to_a_person(tenant: str) -> None:
    question = FORM[tenant]
    once = (theirs("the form"), ours(question))
    again = take(tenant, "yes", asked=question, history=once)
    assert (again.audit["reason"], again.sends[-1].asks) == ("asked_again", question)
    assert again.sends[-1].options
    twice = (*once, theirs("yes"), ours(question))
    assert claims_of(take(tenant, "yes please", asked=question, history=twice)) == {"ALL-L-NO-ANSWER"}


@pytest.mark.parametrize("tenant", TENANTS)
def test_an_answer_nobody_understands_gets_the_question_again_and_another_question_its_answer(
    tenant: str,
) -> None:
    question = FORM[tenant]
    once = (theirs("the form"), ours(question))
    assert take(tenant, "purple elephants", asked=question, history=once).sends[-1].asks == question
    assert FEE[tenant] in claims_of(take(tenant, "what are your fees", asked=question, history=once))


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_yes_takes_the_one_topic_offered_and_a_no_takes_none(tenant: str) -> None:
    fee = FEE[tenant]
    offered = (theirs("hm"), ours("ALL-L-CLARIFY"))
    assert fee in claims_of(take(tenant, "yes please", asked=f"offer:{fee}", history=offered))
    several = f"offer:{fee}|{NO_ADVICE[tenant]}"
    assert take(tenant, "yes", asked=several, history=offered).sends[-1].asks == several
    for choice in (f"offer:{fee}", several):
        declined = take(tenant, "no", asked=choice, history=offered)
        assert claims_of(declined) == {"ALL-L-NO-ANSWER"}


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_no_that_answers_nothing_is_let_be(tenant: str) -> None:
    assert claims_of(take(tenant, "no")) == {"ALL-L-PAUSE"}
    assert claims_of(take(tenant, "no", asked=FORM[tenant], history=(theirs("x"), ours(FORM[tenant])))) == {
        "ALL-L-PAUSE"
    }


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_first_question_is_answered_in_its_own_message_after_one_opening(tenant: str) -> None:
    outcome = take(tenant, "what are your fees", shown={})
    opening, answer = outcome.sends
    assert [s.claim for s in opening.sentences] == list(shipped(tenant).persona.opening)
    assert answer.sentences[0].claim == FEE[tenant]
    assert len({s.claim for send in outcome.sends for s in send.sentences}) == sum(
        len(x.sentences) for x in outcome.sends
    )


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize("text", ["I want to complain about you", "this is a disgrace", "you misled me"])
def test_a_complaint_is_told_its_reference_and_opens_a_case(tenant: str, text: str) -> None:
    outcome = play(tenant, text)
    assert "C-0001" in " ".join(send.text for send in outcome.sends)
    assert any(isinstance(e, OpenCase) and e.kind == "complaint" for e in outcome.effects)


@pytest.mark.parametrize("tenant", TENANTS)
@pytest.mark.parametrize(
    "text",
    [
        "are you human?",
        "is there a person there or a robot",
        "am I talking to a real human being",
        "ur not real are u",
    ],
)
def test_whoever_asks_whether_we_are_a_person_is_told_that_we_are_not(tenant: str, text: str) -> None:
    outcome = play(tenant, text)
    said = " ".join(send.text for send in outcome.sends)
    assert "I'm not a person" in said or any(isinstance(e, OpenCase) for e in outcome.effects), said
