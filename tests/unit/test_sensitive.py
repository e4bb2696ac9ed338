"""Secrets people type are found and taken out; numbers that are none stay."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.sensitive import MASK, masked, spans


@pytest.mark.parametrize(
    ("said", "secret"),
    [
        ("ok my pin is 4 4 7 1 do you need the long number", "4471"),
        ("pin: 4471", "4471"),
        ("My PIN number's 4471 love", "4471"),
        ("4111 1111 1111 1111 exp 04/27 cvv 123", "4111111111111111"),
        ("its 4111-1111-1111-1111", "4111111111111111"),
        ("the security code on the back is 123", "123"),
        ("password is hunter22 ok", "hunter22"),
        ("sort code 12-34-56 account 12345678", "12345678"),
        ("sort code 12-34-56 account 12345678", "123456"),
        ("the one time code is 903112", "903112"),
        ("4111 1111 1111 1111 12/26 123", "4111111111111111"),
        ("4111111111111111 1226 123", "4111111111111111"),
        ("2019 4111 1111 1111 1111", "4111111111111111"),
        ("4111 1111 1111 1111 123", "4111111111111111"),
        ("4111 1111 1111 1111 1226 123", "4111111111111111"),
        ("3 7 8 2 8 2 2 4 6 3 1 0 0 0 5 1 2 2 6", "378282246310005"),
        ("378282246310005 1226", "378282246310005"),
        ("3782 822463 10005 12 26", "378282246310005"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2 2 6", "4111111111111111"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 12 26", "4111111111111111"),
        ("4 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 2026", "4111111111111111"),
        ("4111\u00a01111\u00a01111\u00a01111", "4111111111111111"),
        ("4111–1111–1111–1111", "4111111111111111"),
        ("my pin is \uff14\uff14\uff17\uff11", "\uff14\uff14\uff17\uff11"),
        ("٤١١١١١١١١١١١١١١١", "٤١١١"),
        ("my paſſword is hunter22", "hunter22"),
    ],
)
def test_a_secret_is_taken_out(said: str, secret: str) -> None:
    kept = masked(said)

    assert MASK in kept
    assert secret not in kept.replace(" ", "").replace("-", "")


@pytest.mark.parametrize(
    "said",
    [
        "my number is 07700 900123",
        "pinned to the wall since 2021",
        "I bought it from a Pinto dealer in 2019",
        "reference 4929123456789012",
        "agreement number 1234567890123456",
        "is my PIN safe with you?",
        "do you want my password",
        "I paid 4500 over 48 months from 2015 to 2019",
        "07700 900123 07700 900456 07700 900789",
        "4111111111111111" * 3,
        "میرا نمبر ۰۷۷۰۰ ۹۰۰۱۲۳ ہے",
        "",
    ],
)
def test_what_is_no_secret_stays(said: str) -> None:
    assert masked(said) == said


def test_half_a_surrogate_pair_is_no_obstacle() -> None:
    assert masked("\ud83d my pin is 4471") == f"\ud83d my pin is {MASK}"


@given(st.text(alphabet="4 1-é", max_size=60), st.text(alphabet="é\u00a0١😀", max_size=20))
def test_a_card_number_is_found_whatever_words_stand_around_it(before: str, after: str) -> None:
    kept = masked(f"{before}, 5555 5555 5555 4444. {after}")

    assert "5555" not in kept
    assert kept.startswith(f"{masked(before)}, ") or MASK in masked(before)


@given(st.text(max_size=300))
def test_masking_twice_takes_out_no_more_and_spans_do_not_overlap(text: str) -> None:
    found = spans(text)

    assert all(0 <= start < end <= len(text) for start, end in found)
    assert all(before[1] <= after[0] for before, after in pairwise(found))
    assert spans(masked(text)) == () or len(masked(text)) <= len(text) + len(MASK) * len(found)
