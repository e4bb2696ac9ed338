"""The tutorial, followed to the letter: every command run, every file written, every promised line looked for."""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.convo import ROOT, clean_env
from tests.acceptance.workflow import on_path

TUTORIAL = ROOT / "docs" / "tutorial.md"
FENCE = re.compile(
    r"^```(?P<kind>[a-z]+)(?: (?P<how>file|append)=(?P<path>\S+))?\n(?P<text>.*?)^```$", re.M | re.S
)
WORDS_READ_A_MINUTE = 200
KEYS_TYPED_A_MINUTE = 180  # slowly; most people paste
WITHIN_MIN = 15


@dataclass(frozen=True, slots=True)
class Block:
    kind: str
    how: str
    path: str
    text: str


def blocks() -> list[Block]:
    return [
        Block(found["kind"], found["how"] or "", found["path"] or "", found["text"])
        for found in FENCE.finditer(TUTORIAL.read_text(encoding="utf-8"))
    ]


def edited(path: Path, block: Block) -> None:
    """Does to a file what a block says: writes it, adds to it, or replaces the one place where its `-` lines stand."""
    if block.how == "append":
        path.write_text(path.read_text() + block.text)
    elif block.kind == "diff":
        old, new = (
            "".join(f"{line[1:]}\n" for line in block.text.splitlines() if line[0] == sign) for sign in "-+"
        )
        text = path.read_text()
        assert text.count(old) == 1, f"{path} does not hold this once:\n{old}"
        path.write_text(text.replace(old, new))
    else:
        assert not path.exists(), f"{path} is there already"
        path.write_text(block.text)


def test_whoever_follows_the_tutorial_ends_with_a_bot_that_answers_from_claims(tmp_path: Path) -> None:
    path = on_path(tmp_path / "bin")
    here, said, ran = tmp_path, "", 0
    for block in blocks():
        match block.kind:
            case "sh":
                done = subprocess.run(
                    ["bash", "-eo", "pipefail", "-c", f"{block.text}\npwd > '{tmp_path}/here'"],
                    cwd=here,
                    env=clean_env({"PATH": f"{path}:{clean_env()['PATH']}"}),
                    capture_output=True,
                    text=True,
                    check=False,
                    timeout=180,
                )
                said = done.stdout + done.stderr
                assert done.returncode == 0, f"{block.text}\n{said}"
                here, ran = Path((tmp_path / "here").read_text().strip()), ran + 1
            case "text":
                for line in block.text.splitlines():
                    assert line in said, f"promised: {line}\nsaid:\n{said}"
            case _:
                edited(here / block.path, block)
    assert ran == 7
    files = (here / "tenants" / "harbour-hal" / "claims").glob("*.yaml")
    assert sum(text.read_text().count("\n- id: ") for text in files) == 12
    assert said.rstrip().endswith("HH-F02]")  # the last word is an answer from a claim


def test_it_takes_less_than_a_quarter_of_an_hour_of_a_persons_time() -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    typed = sum(len(block.text) for block in blocks() if block.kind != "text")
    read = len(FENCE.sub("", text).split()) + sum(len(b.text.split()) for b in blocks() if b.kind == "text")
    minutes = read / WORDS_READ_A_MINUTE + typed / KEYS_TYPED_A_MINUTE
    assert minutes < WITHIN_MIN, f"{read} words, {typed} keys: {minutes:.1f} minutes"


@pytest.mark.parametrize("wanted", ["convo init", "convo compile --check", "convo chat", "convo attack"])
def test_the_tutorial_uses_the_commands_a_newcomer_needs(wanted: str) -> None:
    assert any(wanted in block.text for block in blocks() if block.kind == "sh")
