"""The shipped workflow from a pull request to live, every line of it run here: a temporary repository, a code host on
loopback, a real Postgres."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from compiler.source.golive import subject_of
from drills.devkeys import DevKeys, development_keys
from drills.inthread import InThread, free_port
from drills.sandbox.codehost import Pull, Repository, World
from drills.sandbox.github import build
from drills.sandbox.history import GitFolder
from runtime.embedded import EmbeddedPostgres
from tests.acceptance.convo import ROOT, TODAY, convo
from tests.acceptance.workflow import Event, Ran, Runner, expressions_in, git, on_path
from tests.compiling import key_of, lay_out, sources
from tests.conftest import fresh_database

WORKFLOWS = ROOT / "compiler" / "scaffold" / "template" / "repository" / "workflows"
NAME = "plain/tenants"
BOT = "github-actions[bot]"
BEFORE, AFTER = (
    "The ombudsman is free, at ombudsman.test.",
    "The ombudsman costs nothing: see ombudsman.test.",
)
MORE_CONNECTIONS = "".join(
    f"""
  - id: plain-web-{stage}
    channel: webchat
    stage: {stage}
    address: Plain web chat
    signature: none
    origins: ["https://{stage}.plain-claims.test"]
    outreach: false
"""
    for stage in ("sandbox", "staging")
)
CAP, RAISED, HIGHER = "per_day: 1000", "per_day: 2000", "per_day: 999999"
DRILLS = """
- id: free-way
  title: Somebody wants the free way
  steps:
    - say: is there a free way
      expect:
        decision: reply
        claims: [PL-D03]
        link: false
