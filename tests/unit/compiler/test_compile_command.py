"""`convo compile` as it is typed: exit codes, files written or not, words for every wrong one."""

from __future__ import annotations

import io
import json
import subprocess
from pathlib import Path

import pytest

from commands import UsageProblem
from commands.changed import changed_lines
from commands.compile import compile_tenants
from commands.terminal import Progress, wants_color
from tests.compiling import TODAY, copy_tenant, lay_out

DAY = ["--today", TODAY.isoformat(), "--no-cache"]


class Terminal(io.StringIO):
    """A stream somebody looks at."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    lay_out(tmp_path / "tenants")
    monkeypatch.chdir(tmp_path)
    for name in ("GITHUB_STEP_SUMMARY", "GITHUB_SERVER_URL", "NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


def misspell(place: Path) -> Path:
    path = place / "tenants/plain/consent.yaml"
    path.write_text(path.read_text().replace("per_30_days: 3", "per_30_days: '3'"))
    return path


def test_a_check_says_no_faults_and_writes_nothing(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_tenants(["--check", *DAY]) == 0
    assert capsys.readouterr().out == "1 tenant: no faults\n"
    assert [p.name for p in place.iterdir()] == ["tenants"]


def test_one_tenant_can_be_named_also_from_inside_its_folder(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    copy_tenant(place / "tenants", "plain", "other")
    (place / "tenants/other/caps.yaml").unlink()
    assert compile_tenants(["--check", "tenants/plain", *DAY]) == 0
    monkeypatch.chdir(place / "tenants/plain")
    assert compile_tenants(["--check", ".", *DAY]) == 0
    assert capsys.readouterr().out == "1 tenant: no faults\n" * 2
    assert compile_tenants(["--check", "..", *DAY]) == 1


def test_a_compile_writes_bundles_and_lists_them(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compile_tenants(["--format", "json", *DAY]) == 0
    told = capsys.readouterr()
    digest = json.loads(told.out)["tenants"]["plain"]["digest"]
    assert (place / "dist" / f"{digest.removeprefix('sha256:')}.json").exists()
    assert digest in told.err


def test_fix_puts_right_says_so_and_checks_what_is_left(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = misspell(place)
    assert compile_tenants(["--fix", *DAY]) == 0
    assert "per_30_days: 3\n" in path.read_text()
    told = capsys.readouterr().out
    assert "fixed tenants/plain/consent.yaml:9:14: CV3003" in told
    assert told.endswith("put right: 1 fault in 1 file\n\n1 tenant: no faults\n")
    assert not (place / "dist").exists()


def test_fix_leaves_what_it_cannot_put_right_and_fails(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    misspell(place)
    (place / "tenants/plain/caps.yaml").unlink()
    assert compile_tenants(["--fix", "--format", "json", *DAY]) == 1
    told = capsys.readouterr()
    assert [d["code"] for d in json.loads(told.out)["diagnostics"]] == ["CV1006"]
    assert "put right: 1 fault in 1 file" in told.err


def test_diff_shows_what_git_can_apply_and_writes_nothing(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = misspell(place)
    wrong = path.read_text()
    assert compile_tenants(["--diff", *DAY]) == 1
    diff = capsys.readouterr().out
    assert path.read_text() == wrong
    assert "-per_30_days: '3'\n+per_30_days: 3\n" in diff
    subprocess.run(["git", "apply", "-"], input=diff, text=True, check=True, cwd=place)
    assert compile_tenants(["--diff", *DAY]) == 0
    assert capsys.readouterr().out == ""


def test_github_annotates_what_a_branch_changed_first_and_adds_to_the_summary(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def git(*words: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *words],
            check=True,
            capture_output=True,
        )

    caps = place / "tenants/plain/caps.yaml"
    caps.write_text(caps.read_text() + "".join(f"unknown_{n}: 1\n" for n in range(12)))
    git("init", "-b", "main")
    git("add", ".")
    git("commit", "-m", "base")
    git("checkout", "-b", "change")
    misspell(place)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place / "summary.md"))
    (place / "summary.md").write_text("before\n")
    assert compile_tenants(["--check", "--format", "github", "--base", "main", *DAY]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith("::error file=tenants/plain/consent.yaml,line=9,")
    assert lines[10] == "::notice title=convo::+3 more, see the job summary"
    summary = (place / "summary.md").read_text()
    assert summary.startswith("before\n## convo")
    assert summary.count("unknown-key") == 12


def test_fixes_are_shown_of_a_change_too(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["init", "-b", "main"], ["add", "."], ["commit", "-m", "base"]):
        subprocess.run(
            ["git", "-c", "user.name=A", "-c", "user.email=a@example.com", *words],
            check=True,
            capture_output=True,
        )
    misspell(place)
    assert compile_tenants(["--diff", "--base", "main", *DAY]) == 1
    assert "+per_30_days: 3\n" in capsys.readouterr().out


def test_a_diff_can_be_brought_instead_of_git(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    misspell(place)
    (place / "change.diff").write_text(
        "--- a/tenants/plain/consent.yaml\n+++ b/tenants/plain/consent.yaml\n@@ -9 +9 @@\n-x\n+y\n"
    )
    (place / ".git").mkdir()
    assert compile_tenants(["--check", "--format", "md", "--changed", "change.diff", *DAY]) == 1
    assert "tenants/plain/consent.yaml line 9" in capsys.readouterr().out


def test_the_lines_of_a_diff_are_those_it_adds() -> None:
    diff = """diff --git a/x.yaml b/x.yaml
