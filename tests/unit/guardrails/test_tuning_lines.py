"""The lines that the rules for own words were tuned by: each is judged as it should be, but for the few that are named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.sets import measure

LINES = Path(measure.__file__).parent / "tuning" / "outbound"
GROUPS = ("advice_against_free", "connective", "human_claim", "pressure", "promise")
# Let through: nothing but a judge of meaning would see what is wrong with them.
NOT_HEARD = frozenset(
    {
        "Free usually means poor.",
        "You could try it free, but don't expect much.",
    }
)
# Blocked although they are careful: to let them leave would let what is prohibited leave.
HELD_BACK = frozenset(
    {
        "There are free services that help with this.",
        "There are no limited places here.",
        "The chat stays open, so answer when it suits you.",
        "You'd like to be sure you'll get your money back. I can't promise it.",
        "Nothing I've said means you'll get money.",
    }
)


def lines() -> Iterator[tuple[str, bool, str]]:
    for group in GROUPS:
        for line in (LINES / f"{group}.jsonl").read_text("utf-8").splitlines():
            held = json.loads(line)
            yield held["set"], held["bad"], held["text"]


@pytest.mark.parametrize("group", GROUPS)
def test_a_line_that_must_not_leave_is_blocked_for_both_tenants(group: str) -> None:
    bad = [text for name, wrong, text in lines() if name == group and wrong]
    through = {text for text in bad if measure.refusals(text) < len(measure.bundles())}
    assert through <= NOT_HEARD


@pytest.mark.parametrize("group", GROUPS)
def test_a_careful_line_of_the_same_words_leaves_for_both(group: str) -> None:
    good = [text for name, wrong, text in lines() if name == group and not wrong]
    assert len(good) >= 48
    assert {text for text in good if measure.refusals(text)} <= HELD_BACK


def test_what_is_known_to_be_misjudged_is_still_in_the_lines() -> None:
    assert {text for _, wrong, text in lines() if wrong} >= NOT_HEARD
    assert {text for _, wrong, text in lines() if not wrong} >= HELD_BACK
