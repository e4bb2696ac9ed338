"""A few rules taken out, by a fixed choice: something goes red without each; `make mutants` takes out all of them."""

from __future__ import annotations

import pytest

from tests.mutation.guards import Gone, everything, grave, report
from tests.mutation.sample import sample

CHOSEN = 12


def test_no_guardrail_rule_and_no_pattern_of_the_chosen_is_dead() -> None:
    found = list(everything(CHOSEN))

    assert len(found) > 2 * CHOSEN
    assert {gone.kind for gone in found} >= {"guardrail rule"}
    assert grave(found) == []


def test_a_dead_rule_is_told_and_is_grave() -> None:
    dead = Gone(kind="signals", id="signals/x/y", red=0)
    entry = Gone(kind="optout", id="optout/en/exact/stop", red=0)

    assert grave([dead, entry]) == [dead]
    assert "dead  signals/x/y" in report([dead, entry], list_=False)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\b(ask|tell) (me|us)\b", "ask me"),
        (r"[0-9]{2,3} ?(pounds|p)", "00pounds"),
        (r"a.{0,30}b?c+", "ac"),
        (r"(unclosed", ""),
    ],
)
def test_a_sample_is_the_first_and_shortest_text_a_pattern_finds(pattern: str, text: str) -> None:
    assert sample(pattern) == text
