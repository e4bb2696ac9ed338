"""The send table says what the design's grid says, and nothing unknown, missing or added ever loosens it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.bundle import SendRow
from schemas.sendtable import (
    ADVICE,
    CHANNELS,
    CLASSES,
    CLEAR,
    RESTRICTIONS,
    SEVERITY,
    STATES,
    UNTILS,
    decide,
    default_rows,
    enumerate_grid,
    looser_than,
    prove,
    rows_of,
)

ROWS = rows_of(default_rows())
FACTS = [state.id for state in STATES if state.id != CLEAR]

# The grid of the design, written once more by hand, on WhatsApp, for a message with no flag at all and with every flag.
#                  safety  confirm  reply    human     service  proactive
BARE = {
    "no_consent": "send    send     send     refuse    drop     drop",
    "opted_out": "send     drop     drop     refuse    drop     drop",
    "hold": "send          send     case     send      drop     drop",
    "quiet_hours": "send   defer    defer    defer     defer    defer",
    "quiet_day": "send     defer    defer    defer     defer    defer",
    "human_owns": "send    send     drop     send      send     drop",
    "newer_inbound": "send send     redo     send      defer    defer",
    "window_shut": "case   drop     case     case      case     case",
    "three_strikes": "send send     send     send      drop     drop",
    "frequency_cap": "send send     send     send      send     defer",
    "spend_cap": "send     send     send     send      send     pause",
    "claim_gone": "send    send     redo     send      redo     drop",
    "kill_machine": "page  drop     defer    send      defer    pause",
    "kill_everything": "page drop   defer    refuse    defer    pause",
}
WITH_EVERY_FLAG = {
    "no_consent": "send    send     send     send      drop     drop",
    "opted_out": "send     send     send     send      drop     drop",
    "window_shut": "case   drop     template template  template template",
}

facts = st.frozensets(st.sampled_from(FACTS))
flags = st.frozensets(st.sampled_from(RESTRICTIONS))
classes = st.sampled_from(CLASSES)
channels = st.sampled_from(CHANNELS)


@pytest.mark.parametrize("state", BARE)
def test_each_state_does_what_the_design_says_to_each_class(state: str) -> None:
    said = [decide(ROWS, {state}, c, "whatsapp_360dialog").effect for c in CLASSES]
    assert said == BARE[state].split()


@pytest.mark.parametrize("state", WITH_EVERY_FLAG)
def test_a_restricted_send_goes_out_when_every_restriction_holds(state: str) -> None:
    said = [decide(ROWS, {state}, c, "whatsapp_360dialog", set(RESTRICTIONS)).effect for c in CLASSES]
    assert said == WITH_EVERY_FLAG[state].split()


def test_after_an_opt_out_a_reply_may_hold_neither_link_nor_question_and_answers_what_came_later() -> None:
    enough = {"answers_after_stop", "no_link", "no_ask"}
    assert decide(ROWS, {"opted_out"}, "reply", "webchat", enough).effect == "send"
    for flag in enough:
        assert decide(ROWS, {"opted_out"}, "reply", "webchat", enough - {flag}).effect == "drop"


def test_web_chat_answers_in_quiet_hours_while_the_page_is_open_and_waits_once_it_is_closed() -> None:
    assert decide(ROWS, {"quiet_page_open"}, "reply", "webchat").effect == "send"
    closed = decide(ROWS, {"quiet_hours"}, "reply", "webchat")
    assert (closed.effect, closed.until, closed.rule) == ("defer", ("open",), "R-TIME-1")
    assert decide(ROWS, {"quiet_page_open"}, "reply", "email").effect == "defer"


def test_only_whatsapp_has_a_window() -> None:
    assert decide(ROWS, {"window_shut"}, "safety", "webchat").effect == "send"
    assert decide(ROWS, {"window_shut"}, "safety", "whatsapp_waha").effect == "case"


def test_rows_combine_by_the_strictest_and_name_its_rule() -> None:
    said = decide(ROWS, {"quiet_hours", "hold", "newer_inbound"}, "reply", "whatsapp_360dialog")
    assert (said.effect, said.rule, said.until) == ("case", "R-COND-4", ())
    waits = decide(ROWS, {"frequency_cap", "quiet_day", "newer_inbound"}, "proactive", "email")
    assert (waits.effect, waits.until) == ("defer", ("open", "processed", "frequency"))
    restricted = decide(ROWS, {"opted_out", "window_shut"}, "human", "whatsapp_360dialog", {"template"})
    assert (restricted.effect, restricted.rule) == ("refuse", "R-OPT-1")


def test_an_agent_is_warned_not_stopped_when_something_newer_arrived() -> None:
    said = decide(ROWS, {"newer_inbound"}, "human", "webchat")
    assert (said.effect, said.notes) == ("send", ("warn",))


def test_a_message_nothing_stands_against_is_sent_under_its_own_row() -> None:
    said = decide(ROWS, frozenset(), "reply", "webchat")
    assert (said.effect, said.rule) == ("send", "R-CLEAR")
    assert said.row is not None


def test_a_send_names_the_restriction_it_met_then_the_advice_and_else_that_nothing_stood_against_it() -> None:
    stopped = {"answers_after_stop", "no_link", "no_ask"}
    said = decide(
        ROWS, {"no_consent", "opted_out", "spend_cap", "three_strikes"}, "reply", "webchat", stopped
    )
    assert (said.effect, said.rule, said.notes) == ("send", "R-OPT-1", ("cheaper_rung",))
    said = decide(ROWS, {"no_consent", "spend_cap"}, "reply", "webchat")
    assert (said.effect, said.rule) == ("send", "R-SPEND-1")
    said = decide(ROWS, {"no_consent", "three_strikes", "frequency_cap"}, "reply", "webchat")
    assert (said.effect, said.rule) == ("send", "R-CLEAR")


@given(facts=facts, flags=flags, send_class=classes, channel=channels)
def test_a_plain_send_is_never_laid_at_the_door_of_a_fact_that_does_not_concern_it(
    facts: frozenset[str], flags: frozenset[str], send_class: str, channel: str
) -> None:
    said = decide(ROWS, facts, send_class, channel, flags)
    (named,) = [row for row in ROWS if row.row == said.row]
    if said.effect == "send":
        assert named.state == CLEAR or named.only


@given(facts=facts, flags=flags, send_class=classes, channel=channels, more=st.sampled_from(FACTS))
def test_adding_a_fact_never_loosens(
    facts: frozenset[str], flags: frozenset[str], send_class: str, channel: str, more: str
) -> None:
    before = decide(ROWS, facts, send_class, channel, flags)
    after = decide(ROWS, facts | {more}, send_class, channel, flags)
    assert SEVERITY[after.effect] >= SEVERITY[before.effect]
    if SEVERITY[after.effect] == SEVERITY[before.effect]:
        assert set(after.until) >= set(before.until)


@given(facts=facts, flags=flags, send_class=classes, channel=channels, less=st.sampled_from(RESTRICTIONS))
def test_taking_a_flag_away_never_loosens(
    facts: frozenset[str], flags: frozenset[str], send_class: str, channel: str, less: str
) -> None:
    with_it = decide(ROWS, facts, send_class, channel, flags | {less})
    without = decide(ROWS, facts, send_class, channel, flags - {less})
    assert SEVERITY[without.effect] >= SEVERITY[with_it.effect]


@given(facts=facts, flags=flags, channel=channels)
def test_safety_is_stopped_by_a_shut_window_or_a_kill_and_by_nothing_else(
    facts: frozenset[str], flags: frozenset[str], channel: str
) -> None:
    said = decide(ROWS, facts, "safety", channel, flags)
    if facts & {"kill_machine", "kill_everything"}:
        assert said.effect == "page"
    elif "window_shut" in facts and channel.startswith("whatsapp"):
        assert said.effect == "case"
    else:
        assert said.effect == "send"


@given(facts=facts, flags=flags, send_class=classes, channel=channels)
def test_nothing_is_sent_while_everything_is_killed(
    facts: frozenset[str], flags: frozenset[str], send_class: str, channel: str
) -> None:
    said = decide(ROWS, facts | {"kill_everything"}, send_class, channel, flags)
    assert said.effect not in {"send", "template"}


@given(facts=facts, send_class=classes, channel=channels, gone=st.data())
def test_a_missing_row_refuses(
    facts: frozenset[str], send_class: str, channel: str, gone: st.DataObject
) -> None:
    state = gone.draw(st.sampled_from(sorted(facts | {CLEAR})))
    rest = [r for r in ROWS if (r.state, r.send_class, r.channel) != (state, send_class, channel)]
    said = decide(rest, facts, send_class, channel, set(RESTRICTIONS))
    assert (said.effect, said.rule, said.row) == ("refuse", "R-TABLE-1", None)


@pytest.mark.parametrize(
    ("facts", "send_class", "channel"),
    [
        (frozenset({"moon_full"}), "safety", "webchat"),
        (frozenset(), "gossip", "webchat"),
        (frozenset(), "reply", "pigeon"),
    ],
)
def test_an_unknown_state_class_or_channel_refuses(
    facts: frozenset[str], send_class: str, channel: str
) -> None:
    assert decide(ROWS, facts, send_class, channel, set(RESTRICTIONS)).effect == "refuse"


def test_an_empty_table_refuses_everything() -> None:
    assert decide((), frozenset(), "safety", "webchat").effect == "refuse"


def altered(state: str, send_class: str, **change: object) -> list[SendRow]:
    return [
        replace(r, **change)  # type: ignore[arg-type]
        if (r.state, r.send_class, r.channel) == (state, send_class, "webchat")
        else r
        for r in ROWS
    ]


@pytest.mark.parametrize(
    "change",
    [{"effect": "shrug"}, {"only": ("on_tuesdays",)}, {"only": ("template",), "otherwise": "shrug"}],
)
def test_a_row_this_version_cannot_read_refuses_and_fails_the_proof(change: dict[str, object]) -> None:
    rows = altered("quiet_page_open", "reply", **change)
    assert decide(rows, {"quiet_page_open"}, "reply", "webchat").effect == "refuse"
    assert prove(rows)


def test_a_defer_that_waits_for_nothing_known_refuses() -> None:
    rows = altered("quiet_hours", "reply", until="whenever")
    assert decide(rows, {"quiet_hours"}, "reply", "webchat").effect == "refuse"
    assert prove(rows)


def test_the_grid_has_one_row_for_every_cell_and_proves() -> None:
    assert len(ROWS) == len(list(enumerate_grid())) == len(STATES) * len(CLASSES) * len(CHANNELS)
    assert prove(ROWS) == ()
    assert {r.until for r in ROWS} == {None, *UNTILS}
    assert {name for r in ROWS for name in r.only} == {*RESTRICTIONS, *ADVICE}


@pytest.mark.parametrize("state", [s for s in FACTS if s not in {"kill_machine", "kill_everything"}])
def test_a_table_that_stops_safety_for_another_reason_is_refused(state: str) -> None:
    faults = prove(altered(state, "safety", effect="drop"))
    assert [(f.state, f.send_class) for f in faults] == [(state, "safety")]


def test_a_doubled_and_a_missing_row_are_both_named() -> None:
    doubled = [*ROWS, replace(ROWS[0], row=9_999)]
    assert [f.message for f in prove(doubled)] == ["has 2 rows, it needs exactly one"]
    assert [f.message for f in prove(ROWS[1:])] == ["has 0 rows, it needs exactly one"]
    assert any("number" in f.message for f in prove([*ROWS[:-1], replace(ROWS[-1], row=1)]))


@pytest.mark.parametrize(
    ("state", "send_class", "change"),
    [
        ("opted_out", "proactive", {"effect": "send"}),
        ("quiet_hours", "reply", {"effect": "send", "until": None}),
        ("quiet_hours", "reply", {"until": "processed"}),
        ("opted_out", "reply", {"only": ("no_link",)}),
        ("opted_out", "reply", {"otherwise": "case"}),
        ("newer_inbound", "human", {"only": ()}),
        ("kill_everything", "human", {"effect": "drop"}),
    ],
)
def test_a_tenant_looser_than_its_pack_is_found(
    state: str, send_class: str, change: dict[str, object]
) -> None:
    loosened = looser_than(altered(state, send_class, **change), ROWS)
    assert [(r.state, r.send_class, r.channel) for r in loosened] == [(state, send_class, "webchat")]


@pytest.mark.parametrize(
    ("state", "send_class", "change"),
    [
        ("frequency_cap", "service", {"effect": "drop"}),
        ("opted_out", "reply", {"effect": "drop", "only": (), "otherwise": None}),
        ("clear", "human", {"only": ("wrote_first",), "otherwise": "refuse"}),
    ],
)
def test_a_tenant_may_tighten(state: str, send_class: str, change: dict[str, object]) -> None:
    rows = altered(state, send_class, **change)
    assert looser_than(rows, ROWS) == ()
    assert prove(rows) == ()
    assert looser_than(ROWS, rows) != ()


@given(facts=facts, flags=flags, send_class=classes, data=st.data())
def test_a_table_not_looser_by_row_is_not_looser_in_any_situation(
    facts: frozenset[str], flags: frozenset[str], send_class: str, data: st.DataObject
) -> None:
    state = data.draw(st.sampled_from([*FACTS, CLEAR]))
    effect = data.draw(st.sampled_from(["refuse", "drop", "case", "redo", "send"]))
    rows = altered(state, send_class, effect=effect, only=(), otherwise=None, until=None)
    if looser_than(rows, ROWS):
        return
    theirs = decide(ROWS, facts, send_class, "webchat", flags)
    assert SEVERITY[decide(rows, facts, send_class, "webchat", flags).effect] >= SEVERITY[theirs.effect]
