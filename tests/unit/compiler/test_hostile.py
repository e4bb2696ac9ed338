"""Files made to hurt: always a fault with a place, never a traceback, under five seconds of processor and 300 MB."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from compiler.diagnostics.most import LISTED_PER_FILE
from compiler.pipeline import check
from tests.compiling import BASE, EXAMPLES, TODAY, lay_out

ROOT = Path(__file__).parents[3]
MOST_CPU_S = 5.0
MOST_MEMORY_BYTES = 300 << 20
# A process begins with the most its parent ever held, so a small one stands between it and the tests.
MEASURED = """
import json, os, subprocess, sys
out, err, used = sys.argv[1:4]
with open(out, "wb") as stdout, open(err, "wb") as stderr:
    started = subprocess.Popen(sys.argv[4:], stdout=stdout, stderr=stderr)
    _, status, usage = os.wait4(started.pid, 0)
told = [os.waitstatus_to_exitcode(status), usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024]
with open(used, "w") as file:
    json.dump(told, file)
"""
CLAIMS, CAPS, PERSONA = "plain/claims/big.yaml", "plain/caps.yaml", "plain/persona.yaml"


def prompt(text: str) -> str:
    return (BASE / "plain" / "persona.yaml").read_text().split("prompt:")[0] + f"prompt: '{text}'\n"


HOSTILE: dict[str, tuple[str, str | bytes, str]] = {
    "1,300 mappings by indentation": (CLAIMS, "".join(" " * n + f"k{n}:\n" for n in range(1_300)), "CV2009"),
    "a byte order mark": (CAPS, b"\xef\xbb\xbfconcurrency: 4\n", "CV1005"),
    "30,000 items with everything wrong": (CLAIMS, "- id: 1\n" * 30_000, "CV3002"),
    "300,000 hidden characters": (CLAIMS, "- id: '" + "\u200b" * 300_000 + "'\n", "CV2013"),
    "a prompt in 3,000 brackets": (PERSONA, prompt("{{ " + "(" * 300 + "1" + ")" * 300 + " }}"), "CV5016"),
    "a prompt that computes for ever": (PERSONA, prompt("{{ 9**9**9 }}"), "CV5016"),
}


CORPUS = [
    case
    for case in sorted((EXAMPLES / "negative").iterdir())
    if (case / "case.json").exists() and json.loads((case / "case.json").read_text()).get("hostile")
]


@pytest.mark.parametrize("hostile", [*CORPUS, *HOSTILE], ids=lambda one: getattr(one, "name", one))
def test_a_hostile_file_is_told_where_it_is_wrong_quickly_and_in_little_memory(
    hostile: Path | str, tmp_path: Path
) -> None:
    file, code = _laid_out(hostile, tmp_path / "tenants")
    exit_code, cpu_s, memory_bytes = _measured(
        tmp_path,
        *(sys.executable, "cli.py", "compile", "--check", str(tmp_path / "tenants"), "--no-cache"),
        *("--today", f"{TODAY}", "--format", "concise"),
    )
    said = (tmp_path / "out").read_text()
    assert (tmp_path / "err").read_text() == ""
    assert exit_code in {0, 1}
    assert f" {code}" in said
    assert any(line.startswith(f"{tmp_path}/tenants/{file}") for line in said.splitlines())
    assert "Traceback" not in said
    assert "\n::error::" not in said
    assert cpu_s < MOST_CPU_S
    assert memory_bytes < MOST_MEMORY_BYTES


def _laid_out(hostile: Path | str, root: Path) -> tuple[str, str]:
    """A tenants folder with one example of the corpus, or one file of the table. Its path in the folder and its code."""
    if isinstance(hostile, Path):
        settings = lay_out(root, hostile)
        files = [
            *settings.get("repeat", ()),
            *(p.relative_to(hostile) for p in hostile.rglob("plain/**/*.yaml")),
        ]
        return f"{files[0]}", hostile.name.split("-", 1)[0]
    file, content, code = HOSTILE[hostile]
    lay_out(root)
    data = content.encode() if isinstance(content, str) else content
    (root / file).write_bytes(data[: 1 << 20])
    return file, code


def _measured(tmp_path: Path, *command: str) -> tuple[int, float, int]:
    """Exit code, seconds of processor and bytes held at most. What it said is in `out` and `err`."""
    files = [tmp_path / name for name in ("out", "err", "used")]
    subprocess.run([sys.executable, "-ISc", MEASURED, *map(str, files), *command], cwd=ROOT, check=True)
    exit_code, cpu_s, memory_bytes = json.loads(files[-1].read_text())
    return exit_code, cpu_s, memory_bytes


def test_what_the_tests_hold_is_not_counted_as_what_the_command_holds(tmp_path: Path) -> None:
    ours = b"1" * (64 << 20)
    _, _, before = _measured(tmp_path, sys.executable, "-ISc", "pass")
    held = ours * 6
    _, _, while_held = _measured(tmp_path, sys.executable, "-ISc", "pass")
    assert len(held) > MOST_MEMORY_BYTES
    assert while_held < before + (32 << 20)


def test_ten_thousand_faults_of_one_file_are_counted_and_a_thousand_listed(tmp_path: Path) -> None:
    lay_out(tmp_path / "tenants")
    (tmp_path / "tenants" / CAPS).write_text("".join(f"key_{n}: 1\n" for n in range(10_000)))
    found = [d for d in check(tmp_path / "tenants", today=TODAY).diagnostics if d.span.file == CAPS]
    assert len(found) == LISTED_PER_FILE + 1
    (more,) = [d for d in found if "not listed" in d.message]
    assert "9,0" in more.message
    assert more.is_error


def written(change: Callable[[bytes], bytes], root: Path) -> None:
    lay_out(root)
    for path in sorted(root.rglob("*.yaml")):
        path.write_bytes(change(path.read_bytes()))


def test_windows_line_ends_are_line_ends(tmp_path: Path) -> None:
    written(lambda data: data, tmp_path / "unix")
    written(lambda data: data.replace(b"\n", b"\r\n"), tmp_path / "windows")
    unix, windows = (check(tmp_path / name, today=TODAY) for name in ("unix", "windows"))
    assert windows.diagnostics == unix.diagnostics
    assert {slug: c and c.digest for slug, c in windows.tenants.items()} == {
        slug: c and c.digest for slug, c in unix.tenants.items()
    }


def test_nothing_but_the_folder_and_ourselves_is_opened_and_no_socket_made(tmp_path: Path) -> None:
    """An audit hook sees every file the interpreter opens and every socket it asks for."""
    lay_out(tmp_path / "tenants")
    (tmp_path / "secret.yaml").write_text("concurrency: 1\n")
    (tmp_path / "tenants" / CAPS).unlink()
    (tmp_path / "tenants" / CAPS).symlink_to(tmp_path / "secret.yaml")
    program = f"""
import sys
opened = []
def hook(event, args):
    if event == "open" and isinstance(args[0], str | bytes):
        opened.append(args[0] if isinstance(args[0], str) else args[0].decode())
    elif event.startswith("socket.") or event in {{"subprocess.Popen", "os.system", "os.exec", "os.fork"}}:
        raise AssertionError(event)
sys.addaudithook(hook)
import datetime, pathlib
from compiler.pipeline import check
result = check(pathlib.Path({str(tmp_path / "tenants")!r}), today=datetime.date(2026, 11, 24), authority=True)
allowed = ({str(tmp_path / "tenants")!r}, {str(ROOT)!r}, sys.prefix, sys.base_prefix, "/usr/share/zoneinfo", "/dev/null")
print(sorted({{path for path in opened if not path.startswith(allowed)}}))
print(sorted({{d.code for d in result.diagnostics if d.is_error}}))
print([path for path in opened if path.endswith("secret.yaml")])
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stderr == ""
    assert done.stdout.splitlines() == ["[]", "['CV1002', 'CV1006']", "[]"]
