"""The harness behind `make bench` works: one small row, measured, judged and written out. Its figures prove nothing here."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from drills.demo import DEMO_START
from tests.bench.__main__ import main
from tests.bench.asking import talks
from tests.bench.cpu import below, children_of, cpu_s, parent_of
from tests.bench.metered import Metered
from tests.sets.measure import bundles


def test_a_small_row_is_measured_judged_and_written_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    figures = tmp_path / "figures.json"

    assert main(["activation", "--rounds", "2", "--scale", "0.1", "--json", str(figures)]) == 0

    row = json.loads(figures.read_text())["rows"][0]
    assert (row["name"], row["sound"]) == ("activation", True)
    ratio = row["figures"][0]
    assert (ratio["unit"], ratio["goal"], ratio["value"]["rounds"]) == ("x", 3, 2)
    assert 0 < ratio["value"]["low"] <= ratio["value"]["middle"] <= ratio["value"]["high"]
    assert "activation of a 300-claim bundle" in capsys.readouterr().out


def test_a_row_that_nobody_knows_is_refused() -> None:
    with pytest.raises(SystemExit) as refused:
        main(["no-such-row"])
    assert refused.value.code == 2


async def test_a_meter_counts_a_turns_own_steps_and_not_what_others_do_meanwhile() -> None:
    async def turn() -> None:
        _busy(0.05)
        await asyncio.sleep(0.01)  # the other works here
        _busy(0.05)

    async def other() -> None:
        _busy(0.2)

    meter = Metered(turn())

    async def measured() -> None:
        await meter

    await asyncio.gather(measured(), other())
    assert 0.1 <= meter.seconds < 0.2


async def test_a_meter_lets_a_turns_fault_and_its_end_by_time_through() -> None:
    async def broken() -> None:
        await asyncio.sleep(0)
        raise ValueError("of the turn")

    with pytest.raises(ValueError, match="of the turn"):
        await Metered(broken())

    ended: list[str] = []

    async def endless() -> None:
        try:
            await asyncio.sleep(60)
        finally:
            ended.append("told")

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await Metered(endless())
    assert ended == ["told"]


def test_what_a_process_spends_is_seen_from_outside_and_its_child_is_found() -> None:
    before = cpu_s(os.getpid())
    _busy(0.1)
    assert cpu_s(os.getpid()) - before >= 0.05

    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        try:
            assert child.pid in children_of(os.getpid())
            assert child.pid in below(os.getpid())
            assert parent_of(child.pid) == os.getpid()
        finally:
            child.kill()
    assert child.pid not in children_of(os.getpid())


def test_people_of_a_row_say_the_same_in_every_run() -> None:
    [bundle, *_] = bundles()
    first, again = (talks(bundle, DEMO_START, people=3, seed=1) for _ in range(2))
    assert first == again
    assert {len(talk.lines) for talk in first} == {8}
    assert len({talk.lines for talk in first}) == 3


def _busy(seconds: float) -> None:
    until = time.thread_time() + seconds
    while time.thread_time() < until:
        pass
