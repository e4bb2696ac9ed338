"""Row 5: `convo compile --check` of both tenants, against check-jsonschema over the same files: processor time, all in."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import schemas
from drills.demo import DEMO_START
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import ROOT, Ground

SCHEMAS = Path(schemas.__file__).parent / "tenant"
KIND_BY_FOLDER = {"claims": "claims", "signals": "signals", "optout": "optout", "drills": "drills"}


async def run(ground: Ground) -> Row:
    return await asyncio.to_thread(_run, ground)


def _run(ground: Ground) -> Row:
    kinds = _by_kind(ground.tenants)
    files = sorted(file for group in kinds.values() for file in group)
    anything = ground.folder / "anything.schema.json"
    anything.write_text(json.dumps({"type": ["object", "array"]}), encoding="utf-8")
    bin = Path(sys.executable).parent
    ours = [
        str(bin / "convo"), "compile", "--check", str(ground.tenants), "--no-cache", "--today", DEMO_START.date().isoformat(),
    ]  # fmt: skip
    checker = [str(bin / "check-jsonschema"), "--schemafile"]
    per_kind = [
        [*checker, str(SCHEMAS / f"{kind}.schema.json"), *group] for kind, group in sorted(kinds.items())
    ]
    codes: set[int] = set()

    def cpu(*commands: Sequence[str]) -> float:
        found = [_cpu(command) for command in commands]
        codes.update(code for code, _ in found)
        return sum(seconds for _, seconds in found)

    cpu(ours, [*checker, str(anything), *files])  # files and byte code into the caches
    rounds = [
        {"ours": cpu(ours), "one": cpu([*checker, str(anything), *files]), "kinds": cpu(*per_kind)}
        for _ in range(ground.rounds)
    ]
    return Row(
        name="compile",
        work="convo compile --check of both tenants, whole-process CPU",
        figures=(
            Figure(
                what="against one run of check-jsonschema, one schema",
                unit="x",
                value=spread(each["ours"] / each["one"] for each in rounds),
                goal=1.0,
            ),
            Figure(
                what=f"against one run for each of {len(kinds)} file kinds",
                unit="x",
                value=spread(each["ours"] / each["kinds"] for each in rounds),
                goal=0.4,
            ),
            *(
                Figure(what=what, unit="s", value=spread(each[name] for each in rounds))
                for name, what in (
                    ("ours", "convo compile --check"),
                    ("one", "check-jsonschema, one run"),
                    ("kinds", "check-jsonschema, a run per kind"),
                )
            ),
        ),
        checks={"every run found the files good": codes == {0}},
        notes=(
            f"{len(files)} files; the one schema asks only for an object or a list, which is check-jsonschema's least work",
        ),
    )


def _cpu(command: Sequence[str]) -> tuple[int, float]:
    """(exit code, user + system seconds of that process and of those it waited for)."""
    started = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(started.pid, 0)
    started.returncode = os.waitstatus_to_exitcode(status)
    return started.returncode, used.ru_utime + used.ru_stime


def _by_kind(tenants: Path) -> dict[str, list[str]]:
    """Every YAML file of tenants and packs by the schema that is its own."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for path in sorted(tenants.rglob("*.yaml")):
        above = path.parent.name
        kind = "organisation" if above == "_organisations" else KIND_BY_FOLDER.get(above, path.stem)
        kinds[kind].append(str(path))
    return dict(kinds)
