"""Facts of a text: whatever way they are written, one value; figures of speech are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.facts import facts_in, held_by, holds
from schemas.polarity import turned_round


def values(text: str) -> list[tuple[str, str]]:
    return [(fact.kind, fact.value) for fact in facts_in(text)]


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        ("£5,000", "money", "£ 5000"),
        ("£5k", "money", "£ 5000"),
        ("5,000 pounds", "money", "£ 5000"),
        ("five grand", "money", "£ 5000"),
        ("GBP 5000", "money", "£ 5000"),
        ("5000 pounds sterling", "money", "£ 5000"),
        ("£6.5 million", "money", "£ 6500000"),
        ("£6.5m", "money", "£ 6500000"),
        ("50p", "money", "£ 0.5"),
        ("ninety-nine p", "money", "£ 0.99"),
        ("€5", "money", "€ 5"),
        ("five euros", "money", "€ 5"),
        ("$5", "money", "$ 5"),
        ("a hundred and fifty quid", "money", "£ 150"),
        ("a tenner", "money", "£"),
        ("30%", "share", "% 30"),
        ("thirty per cent", "share", "% 30"),
        ("30pc", "share", "% 30"),
        ("30 percent", "share", "% 30"),
        ("one in three", "share", "1 in 3"),
        ("1 in 3", "share", "1 in 3"),
        ("nine out of ten", "share", "9 in 10"),
        ("two thirds", "share", "2/3"),
        ("a quarter", "share", "1/4"),
        ("half of it", "share", "1/2"),
        ("½ of it", "share", "1/2"),
        ("28 January 2021", "date", "2021-01-28"),
        ("28th of Jan 2021", "date", "2021-01-28"),
        ("January 28th, 2021", "date", "2021-01-28"),
        ("28/1/2021", "date", "2021-01-28"),
        ("2021-01-28", "date", "2021-01-28"),
        ("6/4/07", "date", "2007-04-06"),
        ("April 2007", "date", "2007-04"),
        ("the first of May", "date", "05-01"),
        ("in March", "date", "03"),
        ("in 2007", "date", "2007"),
        ("next Tuesday", "date", "tuesday"),
        ("by Christmas", "date", "christmas"),
        ("Q3", "date", "q3"),
        ("this tax year", "date", "tax year"),
        ("eight weeks", "length", "56 days"),
        ("8 weeks", "length", "56 days"),
        ("an 8-week wait", "length", "56 days"),
        ("a fortnight", "length", "14 days"),
        ("within days", "length", "some days"),
        ("overnight", "length", "some overnight"),
        ("two and a half years", "length", "30 months"),
        ("10 working days", "length", "10 working days"),
        ("a day", "length", "1 days"),
        ("9am", "time", "09:00"),
        ("17:30", "time", "17:30"),
        ("5.30pm", "time", "17:30"),
        ("noon", "time", "12:00"),
        ("twelve hundred", "number", "1200"),
        ("twenty-five", "number", "25"),
        ("five k", "number", "5000"),
        ("dozens", "number", "dozen"),
        ("a couple of hundred", "number", "hundred"),
        ("twice", "number", "twice"),
        ("XIV", "number", "XIV"),
        ("the 3rd", "number", "3"),
        ("the FCA", "body", "fca"),
        ("Financial Conduct Authority", "body", "fca"),
        ("FOS", "body", "financial ombudsman"),
        ("the Ombudsman", "body", "ombudsman"),
        ("the ICO", "body", "information commissioner"),
        ("a tribunal", "body", "tribunal"),
        ("Ofgem", "body", "ofgem"),
        ("the SRA", "body", "sra"),
        ("in court", "body", "court"),
        ("the Consumer Credit Act", "body", "act"),
        ("www.example.com", "link", "example.com"),
        ("https://example.com/a?b=1", "link", "example.com/a?b=1"),
        ("bit.ly/x1", "link", "bit.ly/x1"),
        ("example dot co dot uk", "link", "example.co.uk"),
        ("evil[.]com", "link", "evil.com"),
        ("hxxps://evil.example", "link", "evil.example"),
        ("sam@example.com", "email", "sam@example.com"),
        ("0800 023 4567", "phone", "08000234567"),
        ("+44 (0)800 023 4567", "phone", "08000234567"),
        ("+448000234567", "phone", "08000234567"),
        ("oh seven seven double oh nine", "phone", "077009"),
        ("116 123", "phone", "116123"),
        ("call 999", "number", "999"),
        ("f1fty quid", "number", "1"),
        ("f i f t y pounds", "money", "£"),
        ("５０ ｐｏｕｎｄｓ", "money", "£ 50"),
        ("fi\u200bfty pounds", "money", "£ 50"),
    ],
)
def test_a_fact_has_one_value_however_it_is_written(text: str, kind: str, value: str) -> None:
    assert (kind, value) in values(text)


@pytest.mark.parametrize(
    "text",
    [
        "Thanks a million.",
        "On the one hand.",
        "One moment.",
        "That's one more thing.",
        "A second car.",
        "First things first.",
        "How can I help today?",
        "Let me double-check.",
        "Any time.",
        "May I ask?",
        "Both are fine.",
        "Give me a minute.",
        "I can help.",
        "Which one?",
        "Have a good day.",
        "No rush, no pressure.",
        "Merry Christmas!",
        "Please march on.",
        "A third party.",
        "It is me.",
    ],
)
def test_figures_of_speech_hold_no_fact(text: str) -> None:
    assert facts_in(text) == ()


@pytest.mark.parametrize(
    ("said", "held", "rests"),
    [
        ("2021", "28 January 2021", True),
        ("January 2021", "28 January 2021", True),
        ("28 January", "28 January 2021", True),
        ("28 January 2021", "January 2021", False),
        ("29 January 2021", "28 January 2021", False),
        ("8 weeks", "eight weeks", True),
        ("nine weeks", "eight weeks", False),
        ("the court", "the Supreme Court", True),
        ("the High Court", "the Supreme Court", False),
        ("the Supreme Court", "a court", False),
        ("the ombudsman", "the Financial Ombudsman Service", True),
        ("8", "eight weeks", False),
        ("116123", "116 123", True),
        ("ico.org.uk", "https://www.ico.org.uk", True),
        ("ico.org.uk/x", "ico.org.uk", False),
        ("іco.org.uk", "ico.org.uk", False),
        ("£", "£5", True),
        ("£6", "£5", False),
        ("30 pc", "30%", True),
    ],
)
def test_a_fact_rests_on_what_states_it_at_least_as_exactly(said: str, held: str, rests: bool) -> None:
    known = held_by([held])
    assert facts_in(said)
    assert all(holds(known, fact) for fact in facts_in(said)) is rests


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_every_place_lies_in_it(text: str) -> None:
    assert all(0 <= fact.start < fact.end <= len(text) and fact.value for fact in facts_in(text))


@pytest.mark.parametrize(
    ("said", "held", "reverse"),
    [
        ("You need to use us.", "You don't need to use us.", True),
        ("You don't need to use us.", "You don't need to use us.", False),
        ("The service is not free for consumers.", "The service is free for consumers.", True),
        ("Compensation will be set against that debt.", "Compensation might be set against that debt.", True),
        ("Thanks for asking about the weather.", "You don't need to use us.", False),
    ],
)
def test_a_sentence_that_says_the_reverse_of_what_is_held_is_found(
    said: str, held: str, reverse: bool
) -> None:
    assert bool(list(turned_round(said, [held]))) is reverse
