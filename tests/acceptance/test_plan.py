"""Plans as people make them: from a folder, from git, with approvals and waivers, saved and shown again."""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import cli
from compiler.pipeline import compile_tenant
from compiler.plan.waivers import waiver_payload
from schemas.bundle import canonical
from schemas.signing import keyid
from tests.compiling import APPROVER, approve, copy_tenant, key_of, lay_out, sign_off

TODAY = ("--today", "2026-11-24")
CORE, CAPS = "plain/claims/core.yaml", "plain/caps.yaml"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A git repository with one tenant, all approved, committed on main; the work is on a branch."""
    root = tmp_path / "repository"
    lay_out(root / "tenants")
    git(root, "init", "-q", "-b", "main")
    commit(root, "First")
    git(root, "checkout", "-q", "-b", "work")
    return root


def git(root: Path, *arguments: str) -> str:
    who = ("-c", "user.name=Wat Example", "-c", "user.email=wat@example.com", "-c", "commit.gpgsign=false")
    done = subprocess.run(
        ["git", "-C", str(root), *who, *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


def commit(root: Path, message: str) -> str:
    git(root, "add", "-A")
    git(root, "commit", "-q", "--allow-empty", "-m", message)
    return git(root, "rev-parse", "HEAD")


def edit(root: Path, file: str, old: str, new: str) -> None:
    path = root / "tenants" / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))


def approved_again(root: Path) -> None:
    (root / "tenants/plain/approvals.yaml").unlink()
    approve(root / "tenants", {})


def two_tenants(root: Path) -> None:
    copy_tenant(root / "tenants", "plain", "other")
    for slug in ("plain", "other"):
        (root / "tenants" / slug / "approvals.yaml").unlink()
    approve(root / "tenants", {})


@pytest.fixture
def convo(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Any]:
    """The command, in the repository: (exit code, stdout, stderr)."""
    monkeypatch.chdir(repository)

    def run(*arguments: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as left:
            cli.main(list(arguments))
        told = capsys.readouterr()
        assert "Traceback" not in told.err
        return int(left.value.code or 0), told.out, told.err

    yield run


def found(told: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(told)
    assert document["format"] == "convo.plan/v1"
    return document


def rules(document: dict[str, Any]) -> set[str]:
    return {row["rule"] for each in (*document["tenants"], *document["shared"]) for row in each["changes"]}


def test_nothing_changed_is_exit_0(convo: Any) -> None:
    code, out, _ = convo("plan", *TODAY)
    assert (code, out.splitlines()[0]) == (0, "Nothing changes.")


def test_changed_words_need_approval_until_somebody_approved_them(repository: Path, convo: Any) -> None:
    edit(repository, CORE, "an automated", "a robotic")
    edit(repository, CORE, "are you a robot", "are you real")
    assert convo("plan", *TODAY)[0] == 4 or convo("plan", *TODAY)[0] == 1
    approved_again(repository)
    code, out, _ = convo("plan", *TODAY)
    assert code == 3, out
    assert "[-automated-]" in out or "[-an automated-]" in out
    assert f"approved by {APPROVER} (solicitor)" in out
    assert "plain/claims/core.yaml:" in out


def test_a_reworded_claim_hides_nothing_of_the_same_change(repository: Path, convo: Any) -> None:
    """The everyday pull request: words that are approved no more, and a limit that went up beside them."""
    edit(repository, CORE, "an automated", "a robotic")
    edit(repository, CAPS, "per_day: 1000", "per_day: 999999")
    code, out, _ = convo("plan", *TODAY)
    assert code == 4, out
    assert "The bot says differently" in out
    assert "999999" in out
    assert "does not hold: tenants/plain/approvals.yaml" in out
    code, out, _ = convo("plan", "--format", "md", *TODAY)
    assert code == 4
    assert "Approvals and waivers that do not hold" in out
    assert "Does not compile" not in out
    document = found(convo("plan", "--json", *TODAY)[1])
    assert document["verdict"]["void"] == len(document["void"]) > 0
    assert {"CLAIM_REWORDED", "CAP_NOT_LOOSENED"} <= rules(document)


def test_a_line_nobody_signed_lets_nothing_through_and_is_told(repository: Path, convo: Any) -> None:
    edit(repository, "plain/approvals.yaml", '"ref": "', '"ref": "x')
    code, out, _ = convo("plan", *TODAY)
    assert code == 4, out
    assert "does not hold" in out
    assert "Nothing changes." not in out


def test_lines_that_cannot_even_be_read_hide_nothing(repository: Path, convo: Any) -> None:
    (repository / "tenants/plain/approvals.yaml").write_text("- {claim: [\n")
    (repository / "tenants/plain/waivers.yaml").write_text("- rule: 7\n")
    edit(repository, CAPS, "per_day: 1000", "per_day: 999999")
    code, out, _ = convo("plan", *TODAY)
    assert code == 4, out
    assert "999999" in out
    assert "tenants/plain/waivers.yaml" in out


def test_who_enrolled_himself_in_the_change_lets_nothing_of_it_through(repository: Path, convo: Any) -> None:
    key = base64.b64encode(key_of("Mallory Example").public_key().public_bytes_raw()).decode()
    edit(
        repository,
        "plain/tenant.yaml",
        "approvers:\n",
        f"approvers:\n  - name: Mallory Example\n    role: compliance\n    key: ed25519:{key}\n    approves: [facts, waivers]\n",
    )
    edit(repository, CAPS, "per_day: 1000", "per_day: 9000")
    signer = key_of("Mallory Example")
    code, out, _ = convo("plan", "--json", *TODAY)
    row = next(r for r in found(out)["tenants"][0]["changes"] if r["rule"] == "CAP_NOT_LOOSENED")
    line = {
        "rule": row["rule"], "subject": row["subject"], "digest": row["digest"], "reason": "I may.", "author": "Wat Example",
        "by": "Mallory Example", "on": "2026-11-24", "expires": "2027-01-01",
        "key": keyid(signer.public_key().public_bytes_raw()),
    }  # fmt: skip
    signature = base64.b64encode(signer.sign(waiver_payload("plain", line))).decode()
    (repository / "tenants/plain/waivers.yaml").write_text(json.dumps([{**line, "signature": signature}]))
    code, out, _ = convo("plan", "--json", *TODAY)
    assert code == 4
    assert {"APPROVER_ENROLLED", "CAP_NOT_LOOSENED"} <= rules(found(out))
    assert all(
        row["open"] for row in found(out)["tenants"][0]["changes"] if row["rule"] == "CAP_NOT_LOOSENED"
    )


def pem(tmp_path: Path, name: str) -> Path:
    path = tmp_path / f"{name.split(maxsplit=1)[0]}.key"
    path.write_bytes(key_of(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return path


def waive(tmp_path: Path, **more: str) -> list[str]:
    given = {
        "rule": "CAP_NOT_LOOSENED",
        "subject": "policy spend_pence_per_day",
        "plan": "plan.json",
        "reason": "The winter campaign",
        "expires": "2027-02-01",
        "key": str(pem(tmp_path, APPROVER)),
        "author": "Wat Example",
        **more,
    }
    return [
        "waive",
        "tenants/plain",
        *(word for key, value in given.items() for word in (f"--{key}", value)),
        *TODAY,
    ]


def test_a_waiver_lets_one_change_through_and_only_that(repository: Path, convo: Any, tmp_path: Path) -> None:
    edit(repository, CAPS, "per_day: 1000", "per_day: 2000")
    assert convo("plan", "--out", "plan.json", *TODAY)[0] == 4
    code, out, err = convo(*waive(tmp_path))
    assert code == 0, err
    assert "is waived by Ada Example until 2027-02-01" in out
    code, out, _ = convo("plan", *TODAY)
    assert code == 3, out
    assert "waived by Ada Example until 2027-02-01: The winter campaign" in out
    edit(repository, CAPS, "per_day: 2000", "per_day: 9000")
    code, out, _ = convo("plan", *TODAY)
    assert code == 4
    assert "warning: plain: the waiver of CAP_NOT_LOOSENED" in out


def test_an_ended_waiver_lets_nothing_through(repository: Path, convo: Any, tmp_path: Path) -> None:
    edit(repository, CAPS, "per_day: 1000", "per_day: 2000")
    convo("plan", "--out", "plan.json", *TODAY)
    assert convo(*waive(tmp_path))[0] == 0
    assert convo("plan", "--today", "2027-02-01")[0] == 4


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ({"author": "ada EXAMPLE"}, "CV7005"),
        ({"rule": "CAP_NOT_LOSENED"}, "did you mean `CAP_NOT_LOOSENED`"),
        ({"rule": "OPT_OUT_NOT_WEAKENED"}, "can never be waived"),
        ({"subject": "policy strikes"}, "`policy spend_pence_per_day`"),
        ({"expires": "2026-11-24"}, "CV7006"),
    ],
)
def test_a_waiver_the_compiler_would_refuse_is_not_written(
    repository: Path, convo: Any, tmp_path: Path, more: dict[str, str], says: str
) -> None:
    edit(repository, CAPS, "per_day: 1000", "per_day: 2000")
    convo("plan", "--out", "plan.json", *TODAY)
    code, _, err = convo(*waive(tmp_path, **more))
    assert code == 1
    assert says in err
    assert not (repository / "tenants/plain/waivers.yaml").exists()


def test_naming_somebody_else_does_not_make_one_s_own_change_another_s(
    repository: Path, convo: Any, tmp_path: Path
) -> None:
    edit(repository, CAPS, "per_day: 1000", "per_day: 2000")
    git(repository, "commit", "-qam", "More", "--author", f"{APPROVER} <ada@example.com>")
    edit(repository, CAPS, "per_contact_per_day:", "per_contact_per_day:  ")
    commit(repository, "Another line by somebody else")
    convo("plan", "--base", "main", "--out", "plan.json", *TODAY)
    code, _, err = convo(*waive(tmp_path, author="Somebody Else"))
    assert code == 1
    assert "CV7005" in err


def test_two_commits_are_compared_without_touching_the_working_folder(repository: Path, convo: Any) -> None:
    base = git(repository, "rev-parse", "HEAD")
    edit(repository, CAPS, "per_day: 1000", "per_day: 500")
    head = commit(repository, "Tighten")
    edit(repository, CAPS, "per_day: 500", "per_day: 9")
    before = (repository / "tenants" / CAPS).read_text()
    code, out, _ = convo("diff", base, head, "--json", *TODAY)
    assert code == 3
    [row] = found(out)["tenants"][0]["changes"]
    assert (row["rule"], row["direction"], row["before"], row["after"]) == (
        "CAP_TIGHTENED",
        "tightened",
        1000,
        500,
    )
    assert row["place"]["file"] == CAPS
    assert found(out)["head"]["commit"] == head
    assert (repository / "tenants" / CAPS).read_text() == before


def test_a_commit_cannot_hide_its_own_files(repository: Path, convo: Any) -> None:
    (repository / ".gitattributes").write_text("tenants/plain/caps.yaml export-ignore\n*.yaml export-subst\n")
    edit(repository, CAPS, "per_day: 1000", "per_day: 9000")
    head = commit(repository, "Hide")
    code, out, _ = convo("diff", "main", head, "--json", *TODAY)
    assert code == 4
    assert "CAP_NOT_LOOSENED" in rules(found(out))


@pytest.mark.parametrize(
    "ref",
    [
        "--output=x",
        "-h",
        "main..work",
        "main:tenants",
        "no-such-branch",
        "main@{1}",
        "a b",
        "$(id)",
        "x\ny",
        "/etc",
    ],
)
def test_what_is_no_ref_is_refused(repository: Path, convo: Any, ref: str) -> None:
    code, out, _ = convo("diff", "--", ref, "main")
    assert (code, out) == (2, "") or ref == "/etc"
    assert not (repository / "x").exists()


def test_a_link_in_a_commit_is_refused_by_the_compiler_and_followed_by_nobody(
    repository: Path, convo: Any
) -> None:
    (repository / "tenants/plain/caps.yaml").unlink()
    (repository / "tenants/plain/caps.yaml").symlink_to("/etc/passwd")
    head = commit(repository, "Link")
    code, out, _ = convo("diff", "main", head, *TODAY)
    assert code == 1
    assert "CV1002" in out and "root:" not in out


def test_a_pack_is_told_once_with_the_tenants_it_reaches(repository: Path, convo: Any) -> None:
    two_tenants(repository)
    base = commit(repository, "Two tenants")
    edit(repository, "_packs/all/pack.yaml", "How to stop the messages.", "How to stop.")
    edit(repository, "_packs/all/pack.yaml", "handoff_words: [human]", "handoff_words: [human, person]")
    _, out, _ = convo("plan", "--base", base, "--json", *TODAY)
    [shared] = found(out)["shared"]
    assert shared["owner"] == "_packs/all"
    assert {row["rule"] for row in shared["changes"]} == {"DUTY_CHANGED", "HANDOFF_EASIER"}
    assert [reach["tenant"] for reach in shared["tenants"]] == ["other", "plain"]
    assert [tenant["changes"] for tenant in found(out)["tenants"]] == [[], []]
    _, out, _ = convo("plan", "--base", base, "--format", "md", *TODAY)
    assert "Pack all: 2 changes, 2 tenants" in out


def test_a_value_tells_every_sentence_it_is_filled_into_and_their_approvals_let_it_through(
    repository: Path, convo: Any
) -> None:
    edit(repository, "plain/tenant.yaml", "brand: Plain", "brand: Plain Help")
    code, out, _ = convo("plan", *TODAY)
    assert code == 4, out
    assert "PL-D01 as read: " in out
    assert "Plain{+ Help+}" in out
    approved_again(repository)
    code, out, _ = convo("plan", *TODAY)
    assert code == 3, out
    assert "approved by Ada Example (solicitor)" in next(
        x for x in out.splitlines() if "SLOT_VALUE_CHANGED" in x
    )
    _, out, _ = convo("plan", "--format", "md", *TODAY)
    assert "{tenant.brand}" not in out


def test_what_stands_beside_the_bundle_is_told(repository: Path, convo: Any) -> None:
    ready = Path(__file__).parent.parent / "examples/ready"
    copytree(ready, repository / "tenants", dirs_exist_ok=True)
    sign_off(repository / "tenants")
    approved_again(repository)
    commit(repository, "Ready")
    git(repository, "branch", "-f", "main")
    edit(repository, "plain/golive.yaml", "signed_by: Sol Plain", "signed_by: Sal Plain")
    lines = json.loads((repository / "tenants/plain/approvals.yaml").read_text())
    gone = next(line for line in lines if line.get("script") == "persona")
    lines.remove(gone)
    (repository / "tenants/plain/approvals.yaml").write_text(json.dumps(lines))
    code, out, _ = convo("plan", *TODAY)
    assert code != 0
    assert "Nothing changes" not in out
    assert re.search(r"evidence GL-\d+ Sal Plain: added", out)
    assert "approval persona " in out


def test_a_limit_of_the_organisation_is_told_though_no_tenant_moves(repository: Path, convo: Any) -> None:
    two_tenants(repository)
    base = commit(repository, "Two tenants")
    edit(repository, "_organisations/example.yaml", "per_30_days: 3", "per_30_days: 30")
    code, out, _ = convo("plan", "--base", base, "--json", *TODAY)
    assert code == 4, out
    [shared] = found(out)["shared"]
    [row] = shared["changes"]
    assert (row["rule"], row["subject"], row["before"], row["after"]) == (
        "FREQUENCY_NOT_RAISED", "organisation example", 3, 30,
    )  # fmt: skip
    assert [t["tenant"] for t in shared["tenants"]] == ["other", "plain"]
    edit(repository, "_organisations/example.yaml", "per_30_days: 30", "per_30_days: 2")
    code, out, _ = convo("plan", "--base", base, "--json", *TODAY)
    assert code == 3
    assert [row["subject"] for row in found(out)["shared"][0]["changes"]] == ["policy proactive_per_30_days"]


def test_a_tenant_that_does_not_compile_is_reached_all_the_same(repository: Path, convo: Any) -> None:
    two_tenants(repository)
    base = commit(repository, "Two tenants")
    edit(repository, "_packs/all/consent.yaml", "strikes: 3", "strikes: 2")
    edit(repository, CAPS, "concurrency: 4", "concurrency: many")
    code, out, _ = convo("plan", "--base", base, *TODAY)
    assert code == 1
    assert "pack all reaches 2 tenants" in out
    assert "plain: does not compile, so nobody can say what" in out


def test_tenants_that_come_go_or_do_not_compile_are_all_named(repository: Path, convo: Any) -> None:
    base = commit(repository, "One tenant")
    two_tenants(repository)
    head = commit(repository, "Two tenants")
    code, out, _ = convo("diff", base, head, "--json", *TODAY)
    assert code == 3, "approved by people who were enrolled for a tenant that was there"
    assert {t["tenant"]: t["state"] for t in found(out)["tenants"]} == {"other": "added", "plain": "changed"}
    [shared] = found(out)["shared"]  # STOP ALL now reaches the new tenant, too
    assert (shared["owner"], shared["changes"][0]["rule"]) == ("_organisations", "ORGANISATION_CHANGED")
    code, out, _ = convo("diff", head, base, "--json", *TODAY)
    assert code == 4
    assert rules(found(out)) >= {"TENANT_REMOVED"}
    edit(repository, CAPS, "concurrency: 4", "concurrency: many")
    broken = commit(repository, "Broken")
    code, out, _ = convo("diff", head, broken, *TODAY)
    assert code == 1
    assert "head does not compile: tenants/plain/caps.yaml:4: CV3003" in out
    code, out, _ = convo("diff", broken, head, *TODAY)
    assert code == 4, "a base that does not compile cannot be compared with: everything is told"
    assert "base does not compile" in out
    document = found(convo("diff", broken, head, "--json", *TODAY)[1])
    [row] = [r for t in document["tenants"] for r in t["changes"] if r["rule"] == "BASE_DOES_NOT_COMPILE"]
    assert (row["class"], row["open"], row["lets_through"]) == ("BREAKING", True, "never")
    assert "policy spend_pence_per_day: added: 1000" in out
    shutil.rmtree(repository / "tenants/plain")
    group = repository / "tenants/_organisations/example.yaml"
    group.write_text(group.read_text().replace("[plain, other]", "[other]"))
    gone = commit(repository, "Gone")
    assert "TENANT_REMOVED" in rules(found(convo("diff", broken, gone, "--json", *TODAY)[1]))


def test_nobody_approves_a_new_tenant_who_was_enrolled_nowhere_before(repository: Path, convo: Any) -> None:
    base = commit(repository, "One tenant")
    two_tenants(repository)
    tenant = repository / "tenants/other/tenant.yaml"
    key = base64.b64encode(key_of("Mallory Example").public_key().public_bytes_raw()).decode()
    ada = base64.b64encode(key_of(APPROVER).public_key().public_bytes_raw()).decode()
    assert ada in tenant.read_text()
    tenant.write_text(tenant.read_text().replace(ada, key))
    head = commit(repository, "Two tenants")
    code, out, _ = convo("diff", base, head, *TODAY)
    assert code == 4, out
    assert "NEEDS_APPROVAL other: tenant other" in out


def test_the_first_tenant_of_all_brings_its_own_approvers(
    repository: Path, convo: Any, tmp_path: Path
) -> None:
    git(repository, "rm", "-rqf", "tenants/plain")
    group = repository / "tenants/_organisations/example.yaml"
    text = group.read_text()
    group.unlink()
    nobody = commit(repository, "Nobody")
    git(repository, "checkout", "-q", "main", "--", "tenants")
    assert group.read_text() == text
    code, out, _ = convo("diff", nobody, commit(repository, "Somebody"), *TODAY)
    assert code == 3, out
    assert "every claim and script of it is approved" in out


def test_a_saved_plan_is_shown_again_and_warned_of_when_the_folder_moved_on(
    repository: Path, convo: Any
) -> None:
    edit(repository, CAPS, "per_day: 1000", "per_day: 2000")
    _, out, _ = convo("plan", "--out", "plan.json", *TODAY)
    assert convo("plan", "show", "plan.json", *TODAY) == (4, out, "")
    edit(repository, CAPS, "per_day: 2000", "per_day: 3000")
    again = convo("plan", "show", "plan.json", *TODAY)
    assert again[:2] == (4, out)
    assert "warning: plain is not as this plan says any more" in again[2]
    (repository / "plan.json").write_text("{}")
    assert convo("plan", "show", "plan.json")[0] == 2


def test_without_git_a_folder_can_still_be_compared(repository: Path, convo: Any, tmp_path: Path) -> None:
    lay_out(tmp_path / "elsewhere" / "tenants")
    code, _, err = convo("plan", str(tmp_path / "elsewhere" / "tenants"))
    assert code == 2
    assert "no git repository" in err
    code, out, _ = convo("plan", str(tmp_path / "elsewhere" / "tenants"), "--base", "tenants", *TODAY)
    assert (code, out.splitlines()[0]) == (0, "Nothing changes.")


def test_a_plan_of_both_shipped_tenants_takes_less_than_two_seconds_of_work(
    convo: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(__file__).parents[2])
    copytree("tenants", tmp_path / "changed")
    for slug in ("dynamo-dave", "edward-energy"):
        caps = tmp_path / "changed" / slug / "caps.yaml"
        caps.write_text(caps.read_text().replace("per_day: 2000", "per_day: 1500"))
    began = time.process_time()
    code, out, _ = convo("diff", "tenants", str(tmp_path / "changed"), *TODAY)
    assert time.process_time() - began < 2.0
    assert (code, out.count("CAP_TIGHTENED")) == (3, 2)


@pytest.mark.parametrize(
    "spoilt", [{"claims": [{"id": 1}]}, {"categories": [7]}, {"links": "none"}, {"record": []}]
)
def test_a_bundle_no_compiler_made_is_refused_without_a_traceback(
    repository: Path, convo: Any, spoilt: dict[str, Any]
) -> None:
    bundle = json.loads(compile_tenant(repository / "tenants/plain", date(2026, 11, 24)).bundle)
    (repository / "good.json").write_bytes(canonical(bundle))
    (repository / "bad.json").write_bytes(canonical({**bundle, **spoilt}))
    assert convo("diff", "good.json", "bad.json")[0] == 2
    assert convo("diff", "bad.json", "good.json")[0] == 2
