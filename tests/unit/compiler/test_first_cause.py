"""One fault in a file is told once, at its cause."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from compiler.diagnostics import Diagnostic
from compiler.link import KINDS
from compiler.load import schema
from compiler.pipeline import check
from tests.compiling import TODAY, lay_out

SHIPPED = Path(__file__).parents[3] / "tenants"
FILE = "dynamo-dave/claims/free-routes.yaml"


def errors_after(tmp_path: Path, old: str, new: str) -> list[Diagnostic]:
    root = tmp_path / "tenants"
    shutil.copytree(SHIPPED, root)
    text = (root / FILE).read_text("utf-8")
    assert old in text
    (root / FILE).write_text(text.replace(old, new, 1), "utf-8")
    return [d for d in check(root, today=TODAY).diagnostics if d.is_error]


def test_a_misspelt_date_key_is_named_and_its_date_is_not_blamed(tmp_path: Path) -> None:
    (found,) = errors_after(tmp_path, "review_by:", "reveiw_by:")
    assert (found.code, found.help) == ("CV3001", "did you mean `review_by`?")


def test_a_misspelt_kind_brings_no_riddles(tmp_path: Path) -> None:
    found = errors_after(tmp_path, "kind:", "kiind:")
    assert {d.code for d in found} <= {"CV3001", "CV3002"}
    assert "did you mean `kind`?" in [d.help for d in found]


@pytest.mark.parametrize("broken", ['  covers: "never closed', "  covers: [free-route"])
def test_a_file_that_cannot_be_read_is_the_one_thing_said(tmp_path: Path, broken: str) -> None:
    (found,) = errors_after(tmp_path, "  covers: [free-route]", broken)
    assert found.code == "CV2001"
    assert found.span.file == FILE
    assert 0 < found.span.line <= len((SHIPPED / FILE).read_text("utf-8").splitlines())


def test_a_key_that_needs_quotes_is_not_also_missing(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    lines = json.loads((root / "plain/approvals.yaml").read_text())
    signed = "".join(
        "- " + "\n  ".join(f"{key}: {json.dumps(value)}" for key, value in line.items()) + "\n"
        for line in lines
    )
    (root / "plain/approvals.yaml").write_text(signed)
    found = {(d.code, d.fix is not None) for d in check(root, today=TODAY).diagnostics}
    assert found == {("CV2008", True)}


def faults_of(tmp_path: Path, file: str, old: str, new: str) -> list[Diagnostic]:
    """What is said of a tenant with everything approved after one edit."""
    root = tmp_path / "tenants"
    lay_out(root)
    path = root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    return list(check(root, today=TODAY).diagnostics)


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("plain/persona.yaml", "\npreset: fast", "\npreset: fsat"),
        ("plain/persona.yaml", "\nopening:", "\nopnening:"),
        ("plain/persona.yaml", "name: Pat", "name: [Pat"),
        ("plain/persona.yaml", "[PL-D01, PL-D02]", "[PL-D01, PL-D99]"),
        ("plain/persona.yaml", "{{ persona.name }}", "{{ persona.nmae }}"),
        ("plain/journeys.yaml", "mode: always_on", "mode: always"),
        ("plain/journeys.yaml", "\ncampaigns:", "\ncampagins:"),
        ("plain/journeys.yaml", "claims: [PL-D03]", "claims: [PL-D33]"),
        ("plain/journeys.yaml", "quick_replies:", "quick_replies: ["),
        ("plain/claims/core.yaml", "- id: PL-D01", "- idd: PL-D01"),
        ("plain/claims/core.yaml", "when: opening\n", "when: opning\n"),
        ("plain/claims/core.yaml", "kind: question", "kind: qestion"),
        ("plain/claims/core.yaml", "- id: PL-D01", "- id: [PL-D01"),
        ("plain/channels.yaml", "channel: webchat", "channel: webhcat"),
        ("plain/channels.yaml", "connections:", "conections:"),
        ("plain/destinations.yaml", "    url: ", "    ulr: "),
        ("plain/destinations.yaml", "links:", "links: ["),
        ("plain/consent.yaml", "bases:", "baess:"),
        ("plain/tenant.yaml", "packs: [all]", "pakcs: [all]"),
        ("plain/tenant.yaml", "packs: [all]", "packs: [all, everything]"),
        ("plain/tenant.yaml", "approvers:", "aprovers:"),
        ("plain/tenant.yaml", "slug: plain", "slug: [plain"),
    ],
)
def test_one_fault_brings_no_second_in_another_file_of_an_approved_tenant(
    tmp_path: Path, file: str, old: str, new: str
) -> None:
    found = faults_of(tmp_path, file, old, new)
    assert {d.span.file for d in found} == {file}, [f"{d.span.file}: {d.code} {d.message}" for d in found]


def test_a_script_that_is_not_there_is_said_when_its_file_can_be_read(tmp_path: Path) -> None:
    found = faults_of(tmp_path, "plain/journeys.yaml", "  - id: hello", "  - id: helo")
    assert "CV4001" in {d.code for d in found if d.span.file == "plain/approvals.yaml"}


def test_a_line_about_what_cannot_be_read_lets_nothing_be_said(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    path = root / "plain/persona.yaml"
    path.write_text(path.read_text().replace("[PL-D01, PL-D02]", "[PL-D01, PL-D99]"))
    assert check(root, today=TODAY).tenants["plain"] is None


def test_a_forged_line_is_told_whatever_else_cannot_be_read(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    lines = json.loads((root / "plain/approvals.yaml").read_text())
    for line in lines:
        line["ref"] = "another review"
    (root / "plain/approvals.yaml").write_text(json.dumps(lines))
    path = root / "plain/persona.yaml"
    path.write_text(path.read_text().replace("[PL-D01, PL-D02]", "[PL-D01, PL-D99]"))
    forged = [d for d in check(root, today=TODAY).diagnostics if d.code == "CV6003"]
    assert len(forged) == len(lines)


def test_the_kinds_of_claims_are_those_of_the_schema() -> None:
    assert sorted(KINDS) == sorted(schema("claims")["items"]["properties"]["kind"]["enum"])
