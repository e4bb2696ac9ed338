"""Reports: the place shown with a caret, the same facts for machines, and nobody's text able to command the reader."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest
from inline_snapshot import snapshot

from compiler.diagnostics import ERROR, WARNING, Diagnostic, Fix, Label, Span
from compiler.diagnostics.codes import UNKNOWN_KEY
from compiler.pipeline import CheckResult, check
from compiler.report import (
    FORMATS,
    View,
    code_of,
    codes_as_json,
    explain,
    index,
    render,
    rendered,
    visible,
)
from compiler.report.github import log_line
from compiler.rules import CODES
from tests.compiling import BASE, TODAY, lay_out


@pytest.fixture
def faulty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CheckResult:
    lay_out(tmp_path / "tenants")
    monkeypatch.chdir(tmp_path)
    path = Path("tenants/plain/consent.yaml")
    path.write_text(
        path.read_text().replace("quiet_weekdays", "quite_weekdays").replace("open_from", "open_until")
    )
    result = check(Path("tenants"), today=TODAY)
    certain = tuple(
        replace(d, fix=Fix(span=d.span, text="quiet_weekdays")) if d.code == "CV3001" else d
        for d in result.diagnostics
    )
    return replace(result, diagnostics=certain)


def test_text_shows_the_line_the_place_and_the_remedy(faulty: CheckResult) -> None:
    assert render(faulty) == snapshot("""\
error[CV2002]: the key `open_until` stands twice
  --> tenants/plain/consent.yaml:7:1
6 | open_until: 09:00
  | ---------- first here
7 | open_until: 20:00
  | ^^^^^^^^^^
  help: keep one of them

error[CV3001]: the key `quite_weekdays` is not known here
  --> tenants/plain/consent.yaml:8:1
8 | quite_weekdays: [sunday]
  | ^^^^^^^^^^^^^^
  help: did you mean `quiet_weekdays`?

1 tenant: 2 errors, 0 warnings (1 can be put right with --fix)
""")


def test_concise_is_a_line_a_fault(faulty: CheckResult) -> None:
    assert render(faulty, "concise") == snapshot("""\
tenants/plain/consent.yaml:7:1: error CV2002 the key `open_until` stands twice (keep one of them)
tenants/plain/consent.yaml:8:1: error CV3001 the key `quite_weekdays` is not known here (did you mean `quiet_weekdays`?)
1 tenant: 2 errors, 0 warnings (1 can be put right with --fix)
""")


def test_a_label_in_another_file_has_its_own_excerpt() -> None:
    label = Label(span=span("_packs/all/pack.yaml", 12, 3, 7), text="the pack says so here")
    fault = Diagnostic(
        code="CV5011", severity=ERROR, message="looser", span=span("dave/caps.yaml", 2, 1, 4), labels=(label,)
    )
    pack = "\n" * 11 + "  cap: 3\n"
    assert render(
        made(fault, sources={"dave/caps.yaml": "a: 1\ncap: 9\n", "_packs/all/pack.yaml": pack})
    ) == snapshot("""\
error[CV5011]: looser
   --> tenants/dave/caps.yaml:2:1
 2 | cap: 9
   | ^^^
   ::: tenants/_packs/all/pack.yaml:12:3
12 |   cap: 3
   |   ---- the pack says so here

