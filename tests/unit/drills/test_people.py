"""The people of the plays: who they are, that every check they ask for exists, and that a slip in their file is no silence."""

from __future__ import annotations

from typing import Any

import pytest

from drills.plays import people
from drills.plays.checks import CHECKS
from drills.plays.people import PeopleUnreadable, parts_for
from drills.plays.scripts import SCRIPTS

SIX = {
    "sceptical-steve",
    "vulnerable-vera",
    "angry-andy",
    "injection-ivan",
    "confused-carol",
    "time-waster-tim",
}


@pytest.mark.parametrize("tenant", ["dynamo-dave", "edward-energy", "somebody-else"])
def test_six_people_play_over_any_tenant(tenant: str) -> None:
    parts = parts_for(tenant, CHECKS)

    assert {part.person for part in parts} == SIX
    assert len({part.id for part in parts}) == len(parts)
    assert all(part.lines or part.script for part in parts)


def test_every_part_holds_the_assertions_for_everybody() -> None:
    for part in parts_for("dynamo-dave", CHECKS):
        asked = {each.check for each in part.must}
        assert {
            "all_facts_registered",
            "nothing_prohibited",
            "quiet_after_suppression",
            "no_prompt_leak",
        } <= asked


def test_every_check_and_every_script_is_played_by_somebody() -> None:
    parts = parts_for("dynamo-dave", CHECKS)
    asked = {e.check for part in parts for e in part.must} | {
        e.check for part in parts for line in part.lines for e in line.expect
    }

    assert set(CHECKS) - asked == set()
    assert {part.script for part in parts} - {""} == set(SCRIPTS)


@pytest.mark.parametrize(
    "spoilt",
    [
        {"check": "no_lnk"},
        {"world": "sunny"},
        {"afterwards": "nothing"},
        {"surprise": 1},
    ],
)
def test_what_nobody_knows_is_an_error(spoilt: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    line: dict[str, Any] = {"say": "hello", "expect": []}
    variant: dict[str, Any] = {"id": "v", "lines": [line], "must": []}
    match spoilt:
        case {"check": name}:
            line["expect"] = [{"check": name}]
        case {"world": _}:
            variant |= spoilt
        case _:
            line |= spoilt
    person = {
        "id": "p",
        "name": "P",
        "wants": "w",
        "opening": {"any": "hi"},
        "lines": [],
        "must": [],
        "variants": [variant],
    }
    monkeypatch.setattr(people, "_document", lambda: {"everywhere": [], "people": [person]})
    with pytest.raises(PeopleUnreadable):
        parts_for("dynamo-dave", CHECKS)
