"""Whoever writes the very same thing for the third time gets a person."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from runtime.engine.turn import take_turn
from runtime.messages import Line, Outcome, Turn
from tests.unit.engine.world import NOW, SHOWN, FixedClock, WordSearch, bundle, ours, theirs, turn

ASKED = "what about my thing"


def take(of: Turn) -> Outcome:
    return asyncio.run(take_turn(of, WordSearch(bundle()), None, None, FixedClock()))


def after(*lines: Line, said: str = ASKED) -> Turn:
    return replace(turn(said), history=lines, shown=SHOWN, started=True)


def test_twice_is_answered_and_the_third_time_a_person_is_brought() -> None:
    talk = (theirs(ASKED), ours("T-F01"))

    assert take(after(*talk)).audit["reason"] != "said_again"
    third = take(after(*talk, *talk))
    assert third.disposition == "handoff"
    assert third.audit["reason"] == "said_again"


def test_other_spelling_of_the_same_words_counts() -> None:
    talk = (theirs("WHAT about my thing?!"), ours("T-F01"), theirs("what about   my thing"), ours("T-F01"))

    assert take(after(*talk)).audit["reason"] == "said_again"


def test_short_answers_may_be_the_same_as_often_as_they_are() -> None:
    talk = (theirs("yes please"), ours("T-F01"))

    assert take(after(*talk, *talk, *talk, said="yes please")).audit["reason"] != "said_again"


def test_what_was_said_before_a_person_gave_the_conversation_back_does_not_count() -> None:
    talk = (theirs(ASKED), ours("T-F01"))
    of = replace(after(*talk, *talk), handed_back_at=NOW + timedelta(seconds=1))

    assert take(of).audit["reason"] != "said_again"


def test_where_we_asked_something_the_same_words_may_answer_three_times_and_not_four() -> None:
    talk = (theirs(ASKED), ours("T-F01"))

    assert take(replace(after(*talk, *talk), asked="T-Q01")).audit["reason"] != "said_again"
    assert take(replace(after(*talk, *talk, *talk), asked="T-Q01")).audit["reason"] == "said_again"
