"""The rules are a list, not magic: every file is in it, every code is unique, documented and of its pass."""

from __future__ import annotations

from pathlib import Path

import compiler.rules
from compiler.diagnostics.codes import PASS_CODES
from compiler.rules import ACROSS, AFTERWARDS, CODES, RULES, Across, Rule

FOLDER = Path(compiler.rules.__file__).parent
EVERY: tuple[Rule | Across, ...] = (*RULES, *ACROSS)


def module_of(rule: object) -> str:
    return str(vars(rule)["__name__"]).rpartition(".")[2]


def test_every_rule_file_is_in_the_tuple() -> None:
    files = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    assert files == {module_of(rule) for rule in EVERY}


def test_no_code_or_name_is_used_twice() -> None:
    codes = [*PASS_CODES, *(rule.CODE for rule in EVERY), *AFTERWARDS]
    assert len({c.code for c in codes}) == len({c.name for c in codes}) == len(codes) == len(CODES)


def test_codes_are_numbered_by_pass() -> None:
    assert all(rule.CODE.code.startswith("CV5") for rule in EVERY)
    assert {c.code[2] for c in PASS_CODES} == {"1", "2", "3", "4", "6", "7"}
    assert {c.code[2] for c in AFTERWARDS} == {"8", "9"}


def test_the_docstring_of_a_rule_is_its_manual_page() -> None:
    for rule in EVERY:
        assert rule.CODE.explanation == rule.__doc__
        assert len((rule.__doc__ or "").splitlines()) >= 3
