"""The send table proved: every combination of facts, class, channel and flags, against the design's grid written again.

2**16 sets of facts, 24 pairs of class and channel, and every set of the flags that could matter there: 6.3 million
situations, each compared with what the grid below says. The grid is data of this test and shares nothing with the code.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import schemas
from compiler.pipeline import check
from schemas.bundle import SendRow
from schemas.sendoutcomes import FACTS, contexts, explain, flags_that_matter, outcomes, subsets
from schemas.sendtable import (
    CHANNELS,
    CLASSES,
    RESTRICTIONS,
    RULES,
    SEVERITY,
    STATES,
    decide,
    default_rows,
    rows_of,
)
from tests.compiling import TODAY

TENANTS = Path(schemas.__file__).parent.parent / "tenants"
ROWS = rows_of(default_rows())

# Section 4 of the design, cell by cell. `a if x+y else b`: a when x and y are true of the message, b otherwise.
# Columns: safety | confirmation | reply | human | service | proactive
GRID = {
    "no_consent": "send | send | send | send if wrote_first else refuse | drop | drop",
    "opted_out": "send | send if first_confirmation else drop | send if answers_after_stop+no_link+no_ask else drop"
    " | send if after_stop_or_case else refuse | drop | drop",
    "hold": "send | send | case | send | drop | drop",
    "quiet_hours": "send | defer | defer | defer | defer | defer",
    "quiet_day": "send | defer | defer | defer | defer | defer",
    "quiet_page_open": "send | send | send | send | defer | defer",
    "human_owns": "send | send | drop | send | send | drop",
    "newer_inbound": "send | send | redo | send | defer | defer",
    "window_shut": "case | drop | template if template else case | template if template else case"
    " | template if template else case | template if template else case",
    "three_strikes": "send | send | send | send | drop | drop",
    "frequency_cap": "send | send | send | send | send | defer",
    "spend_cap": "send | send | send | send | send | pause",
    "claim_gone": "send | send | redo | send | redo | drop",
    "kill_machine": "page | drop | defer | send | defer | pause",
    "kill_everything": "page | drop | defer | refuse | defer | pause",
    "kill_lifted": "send | drop | redo | send | redo | send",  # the second half of "defer, then redo"
}
STRICTNESS = [
    "send",
    "template",
    "defer",
    "redo",
    "case",
    "page",
    "drop",
    "refuse",
]  # how rows combine, from the mildest
LEVEL = {effect: level for level, effect in enumerate(STRICTNESS)} | {"pause": STRICTNESS.index("defer")}
WAITS = {
    "quiet_hours": "open",
    "quiet_day": "open",
    "quiet_page_open": "open",
    "newer_inbound": "processed",
    "frequency_cap": "frequency",
    "spend_cap": "spend",
    "kill_machine": "kill",
    "kill_everything": "kill",
}


def cell(fact: str, send_class: str, channel: str, flags: frozenset[str]) -> str:
    """What the design says of one fact."""
    if fact == "window_shut" and not channel.startswith("whatsapp"):
        return "send"  # only WhatsApp has a window
    if fact == "quiet_page_open" and channel != "webchat":
        fact = "quiet_hours"  # only web chat has a page
    words = GRID[fact].split("|")[CLASSES.index(send_class)].split()
    if len(words) == 1:
        return words[0]
    effect, _, conditions, _, otherwise = words
    return effect if flags >= set(conditions.split("+")) else otherwise


def situations() -> Iterator[tuple[str, str, frozenset[str]]]:
    for send_class, channel in contexts():
        for flags in subsets(flags_that_matter(ROWS, send_class, channel)):
            yield send_class, channel, flags


SITUATIONS = list(situations())


def wanted(send_class: str, channel: str, flags: frozenset[str]) -> bytes:
    """The design's answer for every set of facts, by the strictness of the strictest."""
    table = bytes([LEVEL["send"]])
    for fact in FACTS:
        level = LEVEL[cell(fact, send_class, channel, flags)]
        table += table.translate(bytes(max(before, level) for before in range(256)))
    return table


def test_the_rows_are_the_grid_in_every_situation_there_can_be() -> None:
    compared = 0
    level = {SEVERITY[effect]: LEVEL[effect] for effect in SEVERITY}
    reading = bytes(level.get(value, 255) for value in range(256))
    for send_class, channel, flags in SITUATIONS:
        said = outcomes(ROWS, send_class, channel, flags).translate(reading)
        assert said == wanted(send_class, channel, flags), (send_class, channel, flags)
        compared += len(said)
    assert compared == len(SITUATIONS) * 2**16 > 6_000_000


def test_no_flag_but_those_looked_at_changes_anything() -> None:
    for send_class, channel in contexts():
        matter = set(flags_that_matter(ROWS, send_class, channel))
        for flag in set(RESTRICTIONS) - matter:
            for flags in subsets(sorted(matter)):
                with_it = outcomes(ROWS, send_class, channel, flags | {flag})
                assert with_it == outcomes(ROWS, send_class, channel, flags)


def few() -> Iterator[frozenset[str]]:
    for size in range(3):
        for facts in combinations(FACTS, size):
            yield frozenset(facts)


def bit(facts: frozenset[str]) -> int:
    return sum(1 << FACTS.index(fact) for fact in facts)


def test_the_table_of_outcomes_is_what_decide_says_for_up_to_two_facts_everywhere() -> None:
    for send_class, channel, flags in SITUATIONS:
        own = [r for r in ROWS if (r.send_class, r.channel) == (send_class, channel)]
        table = outcomes(own, send_class, channel, flags)
        for facts in few():
            said = decide(own, facts, send_class, channel, flags)
            assert SEVERITY[said.effect] == table[bit(facts)]


