"""Children come back when they crash, end when told to, and never outlive their parent."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from runtime.supervisor import Child, ChildrenGone, Supervisor

SLEEPER = (sys.executable, "-c", "import time; time.sleep(60)")


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


async def _until(what: Callable[[], bool], *, within_s: float = 10) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


async def test_a_crashed_child_is_started_again() -> None:
    supervisor = Supervisor([Child(name="one", argv=SLEEPER)])
    await supervisor.start()
    first = supervisor.pids()["one"]
    os.kill(first, signal.SIGKILL)
    await _until(lambda: supervisor.pids()["one"] != first)
    second = supervisor.pids()["one"]
    assert _alive(second)
    await supervisor.stop()
    assert not _alive(second)


async def test_a_watcher_that_goes_away_leaves_the_children_kept() -> None:
    supervisor = Supervisor([Child(name="one", argv=SLEEPER)])
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    await asyncio.sleep(0)
    watching.cancel()
    await asyncio.gather(watching, return_exceptions=True)
    first = supervisor.pids()["one"]
    os.kill(first, signal.SIGKILL)
    await _until(lambda: supervisor.pids()["one"] != first)
    await supervisor.stop()
    assert not _alive(first)


async def test_stop_ends_every_child_and_watch_returns() -> None:
    supervisor = Supervisor([Child(name=name, argv=SLEEPER) for name in ("web", "worker")])
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    pids = supervisor.pids().values()
    await supervisor.stop()
    await asyncio.wait_for(watching, 5)
    assert not any(_alive(pid) for pid in pids)


async def test_a_child_that_cannot_start_is_given_up_with_a_pointer_to_its_output(tmp_path: Path) -> None:
    output = tmp_path / "web.log"
    argv = (sys.executable, "-S", "-c", "import sys; sys.exit('no such port')")
    supervisor = Supervisor([Child(name="web", argv=argv, output=output)])
    await supervisor.start()
    with pytest.raises(ChildrenGone, match=r"web ended 5 times in a row \(exit code 1\); see .*web.log"):
        await supervisor.watch()
    await supervisor.stop()
    assert "no such port" in output.read_text()


@pytest.mark.skipif(sys.platform != "linux", reason="the death signal is Linux's")
def test_children_die_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import asyncio, sys\n"
        "from runtime.supervisor import Child, Supervisor\n"
        "async def main():\n"
        "    s = Supervisor([Child(name='one', argv=(sys.executable, '-c', 'import time; time.sleep(60)'))])\n"
        "    await s.start(); print(s.pids()['one'], flush=True); await s.watch()\n"
        "asyncio.run(main())\n"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    child = int(parent.stdout.readline())
    assert _alive(child)
    parent.kill()
    parent.wait()
    deadline = time.monotonic() + 10
    while _alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _alive(child)
