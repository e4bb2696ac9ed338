"""One fault in a file is told once, at its cause."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from compiler.diagnostics import Diagnostic
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
