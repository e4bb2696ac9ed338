"""A crash point ends the process as kill -9 would, only where a test asks for it, and each one named is in the code."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from runtime.crash import KILLED, POINTS, crash_point

RUNTIME = Path(__file__).parents[2] / "runtime"


def test_nothing_happens_unless_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONVO_CRASH_AT", raising=False)
    for name in POINTS:
        crash_point(name)
    assert os.getpid() > 0


def test_the_process_ends_without_clean_up() -> None:
    code = (
        "import atexit; atexit.register(print, 'cleaned up')\n"
        "from runtime.crash import crash_point; crash_point('worker.after_load')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "CONVO_CRASH_AT": "worker.after_load"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (KILLED, "")


def test_every_point_stands_in_the_code_and_every_one_in_the_code_is_named() -> None:
    used = {
        name
        for path in RUNTIME.rglob("*.py")
        for name in re.findall(r'crash_point\("([a-z_.]+)"\)', path.read_text(encoding="utf-8"))
    }
    assert used == set(POINTS)
