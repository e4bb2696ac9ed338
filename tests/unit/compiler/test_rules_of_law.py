"""Every way the rules of law can fire, and what they must leave alone; going live has tests of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.compiler.test_what_rules_find import (
    CHANNELS,
    CONSENT,
    CORE,
    FACTS,
    FLOOR,
    JOURNEYS,
    LINKS,
    PACK,
    PERSONA,
    TENANT,
    Edit,
    found,
)

STATUS = "CV5040: `regulated by the FCA` claims the status or protection of the FCA"
BY = "regulated by the FCA"
SALE = (FLOOR, "allowed_bases: [consent]", "allowed_bases: [consent, soft_opt_in]")
SOFT = (CONSENT, "basis: consent", "basis: soft_opt_in")
NOT_TWICE = (
    PACK,
    "guardrails:",
    "  - id: not-represented\n    says: Who acts.\n    when: asked_before_any_link\n    source: [LAW-1]\nguardrails:",
)
ASKS = (CORE, "  options: [Already, Not yet]", "  covers: [not-represented]\n  options: [Already, Not yet]")
RISK = (
    PACK,
    "guardrails:",
    "  - id: fee-risk\n    says: The risk.\n    when: on_question\n    source: [LAW-1]\nguardrails:",
)
CAPS = (
    PACK,
    "",
    "fee_caps:\n  effective: 2022-03-01\n  source: [LAW-1]\n  bands:\n"
    "    - from_pounds: 1\n      percent: 30\n      max_pence: 42000\n",
)
SCATTERED = "residency:\n  data: GB\n  models: [GB]\nprocessors:\n  - name: Models Ltd\n    does: models\n    region: {}\n"
SIGNED = "    agreement: Contract 1\n    signed_on: {}\n"
KEPT = "retention_days:"


def processor(region: str, signed_on: str = "2026-03-01", more: str = "") -> Edit:
    """A processor of models in a region, where only the United Kingdom is stated."""
    return (TENANT, KEPT, SCATTERED.format(region) + SIGNED.format(signed_on) + more + KEPT)


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # a status, wherever people can read it
        ([(FACTS, "We answer in two days.", f"We are {BY}.")], STATUS),
        ([(FACTS, "  when:", f"  short: We are {BY}.\n  when:")], STATUS),
        ([(FACTS, "  source", f"  topic: {BY.capitalize()}?\n  source")], "CV5040"),
        ([(PERSONA, "Thanks for asking.", f"We are {BY}.")], STATUS),
        ([(PERSONA, "  Voice:", f"  You are {BY}.\n  Voice:")], STATUS),
        ([(JOURNEYS, "title: The free way", "title: FCA approved")], "CV5040: `FCA approved`"),
        ([(JOURNEYS, "template: hello", "template: fca_approved_hello")], "CV5040"),
        ([(TENANT, "EXAMPLE status.", f"{BY.capitalize()}.")], "CV5040"),
        ([(TENANT, "display_name: Plain", "display_name: Plain (FCA approved)")], "CV5040"),
        ([(TENANT, "legal_entity: EXAMPLE", "legal_entity: FCA APPROVED EXAMPLE")], "CV5040: `FCA APPROVED`"),
        ([(CHANNELS, "Plain web chat", "FCA approved web chat")], "CV5040: `FCA approved`"),
        # a status put together from a slot and what fills it
        (
            [
                (FACTS, "We answer in two days.", '"{tenant.brand} regulated help."'),
                (FACTS, "  source", "  slots: [tenant.brand]\n  source"),
                (TENANT, "brand: Plain", "brand: FCA"),
            ],
            "CV5040: `FCA regulated`",
        ),
        # fees
        ([CAPS, (PERSONA, "Thanks for asking.", "Our fee is 36%.")], "CV5041: `36%` is above the 30%"),
        ([CAPS, (TENANT, "9am to 5pm", "our fee is £500")], "CV5041: `£500` is more than £420.00"),
        (
            [CAPS, (JOURNEYS, "title: The free way", "title: A joining fee")],
            "CV5041: `joining fee` is a payment before",
        ),
        # soft opt-in
        (
            [SALE, SOFT],
            "CV5054: `hello` rests on a soft opt-in, whose evidence leaves out sale_ref, named_sender, source",
        ),
        (
            [SALE, SOFT, (CONSENT, "[who, when]", "[who, when, named_sender, source]")],
            "CV5054: `hello` rests on a soft opt-in, whose evidence leaves out sale_ref",
        ),
        # what must be asked
        ([NOT_TWICE], "CV5012: no claim covers the duty `not-represented`"),
        (
            [NOT_TWICE, (CORE, "covers: [free-route]", "covers: [free-route, not-represented]")],
            "CV5055: the link `form` is given without asking for the duty `not-represented`",
        ),
        (
            [
                NOT_TWICE,
                ASKS,
                (
                    LINKS,
                    "    answers:\n      - question: PL-Q01\n        answer: Not yet\n",
                    "    answers: []\n",
                ),
            ],
            "CV5055: the link `form` is given without asking",
        ),
        # no win, no fee
        ([RISK, (FACTS, "We answer in two days.", "No win, no fee.")], "CV5056: `no win, no fee` is said"),
        ([RISK, (FACTS, "We answer in two days.", "It is no-win-no-fee.")], "CV5056"),
        ([RISK, (FACTS, "We answer in two days.", "You only pay if we win.")], "CV5056"),
        ([RISK, (PERSONA, "Thanks for asking.", "No win no fee.")], "CV5056"),
        ([RISK, (TENANT, "9am to 5pm", "no win, no fee")], "CV5056"),
        ([RISK, (JOURNEYS, "title: The free way", "title: No win no fee")], "CV5056"),
        # the perimeter, and who processes what
        (
            [(TENANT, "review_by: 2027-06-01", "review_by: 2026-10-01")],
            "CV5057: the permission was to be checked",
        ),
        ([processor("US")], "CV5049: Models Ltd works in US"),
        ([processor("IE")], "CV5049: Models Ltd works in IE"),
        ([processor("US", more="    transfer: Bridge\n")], "CV5050: Models Ltd would see messages in US"),
        (
            [processor("US", more="    transfer: Bridge\n")],
            "CV5050: models may see messages in GB, but no processor",
        ),
        ([processor("GB", "2027-03-01")], "CV5051: the agreement with Models Ltd is of 2027-03-01"),
        # evidence for what nobody asks for
        (
            [
                (
                    "plain/golive.yaml",
                    "",
                    "- item: GL-01\n  evidence: x\n  signed_by: Una Plain\n  signer: operations\n  shown_on: 2026-11-01\n",
                )
            ],
            "CV5058: no checklist of this tenant's packs has the item `GL-01`",
        ),
    ],
)
def test_a_rule_of_law_finds(tmp_path: Path, edits: list[Edit], expected: str) -> None:
    faults = found(tmp_path, *edits)
    assert [fault for fault in faults if fault.startswith(expected)], faults


@pytest.mark.parametrize(
    ("edits", "code"),
    [
        ([(PACK, "", "statuses: [fca]\n"), (FACTS, "We answer in two days.", f"We are {BY}.")], "CV5040"),
        ([(FACTS, "  source", "  never_say: [FCA regulated]\n  source")], "CV5040"),
        ([(FACTS, "  source", "  questions: [are you FCA regulated]\n  source")], "CV5040"),
        ([(PERSONA, "  Voice:", f"  Never say that we are {BY}.\n  Voice:")], "CV5040"),
        ([(PERSONA, "Thanks for asking.", "Our fee is 36%.")], "CV5041"),  # no pack caps fees
        ([(FACTS, "We answer in two days.", "No win, no fee.")], "CV5056"),  # no pack wants the risk told
        ([SALE, (CONSENT, "[who, when]", "[who, when, how]")], "CV5054"),
        ([NOT_TWICE, ASKS], "CV5055"),
        ([processor("GB")], "CV50"),
        ([(TENANT, "review_by: 2027-06-01", "review_by: 2026-11-25")], "CV5057"),
    ],
)
def test_a_rule_of_law_leaves_alone(tmp_path: Path, edits: list[Edit], code: str) -> None:
    assert [fault for fault in found(tmp_path, *edits) if fault.startswith(code)] == []
