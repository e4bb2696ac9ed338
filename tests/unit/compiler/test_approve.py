"""`convo approve` and `convo approvals`: what a reviewer is shown, asked, refused, and what stands in the file afterwards."""

from __future__ import annotations

import io
import json
import subprocess
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from commands import OK, WRONG, UsageProblem, approving
from commands.approvals import approvals, approve
from compiler.approvals import subject_of
from compiler.pipeline import check, source_of
from tests.compiling import TODAY, key_of, lay_out

TODAY_AT = datetime(TODAY.year, TODAY.month, TODAY.day)  # noqa: DTZ001  (a day, as the option gives it)
CORE = "plain/claims/core.yaml"


class Keyboard(io.StringIO):
    """A terminal at which somebody types one line."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def root(tmp_path: Path) -> Path:
    lay_out(tmp_path / "tenants")
    for name in ("Ada Example", "Bea Example", "Mallory Example"):
        pem = key_of(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name.split()[0]}.pem").write_bytes(pem)
    return tmp_path / "tenants"


def edit(root: Path, old: str, new: str, path: str = CORE) -> None:
    file = root / path
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def say(root: Path, *subjects: str, key: str = "Ada", **how: Any) -> int:
    given: dict[str, Any] = {"author": "Wat Example", "yes": True, "today": TODAY_AT, **how}
    return approve(str(root / "plain"), list(subjects), key=root.parent / f"{key}.pem", **given)


def approvals_file(root: Path) -> str:
    return (root / "plain/approvals.yaml").read_text()


def test_a_changed_claim_is_approved_again_and_the_tenant_is_whole(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, "Stop any time", "Stop any day")
    assert {d.code for d in check(root, today=TODAY).diagnostics} == {"CV6002"}
    assert say(root, all_changed=True) == OK
    assert say(root, all_changed=True, key="Bea") == OK
    assert "says (en-GB): Stop any [-time-]{+day+}: reply STOP." in capsys.readouterr().out
    assert check(root, today=TODAY).diagnostics == ()
    assert approvals(str(root / "plain"), today=TODAY_AT) == OK


def test_what_is_shown_is_all_that_the_approver_answers_for(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert say(root, "PL-P01", "PL-D03", "persona") == OK
    shown = capsys.readouterr().out
    for part in (
        "PL-P01  process  plain/claims/core.yaml:",
        "says (en-GB)        Here is the form: {tenant.form_url}",
        "slot                {tenant.form_url}",
        "always with         PL-D03",
        "sources             LAW-1",
        "link                form: https://example.com/claim?ref={ref}",
        "short (en-GB)       You don't need us.",
        "dates               effective 2026-01-01, no last day, review by 2027-06-01",
        "prompt              You choose the moves",
        "says PL-D01         I'm Pat, an automated assistant",
        "digest              sha256:",
        "nothing since Ada Example approved it on 2026-11-01",
    ):
        assert part in shown


def test_hidden_characters_are_shown_to_the_approver(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(root, "Have you complained already?", "Have you\u200d complained already?")
    assert say(root, "PL-Q01") == OK
    assert "Have you<U+200D> complained" in capsys.readouterr().out


def test_nothing_is_written_unless_somebody_says_yes(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    edit(root, "Stop any time", "Stop any day")
    before = approvals_file(root)
    monkeypatch.setattr("sys.stdin", Keyboard("no\n"))
    assert say(root, "PL-D02", yes=False) == WRONG
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(UsageProblem, match="no terminal"):
        say(root, "PL-D02", yes=False)
    assert approvals_file(root) == before
    monkeypatch.setattr("sys.stdin", Keyboard("Yes\n"))
    assert say(root, "PL-D02", yes=False) == OK
    assert approvals_file(root) != before


@pytest.mark.parametrize("path", [CORE, "plain/documents/fees.md", "plain/tenant.yaml"])
def test_what_changes_while_it_is_read_is_not_approved(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    (root / "plain/documents").mkdir()
    (root / "plain/documents/fees.md").write_text("one")
    edit(
        root, "  options: [Already, Not yet]", "  options: [Already, Not yet]\n  document: documents/fees.md"
    )

    def meanwhile(question: str, *, yes: bool) -> bool:
        match path:
            case "plain/tenant.yaml":
                edit(root, "login: bea-example", "login: mallory", path)
            case "plain/documents/fees.md":
                edit(root, "one", "two", path)
            case _:
                edit(root, "Have you complained", "Did you complain", path)
        return yes

    monkeypatch.setattr(approving, "confirmed", meanwhile)
    assert say(root, "PL-Q01") == WRONG
    assert "nothing was approved" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"key": "Mallory"}, "is enrolled for nobody"),
        ({"by": "Bea Example"}, "this is the key of Ada Example"),
        ({"author": "ADA  example"}, "CV6006"),
        ({"author": "@ada-example"}, "CV6006"),
        ({"expires": datetime(2026, 11, 24)}, "CV6005"),  # noqa: DTZ001
        ({"ref": "x\u202ey"}, "CV2013"),
    ],
)
def test_what_would_not_hold_is_refused_and_not_written(
    root: Path, capsys: pytest.CaptureFixture[str], how: dict[str, Any], said: str
) -> None:
    before = approvals_file(root)
    assert say(root, "PL-D01", **how) == WRONG
    assert said in capsys.readouterr().err
    assert approvals_file(root) == before


def test_what_is_not_theirs_to_approve_is_left_out(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert say(root, "PL-D01", key="Bea") == WRONG
    assert say(root, "PL-D01", "persona", key="Bea") == OK
    assert "left out, as Bea Example may approve scripts: PL-D01" in capsys.readouterr().out
    assert "persona" in approvals_file(root)


def test_who_is_enrolled_by_the_change_cannot_approve_with_its_base_named(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path / "base")
    edit(tmp_path / "base", "approves: [facts, scripts, waivers]", "approves: [waivers]", "plain/tenant.yaml")
    edit(root, "Stop any time", "Stop any day")
    assert say(root, all_changed=True, base=str(tmp_path / "base")) == WRONG
    assert "CV6013" in capsys.readouterr().err
    assert say(root, all_changed=True) == OK


def test_only_what_differs_from_the_base_is_approved(
    root: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lay_out(tmp_path / "base")
    edit(root, "Have you complained already?", "Have you complained before?")
    assert say(root, all_changed=True, base=str(tmp_path / "base")) == OK
    assert "Ada Example approved PL-Q01\n" in capsys.readouterr().out


def test_the_file_keeps_its_head_and_its_order(root: Path) -> None:
    (root / "plain/approvals.yaml").write_text("# ours\n# to keep\n\n[]\n")
    assert say(root, "PL-D02", "persona", "PL-D01") == OK
    text = approvals_file(root)
    assert text.startswith("# ours\n# to keep\n\n- claim: PL-D01\n")
    assert [row for row in text.splitlines() if row.startswith("- ")] == [
        "- claim: PL-D01",
        "- claim: PL-D02",
        "- script: persona",
    ]
    assert not list((root / "plain").glob(".*"))


def test_a_line_that_is_no_longer_needed_goes_with_the_new_one(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, "approves: [scripts]", "approves: [facts, scripts]", "plain/tenant.yaml")
    edit(root, "Have you complained already?", "Have you complained before?")
    assert say(root, "PL-Q01", key="Bea") == OK
    assert (
        "removed, as it is no longer needed: Ada Example's approval of the former words"
        in capsys.readouterr().out
    )
    assert check(root, today=TODAY).diagnostics == ()


def test_revoking_removes_the_lines_also_of_what_is_gone(root: Path) -> None:
    assert say(root, "persona", revoke=True, by="Bea Example") == OK
    assert {d.code for d in check(root, today=TODAY).diagnostics} == {"CV6012"}
    assert say(root, "persona", revoke=True) == OK
    assert say(root, "persona", revoke=True) == WRONG
    edit(root, "id: free-way", "id: other-way", "plain/journeys.yaml")
    assert "CV4001" in {d.code for d in check(root, today=TODAY).diagnostics}
    assert say(root, "quick_reply/free-way", revoke=True) == OK
    assert {d.code for d in check(root, today=TODAY).diagnostics} == {"CV6012"}


def test_the_line_of_a_claim_that_was_removed_can_be_revoked(root: Path) -> None:
    dates = "effective: 2026-01-01\n  review_by: 2027-06-01\n"
    extra = f"\n- id: PL-Z01\n  kind: line\n  says: Gone soon.\n  when: opening\n  source: [LAW-1]\n  {dates}"
    (root / CORE).write_text((root / CORE).read_text() + extra)
    assert say(root, "PL-Z01") == OK
    (root / CORE).write_text((root / CORE).read_text().replace(extra, ""))
    assert {d.code for d in check(root, today=TODAY).diagnostics} == {"CV4001"}
    assert say(root, "PL-Z01", revoke=True) == OK
    assert check(root, today=TODAY).diagnostics == ()


def test_the_list_says_what_lacks_what_is_void_and_what_has_ended(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(root, "Have you complained already?", "Have you complained before?")
    assert say(root, "persona", revoke=True, by="Bea Example") == OK
    capsys.readouterr()
    assert approvals(str(root / "plain"), today=TODAY_AT, json_=True) == WRONG
    rows = {row["subject"]: row for row in json.loads(capsys.readouterr().out)["subjects"]}
    assert (rows["persona"]["state"], rows["persona"]["lacks"]) == ("partly", ["compliance"])
    assert rows["PL-Q01"]["state"] == "void"
    assert "[-already-]{+before+}" in rows["PL-Q01"]["void"][0]
    assert (rows["PL-D01"]["state"], rows["PL-D01"]["by"][0]["by"]) == ("approved", "Ada Example")
    assert approvals(str(root / "plain"), ["PL-D01"], today=datetime(2027, 6, 1)) == WRONG  # noqa: DTZ001
    assert "EXPIRED  PL-D01" in capsys.readouterr().out


def test_a_misspelt_claim_and_a_broken_tenant_are_said_before_anything_is_read(root: Path) -> None:
    with pytest.raises(UsageProblem, match="did you mean `PL-D01`"):
        say(root, "PL-D1")
    with pytest.raises(UsageProblem, match="name what to approve"):
        say(root)
    with pytest.raises(UsageProblem, match="no unencrypted Ed25519"):
        (root.parent / "Ada.pem").write_text("not a key")
        say(root, "PL-D01")
    (root / CORE).write_text("- id: [")
    with pytest.raises(UsageProblem, match="claims cannot be read whole"):
        say(root, "PL-D01")


@pytest.fixture
def repository(root: Path) -> Path:
    """The tenants in a git repository, all of it Wat's; what the next commit is called and by whom is said each time."""
    git(root, "init", "-q")
    commit(root, "Wat Example")
    return root


