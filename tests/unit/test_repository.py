"""The repository itself: nothing in it points at one machine, every package has its hash, every file says what it is for."""

import ast
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LOCKS = ("lean", "dev", "full")
CORE = (
    "runtime.engine",
    "runtime.guardrails",
    "runtime.messages",
    "compiler.rules",
    "compiler.build",
    "compiler.plan",
)

# Written so that this file does not match itself.
ELSEWHERE = re.compile(
    r"""
    [-]-(extra-)?index-url | [-]-find-links [= ]            # an index of somebody's
    | p[y]pi\.(org|python) | files\.[a-z]+h[o]sted\. | registry\.[a-z]+j[s]\. | deb\.[a-z]+\.o[r]g
    | "resolved":\s*"http | registry\s=\s"http
    | (^|[\s"'=:(`])/(w[o]rk|f[a]rm|r[o]ot|Us[e]rs)/[\w.]     # a folder of one machine
    | (^|[\s"'=:(`])/h[o]me/[\w.] | file:///[a-z]
    """,
    re.VERBOSE | re.MULTILINE,
)


def tracked(*patterns: str) -> list[Path]:
    """Files under version control that still exist here."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a git checkout, so there is no list of tracked files")
    return [path for name in listed.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def locked(name: str) -> dict[str, list[str]]:
    """The requirements of a lock, each with its hashes."""
    text = (REPOSITORY / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    return {line.split(" ")[0]: re.findall(r"--hash=sha256:[0-9a-f]{64}\b", line) for line in lines}


def declared() -> set[str]:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    names = [*project["dependencies"], *project["optional-dependencies"]["embedded"]]
    return {re.match(r"[\w-]+", name.lower())[0] for name in names}  # type: ignore[index]


@pytest.mark.parametrize(
    "line",
    [
        "pip install -" + "-index-url x",
        "https://pyp" + "i.org/simple",
        'cd "/ro' + 'ot/x"',
        "(/wo" + "rk/main)",
        "see /ho" + "me/ana/x",
        "http://de" + "b.debian.org",
    ],
)
def test_a_pointer_to_one_machine_would_be_found(line: str) -> None:
    assert ELSEWHERE.search(line)


@pytest.mark.parametrize(
    "line", ["--no-emit-index-url", "/var/lib/convo", "docs/how-to/work/x", "[a](../home/x.md)"]
)
def test_innocent_lines_are_left_alone(line: str) -> None:
    assert not ELSEWHERE.search(line)


def test_no_tracked_file_names_an_index_host_or_a_folder_of_one_machine() -> None:
    found = []
    for path in tracked():
        for number, line in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            if ELSEWHERE.search(line):
                found.append(f"{path.relative_to(REPOSITORY)}:{number}: {line.strip()[:100]}")

    assert found == []


@pytest.mark.parametrize("name", LOCKS)
def test_every_requirement_of_a_lock_is_pinned_and_has_hashes(name: str) -> None:
    requirements = locked(name)

    assert len(requirements) > 50
    assert [one for one, hashes in requirements.items() if "==" not in one or not hashes] == []


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_all_that_is_declared(name: str) -> None:
    held = {one.split("==")[0].split("[")[0] for one in locked(name)}
    spared = (
        {"litellm"} if name == "lean" else set()
    )  # the demo does without; tests talk through it to loopback servers

    assert declared() - held == spared
    assert {"hatchling", "editables"} <= held  # the install of convo itself needs them, and may fetch nothing


def test_a_package_has_one_version_in_every_lock() -> None:
    lean, dev, full = (set(locked(name)) for name in LOCKS)

    assert lean <= dev
    assert lean <= full


def test_every_source_file_says_in_its_first_line_what_it_is_for() -> None:
    mute = [path for path in tracked("*.py") if not _begins_with_docstring(path)]
    mute += [path for path in tracked("*.sql") if not path.read_text().startswith("--")]

    assert [str(path.relative_to(REPOSITORY)) for path in mute] == []


def _begins_with_docstring(path: Path) -> bool:
    text = path.read_text(encoding="utf-8")
    said = ast.get_docstring(ast.parse(text))
    return text.startswith('"""') and bool(said) and bool(said.splitlines()[0].strip())  # type: ignore[union-attr]


def test_every_room_of_the_core_is_held_to_do_no_io() -> None:
    contracts = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["importlinter"][
        "contracts"
    ]
    held = next(one["source_modules"] for one in contracts if one["name"] == "The core does no I/O")
    existing = [
        room
        for room in CORE
        if any(tracked(f"{room.replace('.', '/')}{end}") for end in (".py", "/__init__.py"))
    ]

    assert set(existing) <= set(held)
