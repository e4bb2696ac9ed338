"""Approvals read from a code host over HTTP: what a reviewer saw and still stands, from an approver who did not write it."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from commands import NEEDS_APPROVAL, OK, WRONG, reviews
from commands.approvals import approve
from compiler.approvals import subject_of
from compiler.forge import ForgeRefused, api_of
from compiler.forge import reviews as reviews_of
from compiler.forge.http import Api
from compiler.pipeline import check, enrolled, source_of
from drills.inthread import InThread, free_port
from drills.sandbox.codehost import Account, Fault, Pull, Repository, World
from drills.sandbox.github import build
from drills.sandbox.history import Memory
from tests.compiling import TODAY, key_of, lay_out, sources

HOST, REPO, TOKEN = "github.example", "example/tenants", "t0ken-of-ci"
CLAIMS = "plain/claims/core.yaml"


@dataclass(slots=True)
class Bench:
    """A code host with a pull request that changes PL-D02, and the tenants as they are after its merge."""

    world: World
    host: InThread
    root: Path
    repository: Repository
    pull: Pull
    ada: Account
    bea: Account

    def edit(
        self,
        old: str,
        new: str,
        *,
        login: str = "wat-example",
        author: str = "Wat Example",
        path: str = CLAIMS,
        message: str = "A change",
    ) -> str:
        """Another commit of the change, and the same words in the tenants here. Returns its sha."""
        file = self.root / path
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new, 1))
        history = self.repository.history
        assert isinstance(history, Memory)
        return history.add(files_of(self.root), branch="change", login=login, author=author, message=message)

    def approve(self, *subjects: str, **how: Any) -> int:
        return approve(
            str(self.root / "plain"),
            list(subjects),
            from_review=how.pop("named", f"{HOST}/{REPO}#{self.pull.number}"),
            ci_key=self.root.parent / f"{how.pop('key', 'CI')}.pem",
            token_ref=f"file:{self.root.parent / 'token'}",
            api=self.host.url,
            today=TODAY_AT,
            **how,
        )

    def lines(self) -> dict[str, list[tuple[str, str]]]:
        """Who approved what by review: subject -> (name, ref)."""
        found: dict[str, list[tuple[str, str]]] = {}
        for line in source_of(self.root, "plain").approvals:
            if line["via"] == "review":
                found.setdefault(subject_of(line), []).append((line["by"], line["ref"]))
        return found


TODAY_AT = datetime(TODAY.year, TODAY.month, TODAY.day)  # noqa: DTZ001  (a day, as the option gives it)


def files_of(root: Path) -> Mapping[str, bytes]:
    return {f"tenants/{p.relative_to(root)}": p.read_bytes() for p in root.rglob("*") if p.is_file()}


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bench]:
    monkeypatch.setattr(reviews, "sleep", lambda seconds: None)
    root = tmp_path / "tenants"
    lay_out(root)
    for name in ("CI", "Mallory Example"):
        pem = key_of(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (tmp_path / f"{name}.pem").write_bytes(pem)
    (tmp_path / "token").write_text(f"{TOKEN}\n")
    world, history = World(), Memory()
    world.account("ci", kind="Bot", token=TOKEN)
    repository = world.repository(REPO, history)
    base = history.add(files_of(root), branch="main")
    history.branches["change"] = base
    with InThread(build(world), free_port()) as host:
        pull = world.open_pull(repository, by=world.account("wat-example"), head="change")
        made = Bench(
            world, host, root, repository, pull, world.account("ada-example"), world.account("bea-example")
        )
        made.edit("Stop any time", "Stop any day")
        yield made


# ---- what counts --------------------------------------------------------------------------------------------------------


def test_a_review_approves_what_it_saw_and_the_two_offices_make_a_script_whole(bench: Bench) -> None:
    ada = bench.world.review(bench.repository, bench.pull, by=bench.ada)
    bench.world.review(bench.repository, bench.pull, by=bench.bea)
    assert bench.approve() == OK
    place = f"https://{HOST}/{REPO}/pull/1#pullrequestreview-"
    found = bench.lines()
    assert found["PL-D02"] == [("Ada Example", f"{place}{ada.id}")]
    assert sorted(name for name, _ in found["persona"]) == ["Ada Example", "Bea Example"]
    assert set(found) == {"PL-D02", "persona", "campaign/hello"}  # only what the change touched
    result = check(bench.root, today=TODAY)
    assert result.diagnostics == ()
    line = next(line for line in source_of(bench.root, "plain").approvals if line["via"] == "review")
    assert (line["author"], line["on"]) == ("@wat-example", "2026-11-24")
    assert "login" in line and "account" not in line


def test_it_writes_once_however_often_it_runs(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    bench.world.review(bench.repository, bench.pull, by=bench.bea)
    assert bench.approve() == OK
    before = (bench.root / "plain/approvals.yaml").read_bytes()
    assert bench.approve() == OK
    assert "covers anything that is not approved" in capsys.readouterr().out
    assert (bench.root / "plain/approvals.yaml").read_bytes() == before


def test_a_review_of_an_older_commit_covers_only_what_has_not_changed_since(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    bench.edit("Have you complained already?", "Have you complained before?")
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    bench.edit("Stop any day", "Stop whenever")
    assert bench.approve() == OK
    assert set(bench.lines()) == {"PL-Q01"}
    assert "PL-D02 changed after Ada Example reviewed" in capsys.readouterr().out


def test_only_what_was_asked_for_is_signed(bench: Bench) -> None:
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve("PL-D02") == OK
    assert set(bench.lines()) == {"PL-D02"}
    assert bench.approve("PL-D01") == WRONG


@pytest.mark.parametrize(
    ("what", "said"),
    [
        ("changes requested later", "asks for changes"),
        ("dismissed", "was dismissed"),
        ("only a comment", ""),
        ("a bot", "not a person"),
        ("a stranger", "no enrolled approver"),
        ("the author", "opened the pull request"),
        ("pushed a commit", "wrote some of its commits"),
        ("wrote a commit under their name", "wrote some of its commits"),
        ("renamed", "no enrolled approver"),
        ("is named in a trailer", "wrote some of its commits"),
        ("is named in a trailer by account", "wrote some of its commits"),
    ],
)
def test_a_review_that_is_no_approver_s_word_does_not_count(
    bench: Bench, capsys: pytest.CaptureFixture[str], what: str, said: str
) -> None:
    world, repository, pull = bench.world, bench.repository, bench.pull
    match what:
        case "changes requested later":
            world.review(repository, pull, by=bench.ada)
            world.review(repository, pull, by=bench.ada, state="CHANGES_REQUESTED", at="2026-11-24T11:00:00Z")
        case "dismissed":
            world.review(repository, pull, by=bench.ada, state="DISMISSED")
        case "only a comment":
            world.review(repository, pull, by=bench.ada, state="COMMENTED")
        case "a bot":
            world.review(repository, pull, by=world.account("helper", kind="Bot"))
        case "a stranger":
            world.review(repository, pull, by=world.account("eve-example"))
        case "the author":
            pull.account = bench.ada
            world.review(repository, pull, by=bench.ada)
        case "pushed a commit":
            bench.edit("Stop any day", "Stop on any day", login="ada-example", author="A. E.")
            world.review(repository, pull, by=bench.ada)
        case "wrote a commit under their name":
            bench.edit("Stop any day", "Stop on any day", login="", author="ADA example")
            world.review(repository, pull, by=bench.ada)
        case "is named in a trailer":
            trailer = "A change\n\nco-authored-by: Example, Ada <x@mail.test>"
            bench.edit("Stop any day", "Stop on any day", message=trailer)
            world.review(repository, pull, by=bench.ada)
        case "is named in a trailer by account":
            trailer = "A change\n\nCo-Authored-By: A. <7+ada-example@users.noreply.github.example>\n\nMore."
            bench.edit("Stop any day", "Stop on any day", message=trailer)
            world.review(repository, pull, by=bench.ada)
        case "renamed":
            world.review(repository, pull, by=bench.ada)
            world.rename("ada-example", "ada-elsewhere")
        case _:
            pytest.fail(what)
    assert bench.approve() == OK
    assert bench.lines() == {}
    assert said in capsys.readouterr().out


def test_an_approval_after_a_request_for_changes_counts_and_comments_do_not_matter(bench: Bench) -> None:
    world, repository, pull = bench.world, bench.repository, bench.pull
    world.review(repository, pull, by=bench.ada, state="CHANGES_REQUESTED", at="2026-11-24T09:00:00Z")
    world.review(repository, pull, by=bench.ada, at="2026-11-24T10:00:00Z")
    world.review(repository, pull, by=bench.ada, state="COMMENTED", at="2026-11-24T11:00:00Z")
    assert bench.approve() == OK
    assert "PL-D02" in bench.lines()


def test_whoever_the_pull_request_enrols_does_not_approve_it(bench: Bench) -> None:
    key = base64.b64encode(key_of("Mallory Example").public_key().public_bytes_raw()).decode()
    mallory = (
        f"  - name: Mallory Example\n    role: solicitor\n    key: ed25519:{key}\n    approves: [facts, scripts]\n"
        "    login: mallory\nreview_keys:\n"
    )
    bench.edit("review_keys:\n", mallory, path="plain/tenant.yaml")
    bench.world.review(bench.repository, bench.pull, by=bench.world.account("mallory"))
    assert bench.approve() == OK
    assert bench.lines() == {}


def test_a_key_that_the_pull_request_enrols_signs_nothing_of_it(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    key = base64.b64encode(key_of("Mallory Example").public_key().public_bytes_raw()).decode()
    more = f"review_keys:\n  - name: CI 2\n    key: ed25519:{key}\n    host: {HOST}\n    repository: {REPO}\n"
    bench.edit("review_keys:\n", more, path="plain/tenant.yaml")
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve(key="Mallory Example") == WRONG
    assert "CV6013" in capsys.readouterr().err
    assert bench.lines() == {}


def test_a_new_tenant_is_approved_by_nobody_in_the_change_that_brings_it(bench: Bench) -> None:
    history = bench.repository.history
    assert isinstance(history, Memory)
    gone = {
        path: data for path, data in files_of(bench.root).items() if not path.startswith("tenants/plain/")
    }
    base = history.add(gone, branch="empty", parents=[])
    history.branches["main"] = base
    history.branches["change"] = history.add(files_of(bench.root), branch="new", parents=[base])
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve() == OK
    assert bench.lines() == {}


def test_a_pull_request_into_another_branch_is_refused_whoever_that_branch_enrols(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    history = bench.repository.history
    assert isinstance(history, Memory)
    evil = {**history.files("main")}
    tenant = "tenants/plain/tenant.yaml"
    evil[tenant] = evil[tenant].replace(b"login: ada-example", b"login: mallory")
    history.branches["evil-base"] = history.branches["main"]
    history.add(evil, branch="evil-base")
    bench.pull.base = "evil-base"
    bench.world.review(bench.repository, bench.pull, by=bench.world.account("mallory"))
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve() == WRONG
    assert "approvals are signed for main only" in capsys.readouterr().err
    assert bench.lines() == {}


def test_the_default_branch_is_whichever_the_host_says(bench: Bench) -> None:
    history = bench.repository.history
    assert isinstance(history, Memory)
    history.branches["trunk/1"] = history.branches.pop("main")
    bench.repository.default_branch = bench.pull.base = "trunk/1"
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve() == OK
    assert "PL-D02" in bench.lines()


def test_an_account_the_default_branch_gave_up_signs_nothing_from_a_branch_of_before(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    history = bench.repository.history
    assert isinstance(history, Memory)
    now = {**history.files("main")}
    tenant = "tenants/plain/tenant.yaml"
    now[tenant] = now[tenant].replace(b"login: ada-example", b"login: ada-new")
    history.add(now, branch="main")
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    bench.world.review(bench.repository, bench.pull, by=bench.world.account("ada-new"))
    assert bench.approve() == OK
    assert capsys.readouterr().out.count("no enrolled approver") == 2
    assert bench.lines() == {}


def test_a_line_of_another_account_does_not_hold_where_it_is_taken(bench: Bench, tmp_path: Path) -> None:
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve("PL-D02") == OK
    other = tmp_path / "base"
    shutil.copytree(bench.root, other)
    tenant = other / "plain/tenant.yaml"
    tenant.write_text(tenant.read_text().replace("login: ada-example", "login: mallory"))
    signed = {"CV6002", "CV6013"}  # the scripts that say it are not approved yet
    before = check(bench.root, today=TODAY, enrolments=enrolled(other)).diagnostics
    assert {d.code for d in before if "PL-D02" not in d.message} <= signed
    assert [d.code for d in before if d.code == "CV6013"] == ["CV6013"]
    here = check(other, today=TODAY).diagnostics
    assert [d.message for d in here if d.code == "CV6011"] == [
        "the review was @ada-example's, which is not the account enrolled for Ada Example"
    ]


@pytest.mark.parametrize("how", ["dismissed", "asks for changes", "commented after"])
def test_the_lines_of_a_review_that_no_longer_counts_are_struck(
    bench: Bench, capsys: pytest.CaptureFixture[str], how: str
) -> None:
    world, repository, pull = bench.world, bench.repository, bench.pull
    ada = world.review(repository, pull, by=bench.ada)
    world.review(repository, pull, by=bench.bea)
    assert bench.approve() == OK
    match how:
        case "dismissed":
            ada.state = "DISMISSED"
        case "asks for changes":
            world.review(repository, pull, by=bench.ada, state="CHANGES_REQUESTED", at="2026-11-24T11:00:00Z")
        case _:
            world.review(repository, pull, by=bench.ada, state="COMMENTED", at="2026-11-24T11:00:00Z")
    before = bench.lines()
    if how == "commented after":
        assert bench.approve() == OK
        assert bench.lines() == before
        return
    assert bench.approve() == NEEDS_APPROVAL
    assert (
        "struck, as the review no longer counts: Ada Example's approval of PL-D02" in capsys.readouterr().out
    )
    assert {name for lines in bench.lines().values() for name, _ in lines} == {"Bea Example"}
    assert bench.approve() == OK  # struck once
    world.review(repository, pull, by=bench.ada, at="2026-11-24T12:00:00Z")
    assert bench.approve() == OK
    assert check(bench.root, today=TODAY).diagnostics == ()


def test_lines_of_another_pull_request_and_lines_signed_by_hand_are_not_struck(bench: Bench) -> None:
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve() == OK
    file = bench.root / "plain/approvals.yaml"
    before = file.read_bytes()
    bench.pull = bench.world.open_pull(bench.repository, by=bench.world.account("wat-example"), head="change")
    assert bench.approve() == OK
    assert file.read_bytes() == before


# ---- the key, the repository, the token ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"named": f"{HOST}/somebody/fork#1"}, "signs for github.example/example/tenants"),
        ({"named": f"other.example/{REPO}#1"}, "signs for github.example/example/tenants"),
        ({"named": f"{HOST}/{REPO}#99"}, "no such thing"),
        ({"key": "Mallory Example"}, "not enrolled under `review_keys`"),
    ],
)
def test_a_key_speaks_for_one_repository_only(
    bench: Bench, capsys: pytest.CaptureFixture[str], how: dict[str, Any], said: str
) -> None:
    assert bench.approve(**how) == WRONG
    assert said in capsys.readouterr().err


def test_an_unknown_token_is_refused_and_never_shown(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    (bench.root.parent / "token").write_text("another-secret")
    assert bench.approve() == WRONG
    shown = capsys.readouterr()
    assert "does not know the token" in shown.err
    assert "another-secret" not in shown.out + shown.err


def test_a_moved_repository_is_not_followed(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    bench.world.moved[REPO] = "example/renamed"
    assert bench.approve() == WRONG
    assert "has moved" in capsys.readouterr().err


def test_a_token_never_travels_in_the_open_nor_to_another_address(bench: Bench) -> None:
    with pytest.raises(ForgeRefused, match="https"):
        api_of(HOST, "http://code.example", TOKEN, sleep=print)
    assert TOKEN not in repr(api_of(HOST, bench.host.url, TOKEN, sleep=print))
    assert api_of("github.com", "", TOKEN, sleep=print).root == "https://api.github.com"
    assert api_of(HOST, "", TOKEN, sleep=print).root == f"https://{HOST}/api/v3"


# ---- a host that falters ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["429", "403-limited", "500"])
def test_what_passes_is_waited_for(bench: Bench, kind: Any) -> None:
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    bench.world.faults.append(Fault(kind, "/reviews", times=2))
    assert bench.approve() == OK
    assert "PL-D02" in bench.lines()


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault("500", "/reviews", times=9), "answers 500"),
        (Fault("429", "/reviews", times=9, retry_after="3600"), "asks to wait 3600 seconds"),
        (Fault("403", "/contents", times=9), "the token may not read this"),
        (Fault("truncated", "/reviews"), "cut off"),
        (Fault("not-json", "/commits"), "cut off"),
        (Fault("truncated", "/contents"), "cut off"),
    ],
)
def test_what_does_not_pass_writes_nothing(
    bench: Bench, capsys: pytest.CaptureFixture[str], fault: Fault, said: str
) -> None:
    before = (bench.root / "plain/approvals.yaml").read_bytes()
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    bench.world.faults.append(fault)
    assert bench.approve() == WRONG
    assert said in capsys.readouterr().err
    assert (bench.root / "plain/approvals.yaml").read_bytes() == before


def test_waits_are_those_the_host_asks_for_and_a_silent_one_is_given_up(bench: Bench) -> None:
    waited: list[float] = []
    api = api_of(HOST, bench.host.url, TOKEN, sleep=waited.append)
    bench.world.faults.append(Fault("429", "/reviews", retry_after="7"))
    assert reviews_of(api, REPO, 1) == []
    assert waited == [7.0]
    bench.world.faults.append(Fault("timeout", "/reviews", times=9))
    quick = Api(root=api.root, http=api.http, sleep=waited.append, timeout_s=0.05)
    with pytest.raises(ForgeRefused, match="did not answer in time"):
        reviews_of(quick, REPO, 1)


def test_every_page_of_reviews_is_read(bench: Bench) -> None:
    for n in range(230):
        bench.world.review(
            bench.repository, bench.pull, by=bench.world.account(f"passer-by-{n}"), state="COMMENTED"
        )
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve() == OK
    assert "PL-D02" in bench.lines()


def test_a_change_too_long_for_the_host_to_name_all_its_authors_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    history = bench.repository.history
    assert isinstance(history, Memory)
    for n in range(250):
        history.add({**files_of(bench.root), "n": f"{n}".encode()}, branch="change")
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    assert bench.approve() == WRONG
    assert "does not name all its authors" in capsys.readouterr().err


def test_the_tenant_may_be_changed_elsewhere_meanwhile(bench: Bench, tmp_path: Path) -> None:
    bench.world.review(bench.repository, bench.pull, by=bench.ada)
    shutil.rmtree(bench.root)
    lay_out(bench.root)  # the change was never merged: nothing of it stands here
    assert bench.approve() == OK
    assert bench.lines() == {}
    assert (
        sources(bench.root)["plain"].claims["PL-D02"].texts["en-GB"]["full"] == "Stop any time: reply STOP."
    )
