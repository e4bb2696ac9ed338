"""Faults that have two ends show both; a fix is there exactly where it is certain."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from compiler.diagnostics import Diagnostic
from compiler.diagnostics.suggest import sole
from compiler.pipeline import check
from tests.compiling import TODAY, lay_out


def fault(
    tmp_path: Path, file: str, old: str, new: str, *, approved: bool = True, code: str = ""
) -> Diagnostic:
    """The one fault after a change to the base; `approved`: the lines of before the change stand beside it."""
    root = tmp_path / "tenants"
    lay_out(root)
    if not approved:
        (root / "plain/approvals.yaml").unlink()
    path = root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    found = [d for d in check(root, today=TODAY).diagnostics if d.is_error and d.code.startswith(code)]
    return found[0]


def test_an_undefined_id_shows_where_the_one_that_was_meant_is_defined(tmp_path: Path) -> None:
    found = fault(tmp_path, "plain/persona.yaml", "PL-D01", "PL-D11", approved=False, code="CV4")
    (label,) = found.labels
    assert (label.span.file, label.text) == ("plain/claims/core.yaml", "`PL-D01` is defined here")
    assert found.fix is None  # PL-D03 is as near


@pytest.mark.parametrize("approved", [True, False])
def test_an_id_is_only_suggested(tmp_path: Path, approved: bool) -> None:
    args = ("plain/claims/core.yaml", "when: in_flow\n", "when: in_flow\n  required_with: [ALL-HOLDNG]\n")
    found = fault(tmp_path, *args, approved=approved, code="CV4")
    assert (found.help, found.fix) == ("did you mean `ALL-HOLDING`?", None)


def test_a_signed_line_is_never_rewritten(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    path = root / "plain/approvals.yaml"
    lines = json.loads(path.read_text())
    held = next(line for line in lines if line.get("claim") == "ALL-HOLDING")
    path.write_text(json.dumps(lines).replace(json.dumps(held), json.dumps({**held, "claim": "ALL-HOLDNG"})))
    found = [d for d in check(root, today=TODAY).diagnostics if d.code.startswith("CV4")]
    assert [(d.help, d.fix) for d in found] == [("did you mean `ALL-HOLDING`?", None)]


def test_an_id_of_the_wrong_kind_shows_what_it_is(tmp_path: Path) -> None:
    found = fault(tmp_path, "plain/destinations.yaml", "question: PL-Q01", "question: PL-D03", code="CV4005")
    (label,) = found.labels
    assert label.text == "`PL-D03` is defined here"
    assert found.help == "name a claim of the kind `question`"


def test_what_does_not_go_together_shows_both(tmp_path: Path) -> None:
    found = fault(tmp_path, "plain/channels.yaml", "outreach: false", "outreach: true", code="CV3008")
    assert found.message == "`outreach: true` does not go with `channel: webchat`"
    (label,) = found.labels
    assert (label.text, label.span.line) == ("because of this", 13)
    assert found.help == "with it goes false"


def test_a_key_another_one_needs_says_which(tmp_path: Path) -> None:
    found = fault(tmp_path, "plain/channels.yaml", '    origins: ["https://www.example.com"]\n', "")
    assert found.code == "CV3002"
    assert found.message.endswith("`channel: webchat` needs it")
    assert [label.text for label in found.labels] == ["because of this"]


def test_every_missing_key_is_said_with_what_it_is_for(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    (root / "plain/guardrails.yaml").write_text("active: [no-amounts, opt-out]\n")
    (root / "plain/destinations.yaml").write_text("links: []\n")
    found = [d for d in check(root, today=TODAY).diagnostics if d.code == "CV3002"]
    assert [d.message.split("`")[1] for d in found] == ["domains", "escalation", "handoff_words"]
    assert all(d.help for d in found)


def test_two_misspelt_keys_for_one_place_are_not_both_renamed(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    path = root / "plain/caps.yaml"
    path.write_text(path.read_text().replace("concurrency: 4", "concurency: 4\nconcurrencey: 4"))
    found = [d for d in check(root, today=TODAY).diagnostics if d.code == "CV3001"]
    assert [(d.help, d.fix) for d in found] == [("did you mean `concurrency`?", None)] * 2


@pytest.mark.parametrize(
    ("old", "new", "text"),
    [
        ("address: Plain web chat (EXAMPLE)", "address: 010", '"010"'),
        ("outreach: false", "outreach: off", "false"),
        ("outreach: false", "outreach: 1.10", None),
    ],
)
def test_a_word_with_two_readings_is_written_as_it_is_wanted(
    tmp_path: Path, old: str, new: str, text: str | None
) -> None:
    found = fault(tmp_path, "plain/channels.yaml", old, new, code="CV2003")
    assert (found.fix.text if found.fix else None) == text


def test_only_a_single_near_word_is_certain() -> None:
    assert sole("PL-D011", ["PL-D01", "PL-Q77"]) == "PL-D01"
    assert sole("PL-D0", ["PL-D01", "PL-D02"]) is None
    assert sole("nothing", ["like", "it"]) is None
