"""What a text measures, in one unit and one spelling, at its place; and what a text states at all."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.source.wording import stated
from schemas.quantities import frame, quantities


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("twenty-five percent of it", ["% 25"]),
        ("25% or 25 per cent", ["% 25", "% 25"]),
        (
            "£6.5 million, £5k, 1,000 pounds, three grand, 20p",
            ["£ 6500000", "£ 5000", "£ 1000", "£ 3000", "£ 0.2"],
        ),
        ("a week, 8 weeks, a fortnight", ["days 7", "days 56", "days 14"]),
        (
            "24 hours, half an hour, two years, 10 working days",
            ["minutes 1440", "minutes 30", "months 24", "working days 10"],
        ),
        ("on 28 January 2021 and 1st of May 2025", ["date 28 january 2021", "date 1 may 2025"]),
        ("in 2024, by 2026-01-02, on 3/4/2025", ["year 2024", "date 2026-01-02", "date 3/4/2025"]),
        ("call 0800 023 4567", ["phone 08000234567"]),
        ("9am to 17:30", ["time 9am", "time 17:30"]),
        ("5 €, $3, one hundred dollars", ["$ 3", "$ 100"]),
        ("you may march on, have a nice day, one of us, call 999", []),
        ("ﬁve weeks, ２５%", ["days 35", "% 25"]),
        ("Five\nweeks", ["days 35"]),
    ],
)
def test_a_quantity_is_read_in_its_unit(text: str, expected: list[str]) -> None:
    assert [f"{q.unit} {q.value}" for q in quantities(text)] == expected


def test_a_quantity_stands_where_it_is_written() -> None:
    text = "It takes EIGHT weeks, or \u2009 £25."
    assert [text[q.start : q.end] for q in quantities(text)] == ["EIGHT weeks", "£25"]


def test_a_frame_is_a_sentence_but_for_its_numbers() -> None:
    assert frame("We answer in 2 days.").split() == frame("we answer in three weeks.").split()
    assert frame("We answer in 2 days.").split() != frame("We answer in 2 hours.").split()


@given(st.text(max_size=200))
def test_any_text_can_be_read_and_every_place_is_within_it(text: str) -> None:
    places = [(q.start, q.end) for q in quantities(text)]
    assert all(0 <= start < end <= len(text) for start, end in places)
    assert isinstance(frame(text), str)
    assert all(fact.words in text for fact in stated(text))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("See www.example.com/a.", [("an address", "www.example.com/a")]),
        ("Write to pat@example.com, please", [("an address", "pat@example.com")]),
        ("Get £5,000 in a week", [("money", "£5,000"), ("a duration", "a week")]),
        ("Open on Monday", [("a number or a day", "Monday")]),
        ("It is guaranteed", [("a guarantee", "guaranteed")]),
        ("Thanks for asking. Take your time.", []),
    ],
)
def test_what_a_text_states_is_named_in_its_own_words(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(fact.what, fact.words) for fact in stated(text)] == expected
