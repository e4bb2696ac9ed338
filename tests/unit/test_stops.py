"""Opt-outs over the shipped lexicon: ways a person ends it, and talk of stops and ends that is not about us."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from compiler.pipeline import check
from schemas.bundle import Bundle, OptOutWords
from schemas.text import match_opt_out
from tests.compiling import TODAY

TENANTS = Path(__file__).parents[2] / "tenants"
SAID = Path(__file__).parent / "said"  # one message a line, in seven languages

STOPS = [
    "stop",
    "Stop please",
    "STOP STOP STOP",
    "pls stop",
    "please dont contact me again",
    "unsubscribe me please",
    "take me off",
    "take me off ur list",
    "opt out",
    "i want to opt out",
    "remove me",
    "remove me from your database",
    "leave me alone",
    "bugger off",
    "go away",
    "no thanks not interested",
    "Not interested",
    "im not interested",
    "no ta",
    "stop sending me these",
    "stop sending messages",
    "stop this nonsense",
    "do not message again",
    "dont text again",
    "never contact me again",
    "delete my number please",
    "lose my number",
    "how do i stop these messages",
    "can you stop please",
    "will you please stop",
    "i said no",
    "I dont want this",
    "I don't want your messages",
    "don't want anything from you",
    "quit texting",
    "cease",
    "enough",
    "that's enough now",
    "no more please",
    "i do not consent",
    "I withdraw consent",
    "i never agreed to this",
    "I didn't agree to be contacted",
    "never signed up to this",
    "who are you, stop",
    "stop contacting my family",
    "wrong number stop",
    "I've asked you to stop before",
    "STOPPP",
    "stp",
    "sotp",
    "ST0P",
    "s.t.o.p.",
    "stop!!!!",
    "Please remove",
    "remove please",
    "unsub",
    "cancel these messages",
    "stop all messages from all your companies",
    "STOP ALL",
    "block",
    "I'm blocking you",
    "blocked and reported",
    "reporting as spam",
    "f**k off",
    "eff off",
    "jog on mate",
    "do one",
    "get lost",
    "get stuffed",
    "bore off",
    "give over and leave me be",
    "don't bother me",
    "stop bothering me",
    "please leave me be",
    "no further contact please",
    "please end this",
    "end",
    "cancel",
    "not for me thanks",
    "not for me",
    "I'd rather you didn't message me",
    "kindly desist",
    "I want out",
    "sign me off",
    "get me off this",
    "stop it now",
    "can u stop txting me",
    "dont want no more msgs",
    "i'm on the TPS stop",
    "🛑",
    "✋ stop",
]

GOES_ON = [
    "can I stop paying my lender",
    "when does it stop",
    "how do I stop the payments",
    "stop the interest charges",
    "my lender won't stop calling me",
    "will you stop my lender",
    "the bus stop",
    "non stop",
    "end of contract",
    "at the end of the agreement",
    "what happens in the end",
    "can I cancel my energy contract",
    "cancel my finance agreement",
    "cancel my direct debit",
    "I cancelled the contract",
    "can I cancel if I change my mind",
    "remove my old address",
    "remove my name from the finance",
    "I removed the tracker",
    "I quit my job",
    "out of the blue",
    "I opted for PCP",
    "I was not interested in the colour",
    "the dealer was not interested",
    "is it possible to opt for the free way",
    "leave it with me",
    "leave it there",
    "I'll leave it for now",
    "don't stop",
    "please don't stop helping",
    "don't leave me hanging",
    "do one thing at a time",
    "I'm interested",
    "no",
    "no I haven't",
    "no one has",
    "no problem",
    "no worries",
    "no thanks needed",
    "nope",
    "nah",
    "not yet",
    "not sure",
    "enough about that, what about fees",
    "is that enough",
    "I've had enough of my lender",
    "block exemption",
    "road block",
    "the block of flats",
    "I blocked the dealer's number",
    "my number is 07700 900123",
    "wrong number plate",
    "wrong reg",
    "the wrong date on the form",
    "go ahead",
    "go on",
    "get the form",
    "Complain myself",
    "stopped paying in 2019",
    "they stopped my finance",
    "I never agreed to the commission",
    "I didn't agree to the rate",
    "I never signed up for the insurance",
    "I didn't sign up for PPI",
    "I was signed up over the phone",
    "who signed me up",
    "I want to end the contract early",
    "how do I end it early",
    "when did the scheme end",
]


@cache
def words() -> dict[str, OptOutWords]:
    compiled = check(TENANTS, today=TODAY, only=["dynamo-dave"]).tenants["dynamo-dave"]
    assert compiled is not None
    return dict(Bundle.decode(compiled.bundle).opt_out)


@pytest.mark.parametrize("text", STOPS)
def test_a_stop_is_heard(text: str) -> None:
    assert match_opt_out(text, words()) is not None


@pytest.mark.parametrize("text", GOES_ON)
def test_talk_of_stops_and_ends_is_no_stop(text: str) -> None:
    assert match_opt_out(text, words()) is None


@pytest.mark.parametrize("text", (SAID / "stops.txt").read_text("utf-8").splitlines())
def test_an_ordinary_wish_to_be_left_alone_is_heard(text: str) -> None:
    assert match_opt_out(text, words()) is not None


@pytest.mark.parametrize("text", (SAID / "goes_on.txt").read_text("utf-8").splitlines())
def test_an_ordinary_question_is_left_to_be_answered(text: str) -> None:
    assert match_opt_out(text, words()) is None


@pytest.mark.parametrize("text", ["x", " X ", "x.", "s"])
def test_one_letter_that_is_the_whole_message_is_a_stop(text: str) -> None:
    assert match_opt_out(text, words()) is not None


@pytest.mark.parametrize("text", ["\ud800 x", "xx", "xxx", "🙂 x", "\u200bx\ud83d", "❤️x", "ss"])
def test_one_letter_beside_anything_else_is_no_stop(text: str) -> None:
    assert match_opt_out(text, words()) is None


def test_choices_in_a_lexicon_are_as_many_phrases() -> None:
    choosing = {"en": OptOutWords(exact=(), contains=("do not (ring|call) (me|us)",), unless=(), stop_all=())}
    assert match_opt_out("Don't ring us!", choosing) == ("tenant", "do not ring us")
    assert match_opt_out("do not ring (me|us", choosing) is not None
    assert match_opt_out("do not ring them", choosing) is None


def test_a_gap_in_a_phrase_lets_three_words_stand_between_and_no_more() -> None:
    gapped = {
        "en": OptOutWords(
            exact=(),
            contains=("do not … (ring|call) (me|us)",),
            unless=("do not … ring me late",),
            stop_all=(),
        )
    }
    assert match_opt_out("do not ring me", gapped) == ("tenant", "do not … (ring|call) (me|us)")
    assert match_opt_out("please do NOT ever, ever again call us", gapped) is not None
    assert match_opt_out("I do not know the people who now call us names", gapped) is None
    assert match_opt_out("do not please ring me late", gapped) is None
    assert match_opt_out("do not please ring me late. do not call me", gapped) is not None


@pytest.mark.parametrize(
    "text",
    [
        "stop messagng me plese",
        "plz unsubcribe me frm this",
        "dont contcat me agian",
        "stop sednig me texts",
        "quit quit QUIT",
        "no more no more no more",
        "sotp mesaging me",
        "pls  stpo  txting  ME!!",
        "my wife is ill and these pings do not help please stop them",
        "for the love of god stop",
        "oh for christ sake stop",
    ],
)
def test_a_stop_that_is_misspelt_or_said_again_and_again_is_heard(text: str) -> None:
    assert match_opt_out(text, words()) is not None


@pytest.mark.parametrize(
    "text",
    [
        "it was the cancer",
        "my brother",
        "the heating",
        "do not contract me to a fee",
        "they kept spending me dry",
    ],
)
def test_a_word_of_its_own_is_not_taken_for_a_misspelt_one(text: str) -> None:
    assert match_opt_out(text, words()) is None
