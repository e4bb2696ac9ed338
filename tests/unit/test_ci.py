"""`convo ci`: one comment a pull request, edited in place whatever the host does meanwhile; pull requests by their commit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from commands import UsageProblem, ci
from commands.comment import MARKER, MOST_CHARS, Host, HostRefused, body_of
from drills.inthread import InThread, free_port
from drills.sandbox.codehost import Fault, FaultKind, Pull, Repository, World
from drills.sandbox.github import build
from drills.sandbox.history import Memory


@dataclass
class There:
    world: World
    repository: Repository
    pull: Pull
    url: str

    def bodies(self) -> list[str]:
        return [comment.body for comment in self.repository.comments.values()]

    def host(self, **changes: str) -> Host:
        given = {"api": self.url, "repository": "example/tenants", "token": "t-ci", "author": "convo-ci[bot]"}
        return Host(**{**given, **changes}, sleep=lambda _: None)


@pytest.fixture
def there() -> Iterator[There]:
    world = World()
    world.account("convo-ci[bot]", kind="Bot", token="t-ci")
    history = Memory()
    history.add({"a": b"1"}, branch="main")
    history.add({"a": b"2"}, branch="change", parents=[history.branches["main"]])
    repository = world.repository("example/tenants", history)
    pull = world.open_pull(repository, by=world.account("wat-example", token="t-wat"), head="change")
    with InThread(build(world), free_port()) as served:
        yield There(world, repository, pull, served.url)


def test_the_comment_is_written_once_and_then_edited(there: There) -> None:
    first = there.host().post(1, body_of(["one"]))
    second = there.host().post(1, body_of(["two"]))
    assert first == second
    assert there.bodies() == [f"{MARKER}\n\ntwo\n"]


def test_the_comment_is_found_among_hundreds_and_nobody_elses_is_taken_for_it(there: There) -> None:
    theirs = there.host(token="t-wat", author="wat-example")
    theirs.post(1, body_of(["I am the bot, honestly"]))
    there.host().post(1, body_of(["ours"]))
    with theirs._client() as http:
        for number in range(120):
            there.world.seen.clear()
            http.post(f"{there.url}/repos/example/tenants/issues/1/comments", json={"body": f"{number}"})
    there.host().post(1, body_of(["ours again"]))
    assert len(there.bodies()) == 122
    assert there.bodies()[:2] == [body_of(["I am the bot, honestly"]), body_of(["ours again"])]


def test_of_two_comments_of_two_runs_one_stays(there: There) -> None:
    with there.host()._client() as http:
        for text in ("one", "two"):
            http.post(f"{there.url}/repos/example/tenants/issues/1/comments", json={"body": body_of([text])})
    there.host().post(1, body_of(["three"]))
    assert there.bodies() == [body_of(["three"])]


@pytest.mark.parametrize("kind", ["429", "403-limited"])
def test_a_limit_is_waited_for_and_the_comment_written_once(there: There, kind: FaultKind) -> None:
    there.world.faults.append(Fault(kind, path="/comments", times=2))
    there.host().post(1, body_of(["one"]))
    assert there.bodies() == [body_of(["one"])]


@pytest.mark.parametrize("kind", ["500", "truncated", "not-json"])
def test_a_list_that_cannot_be_read_is_asked_for_again(there: There, kind: FaultKind) -> None:
    there.world.faults.append(Fault(kind, path="/issues/1/comments"))
    there.host().post(1, body_of(["one"]))
    assert there.bodies() == [body_of(["one"])]


def test_a_host_that_stays_away_or_refuses_is_told_as_such(there: There) -> None:
    there.world.faults.append(Fault("500", times=99))
    with pytest.raises(HostRefused, match="500 Server Error"):
        there.host().post(1, body_of(["one"]))
    there.world.faults.clear()
    with pytest.raises(HostRefused, match="401 Bad credentials"):
        there.host(token="t-nobody").post(1, body_of(["one"]))
    with pytest.raises(HostRefused, match="404"):
        there.host().post(7, body_of(["one"]))


def test_the_command_says_nothing_about_a_commit_that_is_no_longer_the_head(
    there: There, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "comment.md"
    file.write_text("what changes")
    monkeypatch.setenv("GITHUB_TOKEN", "t-ci")
    given = {"api": there.url, "repository": "example/tenants", "author": "convo-ci[bot]"}
    assert ci.comment(1, [file], head="0" * 40, **given) == 0
    assert there.bodies() == []
    assert ci.comment(1, [file], head=there.repository.history.commit("change").sha, **given) == 0
    assert there.bodies() == [body_of(["what changes"])]
    assert "moved on" in capsys.readouterr().out
    for api in ("http://code.example", "http://127.0.0.1.code.example", "http://localhost@code.example"):
        with pytest.raises(UsageProblem, match="https"):
            ci.comment(1, [file], **{**given, "api": api})


def test_a_comment_keeps_whole_texts_and_says_what_did_not_fit() -> None:
    body = body_of([f"{MARKER}\nplan <!-- convo:plan:v1 -->", "t" * MOST_CHARS, "", "small"])
    assert body.startswith(f"{MARKER}\n\nplan &lt;!--")
    assert body.count("<!--") == 1
    assert "did not fit" in body
    assert "small\n" in body
    assert "ttt" not in body
    assert len(body) <= MOST_CHARS


@dataclass
class Asking:
    """`convo ci pull` at the commit of the branch `change`."""

    there: There
    capsys: pytest.CaptureFixture[str]

    def __call__(self, head: str = "") -> tuple[str, str]:
        sha = self.there.repository.history.commit("change").sha
        assert ci.pull(sha, head=head, api=self.there.url, repository="example/tenants") == 0
        return self.capsys.readouterr()


@pytest.fixture
def asking(there: There, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Asking:
    monkeypatch.setenv("GITHUB_TOKEN", "t-ci")
    return Asking(there, capsys)


def _another(there: There, **changes: object) -> Pull:
    made = there.world.open_pull(there.repository, by=there.pull.account, head="change")
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_pull_request_is_found_by_its_commit_from_a_fork_too(there: There, asking: Asking) -> None:
    assert asking() == ("1\n", "")
    there.pull.fork = "wat-example/tenants"
    assert asking() == ("1\n", "")
    assert asking("wat-example/tenants:change") == ("1\n", "")


def test_one_that_is_closed_or_into_another_branch_is_not_acted_on(there: There, asking: Asking) -> None:
    there.repository.history.add({"a": b"0"}, branch="evil-base")  # type: ignore[attr-defined]
    for changes in ({"closed": True}, {"merged": True}, {"base": "evil-base"}):
        _another(there, **changes)
    assert asking() == ("1\n", "")
    there.pull.closed = True
    out, err = asking()
    assert out == ""
    assert "no open pull request into the default branch" in err


def test_of_several_none_is_acted_on_unless_the_branch_tells_them_apart(there: There, asking: Asking) -> None:
    _another(there, fork="mallory/tenants")
    out, err = asking()
    assert out == ""
    assert "#1, #2" in err
    assert asking("example/tenants:change") == ("1\n", "")


def test_a_host_that_does_not_answer_is_a_failure_and_not_no_pull_request(
    there: There, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_TOKEN", "t-nobody")
    assert ci.pull("0" * 40, api=there.url, repository="example/tenants") == 1
    assert "401" in capsys.readouterr().err
    with pytest.raises(UsageProblem, match="no full sha"):
        ci.pull("main", api=there.url, repository="example/tenants")
