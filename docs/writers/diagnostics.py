"""docs/reference/diagnostics.md, from the table of codes that `convo explain` reads."""

from __future__ import annotations

from itertools import groupby

from compiler.diagnostics import Code
from compiler.rules import CODES

NAME = "diagnostics.md"
PASSES = {
    "1": "Which files there are",
    "2": "YAML",
    "3": "Schema",
    "4": "Links between files",
    "5": "Rules",
    "6": "Approvals",
}
HEAD = """# Diagnostics

Written by `python -m docs.generate` from the compiler's table of codes; do not edit. `convo explain CV5004` prints one entry.

A code is `CV` and four digits; the first digit is the pass. Codes are never renumbered and a retired one is not used again.
The compiler reports every fault at once. Errors fail the compile; warnings do not. `CV5003` and `CV6001` are warnings, and
errors when the compile is for `live`.
"""


def page() -> str:
    """The whole page, by pass."""
    codes = sorted(CODES.values(), key=lambda code: code.code)
    index = ["", "| code | name | |", "|---|---|---|"]
    index += [f"| [{c.code}](#{_anchor(c)}) | {c.name} | {_cell(c.summary)} |" for c in codes]
    parts = [HEAD, *index]
    for digit, members in groupby(codes, key=lambda code: code.code[2]):
        parts += ["", f"## {digit}: {PASSES[digit]}"]
        parts += [_entry(code) for code in members]
    return "\n".join(parts).replace("\n\n\n", "\n\n") + "\n"


def _entry(code: Code) -> str:
    return "\n".join(
        [
            "",
            f"### {code.code} {code.name}",
            "",
            f"{code.severity.capitalize()}: {code.summary}.",
            "",
            code.explanation.strip(),
            "",
            "Wrong:",
            "",
            _block(code.bad),
            "",
            "Right:",
            "",
            _block(code.good),
        ]
    )


def _anchor(code: Code) -> str:
    return f"{code.code} {code.name}".lower().replace(" ", "-")


def _block(text: str) -> str:
    return "\n".join(f"    {line}".rstrip() for line in text.splitlines())


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
