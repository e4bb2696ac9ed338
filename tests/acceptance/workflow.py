"""Runs the jobs of a GitHub workflow here: every `run:` line as bash -e, with the files and variables a runner gives."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.acceptance.convo import TODAY, clean_env

# What the commands take for today; at work they take the day they run on.
SHIM = """#!/bin/sh
case "$1 $2" in
  "drill attack") exec {python} -P -m tests.acceptance.withstood "$@" --today {today} ;;
  "ci tenants"|"drill attest"|approve*|attack*|chat*|compile*|diff*|init*|plan*|publish*|transcript*|waive*)
    exec {python} -P -m cli "$@" --today {today} ;;
  *) exec {python} -P -m cli "$@" ;;
esac
"""
# A runner installs on a new machine each time; here the first install has done it for all.
PYTHON = """#!/bin/sh
if [ "$1 $2 $3" = "-m pip install" ]; then
  [ -e {done} ] && exit 0
  touch {done}
fi
exec {python} "$@"
"""
_EXPRESSION = re.compile(r"\$\{\{\s*(.*?)\s*\}\}")
STEP_WITHIN_S = 180


@dataclass(frozen=True, slots=True)
class Ran:
    """One step that ran."""

    name: str
    code: int
    out: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What started a run: the commit it runs at, variables of the runner, and what each `${{ ... }}` stands for."""

    sha: str
    variables: Mapping[str, str]
    expressions: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Runner:
    """A machine that runs jobs of one repository. `origin` is a bare git repository; `path` goes before PATH."""

    origin: Path
    folder: Path
    path: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    artifacts: dict[str, Path] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)  # `needs.<job>.outputs.<name>` of the jobs that ran
    runs: int = 0

    def job(self, workflow: str, name: str, event: Event) -> Sequence[Ran]:
        """Runs a job as it stands in `.github/workflows/<workflow>` at the event's commit."""
        self.runs += 1
        place = self.folder / f"run-{self.runs}"
        work, temp = place / "work", place / "temp"
        for made in (work, temp):
            made.mkdir(parents=True)
        document = yaml.safe_load(git(self.origin, "show", f"{event.sha}:.github/workflows/{workflow}"))
        job = document["jobs"][name]
        files = {
            "GITHUB_ENV": temp / "env",
            "GITHUB_OUTPUT": temp / "output",
            "GITHUB_STEP_SUMMARY": temp / "summary.md",
        }
        for path in files.values():
            path.touch()
        given = {
            **{key: f"{path}" for key, path in files.items()},
            "RUNNER_TEMP": f"{temp}",
            "GITHUB_SHA": event.sha,
            "GITHUB_ACTIONS": "true",
            **event.variables,
        }
        expressions = {**event.expressions, **self.outputs, "runner.temp": f"{temp}"}
        ran: list[Ran] = []
        for step in job["steps"]:
            env = {
                **given,
                **_read(files["GITHUB_ENV"]),
                **_filled({**job.get("env", {}), **step.get("env", {})}, expressions),
            }
            if any(done.code for done in ran) and "cancelled()" not in step.get("if", ""):
                continue
            if "uses" in step:
                self._action(step, event, work, expressions)
                continue
            ran.append(self._run(step, work / step.get("working-directory", "."), env))
        given_out = _read(files["GITHUB_OUTPUT"])
        for output in job.get("outputs", {}):
            self.outputs[f"needs.{name}.outputs.{output}"] = given_out.get(output, "")
        return ran

    def _run(self, step: Mapping[str, Any], where: Path, env: Mapping[str, str]) -> Ran:
        assert "${{" not in step["run"], "an expression inside a script is an injection"
        known = clean_env(self.environment)
        path = f"{self.path}{os.pathsep}{known['PATH']}"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=where,
            env={**known, **env, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=STEP_WITHIN_S,
        )
        return Ran(step.get("name", ""), done.returncode, done.stdout)

    def _action(
        self, step: Mapping[str, Any], event: Event, work: Path, expressions: Mapping[str, str]
    ) -> None:
        name, options = step["uses"].partition("@")[0], _filled(step.get("with", {}), expressions)
        match name:
            case "actions/checkout":
                into = work / options.get("path", ".")
                git(work, "clone", "--quiet", f"{self.origin}", f"{into}")
                git(into, "checkout", "--quiet", "--detach", options.get("ref", event.sha))
            case "actions/upload-artifact":
                self.artifacts[options["name"]] = Path(options["path"])
            case "actions/download-artifact":
                shutil.copytree(self.artifacts[options["name"]], options["path"])
            case "actions/setup-python":
                pass  # the interpreter of the tests is the one there is
            case _:
                raise AssertionError(f"an action that the tests do not know: {name}")


def on_path(folder: Path) -> Path:
    """A folder with `convo` and `python`, as there are after an install."""
    folder.mkdir()
    for name, text in (
        ("convo", SHIM.format(python=sys.executable, today=TODAY)),
        ("python", PYTHON.format(python=sys.executable, done=folder / "installed")),
    ):
        (folder / name).write_text(text)
        (folder / name).chmod(stat.S_IRWXU)
    return folder


def git(where: Path, *arguments: str) -> str:
    """Runs git and returns what it prints."""
    done = subprocess.run(
        ["git", "-C", f"{where}", *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def expressions_in(document: Any) -> list[str]:
    """Every `${{ ... }}` of a workflow."""
    match document:
        case dict():
            return [found for value in document.values() for found in expressions_in(value)]
        case list():
            return [found for value in document for found in expressions_in(value)]
        case str():
            return _EXPRESSION.findall(document)
        case _:
            return []


def _filled(values: Mapping[str, Any], expressions: Mapping[str, str]) -> dict[str, str]:
    return {k: _EXPRESSION.sub(lambda found: expressions[found[1]], f"{v}") for k, v in values.items()}


def _read(path: Path) -> dict[str, str]:
    return dict(line.split("=", 1) for line in path.read_text().splitlines())
