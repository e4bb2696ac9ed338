"""A commit cannot hide its own files: whatever .gitattributes says, each command that reads a ref reads what was committed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.serialization import Encoding, PrivateFormat

from tests.acceptance.convo import TODAY, convo
from tests.acceptance.test_plan import git
from tests.compiling import APPROVER, key_of, lay_out

SLUG = "plain"
HIDDEN = "* export-ignore export-subst\n*.yaml export-ignore export-subst ident eol=crlf\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A tenant on main whose attributes hide every file from `git archive`, and fill in `$Format:%H$` in it."""
    lay_out(tmp_path / "tenants")
    for path in (tmp_path / "tenants").rglob("*.yaml"):
        path.write_text(path.read_text() + "# $Format:%H$\n")
    (tmp_path / ".gitattributes").write_text(HIDDEN)
    git(tmp_path, "init", "-q", "-b", "main")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-q", "-m", "All is hidden from an archive")
    assert "persona" not in git(tmp_path, "archive", "--format=tar", "main")
    return tmp_path


def test_a_plan_against_it_sees_no_change(repository: Path) -> None:
    done = convo("plan", "--base", "main", "--today", TODAY, cwd=repository)
    assert (done.returncode, done.stdout.split("\n")[0]) == (0, "Nothing changes."), done.stderr


def test_compile_takes_the_approvers_of_it(repository: Path) -> None:
    check = ("compile", "tenants", "--check", "--no-cache", "--format", "concise", "--today", TODAY)
    done = convo(*check, "--base", "main", cwd=repository)
    assert (done.returncode, done.stdout) == (0, "1 tenant: no faults\n"), done.stderr


def test_approve_finds_nothing_changed_since_it(repository: Path) -> None:
    key = repository / "ada.key"
    key.write_bytes(
        key_of(APPROVER).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    given = ("--all-changed", "--base", "main", "--key", f"{key}", "--yes", "--today", TODAY)
    done = convo("approve", f"tenants/{SLUG}", *given, cwd=repository)
    assert (done.returncode, done.stdout) == (0, "nothing to approve\n"), done.stderr


def test_a_transcript_plays_no_claim_as_new(repository: Path) -> None:
    given = ("--base", "main", "--format", "json", "--today", TODAY)
    done = convo("transcript", f"tenants/{SLUG}", *given, cwd=repository)
    assert (done.returncode, json.loads(done.stdout)["claims"]) == (0, []), done.stderr


@pytest.mark.parametrize(
    "command",
    [
        ("plan", "--base", "main"),
        ("compile", "tenants", "--check", "--no-cache", "--base", "main"),
        ("approve", f"tenants/{SLUG}", "--all-changed", "--base", "main"),
        ("transcript", f"tenants/{SLUG}", "--base", "main"),
    ],
    ids=lambda command: command[0],
)
def test_a_submodule_among_the_tenants_is_refused(repository: Path, command: tuple[str, ...]) -> None:
    commit = git(repository, "rev-parse", "HEAD")
    git(repository, "update-index", "--add", "--cacheinfo", f"160000,{commit},tenants/elsewhere")
    git(repository, "commit", "-q", "-m", "A tenant of another repository")
    done = convo(*command, "--today", TODAY, cwd=repository)
    assert done.returncode == 2
    assert "tenants/elsewhere is a submodule" in done.stderr


def test_a_tenant_that_is_a_link_at_the_ref_is_refused_as_it_is_on_disk(repository: Path) -> None:
    (repository / "elsewhere").mkdir()
    (repository / "tenants" / SLUG).rename(repository / "elsewhere" / SLUG)
    (repository / "tenants" / SLUG).symlink_to(Path("..") / "elsewhere" / SLUG)
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "A link")
    done = convo("plan", "--base", "main", "--today", TODAY, cwd=repository)
    assert done.returncode == 1
    assert (done.stdout + done.stderr).count("symbolic link") == 2  # of the commit and of the folder
