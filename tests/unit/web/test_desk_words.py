"""How the desk names people, times and amounts, and who may do what."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from runtime.models.presets import RungName
from runtime.storage.desk_rows import Person
from runtime.web.desk import how, timeline, words
from runtime.web.desk.roles import ACTS, may

ENGINE = Path(__file__).parents[3] / "runtime" / "engine"
LONDON = ZoneInfo("Europe/London")
SUMMER = datetime(2026, 7, 3, 22, 59, 5, tzinfo=UTC)


def person(kind: str | None, value: str | None, name: str | None = None) -> Person:
    return Person(contact_id=UUID(int=1), kind=kind, value=value, given_name=name)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        ("phone", "+447700900141", "07700 900•41"),
        ("phone", "+33612345678", "+336123 45•78"),
        ("phone", "12345", "•••••"),
        ("email", "tessa@example.com", "t•••@example.com"),
        ("email", "\u202etessa@example.com", "t•••@example.com"),
        ("phone", None, "Erased person"),
        (None, None, "Unknown person"),
    ],
)
def test_a_person_is_named_without_being_given_away(kind: str | None, value: str | None, shown: str) -> None:
    assert words.who(person(kind, value)) == shown


def test_a_visitor_is_named_by_something_that_is_not_their_token() -> None:
    shown = words.who(person("visitor", "AAAAAAAAAAAAAAAAAAAAAA"))

    assert re.fullmatch("Visitor [0-9a-f]{4}", shown)
    assert shown == words.who(person("visitor", "AAAAAAAAAAAAAAAAAAAAAA"))


def test_a_confirmed_first_name_stands_before_the_masked_number() -> None:
    assert words.who(person("phone", "+447700900141", "Maria")) == "Maria, 07700 900•41"


def test_a_time_is_local_and_carries_its_day() -> None:
    assert words.when(SUMMER, LONDON) == "Fri 3 Jul, 23:59"
    assert words.clock(SUMMER, LONDON) == "Fri 3 Jul 2026, 23:59 London time"
    assert words.zone_name(ZoneInfo("America/New_York")) == "New York time"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (3600, "1 h"), (11_640, "3 h 14"), (172_800, "2 days")],
)
def test_how_long_is_said_in_the_unit_that_tells(seconds: int, shown: str) -> None:
    assert words.long(timedelta(seconds=seconds)) == shown


@pytest.mark.parametrize(
    ("micropence", "shown"),
    [(0, "£0.00"), (1, "under 1p"), (1_842_000_000, "£18.42"), (10**14, "£1,000,000.00")],
)
def test_money_is_whole_pennies(micropence: int, shown: str) -> None:
    assert words.money(micropence) == shown


@pytest.mark.parametrize("name", ["DYNAMO DAVE", "A+B (C) [D]", "L'ÎLE & CO.", "X-Y/Z|{}^$\\"])
def test_the_pattern_of_a_typed_name_meets_that_name_alone(name: str) -> None:
    assert re.fullmatch(words.pattern(name), name)
    assert not re.fullmatch(words.pattern(name), name + "X")
    assert not re.search(r"\\ |\\&|\\'", words.pattern(name)), "a browser refuses needless escapes"


def test_a_viewer_may_look_and_nothing_else() -> None:
    assert {act for act in ACTS if may("viewer", act)} == {"look", "sign_out"}


def test_only_owners_and_admins_stop_and_start_sending() -> None:
    for act in ("kill", "enable"):
        assert [role for role in ("owner", "admin", "agent", "viewer") if may(role, act)] == [
            "owner",
            "admin",
        ]


def test_an_unknown_role_or_act_is_nobodys() -> None:
    assert not may("root", "look")
    assert not may("owner", "erase everything")


def test_every_reason_that_the_engine_names_has_its_words() -> None:
    sources = "".join(path.read_text("utf-8") for path in ENGINE.glob("*.py"))
    named = set(re.findall(r"\breason=\"([a-z_]+)\"|_silence\(\"([a-z_]+)\"", sources))
    codes = {code for pair in named for code in pair if code}
    assert {"model", "human_owner", "close_race"} <= codes
    assert codes - set(words.REASONS) == set()


def test_every_rung_of_the_ladder_has_its_words_on_both_pages() -> None:
    rungs = set(get_args(RungName)) | {"register_only", "canned"}
    assert rungs <= set(timeline._RUNGS)
    assert rungs <= set(how._RUNGS)
