"""Reports: the place shown with a caret, the same facts for machines, and nobody's text able to command the reader."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from compiler.pipeline import CheckResult, check
from compiler.report import explain, render, visible
from tests.compiling import BASE, TODAY, lay_out


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckResult:
    lay_out(tmp_path / "tenants")
    monkeypatch.chdir(tmp_path)
    path = Path("tenants/plain/consent.yaml")
    path.write_text(
        path.read_text().replace("quiet_weekdays", "quite_weekdays").replace("open_from", "open_until")
    )
    return check(Path("tenants"), today=TODAY)


def test_text_shows_the_line_the_place_and_the_remedy(faulty: CheckResult) -> None:
    assert render(faulty) == snapshot("""\
error[CV2002]: the key `open_until` stands twice
  --> tenants/plain/consent.yaml:7:1
   7 | open_until: 20:00
     | ^^^^^^^^^^
  --> tenants/plain/consent.yaml:6:1
   6 | open_until: 09:00
     | ---------- first here
  help: keep one of them

error[CV3001]: the key `quite_weekdays` is not known here
  --> tenants/plain/consent.yaml:8:1
   8 | quite_weekdays: [sunday]
     | ^^^^^^^^^^^^^^
  help: did you mean `quiet_weekdays`?

1 tenant: 2 errors, 0 warnings
""")


def test_concise_is_a_line_a_fault(faulty: CheckResult) -> None:
    assert render(faulty, "concise") == snapshot("""\
tenants/plain/consent.yaml:7:1: error CV2002 the key `open_until` stands twice (keep one of them)
tenants/plain/consent.yaml:8:1: error CV3001 the key `quite_weekdays` is not known here (did you mean `quiet_weekdays`?)
1 tenant: 2 errors, 0 warnings
""")


def test_json_holds_every_field(faulty: CheckResult) -> None:
    document = json.loads(render(faulty, "json"))
    assert document["tenants"] == {"plain": None}
    assert [d["code"] for d in document["diagnostics"]] == [d.code for d in faulty.diagnostics]
    assert document["diagnostics"][-1]["fix"]["text"] == "quiet_weekdays"


def test_annotations_name_file_and_line(faulty: CheckResult) -> None:
    first = render(faulty, "github").splitlines()[0]
    assert first.startswith(
        "::error file=tenants/plain/consent.yaml,line=7,col=1,endLine=7,title=CV2002 duplicate-key::"
    )


def test_sarif_points_at_the_same_places(faulty: CheckResult) -> None:
    (run,) = json.loads(render(faulty, "sarif"))["runs"]
    region = run["results"][0]["locations"][0]["physicalLocation"]["region"]
    assert region["startLine"] == faulty.diagnostics[0].span.line
    assert run["columnKind"] == "unicodeCodePoints"
    assert {r["id"] for r in run["tool"]["driver"]["rules"]} == {d.code for d in faulty.diagnostics}


def test_colour_is_only_added_when_asked_for(faulty: CheckResult) -> None:
    assert "\x1b" not in render(faulty)
    assert "\x1b[1;31merror[CV2002]" in render(faulty, color=True)


def test_no_text_of_a_file_reaches_a_terminal_or_a_workflow_as_a_command(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    path = tmp_path / "tenants/plain/caps.yaml"
    path.write_text(path.read_text() + '"::error::x\\e[31m\\u202e%0A": 1\n')
    result = check(tmp_path / "tenants", today=TODAY)
    for format in ("text", "concise"):
        printed = render(result, format)
        assert "\x1b" not in printed
        assert "\u202e" not in printed
    assert len(render(result, "github").splitlines()) == 2
    assert visible("a\u200bb\x07") == "a<U+200B>b<U+0007>"


def test_many_annotations_end_in_a_note_about_the_rest(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    path = tmp_path / "tenants/plain/caps.yaml"
    path.write_text(path.read_text() + "".join(f"unknown_{n}: 1\n" for n in range(14)))
    lines = render(check(tmp_path / "tenants", today=TODAY), "github").splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert lines[-2] == "::notice::4 more errors: see the log"


def test_an_unknown_format_or_code_is_refused() -> None:
    with pytest.raises(ValueError, match="text, concise, json, github, sarif"):
        render(check(BASE, today=TODAY), "xml")
    with pytest.raises(KeyError):
        explain("CV0000")
    assert explain("cv2002").startswith("CV2002 duplicate-key (error)")