@given(
    facts=st.frozensets(st.sampled_from(FACTS)),
    flags=st.frozensets(st.sampled_from(RESTRICTIONS)),
    context=st.sampled_from(list(contexts())),
)
def test_the_table_of_outcomes_is_what_decide_says_for_any_facts(
    facts: frozenset[str], flags: frozenset[str], context: tuple[str, str]
) -> None:
    said = decide(ROWS, facts, *context, flags)
    assert SEVERITY[said.effect] == outcomes(ROWS, *context, flags)[bit(facts)]
    strictest = {LEVEL[cell(f, *context, flags)] for f in facts}
    if said.effect in {"defer", "pause"}:
        waiting = {WAITS[f] for f in facts if LEVEL[cell(f, *context, flags)] == max(strictest)}
        assert set(said.until) == waiting


def test_nothing_is_sent_where_a_single_fact_forbids_it() -> None:
    for send_class, channel, flags in SITUATIONS:
        table = outcomes(ROWS, send_class, channel, flags)
        for index, fact in enumerate(FACTS):
            if cell(fact, send_class, channel, flags) not in {"send", "template"}:
                held = b"".join(
                    table[at + (1 << index) : at + (2 << index)] for at in range(0, 1 << 16, 2 << index)
                )
                assert min(held) > SEVERITY["template"], (fact, send_class, channel)


def test_safety_is_stopped_by_a_shut_window_or_a_kill_and_by_nothing_else() -> None:
    window, *kills = (1 << FACTS.index(f) for f in ("window_shut", "kill_machine", "kill_everything"))
    for channel in CHANNELS:
        table = outcomes(ROWS, "safety", channel, frozenset())
        for facts, severity in enumerate(table):
            if facts & (kills[0] | kills[1]):
                assert severity == SEVERITY["page"]
            elif facts & window and channel.startswith("whatsapp"):
                assert severity == SEVERITY["case"]
            else:
                assert severity == SEVERITY["send"]


def test_the_order_of_the_rows_changes_nothing_but_which_of_two_equals_is_named() -> None:
    shuffled = sorted(ROWS, key=lambda row: (row.rule, row.channel, row.row % 7), reverse=True)
    for send_class, channel, flags in SITUATIONS:
        assert outcomes(shuffled, send_class, channel, flags) == outcomes(ROWS, send_class, channel, flags)


def test_a_missing_row_and_a_doubled_one_refuse_whatever_else_holds() -> None:
    gone = [r for r in ROWS if (r.state, r.send_class, r.channel) != ("hold", "human", "email")]
    doubled = [
        *ROWS,
        next(r for r in ROWS if (r.state, r.send_class, r.channel) == ("hold", "human", "email")),
    ]
    index = FACTS.index("hold")
    for table in (outcomes(rows, "human", "email", set(RESTRICTIONS)) for rows in (gone, doubled)):
        assert all(table[n] == SEVERITY["refuse"] for n in range(1 << 16) if n >> index & 1)


@pytest.mark.parametrize("slug", ["dynamo-dave", "edward-energy"])
def test_no_shipped_tenant_is_looser_than_the_grid_of_the_packs_in_any_situation(slug: str) -> None:
    compiled = check(TENANTS, today=TODAY, only=[slug]).tenants[slug]
    assert compiled is not None
    rows = rows_of(json.loads(compiled.bundle)["send_table"])
    for send_class, channel, flags in SITUATIONS:
        theirs = outcomes(ROWS, send_class, channel, flags)
        assert no_looser(outcomes(rows, send_class, channel, flags), theirs)


def no_looser(mine: bytes, theirs: bytes) -> bool:
    return mine == theirs or all(a >= b for a, b in zip(mine, theirs, strict=True))


def test_a_tenant_that_never_confirms_an_opt_out_is_nowhere_looser_and_somewhere_stricter() -> None:
    silent = [
        SendRow(**{**row, "only": (), "effect": "drop", "otherwise": None})
        if (row["state"], row["send_class"]) == ("opted_out", "confirmation")
        else SendRow(**row)
        for row in default_rows()
    ]
    stricter = 0
    for send_class, channel, flags in SITUATIONS:
        mine, theirs = (outcomes(rows, send_class, channel, flags) for rows in (silent, ROWS))
        assert no_looser(mine, theirs)
        stricter += mine != theirs
    assert stricter > 0


# ---- explained -----------------------------------------------------------------------------------------------------------


def test_every_rule_of_the_table_has_its_sentence() -> None:
    assert {row.rule for row in ROWS} | {"R-TABLE-1"} == set(RULES)
    assert {state.id for state in STATES} - {"clear"} == set(FACTS) == set(GRID)
    assert all(sentence.endswith(".") for sentence in RULES.values())


def test_an_explanation_lists_every_row_that_had_a_say_strictest_first() -> None:
    told = explain(ROWS, {"hold", "quiet_hours", "opted_out"}, "reply", "email", {"no_link"})
    assert told.decision.rule == "R-OPT-1"
    assert [(say.fact, say.effect) for say in told.says] == [
        ("opted_out", "drop"),
        ("hold", "case"),
        ("quiet_hours", "defer"),
        ("clear", "send"),
    ]
    assert told.says[0].unmet == ("answers_after_stop", "no_ask")


def test_an_explanation_names_the_smallest_change() -> None:
    told = explain(ROWS, {"no_consent"}, "human", "email")
    assert [(c.given, c.without, c.effect) for c in told.changes] == [
        (("wrote_first",), (), "send"),
        ((), ("no_consent",), "send"),
    ]
    told = explain(ROWS, {"opted_out", "no_consent", "quiet_day"}, "proactive", "email")
    assert [(c.without, c.effect) for c in told.changes] == [(("no_consent", "opted_out"), "defer")]
    assert explain(ROWS, set(), "reply", "email").changes == ()