--- a/x.yaml
+++ b/x.yaml
@@ -1,4 +1,5 @@
 one
-two
+TWO
+two and a half
 three
--- not a header
++++ not one either
@@ -20,0 +22 @@ context
+added
--- a/gone.yaml
+++ /dev/null
@@ -1 +0,0 @@
-bye
"""
    assert changed_lines(diff) == {"x.yaml": frozenset({2, 3, 5, 22})}
    quoted = '+++ "b/caf\\303\\251 \\"x\\".yaml"\n@@ -0,0 +1 @@\n+a\n'
    assert changed_lines(quoted) == {'café "x".yaml': frozenset({1})}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["--chekc"], "did you mean `--check`?"),
        (["--format", "jsn"], "did you mean `json`?"),
        (["--stage", "production"], "choose from"),
        (["--today", "24/11/2026"], "write it like 2026-11-24"),
        (["--out"], "expected one argument"),
        (["--docs", "javascript:alert(1)"], "begins with https://"),
    ],
)
def test_a_wrong_option_ends_with_2_and_a_hint(
    given: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        compile_tenants(["--check", *given])
    assert ended.value.code == 2
    shown = capsys.readouterr().err
    assert told in shown
    assert "convo compile --help" in shown


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["tenant"], "tenant is not there; did you mean `tenants`?"),
        (["tenants/plian"], "did you mean `plain`?"),
        (["tenants/plain/caps.yaml"], "is a file, not a folder of tenants"),
        (["tenants/plain", "elsewhere/dave"], "in one folder"),
        (["--fix", "--diff"], "give one of them"),
        (["--format", "github", "--base", "no-such"], "is no revision"),
        (["--format", "github", "--base", "--output=x"], "expected one argument"),
        (["--format", "github", "--changed", "absent.diff"], "absent.diff: No such file"),
        (["--format", "github", "--base", "a", "--changed", "b"], "give one of them"),
        (["--summary", "no/such/folder.md"], "no/such/folder.md: No such file"),
        (["--sign-key", "absent.pem"], "absent.pem: No such file"),
        (["--sign-key", "tenants/plain/caps.yaml"], "is no unencrypted Ed25519 private key"),
        (["--out", "tenants/plain/caps.yaml"], "caps.yaml: File exists"),
        (["--out", "tenants/plain/caps.yaml/dist"], "dist: Not a directory"),
    ],
)
def test_what_cannot_be_done_is_said(given: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises((UsageProblem, SystemExit)) as raised:
        compile_tenants([*given, *DAY])
    assert told in f"{raised.value}{capsys.readouterr().err}"


@pytest.mark.parametrize(
    ("environment", "terminal", "wanted"),
    [
        ({}, True, True),
        ({}, False, False),
        ({"NO_COLOR": "1"}, True, False),
        ({"NO_COLOR": ""}, True, True),
        ({"FORCE_COLOR": "1"}, False, True),
        ({"FORCE_COLOR": "0"}, True, False),
        ({"NO_COLOR": "1", "FORCE_COLOR": "1"}, True, False),
        ({"TERM": "dumb"}, True, False),
    ],
)
def test_colour_is_for_terminals_unless_said_otherwise(
    environment: dict[str, str], terminal: bool, wanted: bool
) -> None:
    assert wants_color(Terminal() if terminal else io.StringIO(), environment) is wanted


def test_progress_begins_after_a_second_and_is_gone_at_the_end() -> None:
    now = iter([0.0, 0.5, 1.2, 1.25, 1.6])
    stream = Terminal()
    progress = Progress("tenants", stream, environment={}, clock=lambda: next(now))
    for done in range(1, 5):
        progress(done, 1000)
    progress.clear()
    assert stream.getvalue() == "\r\x1b[K2 of 1,000 tenants\r\x1b[K4 of 1,000 tenants\r\x1b[K"


def test_progress_is_silent_where_nobody_watches() -> None:
    stream = io.StringIO()
    progress = Progress("tenants", stream, environment={}, clock=lambda: 99.0)
    progress(1, 2)
    progress.clear()
    assert stream.getvalue() == ""
