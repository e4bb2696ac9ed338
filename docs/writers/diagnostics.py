"""docs/reference/diagnostics.md and a page for every code: its manual, and its example as the compiler really sees it."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path

from compiler.diagnostics import Code
from compiler.diagnostics.escape import visible
from compiler.pipeline import CheckResult
from compiler.report import View, rendered
from compiler.rules import CODES
from tests.compiling import EXAMPLES, compile_case, lay_out

NAME = "diagnostics.md"
FOLDER = "diagnostics"
ROWS_AROUND = 4  # of a long file, beside those in which the bad and the good one differ
LONG_ROWS = 24
MOST_OUTPUT_ROWS = 40
PASSES = {
    "1": "Which files there are",
    "2": "YAML",
    "3": "Schema",
    "4": "Links between files",
    "5": "Rules",
    "6": "Approvals",
    "7": "Changes",
    "8": "Bundles",
    "9": "Loading",
}
HEAD = """# Diagnostics

Written by `python -m docs.generate` from the compiler's table of codes and the folders of tests/examples; do not edit.
`convo explain CV5004` prints one entry, `convo explain` lists all.

A code is `CV` and four digits; the first digit is the pass. Codes are never renumbered and a retired one is not used again.
The compiler reports every fault of every tenant at once. Errors fail the compile; warnings do not. A warning whose page says
so is an error when the compile is for `live`. What can only be put right in one way, `convo compile --check --fix` does.
Those of passes 8 and 9 are about a bundle: `publish`, `activate`, `status`, `/readyz` and the desk tell them.
"""


def page() -> str:
    """The index, by pass."""
    parts = [HEAD]
    for digit, members in groupby(_sorted(), key=lambda code: code.code[2]):
        parts += [f"\n## {digit}: {PASSES[digit]}\n", "| code | name | |\n|---|---|---|"]
        parts += [f"| [{c.code}]({FOLDER}/{c.code}.md) | {c.name} | {_cell(c.summary)} |" for c in members]
    return "\n".join(parts) + "\n"


def pages() -> Iterator[tuple[str, str]]:
    """(name, text) of every code's page. Compiles every example."""
    for code in _sorted():
        yield f"{FOLDER}/{code.code}.md", "\n".join([manual(code), *map(_compiled, cases(code.code))])


def manual(code: Code) -> str:
    """What stands on a code's page before its examples."""
    return "\n".join(
        [
            f"# {code.code} {code.name}",
            "",
            f"{code.severity.capitalize()}: {code.summary}.",
            "",
            code.explanation.strip(),
            "",
            "In short, wrong:",
            "",
            _indented(code.bad),
            "",
            "right:",
            "",
            _indented(code.good),
            "",
        ]
    )


def example(case: Path, result: CheckResult) -> str:
    """One example: the bad files, what the compiler says of them, and the good ones."""
    good = _twin(case)
    told = rendered(View(result=result, prefix="tenants"), "text").splitlines()
    if len(told) > MOST_OUTPUT_ROWS:
        told = [*told[:MOST_OUTPUT_ROWS], "..."]
    fixable = any(d.fix for d in result.diagnostics)
    return "\n".join(
        [
            f"## Example: {case.name.split('-', 1)[1].replace('-', ' ')}",
            "",
            *_shown(case, good),
            "The compiler says:",
            "",
            *_fenced("text", told),
            "",
            *(["`convo compile --check --fix` puts it right.", ""] if fixable else []),
            "Put right:",
            "",
            *_shown(good, case),
        ]
    )


def cases(code: str) -> list[Path]:
    """The folders of a code's bad examples."""
    return sorted((EXAMPLES / "negative").glob(f"{code}-*"))


def _twin(case: Path) -> Path:
    """The good example of a bad one: that of its name, else the first of its code."""
    beside = EXAMPLES / "positive"
    named = beside / case.name
    return named if named.is_dir() else min(beside.glob(f"{case.name.split('-', 1)[0]}-*"), default=named)


def _compiled(case: Path) -> str:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "tenants"
        settings = lay_out(root, case)
        made = example(case, compile_case(root, settings))
        shutil.rmtree(root)
    return made


def _shown(case: Path, twin: Path) -> Iterator[str]:
    """The files of an example and what its case.json says. Of long files, the rows that differ from the twin's."""
    yield from _notes(case)
    for file in sorted(path for path in case.rglob("*") if path.is_file() and path.name != "case.json"):
        path = file.relative_to(case)
        rows, other = _rows(file), _rows(twin / path)
        yield f"`{path.as_posix()}`:"
        yield ""
        yield from _fenced("yaml", _excerpt(rows, set(other)))
        yield ""


def _notes(case: Path) -> Iterator[str]:
    path = case / "case.json"
    settings: Mapping[str, object] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    words = {
        "remove": "Taken away",
        "copy": "A second tenant like the first",
        "pad": "So many bytes of comment added",
        "repeat": "Files of texts written so many times",
        "hostile": "Made to hurt, and compiled under limits of time and memory",
        "link": "A symbolic link",
        "approvals": "Approvals, as the tests sign them, but",
        "enrolled": "Who may approve is told by",
        "stage": "Compiled for",
        "over": "On top of the files of tests/examples/",
    }
    for key, value in settings.items():
        told = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        yield f"{words.get(key, key)}: `{visible(told)}`"
        yield ""


def _excerpt(rows: list[str], others: set[str]) -> list[str]:
    if len(rows) <= LONG_ROWS:
        return rows
    differ = [n for n, row in enumerate(rows) if row not in others]
    near = {m for n in differ for m in range(n - ROWS_AROUND, n + ROWS_AROUND + 1)} or set(range(LONG_ROWS))
    shown: list[str] = []
    for n, row in enumerate(rows):
        if n in near:
            shown.append(row)
        elif not shown or shown[-1] != "# ...":
            shown.append("# ...")
    return shown


def _rows(file: Path) -> list[str]:
    """A file's lines with what cannot be seen spelt out."""
    if not file.is_file():
        return []
    text = file.read_bytes().decode("utf-8", "backslashreplace")
    return [visible(row).replace("\t", "<TAB>") for row in text.rstrip("\n").split("\n")]


def _fenced(language: str, rows: Iterable[str]) -> list[str]:
    return [f"~~~~{language}", *(row.rstrip() for row in rows), "~~~~"]


def _sorted() -> list[Code]:
    return sorted(CODES.values(), key=lambda code: code.code)


def _indented(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
