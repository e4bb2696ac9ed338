"""`convo attack` and `convo transcript`: conversations through the real store, worker and sender, judged and shown."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from commands import UsageProblem
from commands.gitref import folder_at
from compiler.pipeline import compile_tenant
from drills.attack import Part, Result, attack, parts_of, step_faults, table
from drills.played_bundle import bundle_to_play
from drills.rehearsal import Exchange, office_hours
from drills.rollout import CompileRefused
from drills.transcript import Scene, as_json, as_markdown, as_text, changed_claims, cues_in, transcript
from runtime.messages import Outcome, Send, SendClass, Sentence
from schemas.bundle import Bundle
from tests.acceptance.convo import ROOT, TODAY, convo
from tests.compiling import EXAMPLES, lay_out

DAY = date.fromisoformat(TODAY)
TENANTS = ROOT / "tenants"
SLUGS = ("dynamo-dave", "edward-energy")


@pytest.fixture
def tenants(tmp_path: Path) -> Path:
    shutil.copytree(TENANTS, tmp_path / "tenants")
    return tmp_path / "tenants"


def bundle_of(tenant: Path) -> Bundle:
    return Bundle.decode(compile_tenant(tenant, DAY).bundle)


# ---- attacks ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("slug", SLUGS)
def test_the_shipped_tenants_withstand_every_drill_on_every_channel(slug: str) -> None:
    results = attack(TENANTS / slug, today=DAY)
    assert table([r for r in results if not (r.held and r.played)]) == "0 drills, 0 failed"
    files = (TENANTS / slug / "drills").glob("*.yaml")
    drills = {drill["id"] for file in files for drill in yaml.safe_load(file.read_text())}
    assert {r.part.id for r in results} == drills
    assert {r.part.channel for r in results} == {"webchat", "whatsapp_360dialog"}


def test_a_drill_that_fails_is_told_with_its_place_and_exit_code_1(tenants: Path) -> None:
    (tenants / "dynamo-dave" / "drills" / "attacks.yaml").write_text(
        "- id: wrong\n  title: Expects the wrong thing\n  channel: webchat\n  steps:\n    - say: are you a robot\n"
        "      expect:\n        decision: silence\n        claims: [DD-D08]\n        never: [automated]\n        hold: true\n"
    )
    (tenants / "dynamo-dave" / "drills" / "scenarios.yaml").unlink()
    done = convo("attack", f"{tenants / 'dynamo-dave'}", "--today", TODAY)
    assert done.returncode == 1
    told = done.stdout
    for fault in ("not silence", "did not state DD-D08", "`automated` forbids", "hold is not set"):
        assert fault in told
    assert "dynamo-dave/drills/attacks.yaml:1" in told
    found = json.loads(convo("attack", f"{tenants / 'dynamo-dave'}", "--json", "--today", TODAY).stdout)
    [drill] = found["drills"]
    assert (drill["held"], len(drill["faults"])) == (False, 4)
    assert drill["steps"][0]["said"] == "are you a robot"


def test_no_title_and_no_message_is_a_command_to_the_log_it_is_printed_in() -> None:
    title = "a\n::error file=x,line=1::pwned\r::add-mask::a ##[error]b \u202egpj"
    part = Part(
        id="wrong",
        title=title,
        file="plain/drills/a.yaml",
        line_no=1,
        channel="webchat",
        at=datetime(2026, 11, 24, 10, 30, tzinfo=UTC),
        consent=False,
        steps=(),
    )
    told = table(
        [Result(part=part, faults=(f"::stop-commands::x\n{title}",), exchanges=(exchange(said="x"),))]
    )
    claim = bundle_of(TENANTS / "dynamo-dave").claims["DD-D04"]
    scene = Scene(claim=claim, reached=True, channel="webchat", exchanges=(exchange(said=title),), tried=())
    told += "\n" + as_text("dynamo-dave", [scene])
    assert "pwned" in told
    for line in told.splitlines():
        assert not line.lstrip().startswith("::"), line
        assert "##[" not in line
        assert line.isprintable()


def exchange(**changes: Any) -> Exchange:
    """A reply that states X-1 and gives a link, heard without any signal."""
    send = Send(
        part=1,
        send_class=SendClass.REPLY,
        sentences=(Sentence(text="Here it is.", claim="X-1", variant="full", digest="sha256:0"),),
        has_link=True,
    )
    outcome = Outcome(
        tenant_id=1,
        conversation_id=None,  # type: ignore[arg-type]
        upto_seq=1,
        disposition="reply",
        sends=(send,),
        effects=(),
        audit={"verdict": {"signals": [{"category": "anger"}], "stop": None}},
        bundle="",
        pinned="",
    )
    fields: dict[str, Any] = {
        "said": "hello", "outcome": outcome, "stopped": False, "cases": frozenset({"complaint"}), "held": True,
        "suppressed": False,
    }  # fmt: skip
    return Exchange(**{**fields, **changes})


@pytest.mark.parametrize(
    ("expected", "faults"),
    [
        ({"link": True}, 0),
        ({}, 1),  # a link nobody expected
        ({"link": True, "decision": "reply", "claims": ["X-1"], "categories": ["anger"], "case": "complaint", "hold": True,
          "suppressed": False, "never": ["money"]}, 0),
        ({"link": True, "decision": "stop"}, 1),
        ({"link": True, "claims": ["X-2"]}, 1),
        ({"link": True, "categories": ["danger_now"]}, 1),
        ({"link": True, "case": "danger"}, 1),
        ({"link": True, "hold": False}, 1),
        ({"link": True, "suppressed": True}, 1),
        ({"link": True, "never": ["HERE it|here it"]}, 1),
    ],
)  # fmt: skip
def test_each_thing_expected_of_a_step_is_looked_at(expected: dict[str, Any], faults: int) -> None:
    assert len(list(step_faults(expected, exchange()))) == faults


def test_a_drill_that_no_sandbox_connection_can_play_is_told_as_such(tenants: Path) -> None:
    folder = tenants / "dynamo-dave" / "drills"
    (folder / "scenarios.yaml").unlink()
    step = "  steps:\n    - say: hello\n      expect: {}\n"
    (folder / "attacks.yaml").write_text(
        f"- id: here\n  title: On the page\n  channel: webchat\n{step}- id: there\n  title: By mail\n  channel: email\n{step}"
    )
    results = attack(tenants / "dynamo-dave", today=DAY)
    assert {r.part.id: (r.played, r.held) for r in results} == {"here": (True, True), "there": (False, True)}
    told = table(results)
    assert "not played: the tenant has no sandbox connection that could" in told
    assert told.endswith("1 drills, 0 failed, 1 not played")


def test_a_turn_nobody_took_is_a_silence_and_a_stop_is_a_stop() -> None:
    assert exchange(outcome=None).decision == "silence"
    assert exchange(stopped=True).decision == "stop"


def test_a_drill_is_played_in_office_hours_unless_it_says_when() -> None:
    bundle = bundle_of(TENANTS / "dynamo-dave")
    moments = {
        part.id: part.at for part in parts_of(TENANTS / "dynamo-dave", bundle, date(2026, 11, 22))
    }  # a Sunday
    assert moments["free-way"] == datetime(2026, 11, 23, 10, 30, tzinfo=UTC)
    assert moments["danger-at-night"] == datetime(2026, 11, 24, 22, 40, tzinfo=UTC)
    assert office_hours(bundle.policy, date(2026, 12, 25)) == datetime(2026, 12, 29, 10, 30, tzinfo=UTC)
    assert office_hours(bundle.policy, date(2026, 7, 1)) == datetime(2026, 7, 1, 9, 30, tzinfo=UTC)


# ---- transcripts --------------------------------------------------------------------------------------------------------


def test_only_claims_that_changed_are_played(tenants: Path) -> None:
    before = bundle_of(tenants / "dynamo-dave")
    assert changed_claims(before, before) == ()
    free = tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
    free.write_text(
        free.read_text().replace(
            "    - Do I have to use you", "    - must I use you\n    - Do I have to use you"
        )
    )
    assert changed_claims(before, bundle_of(tenants / "dynamo-dave")) == (
        "DD-D04",
    )  # the question says what a Yes is of
    free.write_text(free.read_text().replace("any claims firm", "a claims firm"))
    assert changed_claims(before, bundle_of(tenants / "dynamo-dave")) == ("DD-D04",)
    assert set(changed_claims(None, before)) == set(before.claims)


def test_a_claim_is_heard_by_its_question_by_a_signal_on_the_way_to_a_link_or_honestly_not(
    tenants: Path,
) -> None:
    wanted = ("DD-D04", "ALL-L-DANGER", "DD-P01", "ALL-C01", "SP-FOS", "ALL-L-HOLDING")
    compiled = compile_tenant(tenants / "dynamo-dave", DAY)
    scenes = transcript(compiled, wanted, today=DAY, cues=cues_in(tenants))
    assert {s.claim.id: s.reached for s in scenes} == {**dict.fromkeys(wanted, True), "ALL-L-HOLDING": False}
    by_id = {s.claim.id: s for s in scenes}
    assert len(by_id["DD-P01"].exchanges) >= 3
    last = by_id["DD-P01"].exchanges[-1]
    assert last.outcome is not None
    assert any(send.has_link for send in last.outcome.sends)
    text = as_text("dynamo-dave", scenes)
    assert "[DD-D04] You don't need to use us" in text
    assert "== ALL-L-HOLDING  nothing to try" in text
    document = as_json("dynamo-dave", scenes)
    assert document["format"] == "convo.transcript/v1"
    ours = [line for claim in document["claims"] for line in claim["lines"] if line["from"] == "bot"]
    assert all(sentence["claim"] for line in ours for sentence in line["sentences"])


def test_in_markdown_no_text_of_the_tenant_acts_and_no_room_is_overrun(tenants: Path) -> None:
    hostile = "</details> @everyone [x](https://evil.test) ::error::boo <img src=x> |a|b|"
    free = tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
    question = "Do I have to use you or can I do it myself?"
    free.write_text(free.read_text().replace(question, json.dumps(f"must I use you {hostile}")))
    compiled = compile_tenant(tenants / "dynamo-dave", DAY)
    scenes = transcript(compiled, ["DD-D04", "DD-D11"], today=DAY, cues={})
    page = as_markdown("dynamo-dave", [s for s in scenes if s.claim.id == "DD-D11"], most_chars=20_000)
    assert "<sub>DD-D11</sub>" in page
    said = [line for s in scenes for line in s.tried]
    shown = as_markdown(f"dave {hostile} \u202egpj.exe", scenes, most_chars=20_000)
    for acting in ("@everyone", "](https://evil", "::error", "<img", "\u202e"):
        assert acting not in shown, (acting, said)
    assert shown.count("</details>") == len(scenes)
    assert "U+202E" in shown
    assert as_markdown("dynamo-dave", [], most_chars=2_000) == ""
    tight = as_markdown("dynamo-dave", scenes, most_chars=2_000)
    assert len(tight) <= 2_000
    assert "Left out for want of room: DD-D04" in tight


def test_words_whose_approval_is_void_are_played_and_worse_faults_are_not(tmp_path: Path) -> None:
    case = tmp_path / "case" / "plain"
    case.mkdir(parents=True)
    lay_out(tmp_path / "tenants", case.parent)
    claims = tmp_path / "tenants" / "plain" / "claims" / "core.yaml"
    claims.write_text(claims.read_text().replace("The ombudsman is free", "The ombudsman costs nothing"))
    bundle = Bundle.decode(bundle_to_play(tmp_path / "tenants" / "plain", today=DAY).bundle)
    assert "costs nothing" in bundle.claims["PL-D03"].texts["en-GB"]["full"]
    assert bundle.unapproved
    claims.write_text(claims.read_text().replace("kind: question", "kind: quetsion"))
    with pytest.raises(CompileRefused):
        bundle_to_play(tmp_path / "tenants" / "plain", today=DAY)
    assert (EXAMPLES / "base" / "plain" / "claims" / "core.yaml").is_file()


def test_the_command_compares_with_a_commit_and_says_what_it_cannot_do(tenants: Path) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(
            ["git", "-c", "user.name=x", "-c", "user.email=x@example.com", *arguments],
            cwd=tenants.parent, check=True, capture_output=True,
        )  # fmt: skip

    for step in (("init", "-q"), ("add", "-A"), ("commit", "-q", "-m", "x")):
        git(*step)
    dave = f"{tenants / 'dynamo-dave'}"
    done = convo("transcript", dave, "--base", "HEAD", "--today", TODAY)
    assert (done.returncode, done.stdout) == (
        0,
        "dynamo-dave: no claim changed, so there is nothing to play\n",
    )
    free = tenants / "dynamo-dave" / "claims" / "free-routes.yaml"
    free.write_text(free.read_text().replace("any claims firm", "a claims firm"))
    done = convo("transcript", dave, "--base", "HEAD", "--format", "md", "--today", TODAY)
    assert "a claims firm" in done.stdout
    for ref in ("no-such-branch", "--upload-pack=x", "HEAD:tenants"):
        with pytest.raises(UsageProblem), folder_at(ref, tenants):
            pass
    hint = convo("transcript", dave, "--claims", "DD-D99", "--today", TODAY)
    assert hint.returncode == 2
    assert "did you mean" in hint.stderr
    (tenants / "dynamo-dave" / "persona.yaml").write_text("name: [\n")
    broken = convo("attack", dave, "--today", TODAY)
    assert (broken.returncode, "CV2001" in broken.stderr) == (1, True)
