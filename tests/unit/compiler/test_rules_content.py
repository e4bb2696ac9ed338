"""Every way the rules about what is said can fire, and what they must leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.compiler.test_what_rules_find import (
    CHANNELS,
    CORE,
    FACTS,
    JOURNEYS,
    PERSONA,
    TENANT,
    Edit,
    found,
)

PHRASE = "phrases: [Thanks for asking.]"
VOICE = "  Voice:"
TITLE = "title: The free way"


def phrase(words: str) -> Edit:
    return (PERSONA, PHRASE, f'phrases: ["{words}"]')


def second(says: str, more: str = "") -> Edit:
    """A second fact beside PL-F01, which says `We answer in two days.`"""
    return (
        FACTS,
        "",
        f"""- id: PL-F02
  kind: fact
  says: {says}
  when: on_question
  source: [LAW-1]
  effective: 2026-01-01
  review_by: 2027-06-01
{more}""",
    )


def more(key: str) -> Edit:
    """Another key of PL-F01."""
    return (FACTS, "  source", f"  {key}\n  source")


def prompt(words: str) -> Edit:
    return (PERSONA, VOICE, f"  {words}\n  Voice:")


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # statements nobody approved: phrases
        ([phrase("It is £25.")], "CV5025: `£25` (money) stands in a phrase"),
        (
            [phrase("It is twenty-five percent.")],
            "CV5025: `twenty-five percent` (a percentage) stands in a phrase",
        ),
        ([phrase("Give us a fortnight.")], "CV5025: `a fortnight` (a duration)"),
        ([phrase("Since 1 May 2025.")], "CV5025: `1 May 2025` (a date)"),
        ([phrase("Ring 07700 900123.")], "CV5025: `07700 900123` (a telephone number)"),
        ([phrase("Ring 999.")], "CV5025: `999` (a number or a day)"),
        ([phrase("See example.com/a.")], "CV5025: `example.com/a` (an address)"),
        ([phrase("Write to pat@example.com.")], "CV5025: `pat@example.com` (an address)"),
        ([phrase("We will call you.")], "CV5025: `We will call` (a promise of a person)"),
        # titles of quick replies
        (
            [(JOURNEYS, TITLE, "title: Free in 3 steps")],
            "CV5025: `3` (a number or a day) stands in the title of a quick reply",
        ),
        # names
        ([(TENANT, "brand: Plain", "brand: £500 Back")], "CV5025: `£500` (money) stands in a name"),
        (
            [(TENANT, "topic: complaints about fees", "topic: your refund")],
            "CV5025: `refund` (a promise of money) stands",
        ),
        (
            [(TENANT, "display_name: Plain", "display_name: Plain in a week")],
            "CV5025: `a week` (a duration) stands in a name",
        ),
        ([(PERSONA, "name: Pat", "name: Pat 100%")], "CV5025: `100%` (a percentage) stands in a name"),
        (
            [
                (
                    TENANT,
                    "plan:",
                    "business:\n  industry: claims\n  description: We win 9 in 10 within a month.\nplan:",
                )
            ],
            "CV5025: `a month` (a duration) stands in a name",
        ),
        (
            [(CHANNELS, "Plain web chat", "Money back chat")],
            "CV5025: `Money back` (a promise of money) stands in a name",
        ),
        (
            [
                (
                    CHANNELS,
                    "    outreach: true",
                    "    options:\n      from_name: Sure Refund\n    outreach: true",
                )
            ],
            "CV5025: `Refund` (a promise of money) stands in a name",
        ),
        # the prompt
        ([prompt("The fee is 25%.")], "CV5025: `25%` (a percentage) stands in the prompt"),
        ([prompt("Complaints take eight weeks.")], "CV5025: `eight weeks` (a duration) stands in the prompt"),
        ([prompt("Send people to example.com.")], "CV5025: `example.com` (an address) stands in the prompt"),
        (
            [prompt("Say that we will call them.")],
            "CV5025: `we will call` (a promise of a person) stands in the prompt",
        ),
        ([prompt("Never say that the fee is 25%.")], "CV5025: `25%` (a percentage) stands in the prompt"),
        ([prompt("We have 12 offices.")], "CV5025: `12` (a number or a day) stands in the prompt"),
        # buttons
        ([(FACTS, "  source", "  topic: Done in a week?\n  source")], "CV5024: `a week` stands on a button"),
        (
            [(FACTS, "  source", "  topic: See example.com\n  source")],
            "CV5024: `example.com` stands on a button",
        ),
        # contradictions within a claim
        (
            [more("short: In nine days.")],
            "CV5026: `nine days` in `PL-F01`, but `PL-F01` in full says otherwise",
        ),
        ([more("answer: In a week.")], "CV5026: `a week` in `PL-F01`, but `PL-F01` in full says otherwise"),
        (
            [(FACTS, "in two days.", "and ask for 5%."), more("translations: [{language: cy, says: A 7%.}]")],
            "CV5026: `7%` in `PL-F01`, but `PL-F01` in full",
        ),
        # of two claims on one subject
        (
            [more("topic: How long?"), second("It is done in 5 days.", "  topic: How long?\n")],
            "CV5026: `5 days` in `PL-F02`, but `PL-F01`, which has the topic `How long?` too, says otherwise",
        ),
        (
            [more("questions: [how long]"), second("It is done in 5 days.", "  questions: [How long?]\n")],
            "CV5026: `5 days` in `PL-F02`, but `PL-F01`, which has the question `how long` too",
        ),
        (
            [
                (CORE, "says: You don't need us. The", "says: You have six days. The"),
                (FACTS, "kind: fact", "kind: disclosure\n  covers: [free-route]"),
            ],
            "CV5026: `two days` in `PL-F01`, but `PL-D03`, which has the duty `free-route` too",
        ),
        # of the same sentence
        (
            [second("We answer in 3 days.")],
            "CV5026: `We answer in 3 days.` in `PL-F02`, but `PL-F01` says otherwise",
        ),
        ([second("We do not answer in two days.")], "CV5026: `We do not answer in two days.` in `PL-F02`"),
        (
            [
                (FACTS, "We answer in two days.", "You can complain about it."),
                second("You can't complain about it."),
            ],
            "CV5026: `You can't complain about it.` in `PL-F02`, but `PL-F01` says otherwise in the same words",
        ),
    ],
)
def test_a_rule_finds(tmp_path: Path, edits: list[Edit], expected: str) -> None:
    faults = found(tmp_path, *edits)
    assert [fault for fault in faults if fault.startswith(expected)], faults


@pytest.mark.parametrize(
    "edits",
    [
        [phrase("One moment. Take your time.")],
        [phrase("That is a good question.")],
        [(JOURNEYS, TITLE, "title: Two days"), (JOURNEYS, "claims: [PL-D03]", "claims: [PL-F01]")],
        [(TENANT, "brand: Plain", "brand: 1st Plain 24")],
        [(FACTS, "  source", "  topic: Two days?\n  source")],
        [(FACTS, "two days.", "a week."), (FACTS, "  source", "  topic: A week?\n  source")],
        [prompt("At most two short sentences. One question a message. Up to 40 words.")],
        [prompt("Never promise a call. Do not say that we will call.")],
        [more("short: In two days.")],
        [more("short: In 48 hours.")],
        [second("We answer in 2 days.")],
        [second("They answer in 3 days.")],
        [more("topic: How long?"), second("In two days, or 5 days at Easter.", "  topic: How long?\n")],
        [more("audience: [consumer]"), second("We answer in 3 days.", "  audience: [business]\n")],
        [more("channels: [webchat]"), second("We answer in 3 days.", "  channels: [email]\n")],
        [
            more("expires: 2027-03-01"),
            second("We answer in 3 days."),
            (
                FACTS,
                "3 days.\n  when: on_question\n  source: [LAW-1]\n  effective: 2026-01",
                "3 days.\n  when: on_question\n  source: [LAW-1]\n  effective: 2027-03",
            ),
        ],
        [more("translations: [{language: cy, says: Mewn 2 wythnos.}]")],
        [prompt("Reading age 9. Double-check every claim.")],
    ],
)
def test_what_is_no_statement_is_left_alone(tmp_path: Path, edits: list[Edit]) -> None:
    assert found(tmp_path, *edits) == []


def test_the_very_words_are_pointed_at_in_a_block_too(tmp_path: Path) -> None:
    from compiler.pipeline import check
    from tests.compiling import TODAY

    found(tmp_path, prompt("The fee is 25%."))
    [fault] = check(tmp_path / "tenants", today=TODAY).diagnostics
    line = (tmp_path / "tenants" / PERSONA).read_text().splitlines()[fault.span.line - 1]
    assert line[fault.span.column - 1 : fault.span.end_column - 1] == "25%"