"""


def documents() -> Mapping[str, Any]:
    return {path.name: yaml.safe_load(path.read_text()) for path in sorted(WORKFLOWS.glob("*.yml"))}


# ---- what a workflow may hold -------------------------------------------------------------------------------------------


def test_nothing_runs_with_more_than_it_needs() -> None:
    for document in documents().values():
        assert document["permissions"] == {}
        assert document["defaults"] == {
            "run": {"shell": "bash"}
        }  # which has pipefail, as the runner of these tests
        for job in document["jobs"].values():
            assert job["timeout-minutes"] <= 20
            rights = job.get("permissions", {})
            assert set(rights) <= {"contents", "pull-requests"}
            assert rights.get("contents", "read") == "read"


def test_the_jobs_that_read_a_pull_request_have_no_secret_and_may_only_read() -> None:
    both = documents()
    triggers = both["convo.yml"][True]  # `on`, as YAML 1.1 reads it
    assert "pull_request_target" not in json.dumps(
        [both["convo.yml"], both["convo-trusted.yml"]], default=str
    )
    assert set(triggers) == {"pull_request", "pull_request_review", "push"}
    for job in (
        both["convo.yml"]["jobs"]["check"],
        both["convo.yml"]["jobs"]["plan"],
        both["convo-trusted.yml"]["jobs"]["read"],
    ):
        assert job["permissions"] == {"contents": "read"}
        assert not [e for e in expressions_in(job) if "secrets." in e or "github.token" in e]
        assert "environment" not in job


def test_a_job_that_holds_a_key_is_in_a_protected_environment_and_not_started_by_a_pull_request() -> None:
    both = documents()
    holding = {
        (name, job): body
        for name, document in both.items()
        for job, body in document["jobs"].items()
        if any("secrets." in e for e in expressions_in(body))
    }
    assert set(holding) == {
        ("convo.yml", "staging"),
        ("convo.yml", "live"),
        ("convo-trusted.yml", "approvals"),
    }
    for (name, _), job in holding.items():
        assert job["environment"]
        assert name == "convo-trusted.yml" or "github.event_name == 'push'" in job["if"]
    assert set(both["convo-trusted.yml"][True]) == {"workflow_run"}


def test_no_script_holds_an_expression_and_every_action_is_pinned_by_commit() -> None:
    for document in documents().values():
        for job in document["jobs"].values():
            for step in job["steps"]:
                assert "${{" not in step.get("run", "")
                assert "uses" not in step or re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])


def test_a_pull_request_brings_neither_its_compiler_nor_its_drills_around_what_is_put_in_force() -> None:
    jobs = documents()["convo.yml"]["jobs"]
    installs = {name: _runs(job, "pip install") for name, job in jobs.items() if _runs(job, "pip install")}
    for job in ("check", "plan"):
        assert all("--requirement base/.github/convo-requirements.txt" in run for run in installs[job])
    for job in (jobs["staging"], jobs["live"]):
        names = [step.get("name", "") for step in job["steps"]]
        assert names.index("Attack, sign, publish, activate") == len(names) - 2
        assert not any("if" in step for step in job["steps"])  # nothing goes on after a failure
    staging = [step.get("run", "") for step in jobs["staging"]["steps"]]
    assert any("convo attack" in run for run in staging[:-2])
    for stage in ("staging", "live"):
        [who] = _runs(jobs[stage], "convo ci tenants")
        assert f"--stage {stage}" in who


def test_only_a_pull_request_into_the_default_branch_is_signed_or_spoken_for() -> None:
    both = documents()
    assert both["convo.yml"][True]["pull_request"]["branches"] == ["main"]
    reviewed = both["convo.yml"]["jobs"]["reviewed"]["if"]
    assert "github.event.pull_request.base.ref == github.event.repository.default_branch" in reviewed
    jobs = both["convo-trusted.yml"]["jobs"]
    assert _runs(jobs["which"], "convo ci pull")
    for name in ("read", "approvals"):
        assert jobs[name]["needs"] == "which"
        assert "needs.which.outputs.pull != ''" in jobs[name]["if"]
    assert jobs["comment"]["needs"] == ["which", "read"]


def test_a_review_that_is_dismissed_or_asks_for_changes_is_heard_like_one_that_approves() -> None:
    document = documents()["convo.yml"]
    assert set(document[True]["pull_request_review"]["types"]) == {"submitted", "edited", "dismissed"}
    condition = document["jobs"]["reviewed"]["if"]
    assert "github.event.review.state != 'commented'" in condition
    assert "approved" not in condition


def test_what_holds_a_plan_back_runs_on_every_push_to_the_pull_request() -> None:
    document = documents()["convo.yml"]
    assert {"opened", "synchronize"} <= set(document[True]["pull_request"]["types"])
    assert document["jobs"]["plan"]["if"] == "github.event_name == 'pull_request'"
    [holding] = _runs(document["jobs"]["plan"], "convo diff")
    assert "0|3) ;;" in holding


def test_a_link_in_a_pull_request_is_laid_out_as_text_where_there_is_a_token(tmp_path: Path) -> None:
    jobs = documents()["convo-trusted.yml"]["jobs"]
    fetching = [run for job in jobs.values() for run in _runs(job, "worktree")]
    assert len(fetching) == 2
    assert all("git -c core.symlinks=false worktree add" in run for run in fetching)
    git(tmp_path, "init", "-q", ".")
    (tmp_path / "tenants").symlink_to("/etc")
    git(tmp_path, "add", "-A")
    git(tmp_path, "-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-q", "-m", "x")
    git(
        tmp_path,
        "-c",
        "core.symlinks=false",
        "worktree",
        "add",
        "--quiet",
        "--detach",
        f"{tmp_path / 'head'}",
        "HEAD",
    )
    assert not (tmp_path / "head" / "tenants").is_symlink()
    assert (tmp_path / "head" / "tenants").read_text() == "/etc"


def _runs(job: Mapping[str, Any], what: str) -> list[str]:
    return [step["run"] for step in job["steps"] if what in step.get("run", "")]


# ---- the chain ----------------------------------------------------------------------------------------------------------


@dataclass
class Stand:
    """The repository, the code host and the database, and who works on them."""

    work: Path
    runner: Runner
    world: World
    host: Repository
    api: str
    expressions: Mapping[str, str]

    def event(self, sha: str, **more: str) -> Event:
        variables = {
            "GITHUB_API_URL": self.api,
            "GITHUB_SERVER_URL": "https://git.plain-claims.test",
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_ACTOR": "ada-example",
        }
        return Event(sha=sha, variables=variables, expressions={**self.expressions, **more})

    def commit(self, message: str, *, name: str = "Wat Example", mail: str = "wat@example.com") -> str:
        git(self.work, "add", "-A")
        git(self.work, "-c", f"user.name={name}", "-c", f"user.email={mail}", "commit", "-q", "-m", message)
        return git(self.work, "rev-parse", "HEAD")

    def push(self, branch: str, pull: int | None = None) -> str:
        git(self.work, "push", "-q", "origin", f"HEAD:refs/heads/{branch}")
        sha = git(self.work, "rev-parse", "HEAD")
        if pull is not None:
            git(self.runner.origin, "update-ref", f"refs/pull/{pull}/head", sha)
        return sha

    def status(self, stage: str) -> Any:
        done = convo("status", "--stage", stage, "--json", env=self.runner.environment)
        return json.loads(done.stdout)


def passed(ran: Sequence[Ran]) -> Sequence[Ran]:
    assert all(step.code == 0 for step in ran), "\n".join(f"{s.name}: {s.code}\n{s.out}" for s in ran)
    return ran


@pytest.fixture
def stand(server: EmbeddedPostgres, tmp_path: Path) -> Iterator[Stand]:
    keys = development_keys(tmp_path / "keys")
    work, origin = tmp_path / "work", tmp_path / "origin.git"
    _repository(work, keys, tmp_path / "case")
    git(tmp_path, "init", "-q", "--bare", "-b", "main", f"{origin}")
    git(work, "init", "-q", "-b", "main", ".")
    git(work, "remote", "add", "origin", f"{origin}")
    world = World()
    world.account(BOT, kind="Bot", token="t-ci")
    for login in ("ada-example", "bea-example"):
        world.account(login, token=f"t-{login}")
    logins = {"wat@example.com": "wat-example", "ada@example.com": "ada-example"}
    host = world.repository(NAME, GitFolder(origin, logins))
    with fresh_database(server) as database, InThread(build(world), free_port()) as served:
        runner = Runner(
            origin=origin,
            folder=tmp_path / "runs",
            path=on_path(tmp_path / "bin"),
            environment={
                "DATABASE_URL": database.url(),
                **keys.environment(),
                "PIP_NO_INDEX": "1",
                "PIP_NO_DEPS": "1",  # the lock of the tests leaves litellm out
                "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            },
        )
        expressions = {
            "secrets.DATABASE_URL": database.url(),
            "secrets.MASTER_KEY": Path(keys.master.removeprefix("file:")).read_text().strip(),
            "secrets.PEPPER": Path(keys.pepper.removeprefix("file:")).read_text().strip(),
            "secrets.SIGNING_KEY": keys.signing.read_text().strip(),
            "secrets.REVIEW_KEY": _pem("CI"),
            "secrets.PUSH_TOKEN": "t-push",
            "github.token": "t-ci",
        }
        made = Stand(work, runner, world, host, served.url, expressions)
        made.commit("Start")
        made.push("main")
        yield made


def _repository(work: Path, keys: DevKeys, case: Path) -> None:
    """A repository as `init` makes it, with a tenant in it that is ready for live."""
    done = convo("init", "some-brand", "--root", f"{work}", "--today", TODAY)
    assert done.returncode == 0, done.stderr
    shutil.rmtree(work / "tenants")
    ready = ROOT / "tests" / "examples" / "ready" / "plain" / "channels.yaml"
    (case / "plain" / "drills").mkdir(parents=True)
    (case / "case.json").write_text(json.dumps({"over": "ready", "stage": "live"}))
    (case / "plain" / "channels.yaml").write_text(ready.read_text().rstrip("\n") + MORE_CONNECTIONS)
    (case / "plain" / "drills" / "attacks.yaml").write_text(DRILLS.lstrip())
    lay_out(work / "tenants", case)
    shutil.copy(keys.trust, work / "trust" / "bundles.pub")


def _pem(name: str) -> str:
    return (
        key_of(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode("ascii").strip()
    )


def _change(stand: Stand) -> tuple[Pull, str]:
    """Wat changes a word of a claim, raises a cap along with it and opens a pull request."""
    git(stand.work, "checkout", "-q", "-b", "words")
    claims = stand.work / "tenants" / "plain" / "claims" / "core.yaml"
    text = claims.read_text()
    assert BEFORE in text
    claims.write_text(text.replace(f"You don't need us. {BEFORE}", f'"You don\'t need us. {AFTER}"', 1))
    _cap(stand, CAP, RAISED)
    sha = stand.commit("Say it more plainly")
    pull = stand.world.open_pull(stand.host, by=stand.world.account("wat-example"), head="words")
    stand.push("words", pull.number)
    return pull, sha


def _cap(stand: Stand, old: str, new: str) -> None:
    caps = stand.work / "tenants" / "plain" / "caps.yaml"
    assert old in caps.read_text()
    caps.write_text(caps.read_text().replace(old, new))


def _waived(stand: Stand, pull: Pull, base: str, key: Path) -> str:
    """Ada lets the one change through that is still open. Returns the commit."""
    git(stand.work, "pull", "-q", "--ff-only", "origin", "words")
    saved = stand.work.parent / "plan.json"
    done = convo("diff", base, "HEAD", "--out", f"{saved}", "--today", TODAY, cwd=stand.work)
    assert done.returncode == 4, done.stdout
    [open_] = [r for t in json.loads(saved.read_text())["tenants"] for r in t["changes"] if r["open"]]
    key.write_text(_pem("Ada Example") + "\n")
    done = convo(
        *("waive", "plain", "--rule", open_["rule"], "--subject", open_["subject"], "--plan", f"{saved}"),
        *("--reason", "More people write in winter", "--expires", "2027-03-01", "--key", f"{key}"),
        *("--today", TODAY),
        cwd=stand.work,
    )
    assert done.returncode == 0, done.stderr
    stand.commit("Let the cap be raised", name="Ada Example", mail="ada@example.com")
    return stand.push("words", pull.number)


def _signed_for(stand: Stand) -> str:
    """Those who sign for going live have looked at the tenant as it now stands. Returns the merged commit."""
    tenants = stand.work / "tenants"
    golive = tenants / "plain" / "golive.yaml"
    text = re.sub(
        r"(?<=subject: )sha256:[0-9a-f]{64}", subject_of(sources(tenants)["plain"]), golive.read_text()
    )
    golive.write_text(text)
    stand.commit("Sign for the new words")
    return stand.push("main")


def test_from_a_pull_request_to_live(stand: Stand, tmp_path: Path) -> None:
    base = git(stand.work, "rev-parse", "HEAD")
    pull, sha = _change(stand)
    asked = {"github.event.pull_request.base.sha": base}

    # the pull request: approvals are void, so the check is red, and says at which words; the plan is held back
    ran = stand.runner.job("convo.yml", "check", stand.event(sha, **asked))
    assert [step.name for step in ran if step.code] == ["Check every tenant"], ran
    red = next(step.out for step in ran if step.code)
    assert "::error" in red
    assert "CV6002" in red
    assert "1 drills, 0 failed" in ran[-2].out
    assert _held_back(stand, sha, base)

    # the comment: what the bot may newly say, and the words in their place
    run = {
        "github.event.workflow_run.head_sha": sha,
        "github.event.workflow_run.head_branch": "words",
        "github.event.workflow_run.head_repository.full_name": NAME,
    }
    passed(stand.runner.job("convo-trusted.yml", "which", stand.event(base, **run)))
    passed(stand.runner.job("convo-trusted.yml", "read", stand.event(base, **run)))
    passed(stand.runner.job("convo-trusted.yml", "comment", stand.event(base, **run)))
    [comment] = stand.host.comments.values()
    assert "costs nothing" in comment.body
    assert "PL-D03" in comment.body
    assert "2000" in comment.body

    # two people review; CI signs for them and adds the lines to the pull request
    ada, bea = (stand.world.account(login) for login in ("ada-example", "bea-example"))
    review = stand.world.review(stand.host, pull, by=ada)
    stand.world.review(stand.host, pull, by=bea)
    lines = _lines(stand, pull, base, run)
    assert git(stand.runner.origin, "diff", "--name-only", sha, "words") == "tenants/plain/approvals.yaml"

    # one takes the approval back: the lines go; and comes back: they come back
    review.state = "DISMISSED"
    assert [line for line in lines if line not in _lines(stand, pull, base, run)]
    stand.world.review(stand.host, pull, by=ada)
    assert _lines(stand, pull, base, run) == lines
    signed = git(stand.runner.origin, "rev-parse", "words")

    # the words are approved, but nobody let the cap be raised: held back until it is waived by name
    assert _held_back(stand, signed, base)
    waived = _waived(stand, pull, base, tmp_path / "ada.key")
    passed(stand.runner.job("convo.yml", "check", stand.event(waived, **asked)))
    assert not _held_back(stand, waived, base)

    # merged: staging
    git(stand.work, "checkout", "-q", "main")
    git(stand.work, "merge", "-q", "--ff-only", "words")
    merged = stand.push("main")
    passed(stand.runner.job("convo.yml", "staging", stand.event(merged, **{"github.event.before": base})))
    [staging] = stand.status("staging")
    assert (staging["tenant"], staging["serial"]) == ("plain", 1)
    assert stand.status("live") == []

    # tagged before those who sign for going live have seen the new words: refused
    ran = stand.runner.job("convo.yml", "live", stand.event(merged))
    assert "CV5047" in ran[-1].out
    assert stand.status("live") == []

    # signed for again, merged, tagged: live
    merged = _signed_for(stand)
    passed(stand.runner.job("convo.yml", "live", stand.event(merged)))
    [live] = stand.status("live")
    assert (live["tenant"], live["serial"]) == ("plain", 1)

    # pushed past the pull request: staging does not take what nobody let through
    _cap(stand, RAISED, HIGHER)
    stand.commit("Raise it further")
    ran = stand.runner.job(
        "convo.yml", "staging", stand.event(stand.push("main"), **{"github.event.before": merged})
    )
    assert [step.name for step in ran if step.code] == ["Who may go there"]
    assert "nobody let this through" in ran[-1].out
    assert stand.status("staging") == [staging]


def _lines(stand: Stand, pull: Pull, base: str, run: Mapping[str, str]) -> list[str]:
    """What of the tenant is approved, by whom, once the reviews as they now stand were read."""
    head = {"github.event.workflow_run.head_sha": git(stand.runner.origin, "rev-parse", "words")}
    passed(stand.runner.job("convo-trusted.yml", "approvals", stand.event(base, **{**run, **head})))
    git(stand.runner.origin, "update-ref", f"refs/pull/{pull.number}/head", "words")
    lines = yaml.safe_load(git(stand.runner.origin, "show", "words:tenants/plain/approvals.yaml"))
    return sorted(f"{line.get('claim') or line.get('script')} {line['by']}" for line in lines)


def _held_back(stand: Stand, sha: str, base: str) -> bool:
    """Whether the check `plan` is red because something still needs somebody."""
    event = stand.event(sha, **{"github.event.pull_request.base.sha": base})
    red = [step for step in stand.runner.job("convo.yml", "plan", event) if step.code]
    assert not red or "still needs an approval or a waiver" in red[0].out, red
    return bool(red)
