"""The demo: headless it judges itself and we judge it again; for a person it prints links and leaves nothing behind."""

from __future__ import annotations

import json
import re
import signal
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.acceptance.convo import alive, convo, descendants, running, stop, until


def _left_behind() -> set[Path]:
    return set(Path(tempfile.gettempdir()).glob("convo-demo-*"))


@pytest.fixture(scope="module")
def played() -> Mapping[str, Any]:
    """The three conversations of one headless run."""
    before = _left_behind()
    done = convo("demo", "--exit", "--json")
    assert done.returncode == 0, done.stderr + done.stdout
    assert _left_behind() <= before
    found: Mapping[str, Any] = json.loads(done.stdout)
    return found


def _ours(talk: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return [line for line in talk["transcript"] if line["from"] != "person"]


def _until_said(output: Path, words: str) -> None:
    until(lambda: words in output.read_text(), why=output.read_text)


def test_three_conversations_are_played_and_pass(played: Mapping[str, Any]) -> None:
    assert [talk["passed"] for talk in played["conversations"]] == [True, True, True]


def test_every_sentence_has_its_claim(played: Mapping[str, Any]) -> None:
    sentences = [s for talk in played["conversations"] for line in _ours(talk) for s in line["sentences"]]
    assert len(sentences) >= 5
    assert all(s["claim"] for s in sentences)


def test_the_question_is_answered_with_the_free_way(played: Mapping[str, Any]) -> None:
    claims = {s["claim"] for line in _ours(played["conversations"][0]) for s in line["sentences"]}
    assert {"DD-D01", "DD-D04"} <= claims


def test_the_campaign_does_not_reach_somebody_who_says_stop(played: Mapping[str, Any]) -> None:
    talk = played["conversations"][1]
    assert talk["refused"]["campaign"] == "dave-hello"
    assert "opted_out" in talk["refused"]["facts"]
    assert talk["refused"]["rule"].startswith("R-")
    assert [line["send_class"] for line in _ours(talk)] == ["confirmation"]


def test_danger_is_answered_once_and_a_human_called(played: Mapping[str, Any]) -> None:
    talk = played["conversations"][2]
    (reply,) = _ours(talk)
    assert reply["send_class"] == "safety"
    assert "999" in reply["text"]
    assert "116 123" in reply["text"]
    assert talk["cases"][0]["priority"] == 0
    assert "danger_now" in talk["holds"]


def test_a_person_gets_links_that_work_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    before, said = _left_behind(), tmp_path / "said"
    with running("demo", "--port", "0", output=said) as process:
        until(
            lambda: "Ctrl-C stops everything" in said.read_text() or process.poll() is not None,
            why=said.read_text,
        )
        text = said.read_text()
        below = descendants(process.pid)
        assert len(below) >= 4, "Postgres, web, worker and sender"
        links = re.findall(r"http://127\.0\.0\.1:\d+\S+", text)
        assert sum("/chat/" in link for link in links) == 2
        assert sum("/phone/" in link for link in links) == 2
        assert sum("/desk/" in link for link in links) == 2
        for link in links:
            assert httpx2.get(link, trust_env=False, follow_redirects=True).status_code == 200, link
        assert stop(process, signal.SIGINT) == 0
        assert not [pid for pid in below if alive(pid)]
    assert _left_behind() <= before


def test_two_demos_run_beside_each_other(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    with running("demo", output=first), running("demo", output=second):
        for said in (first, second):
            _until_said(said, "Ctrl-C stops")
        addresses = [
            set(re.findall(r"http://127\.0\.0\.1:\d+", said.read_text())) for said in (first, second)
        ]
        assert not addresses[0] & addresses[1]


def test_json_without_exit_is_refused() -> None:
    done = convo("demo", "--json")
    assert done.returncode == 2
    assert "--exit" in done.stderr


def test_a_tenant_with_errors_is_shown_and_nothing_is_left(tmp_path: Path) -> None:
    before = _left_behind()
    tenants = tmp_path / "tenants"
    (tenants / "broken").mkdir(parents=True)
    (tenants / "broken" / "tenant.yaml").write_text("slug: broken\nslugg: twice\n")
    done = convo("demo", "--exit", "--tenants", str(tenants))
    assert done.returncode == 1
    assert "tenant.yaml" in done.stderr
    assert _left_behind() <= before
