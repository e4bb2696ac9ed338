"""Did you mean: near enough to be a slip, and never a guess."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics.suggest import did_you_mean, edits, nearest


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("kitten", "sitting", 3)],
)
def test_edits_count_swaps_as_one(a: str, b: str, distance: int) -> None:
    assert edits(a, b) == distance


@given(st.text(max_size=8), st.text(max_size=8))
def test_edits_are_symmetric_and_bounded(a: str, b: str) -> None:
    assert edits(a, b) == edits(b, a) <= max(len(a), len(b))
    assert (edits(a, b) == 0) == (a == b)


def test_a_slip_finds_its_word() -> None:
    assert nearest("SP-FSO", ["SP-FOS", "SP-SAM"]) == "SP-FOS"
    assert did_you_mean("quite_weekdays", ["quiet_weekdays"]) == "did you mean `quiet_weekdays`?"


def test_a_short_or_distant_word_finds_none() -> None:
    assert nearest("ab", ["ac"]) is None
    assert nearest("disclosure", ["question"]) is None
    assert did_you_mean("x", []) is None
