"""Every way a rule can fire: one edit of the base tenant, the code it must raise and words its message must hold.

What a rule says first is an example folder; here stand its other branches.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.pipeline import check
from tests.compiling import TODAY, approve, lay_out

FACT = """- id: PL-F01
  kind: fact
  says: We answer in two days.
  when: on_question
  source: [LAW-1]
  effective: 2026-01-01
  review_by: 2027-06-01
"""
CONSENT, CORE, TENANT = "plain/consent.yaml", "plain/claims/core.yaml", "plain/tenant.yaml"
PERSONA, CHANNELS, JOURNEYS = "plain/persona.yaml", "plain/channels.yaml", "plain/journeys.yaml"
LINKS, FACTS = "plain/destinations.yaml", "plain/claims/facts.yaml"
FLOOR, PACK = "_packs/all/consent.yaml", "_packs/all/pack.yaml"
DANGER = "_packs/all/signals/danger.yaml"
OPT_OUT = "opt_out:\n  scope: {}\n  confirmations: {}\n  resubscribe: fresh_consent\n"

Edit = tuple[str, str, str]


def found(tmp_path: Path, *edits: Edit, stage: str = "sandbox") -> list[str]:
    """`code: message` of every fault after the edits; an empty `old` appends, to a new file too."""
    root = tmp_path / "tenants"
    lay_out(root)
    (root / "plain/approvals.yaml").unlink()
    (root / FACTS).write_text(FACT)
    for file, old, new in edits:
        (root / file).parent.mkdir(exist_ok=True)
        text = (root / file).read_text() if (root / file).exists() else ""
        assert old in text, (file, old)
        (root / file).write_text(text.replace(old, new, 1) if old else text + new)
    approve(root, {})
    return [f"{d.code}: {d.message}" for d in check(root, today=TODAY, stage=stage).diagnostics]


@pytest.mark.parametrize(
    ("edits", "expected"),
    [
        # a model nobody has a price for, on every rung
        *(
            (
                [(PERSONA, "", f"models:\n  {rung}: {{provider: gemini, model: gpt-5.6-luna}}\n")],
                "CV5061: `gpt-5.6-luna` of gemini has no price in this release",
            )
            for rung in ("cheap", "primary", "fallback", "tertiary")
        ),
        # looser than a pack
        (
            [(CONSENT, "", "max_age_days: 365\n")],
            "CV5011: `max_age_days` is 365, but the pack `all` wants 180",
        ),
        ([(CONSENT, "", "min_gap_hours: 1\n")], "CV5011: `min_gap_hours` is 1, but the pack `all` wants 24"),
        ([(CONSENT, "", "strikes: 4\n")], "CV5011: `strikes` is 4, but the pack `all` wants 3"),
        ([(CONSENT, "basis: consent", "basis: soft_opt_in")], "CV5011: the basis is soft_opt_in"),
        ([(CONSENT, "evidence: [who, when]", "evidence: [who]")], "CV5011: the evidence leaves out when"),
        (
            [("plain/guardrails.yaml", "[no-amounts, opt-out]", "[opt-out]")],
            "CV5011: the guardrail no-amounts is off",
        ),
        (
            [(FLOOR, "scope: tenant", "scope: organisation"), (CONSENT, "", OPT_OUT.format("tenant", 1))],
            "CV5011: an opt-out reaches the tenant, but the pack `all` wants organisation",
        ),
        (
            [(FLOOR, "confirmations: 1", "confirmations: 0"), (CONSENT, "", OPT_OUT.format("tenant", 1))],
            "CV5011: `confirmations` is 1, but the pack `all` wants 0",
        ),
        # quiet hours
        ([(CONSENT, "20:00", "20:30")], "CV5013: the hours end at 20:30, but the pack `all` wants 20:00"),
        ([(CONSENT, "[sunday]", "[saturday]")], "CV5013: sunday is not quiet"),
        ([(CONSENT, "", "quiet_bank_holidays: false\n")], "CV5013: bank holidays are not quiet"),
        ([(CONSENT, "20:00", "09:00")], "CV5013: the hours end before they begin"),
        # disclosures
        ([(CORE, "covers: [ai]", "note: none")], "CV5012: no claim covers the duty `ai` of the pack `all`"),
        (
            [(JOURNEYS, "[PL-D01, PL-D02]", "[PL-D03]")],
            "CV5012: the campaign `hello` does not cover the duty `stop`",
        ),
        (
            [(LINKS, "[PL-D03]", "[PL-D02]"), (CORE, "  required_with: [PL-D03]\n", "")],
            "CV5012: the link `form` does not require the duty `free-route`",
        ),
        # slots
        ([(FACTS, "two days.", "two days}.")], "CV5015: a brace stands alone"),
        (
            [(FACTS, "  source", "  slots: [tenant.firm]\n  source")],
            "CV5015: the slot `tenant.firm` stands in no text",
        ),
        (
            [(FACTS, "two days", "{tenant.firm}")],
            "CV5015: the slot `{tenant.firm}` is not declared",
        ),
        # prompts
        (
            [(PERSONA, "Voice:", "{% for x in persona.voice.tone %}{{ x }}{% endfor %}")],
            "CV5016: a prompt may not use `for`",
        ),
        ([(PERSONA, "Voice:", '{{ "a" * 1000000000 }}')], "CV5016: a prompt may not use `mul`"),
        (
            [(PERSONA, "Voice:", "{{ persona.voice.tone | map }}")],
            "CV5016: a prompt may not use the filter `map`",
        ),
        ([(PERSONA, "Voice:", "{{ persona.items() }}")], "CV5016: a prompt may not use `call`"),
        ([(PERSONA, "Voice:", "{{ cycler }}")], "CV5016: `cycler` is not declared"),
        ([(PERSONA, "Voice:", "{{ persona.name.upper }}")], "CV5016: `persona.name.upper` is not declared"),
        ([(PERSONA, "Voice:", "{{ persona.voice }")], "CV5016: the prompt cannot be read"),
        ([(PERSONA, "Voice:", "{{ persona.name | trim(5) }}")], "CV5016: the prompt cannot be filled in"),
        ([(PERSONA, "Voice:", "{{ " + "(" * 3000)], "CV5016: the prompt cannot be read"),
        # prohibited wording
        ([(PERSONA, "Thanks for asking.", "Guaranteed.")], "CV5004: `Guarantee` is prohibited by ALL-X01"),
        ([(JOURNEYS, "The free way", "A guarantee")], "CV5004: `guarantee` is prohibited by ALL-X01"),
        (
            [(CORE, "Not yet]", "A guarantee]"), (LINKS, "Not yet", "A guarantee")],
            "CV5004: `guarantee` is prohibited",
        ),
        ([(FACTS, "two days", "guar\u0430ntee")], "CV5004:"),
        # addresses
        (
            [(TENANT, "https://example.com/privacy", "https://example.net/privacy")],
            "CV5006: `example.net` is not",
        ),
        ([(TENANT, "complaints@example.com", "complaints@example.org")], "CV5006: `example.org` is not"),
        ([(LINKS, "https://example.com/claim", "https://claims.test/claim")], "CV5006: `claims.test` is not"),
        ([(FACTS, "two days.", "two days, see claims.xyz.")], "CV5006: `claims.xyz` is not"),
        ([(FACTS, "two days.", "two days.Then we write.")], "CV5006: `days.then` is not"),
        (
            [(FACTS, "two days.", "two days, http://xn--pple-43d.example/a")],
            "CV5006: `xn--pple-43d.example` is not",
        ),
        # outreach
        (
            [(CONSENT, "[whatsapp_360dialog]", "[whatsapp_waha]")],
            "CV5008: the purpose `hello` would start conversations through WAHA",
        ),
        # secrets
        ([(PERSONA, "Voice:", "AKIAEXAMPLE000000000.")], "CV5007: this looks like the value of a secret"),
        ([(CHANNELS, "http://127.0.0.1:8360", "http://user:word@127.0.0.1:8360")], "CV5007: this looks like"),
        # the set of required claims
        (
            [
                (FACTS, "  source", "  required_with: [PL-D03]\n  source"),
                (CORE, "  covers: [free-route]", "  covers: [free-route]\n  audience: [business]"),
            ],
            "CV5005: `PL-F01` requires `PL-D03`, which is for business only",
        ),
        (
            [
                (FACTS, "  source", "  required_with: [PL-D01]\n  source"),
                (CORE, 'reply STOP."\n', 'reply STOP."\n  channels: [webchat]\n'),
                (CORE, "[tenant.brand]", "[tenant.brand]\n  channels: [webchat]"),
            ],
            "CV5005: `PL-F01` requires `PL-D02`, which is for webchat only",
        ),
        # calendar and what nobody says
        ([(TENANT, "GB-ENG", "GB-SCT")], "CV5017: no pack has a calendar for GB-SCT"),
        ([(PACK, "  holding: ALL-HOLDING\n", "")], "CV5018: nobody has the line `holding`"),
        ([(PERSONA, "[en-GB]", "[en-GB, fr]")], "CV5018: nobody has opt-out words in fr"),
        (
            [(DANGER, "priority: 0", "priority: 1"), (DANGER, "class: safety", "class: reply")],
            "CV5018: no pack has a signal of priority 0",
        ),
        # what stands on a button
        ([(FACTS, "  source", "  topic: £5,000 guaranteed\n  source")], "CV5024: `£` stands on a button"),
        (
            [(FACTS, "  source", "  topic: £5,000 guaranteed\n  source")],
            "CV5024: a guarantee stands on a button",
        ),
        ([(FACTS, "  source", "  topic: We guarantee it\n  source")], "CV5004: `guarantee` is prohibited by"),
        ([(FACTS, "  source", "  topic: Who waits 9 days?\n  source")], "CV5024: `9` stands on a button"),
        ([(CORE, "[Already, Not yet]", "[Already, Definitely]")], "CV5024: a guarantee stands on a button"),
        ([(CHANNELS, "plain-web", "plain-wa")], "CV5009: the connection `plain-wa` shares its id"),
    ],
)
def test_a_rule_finds(tmp_path: Path, edits: list[Edit], expected: str) -> None:
    faults = found(tmp_path, *edits)
    assert [fault for fault in faults if fault.startswith(expected)], faults


def test_review_overdue_is_a_warning_until_it_is_live(tmp_path: Path) -> None:
    overdue = (FACTS, "review_by: 2027-06-01", "review_by: 2026-11-01")
    found(tmp_path, overdue)
    for stage, severity in (("sandbox", "warning"), ("staging", "warning"), ("live", "error")):
        diagnostics = check(tmp_path / "tenants", today=TODAY, stage=stage).diagnostics
        assert {d.severity for d in diagnostics if d.code == "CV5003"} == {severity}
