"""A place-holder is no evidence, no agreement and no permission, however it is written; a real one is let pass."""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.diagnostics import Diagnostic
from compiler.pipeline import check
from tests.compiling import EXAMPLES, TODAY, lay_out

GOLIVE, TENANT = "golive.yaml", "tenant.yaml"
PLACES = [
    (GOLIVE, "evidence: Restore report 4"),
    (GOLIVE, "signed_by: Una Plain"),
    (TENANT, "agreement: Contract 1"),
    (TENANT, "permission: FRN 000000"),
    (TENANT, 'company_no: "00000000"'),
]
HOLDS = [
    "-",
    "--",
    "?",
    "...",
    "to be done",
    "To be signed",
    "TBD",
    "t.b.c.",
    "none",
    "None yet",
    "none, failed",
    "N/A",
    "n.a.",
]
HOLDS += [
    "pending",
    "Failed",
    "not yet",
    "example",
    "Example",
    "Example number",
    "todo",
    "xxx",
    "awaiting signature",
    "done",
]
SHOWS = [
    "Restore report 4",
    "Contract 12 of May",
    "FRN 000000",
    "Opinion 7",
    "Minutes, none absent",
    "N. A. Plain",
    "Договор 4",
]
SHOWS += [
    "Test report 7, all passed",
    "Failed first on 3 May, then passed: report 8",
    "Done by Una Plain",
    "Examples Street register",
]


def told(root: Path, file: str, old: str, value: str, stage: str = "live") -> list[Diagnostic]:
    lay_out(root, EXAMPLES / "positive" / "CV5060-placeholder")
    path = root / "plain" / file
    text = path.read_text().replace("Restore report 5", "Restore report 4")
    assert old in text
    path.write_text(text.replace(old, f"{old.split(':', maxsplit=1)[0]}: '{value}'", 1))
    return [d for d in check(root, today=TODAY, stage=stage).diagnostics if d.code == "CV5060"]


@pytest.mark.parametrize(("file", "old"), PLACES)
def test_a_place_holder_is_refused_wherever_something_is_shown(file: str, old: str, tmp_path: Path) -> None:
    (one,) = told(tmp_path / "t", file, old, "to be done")
    assert one.is_error
    assert one.message == "`to be done` holds a place and shows nothing"
    assert one.span.file.endswith(file)


@pytest.mark.parametrize("value", HOLDS)
def test_a_place_holder_is_known_in_every_spelling(value: str, tmp_path: Path) -> None:
    assert told(tmp_path / "t", *PLACES[0], value)


@pytest.mark.parametrize("value", SHOWS)
def test_what_says_something_is_let_pass(value: str, tmp_path: Path) -> None:
    assert told(tmp_path / "t", *PLACES[0], value) == []


@pytest.mark.parametrize(("stage", "errors"), [("staging", [False]), ("sandbox", [])])
def test_before_live_it_is_a_warning_or_nothing(stage: str, errors: list[bool], tmp_path: Path) -> None:
    assert [d.is_error for d in told(tmp_path / "t", *PLACES[0], "tbd", stage)] == errors
