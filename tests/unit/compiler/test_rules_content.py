"""Every way the rules about what is said can fire, and what they must leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.compiling import BASE
from tests.unit.compiler.test_what_rules_find import (
    CHANNELS,
    CORE,
    DANGER,
    FACTS,
    JOURNEYS,
    LINKS,
    PACK,
    PERSONA,
    TENANT,
    Edit,
    found,
)

PHRASE = "phrases: [Thanks for asking.]"
VOICE = "  Voice:"
TITLE = "title: The free way"
CAPS, GUARDRAILS, LINES = "plain/caps.yaml", "plain/guardrails.yaml", "_packs/all/claims/lines.yaml"
CARE, OPT_OUT = "_packs/all/signals/care.yaml", "_packs/all/optout/en.yaml"
FORM = (BASE / LINKS).read_text().split("domains:")[0]
NUMBER = (BASE / CHANNELS).read_text().split("connections:\n")[1].split("  - id: plain-web")[0]
NUMBER = NUMBER.replace("plain-wa", "plain-two").replace("PLAIN_WA", "PLAIN_TWO")
DUTY = "  - id: fee\n    says: The fee.\n    when: before_any_fee\n    source: [LAW-1]\nguardrails:"
PRICED = (CAPS, "models:", "prices:\n  whatsapp_360dialog:\n    proactive: 5500000\nmodels:")


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


def flow(*steps: str) -> Edit:
    return (JOURNEYS, "ask_flows: []", f"ask_flows:\n  - id: form\n    steps: [{', '.join(steps)}]")


def needs(name: str) -> Edit:
    return (LINKS, "requires: [PL-D03]", f"requires: [PL-D03, {name}]")


def drill(never: str) -> Edit:
    return (
        "plain/drills/attacks.yaml",
        "",
        f"- id: one\n  title: One\n  steps:\n    - say: hello\n      expect:\n        never: ['{never}']\n",
    )


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
        ([prompt("We won 3 or 4 cases.")], "CV5025: `3` (a number or a day) stands in the prompt"),
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
        # required sets
        (
            [more("required_with: [PL-P01]")],
            "CV5005: `PL-F01` requires `PL-P01`, which is only ever given with the link",
        ),
        # circles
        ([more("required_with: [PL-F01]")], "CV5033: `PL-F01` requires itself: PL-F01 -> PL-F01"),
        (
            [
                more("required_with: [PL-D01]"),
                (CORE, "covers: [stop]", "covers: [stop]\n  required_with: [PL-F01]"),
            ],
            "CV5033: `PL-D01` requires itself: PL-D01 -> PL-D02 -> PL-F01 -> PL-D01",
        ),
        # disclosures no journey comes to
        (
            [(FACTS, "kind: fact", "kind: disclosure"), (FACTS, "on_question", "opening")],
            "CV5027: `PL-F01` is due at the opening, and no journey comes to it there",
        ),
        (
            [(FACTS, "kind: fact", "kind: disclosure"), (FACTS, "on_question", "proactive")],
            "CV5027: `PL-F01` is due in what we start, and",
        ),
        ([(FACTS, "on_question", "with_link")], "CV5027: `PL-F01` is due with link, and no journey"),
        (
            [(FACTS, "on_question", "before_any_fee")],
            "CV5027: `PL-F01` is due before any fee, and no journey",
        ),
        (
            [(FACTS, "kind: fact", "kind: disclosure"), (FACTS, "on_question", "in_flow")],
            "CV5027: `PL-F01` is due in flow",
        ),
        ([(FACTS, "kind: fact", "kind: disclosure")], "CV5027: `PL-F01` is due on question, and no journey"),
        (
            [(FACTS, "kind: fact", "kind: disclosure"), (FACTS, "on_question", "on_signal")],
            "CV5027: `PL-F01` is due on signal, and no journey",
        ),
        (
            [
                (
                    PACK,
                    "guardrails:",
                    "  - id: fee\n    says: The fee.\n    when: before_any_fee\n    source: [LAW-1]\nguardrails:",
                ),
                (FACTS, "kind: fact", "kind: disclosure\n  covers: [fee]\n  questions: [what is it]"),
            ],
            "CV5027: the duty `fee` of the pack `all` is due before any fee, and no journey comes to PL-F01 there",
        ),
        # links that can never be given
        (
            [(LINKS, "requires: [PL-D03]", "requires: [PL-D03, ALL-HOLDING]")],
            "CV5028: the link `form` waits for `ALL-HOLDING`, which is a fixed line of the machine",
        ),
        (
            [(CORE, "options: [Already, Not yet]", "options: [Already, Not yet]\n  audience: [business]")],
            "CV5028: the link `form` waits for `PL-Q01`, which is for business only",
        ),
        (
            [
                (
                    LINKS,
                    "answer: Not yet",
                    "answer: Not yet\n      - question: PL-Q01\n        answer: Already",
                )
            ],
            "CV5028: the link `form` waits for two answers to `PL-Q01`",
        ),
        ([needs("PL-P01")], "CV5028: the link `form` waits for itself: form -> form"),
        (
            [
                needs("PL-F01"),
                (FACTS, "two days.", "two days {tenant.form_url}."),
                (FACTS, "  source", "  slots: [tenant.form_url]\n  source"),
                (
                    LINKS,
                    "domains:",
                    "  - id: other\n    claim: PL-F01\n    url: https://example.com/?r={ref}\n    slot: tenant.form_url\n"
                    "    tracking_ref: othr\n    requires: [PL-D03, PL-P01]\n    answers: []\ndomains:",
                ),
            ],
            "CV5028: the link `form` waits for itself: form -> other -> form",
        ),
        (
            [flow("PL-D03", "PL-P01", "PL-Q01")],
            "CV5028: the flow `form` comes to the link `form` before PL-Q01",
        ),
        # the worst day
        (
            [PRICED, (CAPS, "per_contact_per_day: 50", "per_contact_per_day: 5")],
            "CV5031: a message we start costs 5.5p, and a person may spend 5p a day",
        ),
        (
            [PRICED, (CAPS, "per_contact_per_day: 50", "per_contact_per_day: 7")],
            "CV5031: a person may be sent 5.5p a day by us, and an answer costs 2p: 7.5p is more than the 7p",
        ),
        (
            [PRICED],
            "CV5031: 60 messages a minute at 5.5p spend the 1000p of a day by 09:03; until 20:00 they would cost 217800p",
        ),
        (
            [(CAPS, "per_contact_per_day: 50", "per_contact_per_day: 5")],
            "CV5031: a message we start costs 5.5p, and a person may spend 5p a day",
        ),
        # languages
        (
            [(PERSONA, "[en-GB]", "[en-GB, cy]")],
            "CV5023: there is no text in cy of ALL-HANDOFF, ALL-HOLDING, ALL-SAFE, ALL-STOPPED, PL-D01, PL-D02, PL-D03, "
            "PL-P01, PL-Q01",
        ),
        ([(PERSONA, "[en-GB]", "[en-GB, cy]")], "CV5023: nothing fulfils the duty `ai` in cy"),
        (
            [(JOURNEYS, "language: en-GB", "language: cy")],
            "CV5023: the campaign `hello` speaks cy, which the persona does not",
        ),
        ([(PERSONA, "[en-GB]", "[en-GB, cy]")], "CV5018: nobody has opt-out words in cy"),
        # patterns
        ([drill("(?=x)")], "CV5014: RE2 cannot read '(?=x)'"),
        ([drill("x*")], "CV5014: 'x*' matches the empty text"),
        ([drill(".")], "CV5014: '.' matches everything"),
        ([(DANGER, "match: \\bin danger\\b", "match: '[^,]'")], "CV5014: '[^,]' matches everything"),
        ([(CARE, "      lang: en", "      unless: ['(']\n      lang: en")], "CV5014: RE2 cannot read '('"),
        ([(LINES, "\\bguarantee", "(?<!no )x")], "CV5014: RE2 cannot read '(?<!no )x'"),
        (
            [
                (
                    GUARDRAILS,
                    "",
                    "categories:\n  - id: confusion\n    patterns:\n      - id: more\n        match: ')'\n        lang: en\n"
                    "        examples: {hits: [a], misses: [b]}\n",
                )
            ],
            "CV5014: RE2 cannot read ')'",
        ),
        (
            [(GUARDRAILS, "handoff_words: [agent]", 'handoff_words: [agent, "?!"]')],
            "CV5014: `?!` holds neither letter",
        ),
        (
            [(PACK, "handoff_words: [human]", 'handoff_words: [human, "--"]')],
            "CV5014: `--` holds neither letter",
        ),
        ([(OPT_OUT, "exact: [stop]", 'exact: [stop, "..."]')], "CV5014: `...` holds neither letter"),
        # branches of the older rules
        ([phrase("See example.net.")], "CV5006: `example.net` is not among the domains"),
        ([(LINKS, FORM, "links: []\n")], "CV5015: nothing gives `tenant.form_url` a value"),
        (
            [(DANGER, "misses: [I am in Dundee]", "misses: [nobody is in danger]")],
            "CV5020: the pattern `in-danger` finds `nobody is in danger`",
        ),
        ([(JOURNEYS, "language: en-GB", "language: cy")], "CV5023: there is no text in cy of PL-D01, PL-D02"),
        (
            [(CHANNELS, "  - id: plain-web", f"{NUMBER}  - id: plain-web")],
            "CV5009: the connection `plain-two` shares its address with `plain-wa`",
        ),
        # retention
        (
            [(PACK, "", "retention_days:\n  consent_evidence: 3000\n")],
            "CV5032: `consent_evidence` are kept for 2190 days, but the pack `all` demands 3000",
        ),
    ],
)
def test_a_rule_finds(tmp_path: Path, edits: list[Edit], expected: str) -> None:
    faults = found(tmp_path, *edits)
    assert [fault for fault in faults if fault.startswith(expected)], faults


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        ([], "CV5042: no pack of this tenant has a checklist"),
        ([(CHANNELS, "https://www.example.com", "https://zz.example")], "CV5019: `zz.example` stands here"),
    ],
)
def test_a_rule_finds_before_going_live(tmp_path: Path, edits: list[Edit], expected: str) -> None:
    faults = found(tmp_path, *edits, stage="live")
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
        [
            prompt(
                "1. Greet the person.\n  2. Then ask, in two or three words, 1-2 sentences, 20–30 characters or 160 chars."
            )
        ],
        [prompt("Write at grade 9, as in step 2 of option 3, e.g. plainly.")],
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
        [more("required_with: [PL-D03]")],
        [needs("PL-F01"), flow("PL-D03", "PL-F01", "PL-Q01", "PL-P01")],
        [flow("PL-D03", "PL-Q01")],
        [(FACTS, "kind: fact", "kind: disclosure"), more("questions: [how long]")],
        [(FACTS, "kind: fact", "kind: disclosure"), more("topic: How long?")],
        [(FACTS, "kind: fact", "kind: disclosure"), (FACTS, "on_question", "in_flow"), flow("PL-F01")],
        [
            (FACTS, "kind: fact", "kind: disclosure"),
            (FACTS, "on_question", "proactive"),
            (JOURNEYS, "[PL-D01, PL-D02]", "[PL-D01, PL-D02, PL-F01]"),
        ],
        [
            (FACTS, "kind: fact", "kind: disclosure"),
            (JOURNEYS, "claims: [PL-D03]", "claims: [PL-D03, PL-F01]"),
        ],
        [PRICED, (CAPS, "outbound_per_minute: 60", "outbound_per_minute: 1")],
        [PRICED, (CHANNELS, "outreach: true", "outreach: false")],
        [(PACK, "", "retention_days: {messages: 2190}\n")],
        [drill("\\\\bguarantee")],
        [(OPT_OUT, "exact: [stop]", 'exact: [stop, "\U0001f6d1"]')],
        [(PERSONA, "[PL-D01, PL-D02]", "[PL-D01]")],
        [(FACTS, "two days.", "{tenant.hours}."), more("slots: [tenant.hours]"), more("topic: 9am to 5pm?")],
        [
            (FACTS, "two days.", "{tenant.hours}."),
            more("slots: [tenant.hours]"),
            (JOURNEYS, TITLE, "title: 9am to 5pm"),
            (JOURNEYS, "claims: [PL-D03]", "claims: [PL-F01]"),
        ],
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
