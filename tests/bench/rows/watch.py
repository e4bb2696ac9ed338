"""`convo compile --watch` of both shipped tenants: from a save to the changed tenant's report on the screen."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import IO

from drills.demo import DEMO_START
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import ROOT, Ground

GOAL_MS = 200
BETWEEN_SAVES_S = 0.37  # no multiple of the pause between two looks
PATIENCE_S = 30


async def run(ground: Ground) -> Row:
    return await asyncio.to_thread(_run, ground)


def _run(ground: Ground) -> Row:
    root = Path(shutil.copytree(ground.tenants, ground.folder / "watched"))
    day = DEMO_START.date().isoformat()
    program = [str(Path(sys.executable).parent / "convo"), "compile", str(root), "--watch", "--today", day]
    watching = subprocess.Popen(
        program, cwd=ROOT, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONUNBUFFERED": "1"}
    )
    assert watching.stdout is not None
    ends = _Ends(watching.stdout)
    try:
        ends.wait(1)
        took = []
        for number in range(max(5, 3 * ground.rounds)):
            time.sleep(BETWEEN_SAVES_S)
            persona = root / "dynamo-dave" / "persona.yaml"
            aside = persona.with_name(".persona.yaml.tmp")  # as editors do: written aside, then renamed
            aside.write_text(persona.read_text(encoding="utf-8") + f"# save {number}\n", encoding="utf-8")
            aside.replace(persona)
            began = time.monotonic()
            ends.wait(number + 2)
            took.append((time.monotonic() - began) * 1000)
    finally:
        watching.terminate()
        watching.wait()
    return Row(
        name="watch",
        work="convo compile --watch, a save of one of the two shipped tenants",
        figures=(Figure(what="until its report is shown", unit="ms", value=spread(took), goal=GOAL_MS),),
        checks={"every save was answered": len(took) >= 5},
    )


class _Ends:
    """Counts the last lines of reports, `2 tenants: ...`, as they come."""

    def __init__(self, stream: IO[str]) -> None:
        self.count, self.more = 0, threading.Condition()
        threading.Thread(target=self._read, args=(stream,), daemon=True).start()

    def wait(self, count: int) -> None:
        """Raises TimeoutError when the report does not come."""
        with self.more:
            if not self.more.wait_for(lambda: self.count >= count, PATIENCE_S):
                raise TimeoutError("no report came")

    def _read(self, stream: IO[str]) -> None:
        for line in stream:
            if line.startswith(("1 tenant:", "2 tenants:")):
                with self.more:
                    self.count += 1
                    self.more.notify_all()
