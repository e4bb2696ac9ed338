"""The checks of plays: each tells what it is named after, and nothing passes because nobody looked."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from compiler.pipeline import compile_tenant
from drills.plays.checks import CHECKS, JUDGED, faults_of
from drills.plays.configured import counting
from drills.plays.log import Log
from drills.plays.run import Fault
from schemas.bundle import Bundle

AT = datetime(2026, 11, 24, 10, 30, tzinfo=UTC)
LATER = AT + timedelta(days=4)


@lru_cache
def bundle() -> Bundle:
    return Bundle.decode(compile_tenant(Path("tenants/dynamo-dave"), date(2026, 11, 24)).bundle)


def log(**given: Any) -> Log:
    """A conversation in which one message was written, with whatever else a test is about."""
    empty = Log(
        bundle=bundle(),
        conversation=None,
        outcomes=(),
        fresh=(),
        before=0,
        written=(),
        identity="+447700900001",
        calls=(),
        prompts=(),
        opt_out_reasons=(),
        dead=0,
        clear="",
    )
    talk = {"said": (SimpleNamespace(text="hi", received_at=AT),), "sends": (), "cases": (), "holds": ()}
    talk |= {name: given.pop(name) for name in tuple(given) if name in talk}
    return dataclasses.replace(empty, conversation=SimpleNamespace(**talk), **given)  # type: ignore[arg-type]


def outcome(*categories: str) -> Any:
    signals = [{"category": each} for each in categories]
    return SimpleNamespace(audit={"verdict": {"signals": signals}}, sends=(), effects=())


def case(kind: str, priority: int) -> Any:
    return SimpleNamespace(kind=kind, priority=priority, state="open")


def start(state: str, sending_at: datetime | None = None, *facts: str) -> Any:
    looks = (SimpleNamespace(facts=facts),) if facts else ()
    return SimpleNamespace(send_class="proactive", state=state, sending_at=sending_at, looks=looks)


# ---- a case belongs to what was seen -----------------------------------------------------------------------------------------


def test_a_case_of_the_category_is_an_escalation() -> None:
    there = log(outcomes=(outcome("danger_now"),), cases=(case("danger", 0),))
    assert faults_of("escalated", there, {"category": ["danger_now"], "priority": [0]}) == ()


def test_a_case_of_something_else_is_no_escalation_of_what_was_seen() -> None:
    there = log(outcomes=(outcome("danger_now", "complaint"),), cases=(case("complaint", 1),))
    [fault] = faults_of("escalated", there, {"category": ["danger_now"]})
    assert fault == "escalated: no case danger is open (complaint P1)"


def test_a_case_of_the_wrong_priority_is_told() -> None:
    there = log(outcomes=(outcome("danger_now"),), cases=(case("danger", 2),))
    assert faults_of("escalated", there, {"category": ["danger_now"], "priority": [0]})


# ---- what we start is kept back ----------------------------------------------------------------------------------------------


def test_a_start_that_was_refused_is_stopped() -> None:
    assert faults_of("proactive_stopped", log(refusals=("cancel: hold (R-VULN-1)",)), {}) == ()


@pytest.mark.parametrize(
    ("there", "fault"),
    [
        (log(), "no start of ours was tried"),
        (log(sends=(start("sent", LATER),)), "left all the same"),
        (log(sends=(start("pending", None, "min gap"),)), "still waits"),
        (log(sends=(start("pending", None, "paused"),)), "still waits"),
    ],
)
def test_a_start_that_was_not_tried_left_or_waits_is_not_stopped(there: Log, fault: str) -> None:
    assert any(fault in each for each in faults_of("proactive_stopped", there, {}))


def test_a_start_waits_for_the_end_of_a_pause_where_one_was_asked_for_and_for_nothing_else() -> None:
    paused, waiting = (log(sends=(start("pending", None, fact),)) for fact in ("paused", "min gap"))
    assert faults_of("proactive_stopped", paused, {"paused": True}) == ()
    assert faults_of("proactive_stopped", waiting, {"paused": True})


def test_what_left_before_they_wrote_is_no_start_after_it() -> None:
    there = log(sends=(start("sent", AT - timedelta(days=1)),), refusals=("cancel: hold",))
    assert faults_of("proactive_stopped", there, {}) == ()


# ---- the desk's page ---------------------------------------------------------------------------------------------------------

MARKUP = "<img src=x onerror=alert(1)> '; drop table contacts;--"


def test_markup_that_stands_as_words_on_the_page_is_shown() -> None:
    page = '<main><p class="bubble" dir="auto">&lt;img src=x onerror=alert(1)&gt; &#39;; drop table contacts;--</p></main>'
    assert faults_of("inbox_renders_escaped", log(written=(MARKUP,), page=page), {}) == ()


@pytest.mark.parametrize(
    "page",
    [
        "",
        f'<p class="bubble">{MARKUP}</p>',
        '<p class="bubble">something else</p>',
        '<p class="bubble" onclick="go()">&lt;img src=x onerror=alert(1)&gt; \'; drop table contacts;--</p>',
    ],
)
def test_a_page_without_the_words_or_with_their_markup_in_it_is_told(page: str) -> None:
    assert faults_of("inbox_renders_escaped", log(written=(MARKUP,), page=page), {})


def test_a_mark_for_a_person_is_told() -> None:
    assert faults_of("contact_not_scored", log(), {}) == ()
    assert faults_of("contact_not_scored", log(scored=("contact.lead_score",)), {})


# ---- three runs of a real model ----------------------------------------------------------------------------------------------


def fault(check: str, where: str = "line 1: ") -> Fault:
    return Fault(check=check, where=where, told=f"{check}: so")


def test_a_hard_check_that_breaks_once_in_three_runs_counts() -> None:
    assert "no_link" not in JUDGED and set(CHECKS) > JUDGED
    runs = [[fault("no_link")], [], []]
    assert counting(runs) == runs


def test_a_judged_check_may_break_in_one_run_of_three_and_not_in_two() -> None:
    assert counting([[fault("claim_used")], [], []]) == [[], [], []]
    twice = [[fault("claim_used")], [], [fault("claim_used")]]
    assert counting(twice) == twice


def test_a_judged_check_that_breaks_at_another_line_each_time_does_not_count() -> None:
    runs = [[fault("claim_used", f"line {n}: ")] for n in (1, 2, 3)]
    assert counting(runs) == [[], [], []]


# ---- a secret is looked for among a person's words, not among what machines make -------------------------------------------


@pytest.mark.parametrize(
    "clear", ['{"note": "pin 4 4 7 1"}', "the 4471 is mine", '{"text": "4-4-7-1"}', "dead4471"]
)
def test_a_secret_in_the_clear_is_found_however_it_is_spaced(clear: str) -> None:
    [fault] = faults_of("secret_masked", log(clear=clear), {"secret": "4471"})
    assert "the clear" in fault


@pytest.mark.parametrize(
    "clear",
    [
        "4471c0de-5a4b-4c3d-8e2f-012345674471",
        "sha256:0f4471aa9b3c5d7e1f20",
        "2026-11-24 10:30:00.044710+00",
        '{"micros": 4471, "n": 1}',
    ],
)
def test_ids_digests_clocks_and_counts_may_hold_any_digits(clear: str) -> None:
    assert faults_of("secret_masked", log(clear=clear), {"secret": "4471"}) == ()
