"""`convo compile --check` of generated tenants, against ajv-cli and yamale: processor time of whole processes, all in.

A tenant is a folder of nine files for us. For who reads a file under a schema there are two ways to the same content: every
tenant put together in one file under our schemas put together (`one file each`), and the very same files under a schema that
asks for nothing but a list or a mapping (`the same files`), which is the least anybody can do with them.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from drills.demo import DEMO_START
from tests.bench import checkers
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import ROOT, Ground
from tests.bench.tenants_made import make_tenants, name_of, one_file_each

HUNDRED, TEN_THOUSAND = 100, 10_000
MOST_MEMORY_MB = 1_000
_READ_AND_HASH = """
import hashlib, os, sys
def look(folder):
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir():
                look(entry.path)
            else:
                with open(entry.path, "rb", buffering=0) as file:
                    hashlib.sha256(file.read()).digest()
look(sys.argv[1])
"""
_WITHOUT_FAST = "import sys; sys.modules['jsonschema_rs'] = None; import cli; cli.main(sys.argv[1:])"

Rounds = Sequence[Mapping[str, float]]


async def hundred(ground: Ground) -> Row:
    """100 tenants, cold."""
    return await asyncio.to_thread(_hundred, ground)


async def ten_thousand(ground: Ground) -> Row:
    """10,000 tenants, cold, with and without the `fast` extra, and with one changed."""
    return await asyncio.to_thread(_ten_thousand, ground)


class _Contest:
    """The contenders over one lot of tenants, and what a turn of each cost."""

    def __init__(self, ground: Ground, name: str, count: int) -> None:
        self.count, self.folder = count, ground.folder / name
        self.root, self.one = self.folder / "tenants", self.folder / "one"
        make_tenants(self.root, count)
        first, *_ = one_file_each(self.root, self.one)
        kinds = [line[:-2] for line in first.read_text().splitlines(True) if line[:1].isalpha()]
        schema, anything = self.folder / "one.schema.json", self.folder / "anything.schema.json"
        together = checkers.together(kinds)
        schema.write_text(json.dumps(together), encoding="utf-8")
        anything.write_text(json.dumps(checkers.ANYTHING), encoding="utf-8")
        (self.folder / "one.yamale.yaml").write_text(checkers.as_yamale(together), encoding="utf-8")
        day = ["--today", DEMO_START.date().isoformat(), "--format", "concise"]
        check = ["compile", "--check", str(self.root), *day]
        convo = str(Path(sys.executable).parent / "convo")
        self.commands: dict[str, Sequence[str]] = {
            "ours": [convo, *check, "--no-cache"],
            "plain": [sys.executable, "-c", _WITHOUT_FAST, *check, "--no-cache"],
            "warm": [convo, *check],
            "read": [sys.executable, "-S", "-c", _READ_AND_HASH, str(self.root)],
        }
        if (ajv := checkers.ajv(self.folder / "ajv")) is not None:
            self.commands["ajv"] = [*ajv, "-s", str(schema), "-d", f"{self.one}/*.yaml"]
            self.commands["ajv-same"] = [*ajv, "-s", str(anything), "-d", f"{self.root}/t*/**/*.yaml"]
        if (yamale := checkers.yamale(self.folder / "yamale")) is not None:
            self.commands["yamale"] = [*yamale, "-s", str(self.folder / "one.yamale.yaml"), str(self.one)]
        self.environment = {k: v for k, v in os.environ.items() if k != "CI"}
        self.environment["XDG_CACHE_HOME"] = str(self.folder / "cache")
        self.codes: dict[str, set[int]] = {}
        self.peak_mb: dict[str, float] = {}

    def rounds(self, names: Sequence[str], times: int) -> Rounds:
        """Everybody's turn, so often. What is not installed has none."""
        return [{name: self.turn(name) for name in names if name in self.commands} for _ in range(times)]

    def turn(self, name: str) -> float:
        if name == "warm":
            self._change()
        code, seconds, kilobytes = checkers.cpu(self.commands[name], cwd=ROOT, environment=self.environment)
        self.codes.setdefault(name, set()).add(code)
        self.peak_mb[name] = max(self.peak_mb.get(name, 0), kilobytes / 1024)
        return seconds

    def _change(self) -> None:
        """One tenant is saved with another day's comment."""
        caps = self.root / name_of(self.count // 2) / "caps.yaml"
        caps.write_text(caps.read_text(encoding="utf-8") + "# looked at again\n", encoding="utf-8")

    def row(self, name: str, work: str, goals: Sequence[Figure], rounds: Rounds) -> Row:
        said = {
            "ours": "convo, with the `fast` extra",
            "plain": "convo, PyYAML only",
            "warm": "convo, one tenant changed",
            "read": "reading and hashing the files",
            "ajv": "ajv-cli, one file each",
            "ajv-same": "ajv-cli, the same files",
            "yamale": "yamale, one file each",
        }
        shown = [
            Figure(what=words, unit="s", value=spread(each[key] for each in rounds))
            for key, words in said.items()
            if key in rounds[0]
        ]
        missing = [key for key in ("ajv", "yamale") if key not in self.commands]
        return Row(
            name=name,
            work=work,
            figures=(*goals, *shown),
            checks={"every run found the files good": set().union(*self.codes.values()) == {0}},
            notes=[f"{key} could not be installed: not measured" for key in missing],
        )


def _hundred(ground: Ground) -> Row:
    contest = _Contest(ground, "hundred", ground.size(HUNDRED))
    names = ["ours", "plain", "ajv", "ajv-same"]
    contest.rounds(names, 1)
    rounds = contest.rounds(names, ground.rounds)
    goals = [
        *_ratio(rounds, "ours", "ajv", 0.5, "against ajv-cli, one file each"),
        *_ratio(rounds, "ours", "ajv-same", None, "against ajv-cli, the same files"),
        *_ratio(rounds, "plain", "ajv", None, "PyYAML only, against ajv-cli, one file each"),
    ]
    return contest.row("compile-100", f"convo compile --check of {contest.count:,} tenants", goals, rounds)


def _ten_thousand(ground: Ground) -> Row:
    contest = _Contest(ground, "thousands", ground.size(TEN_THOUSAND))
    names = ["warm", "read", "ours", "ajv", "plain", "yamale", "ajv-same"]
    contest.rounds(["warm", "read"], 1)  # fills the cache
    rounds = contest.rounds(names, ground.rounds)
    memory = Figure(
        what="peak memory, cold",
        unit="MB",
        value=spread([max(contest.peak_mb["ours"], contest.peak_mb["plain"])]),
        goal=MOST_MEMORY_MB,
    )
    goals = [
        *_ratio(rounds, "plain", "yamale", 0.5, "cold, PyYAML only, against yamale, one file each"),
        *_ratio(rounds, "ours", "ajv", 1.2, "cold, `fast`, against ajv-cli, one file each"),
        *_ratio(rounds, "ours", "ajv-same", None, "cold, `fast`, against ajv-cli, the same files"),
        *_ratio(rounds, "warm", "ajv", 0.1, "one changed, against ajv-cli, one file each"),
        *_ratio(rounds, "warm", "ajv-same", None, "one changed, against ajv-cli, the same files"),
        *_ratio(rounds, "warm", "read", 2.0, "one changed, against reading and hashing the files"),
        memory,
    ]
    return contest.row("compile-10000", f"convo compile --check of {contest.count:,} tenants", goals, rounds)


def _ratio(rounds: Rounds, ours: str, theirs: str, goal: float | None, what: str) -> Sequence[Figure]:
    if theirs not in rounds[0]:
        return ()
    return (
        Figure(what=what, unit="x", value=spread(each[ours] / each[theirs] for each in rounds), goal=goal),
    )
