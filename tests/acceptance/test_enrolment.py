"""A pull request is judged by the approvers of its base: it cannot enrol the person who approves it."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.acceptance.convo import TODAY, convo
from tests.compiling import EXAMPLES, lay_out

CASE = EXAMPLES / "positive" / "CV6013-enrolled-by-the-change"


def git(root: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=Wat Example", "-c", "user.email=wat@example.com")
    subprocess.run(["git", "-C", str(root), *identity, *arguments], check=True, capture_output=True)


def test_an_approver_enrolled_by_the_change_counts_after_the_merge_and_not_before(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "tenants")
    git(tmp_path, "rm", "-q", "-r", "tenants")
    lay_out(tmp_path / "tenants", CASE)
    git(tmp_path, "add", "-A")

    check = ("compile", "tenants", "--check", "--format", "concise", "--today", TODAY, "--no-cache")
    proposed = convo(*check, "--base", "main", cwd=tmp_path)
    assert proposed.returncode == 1
    assert "CV6013 Mallory Example could not approve this before" in proposed.stdout
    merged = convo(*check, cwd=tmp_path)
    assert (merged.returncode, merged.stdout) == (0, "1 tenant: no faults\n")