0 tenants: 1 error, 0 warnings
""")


def test_a_long_line_is_shown_round_the_words_meant() -> None:
    row = "says: " + "x" * 500_000 + "HERE" + "y" * 500_000
    (_, _, excerpt, marks, *_) = render(
        made(fault(1, column=500_007, end=500_011), sources={"dave/caps.yaml": row})
    ).splitlines()
    assert len(excerpt) < 200
    assert excerpt[marks.index("^") :].startswith("HERE")
    assert marks.count("^") == 4


def test_marks_stand_under_wide_characters_tabs_and_hidden_ones() -> None:
    row = "\t料\u200b: x"
    (_, _, excerpt, marks, *_) = render(
        made(fault(1, column=6, end=7), sources={"dave/caps.yaml": row})
    ).splitlines()
    assert excerpt.endswith("    料<U+200B>: x")
    assert marks.index("^") == excerpt.index("x") + 1  # one character of it is two columns wide


def test_json_has_a_version_and_holds_every_field(faulty: CheckResult) -> None:
    document = json.loads(render(faulty, "json"))
    assert document["format"] == "convo.diagnostics/v1"
    assert document["tenants"] == {"plain": None}
    assert document["summary"] == {"errors": 2, "warnings": 0, "fixable": 1}
    assert [d["code"] for d in document["diagnostics"]] == [d.code for d in faulty.diagnostics]
    (edit,) = document["diagnostics"][-1]["fix"]
    assert (edit["text"], edit["span"]["file"]) == ("quiet_weekdays", "tenants/plain/consent.yaml")


def test_json_lists_each_tenant_with_its_digest() -> None:
    result = check(BASE, today=TODAY)
    compiled = result.tenants["plain"]
    assert compiled is not None
    assert json.loads(render(result, "json"))["tenants"]["plain"] == {
        "digest": compiled.digest,
        "bytes": len(compiled.bundle),
        "unapproved": True,
    }


def test_annotations_name_file_and_line(faulty: CheckResult) -> None:
    first = render(faulty, "github").splitlines()[0]
    assert first.startswith(
        "::error file=tenants/plain/consent.yaml,line=7,col=1,endLine=7,endColumn=10,title=CV2002 duplicate-key::"
    )


def test_many_annotations_end_in_a_note_about_the_rest() -> None:
    result = made(*(fault(n) for n in range(1, 15)), *(fault(n, severity=WARNING) for n in range(1, 4)))
    lines = rendered(View(result=result, summarised=True), "github").splitlines()
    assert sum(line.startswith("::error ") for line in lines) == 10
    assert sum(line.startswith("::warning ") for line in lines) == 3
    assert lines[-2] == "::notice title=convo::+4 more, see the job summary"


def test_without_a_summary_the_log_tells_what_is_not_annotated() -> None:
    lines = render(made(*(fault(n, message="::error::x") for n in range(1, 15))), "github").splitlines()
    assert lines[10] == "::notice title=convo::+4 more, see the log below"
    assert [line.split(": ")[0] for line in lines[11:15]] == [
        f"tenants/dave/caps.yaml:{n}:1" for n in range(11, 15)
    ]


def test_faults_on_changed_lines_are_annotated_first_then_those_in_changed_files() -> None:
    faults = [fault(n) for n in range(1, 15)] + [
        fault(1, file="edward/caps.yaml"),
        fault(9, file="edward/caps.yaml"),
    ]
    changed = {"tenants/edward/caps.yaml": frozenset({9})}
    lines = render(made(*faults), "github", changed=changed).splitlines()
    assert [line.split("line=")[1].split(",")[0] for line in lines[:4]] == ["9", "1", "1", "2"]
    assert "edward" in lines[0] + lines[1]
    assert "edward" not in lines[2]


def test_a_line_of_the_log_is_no_command_in_either_notation() -> None:
    for text in ("::error::x", "  ::set-output name=a::b", "x ##[error]y"):
        line = log_line(text)
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_paths_can_be_told_from_the_root_of_the_repository() -> None:
    for format in FORMATS:
        assert "config/tenants/dave/caps.yaml" in render(made(fault(1)), format, prefix="config/tenants")


def test_sarif_is_complete(faulty: CheckResult) -> None:
    document = json.loads(render(faulty, "sarif", docs="https://docs.example/diagnostics"))
    (run,) = document["runs"]
    assert (document["version"], run["columnKind"]) == ("2.1.0", "unicodeCodePoints")
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == ["CV2002", "CV3001"]
    assert rules[0]["helpUri"] == "https://docs.example/diagnostics/CV2002.md"
    assert rules[0]["help"]["text"] and rules[0]["help"]["markdown"]
    twice, unknown = run["results"]
    assert rules[twice["ruleIndex"]]["id"] == twice["ruleId"] == "CV2002"
    place = twice["locations"][0]["physicalLocation"]
    assert place["artifactLocation"] == {"uri": "tenants/plain/consent.yaml", "uriBaseId": "%SRCROOT%"}
    assert place["region"] == {"startLine": 7, "startColumn": 1, "endLine": 7, "endColumn": 11}
    (related,) = twice["relatedLocations"]
    assert (related["message"]["text"], related["physicalLocation"]["region"]["startLine"]) == (
        "first here",
        6,
    )
    (change,) = unknown["fixes"][0]["artifactChanges"]
    assert change["replacements"][0]["insertedContent"] == {"text": "quiet_weekdays"}
    assert len({r["partialFingerprints"]["convoFault/v1"] for r in run["results"]}) == 2


def test_a_fingerprint_stays_when_the_line_moves_and_tells_twins_apart() -> None:
    def prints(*lines: int, text: str) -> list[str]:
        document = json.loads(render(made(*map(fault, lines), sources={"dave/caps.yaml": text}), "sarif"))
        return [r["partialFingerprints"]["convoFault/v1"] for r in document["runs"][0]["results"]]

    assert prints(1, text="bad: 1\n") == prints(3, text="\n\nbad: 1\n")
    assert prints(1, text="bad: 1\n") != prints(1, text="bad: 2\n")
    assert len(set(prints(1, 2, text="bad: 1\nbad: 1\n"))) == 2


def test_sarif_keeps_errors_first_and_says_what_it_cut() -> None:
    warnings = [fault(n, severity=WARNING) for n in range(1, 25_001)]
    document = json.loads(render(made(*warnings, fault(26_000)), "sarif"))
    (run,) = document["runs"]
    assert len(run["results"]) == 25_000
    assert run["results"][0]["level"] == "error"
    (note,) = run["invocations"][0]["toolExecutionNotifications"]
    assert note["message"]["text"].startswith("1 results are not in this file")


def test_markdown_names_every_fault_and_digest(faulty: CheckResult) -> None:
    page = render(faulty, "md", docs="https://docs.example/d")
    assert page.startswith("## convo: 1 tenant: 2 errors, 0 warnings")
    assert (
        "[CV2002](https://docs.example/d/CV2002.md) duplicate-key | tenants/plain/consent.yaml line 7 |"
        in page
    )
    assert "did you mean &#96;quiet&#95;weekdays&#96;?" in page
    assert "| plain | has errors |  |" in page


def test_markdown_stays_under_the_limit_of_a_job_summary_and_says_what_is_missing() -> None:
    page = render(made(*(fault(n, message="x" * 500) for n in range(1, 10_000))), "md")
    assert 900_000 < len(page.encode()) < 1 << 20
    assert "more are not shown here" in page


def test_markdown_has_errors_before_warnings_and_cuts_those_last() -> None:
    warnings = [fault(n, message="x" * 500, severity=WARNING) for n in range(1, 10_000)]
    page = render(made(*warnings, fault(1, file="zoe/caps.yaml", message="the error")), "md")
    assert page.index("### zoe: errors") < page.index("the error") < page.index("### dave: warnings")


def test_ten_thousand_faults_of_a_large_file_are_printed_within_seconds() -> None:
    text = "\n".join(f"unknown_{n}: {'x' * 80}" for n in range(10_000))
    result = made(*(fault(n) for n in range(1, 10_001)), sources={"dave/caps.yaml": text})
    began = time.process_time()
    for format in FORMATS:
        render(result, format)
    assert time.process_time() - began < 5


def test_colour_is_only_added_when_asked_for(faulty: CheckResult) -> None:
    assert "\x1b" not in render(faulty)
    assert "\x1b[1;31merror[CV2002]" in render(faulty, color=True)


def test_no_text_of_a_file_reaches_a_terminal_or_a_workflow_as_a_command(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    path = tmp_path / "tenants/plain/caps.yaml"
    path.write_text(path.read_text() + '"::error::x\\e[31m\\u202e%0A": 1\n')
    result = check(tmp_path / "tenants", today=TODAY)
    for format in ("text", "concise", "md"):
        printed = render(result, format)
        assert "\x1b" not in printed
        assert "\u202e" not in printed
    assert len(render(result, "github").splitlines()) == 2
    assert visible("a\u200bb\x07") == "a<U+200B>b<U+0007>"


def test_an_unknown_format_or_code_is_refused() -> None:
    with pytest.raises(ValueError, match="text, concise, json, github, sarif, md"):
        render(check(BASE, today=TODAY), "xml")
    with pytest.raises(KeyError):
        explain("CV0000")


def test_a_code_is_known_by_number_in_any_case_and_by_name() -> None:
    for word in ("CV2002", "cv2002", " 2002 ", "duplicate-key", "Duplicate-Key"):
        assert explain(word).startswith("CV2002 duplicate-key (error)")


@pytest.mark.parametrize(
    ("word", "hint"),
    [
        ("CV2O02", "CV2002"),
        ("duplicate-kye", "duplicate-key"),
        ("x", "lists every code"),
        ("", "lists every code"),
    ],
)
def test_a_mistyped_code_finds_its_own(word: str, hint: str) -> None:
    with pytest.raises(KeyError, match=hint):
        code_of(word)


def test_all_codes_can_be_listed_for_people_and_programs() -> None:
    assert [line.split()[0] for line in index().splitlines()] == sorted(CODES)
    document = json.loads(codes_as_json())
    assert document["format"] == "convo.codes/v1"
    assert {page["code"] for page in document["codes"]} == set(CODES)


def made(*faults: Diagnostic, sources: dict[str, str] | None = None) -> CheckResult:
    return CheckResult(root=Path("tenants"), diagnostics=faults, tenants={}, sources=sources or {})


def fault(
    line: int,
    *,
    file: str = "dave/caps.yaml",
    column: int = 1,
    end: int = 4,
    message: str = "m",
    severity: str = ERROR,
) -> Diagnostic:
    return UNKNOWN_KEY.at(span(file, line, column, end), message, severity=severity)


def span(file: str, line: int, column: int, end_column: int) -> Span:
    return Span(file=file, line=line, column=column, end_line=line, end_column=end_column)
