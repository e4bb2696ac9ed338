"""`convo ci tenants`: one tenant that may not go to a stage keeps none of the others back, and a real fault is no such thing."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from commands import ci
from commands.going import Going, going_to
from tests.compiling import EXAMPLES, lay_out

DAY = date(2026, 11, 24)
READY = EXAMPLES / "ready" / "plain" / "channels.yaml"
STAGING = """
  - id: plain-web-staging
    channel: webchat
    stage: staging
    address: Plain web chat
    signature: none
    origins: ["https://staging.plain-claims.test"]
    outreach: false
"""


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    """One tenant that is ready for live, `plain`, with a connection for staging besides."""
    case = tmp_path / "case"
    (case / "plain").mkdir(parents=True)
    (case / "plain" / "channels.yaml").write_text(READY.read_text() + STAGING)
    (case / "case.json").write_text(json.dumps({"over": "ready", "stage": "live"}))
    lay_out(tmp_path / "tenants", case)
    return tmp_path / "tenants"


def edited(tenants: Path, name: str, old: str, new: str) -> Path:
    path = tenants / "plain" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))
    return tenants


@pytest.mark.parametrize("stage", ["staging", "live"])
def test_who_is_approved_and_has_a_connection_of_the_stage_goes(tenants: Path, stage: str) -> None:
    assert going_to(tenants, stage, today=DAY) == Going(may=["plain"], left_out={}, faults=[])


def test_who_has_no_connection_of_the_stage_is_left_out_whatever_else_is_missing(tenants: Path) -> None:
    edited(tenants, "channels.yaml", "stage: live", "stage: sandbox")
    (tenants / "plain" / "golive.yaml").unlink()
    found = going_to(tenants, "live", today=DAY)
    assert (found.may, found.faults) == ([], [])
    assert found.left_out == {"plain": "it has no connection of the stage live"}


@pytest.mark.parametrize("stage", ["staging", "live"])
def test_who_says_what_nobody_approved_is_left_out_and_told_with_the_reason(
    tenants: Path, stage: str
) -> None:
    (tenants / "plain" / "approvals.yaml").write_text("[]\n")
    found = going_to(tenants, stage, today=DAY)
    assert found.may == []
    assert "not all it says is approved" in found.left_out["plain"]
    assert found.faults == []


def test_words_changed_after_their_approval_leave_the_tenant_out(tenants: Path) -> None:
    edited(tenants, "claims/core.yaml", "The ombudsman is free", "The ombudsman costs nothing")
    found = going_to(tenants, "staging", today=DAY)
    assert "CV6002" in found.left_out["plain"]
    assert found.faults == []


def test_any_other_error_is_a_failure_and_the_tenant_does_not_go(
    tenants: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edited(tenants, "persona.yaml", "name:", "nmae:")
    found = going_to(tenants, "staging", today=DAY)
    assert found.may == []
    assert any("nmae" in fault for fault in found.faults)
    assert ci.tenants(stage="staging", root=tenants) == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert "tenants/plain/persona.yaml:" in told.err
