"""An approval is of exact words: what a digest covers, and that nothing else than the approver's signature makes it hold."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.approvals import subjects_of
from compiler.pipeline import Compiled, check
from schemas.bundle import Bundle
from tests.compiling import TODAY, lay_out, sources

CORE = "plain/claims/core.yaml"


def compiled(root: Path) -> Compiled:
    result = check(root, today=TODAY)
    found = result.tenants["plain"]
    assert found is not None, result.diagnostics
    return found


def digest(root: Path, claim: str = "PL-D01") -> str:
    (root / "plain" / "approvals.yaml").unlink(missing_ok=True)
    return Bundle.decode(compiled(root).bundle).claims[claim].digest


def edit(root: Path, old: str, new: str) -> None:
    path = root / CORE
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("I'm Pat, an", "I'm Pat,  an"),
        ("kind: disclosure", "kind: fact"),
        ("when: opening", "when: on_question"),
        ("  slots: [tenant.brand]", "  repeat_after_days: 3\n  slots: [tenant.brand]"),
        ("effective: 2026-01-01", "effective: 2026-01-02"),
        ("review_by: 2027-06-01", "review_by: 2027-06-02"),
        ("review_by: 2027-06-01", "review_by: 2027-06-01\n  expires: 2028-01-01"),
        ("  slots: [tenant.brand]", "  channels: [webchat]\n  slots: [tenant.brand]"),
        ("  slots: [tenant.brand]", "  audience: [consumer]\n  slots: [tenant.brand]"),
        ("  covers: [ai]", "  short: I'm Pat.\n  covers: [ai]"),
        ("required_with: [PL-D02]", "required_with: [PL-D02, PL-D03]"),
        ("  questions: [are you a robot]", "  topic: Are you a robot?\n  questions: [are you a robot]"),
        ("  questions: [are you a robot]", "  questions: [are you a machine]"),
        ("  questions: [are you a robot]", "  questions: [are you a robot, are you real]"),
        ("  questions: [are you a robot]\n", ""),
        ("  questions: [are you a robot]", "  questions: [are you a robot]\n  never_say: [I am human]"),
    ],
)
def test_a_change_of_what_is_approved_changes_the_digest(tmp_path: Path, old: str, new: str) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    before = digest(root)
    edit(root, old, new)
    if "kind: fact" in new:
        edit(root, "  covers: [ai]\n", "")
        edit(root, "  covers: [stop]", "  covers: [ai, stop]")
    if "channels" in new:
        edit(root, "  covers: [stop]", "  channels: [webchat]\n  covers: [stop]")
    assert digest(root) != before


def test_what_fills_a_slot_is_part_of_what_is_approved_where_it_stands(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    before = {claim: digest(root, claim) for claim in ("PL-D01", "PL-D02")}
    tenant = root / "plain/tenant.yaml"
    tenant.write_text(tenant.read_text().replace("brand: Plain", "brand: Plainer"))
    assert digest(root, "PL-D01") != before["PL-D01"], "PL-D01 says {tenant.brand}"
    assert digest(root, "PL-D02") == before["PL-D02"], "PL-D02 does not"


def test_what_a_person_may_tap_is_part_of_what_is_approved(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    edit(root, "  questions: [are you a robot]", "  topic: Are you a robot?\n  questions: [are you a robot]")
    topic, options = digest(root), digest(root, "PL-Q01")
    edit(root, "topic: Are you a robot?", "topic: Are you a person?")
    edit(root, "[Already, Not yet]", "[Done, Not yet]")
    assert digest(root) != topic
    assert digest(root, "PL-Q01") != options


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("  questions: [are you a robot]", "  note: A remark.\n  questions: [are you a robot]"),
        ("- id: PL-D01", "\n\n# moved down\n- id: PL-D01"),
        ("says: I'm Pat, an automated", "says: >-\n    I'm Pat, an\n    automated"),
    ],
)
def test_a_change_of_anything_else_does_not(tmp_path: Path, old: str, new: str) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    before = digest(root)
    edit(root, old, new)
    assert digest(root) == before


def test_the_questions_are_approved_as_a_set(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    edit(root, "questions: [are you a robot]", "questions: [are you a robot, are you real]")
    before = digest(root)
    edit(root, "questions: [are you a robot, are you real]", "questions: [are you real, are you a robot]")
    assert digest(root) == before


def test_an_approved_answer_answers_no_other_question(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    edit(root, "questions: [are you a robot]", "questions: [are you free of charge]")
    journeys = root / "plain/journeys.yaml"
    journeys.write_text(journeys.read_text().replace("[is there a free way]", "[do you cost anything]"))
    found = {d.message.split("`")[1]: d for d in check(root, today=TODAY).diagnostics if d.code == "CV6002"}
    assert "questions: are you [-a-]{+free+} [-robot-]{+of charge+}" in found["PL-D01"].message
    assert any(script.startswith("quick_reply/") for script in found)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("persona.yaml", "for {{ tenant.values.brand }}.", "for {{ tenant.values.firm }}."),
        ("tenant.yaml", "  brand: Plain", "  brand: Plainer"),
        ("tenant.yaml", "display_name: Plain", "display_name: Plain and free"),
        ("channels.yaml", "address: Plain web chat (EXAMPLE)", "address: Free money (EXAMPLE)"),
        (
            "channels.yaml",
            "    outreach: true",
            "    outreach: true\n    options:\n      from_name: The ombudsman",
        ),
    ],
)
def test_the_persona_is_approved_with_what_fills_its_prompt_and_what_it_is_shown_as(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    before = subjects_of(sources(root)["plain"])["persona"].digest
    path = root / "plain" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    assert subjects_of(sources(root)["plain"])["persona"].digest != before


def test_what_the_prompt_does_not_insert_leaves_the_persona_approved(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    tenant = root / "plain/tenant.yaml"
    words = subjects_of(sources(root)["plain"])["persona"]
    tenant.write_text(tenant.read_text().replace("Monday to Friday", "Monday to Saturday"))
    assert subjects_of(sources(root)["plain"])["persona"].digest == words.digest
    assert "You choose the moves of Pat for Plain." in words.normative["prompt"]


def test_a_prompt_that_cannot_be_filled_in_is_refused_and_never_run(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    persona = root / "plain/persona.yaml"
    loop = "{% for i in range(99999) %}{% for j in range(99999) %}x{% endfor %}{% endfor %}"
    persona.write_text(persona.read_text().replace("Voice: {{", loop + "Voice: {{"))
    assert "{% for" in subjects_of(sources(root)["plain"])["persona"].normative["prompt"]
    assert "CV5016" in {d.code for d in check(root, today=TODAY).diagnostics}


def test_the_document_a_claim_cites_is_part_of_what_is_approved(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    (root / "plain/documents").mkdir()
    (root / "plain/documents/fees.md").write_text("one")
    edit(root, "  slots: [tenant.brand]", "  document: documents/fees.md\n  slots: [tenant.brand]")
    before = digest(root)
    (root / "plain/documents/fees.md").write_text("two")
    assert digest(root) != before


def test_an_accent_written_in_two_ways_is_one_text(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    edit(root, "I'm Pat", "I'm Zo\u00eb")
    before = digest(root)
    edit(root, "Zo\u00eb", "Zoe\u0308")
    assert digest(root) == before


def test_a_pack_s_claim_is_approved_by_each_tenant_for_itself(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    ours = Bundle.decode(compiled(root).bundle).claims["ALL-HOLDING"]
    assert ours.approved
    assert [a.by for a in ours.approvals] == ["Ada Example"]
    path = root / "plain/tenant.yaml"
    path.write_text(path.read_text().replace("slug: plain", "slug: other"))
    (root / "plain").rename(root / "other")
    organisation = root / "_organisations/example.yaml"
    organisation.write_text(organisation.read_text().replace("[plain]", "[other]"))
    assert {d.code for d in check(root, today=TODAY).diagnostics} == {"CV6003"}


@pytest.mark.parametrize("field", ["claim", "digest", "by", "role", "on", "expires", "ref"])
def test_no_field_of_an_approval_can_be_edited(tmp_path: Path, field: str) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    path = root / "plain/approvals.yaml"
    lines = json.loads(path.read_text())
    line = next(each for each in lines if each["claim"] == "PL-D01")
    other = {"claim": "PL-D02", "digest": "sha256:" + "1" * 64, "role": "compliance", "on": "2026-11-02"}
    line[field] = other.get(field, "2029-01-01" if field == "expires" else "Eve Example")
    path.write_text(json.dumps(lines))
    result = check(root, today=TODAY)
    assert result.tenants["plain"] is None
    assert {d.code for d in result.diagnostics if d.is_error} <= {"CV6003", "CV6004"}


def test_without_approvals_the_bundle_is_marked_and_live_refuses_it(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    (root / "plain/approvals.yaml").unlink()
    assert compiled(root).unapproved
    live = check(root, today=TODAY, stage="live")
    of_approvals = [(d.code, d.severity) for d in live.diagnostics if d.code.startswith("CV6")]
    assert of_approvals == [("CV6001", "error"), ("CV6012", "error")]
    assert live.tenants["plain"] is None