def git(root: Path, *arguments: str) -> None:
    subprocess.run(["git", "-C", str(root), *arguments], check=True, capture_output=True)


def works(root: Path, name: str, mail: str = "") -> None:
    git(root, "config", "user.name", name)
    git(root, "config", "user.email", mail or f"{name.split(maxsplit=1)[0].casefold()}@mail.test")


def commit(root: Path, name: str, mail: str = "", *, message: str = "A change") -> None:
    works(root, name, mail)
    git(root, "add", "-A")
    git(root, "commit", "-q", "-m", message)


def authors(root: Path, subject: str) -> list[str]:
    return [line["author"] for line in source_of(root, "plain").approvals if subject_of(line) == subject]


def test_the_author_is_whoever_wrote_the_lines_and_not_who_changed_the_file_last(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    works(repository, "Ada Example")
    assert say(repository, "PL-D01", author="") == OK
    assert authors(repository, "PL-D01") == ["Wat Example"]
    edit(repository, "Stop any time", "Stop any day")  # by whoever works here: Ada
    assert say(repository, "PL-D02", author="") == WRONG
    commit(repository, "Ada Example")
    edit(repository, "Have you complained already?", "Have you complained before?")
    commit(repository, "Cat Example")  # the last to change the file
    assert say(repository, "PL-D02", author="") == WRONG
    assert capsys.readouterr().err.count("CV6006") == 2
    assert say(repository, "PL-Q01", author="") == OK
    assert authors(repository, "PL-Q01") == ["Cat Example"]


@pytest.mark.parametrize(
    ("who", "mail", "message"),
    [
        ("Ada Example", "a@mail.test", "x"),
        ("Dr Example, Ada", "a@mail.test", "x"),
        ("A. E.", "ada.example@firm.test", "x"),
        ("Wat Example", "wat@mail.test", "x\n\nCo-authored-by: Ada Example <a@mail.test>"),
        ("\u0410d\u0430 Ex\u0430mple", "a@mail.test", "x"),
        ("Quill", "secretly@mail.test", "x"),  # under which Ada has committed before
    ],
)
def test_naming_another_author_hides_nobody_whom_git_names(
    repository: Path, capsys: pytest.CaptureFixture[str], who: str, mail: str, message: str
) -> None:
    (repository / "README.md").write_text("x")
    commit(repository, "Ada Example", "secretly@mail.test")
    edit(repository, "Stop any time", "Stop any day")
    commit(repository, who, mail, message=message)
    works(repository, "Somebody")
    assert say(repository, "PL-D02", author="Wat Example") == WRONG
    assert "CV6006" in capsys.readouterr().err


def test_everybody_who_changed_the_words_since_they_were_approved_is_an_author(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(repository, "Stop any time", "Stop any day")
    commit(repository, "Ada Example")
    edit(repository, "Stop any day", "Stop whenever you like")  # over Ada's words
    commit(repository, "Cat Example")
    assert say(repository, "PL-D02", author="") == WRONG
    assert "CV6006" in capsys.readouterr().err
    edit(repository, "approves: [scripts]", "approves: [facts, scripts]", "plain/tenant.yaml")
    assert say(repository, "PL-D02", key="Bea", author="Dan Example") == OK
    assert authors(repository, "PL-D02") == ["Cat Example; Ada Example; Dan Example"]
    commit(repository, "Bea Example")
    edit(
        repository, "Stop whenever you like", "Stop any time"
    )  # what was before Bea's approval no longer counts
    commit(repository, "Eve Example")
    assert say(repository, "PL-D02", author="") == OK
    assert authors(repository, "PL-D02") == ["Eve Example"]


def test_the_author_of_a_changed_slot_value_is_whoever_changed_it(
    repository: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(repository, "brand: Plain", "brand: Plainer", "plain/tenant.yaml")
    commit(repository, "Ada Example")
    assert say(repository, "PL-D01", author="") == WRONG
    assert "CV6006" in capsys.readouterr().err
