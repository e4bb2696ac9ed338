"""The quick tests of the compiler, run one by one in this process: no pytest, so that hundreds of mutants take seconds.

Understood is what those tests use: `parametrize` marks and the fixture `tmp_path`. A test that wants another fixture is left out.
"""

from __future__ import annotations

import importlib
import inspect
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from types import ModuleType
from typing import Any

FOLDER = Path(__file__).parents[1]
EXAMPLES = "tests.acceptance.test_compile_examples"
ABOUT_RULES = ("test_*rules*.py", "test_golive*.py", "test_fees*.py")
KNOWN_FIXTURE = "tmp_path"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One test with one set of parameters. `told` is all that is known of it as text: which codes it is about."""

    name: str
    told: str
    function: Callable[..., None]
    given: Mapping[str, Any]
    wants_path: bool

    def passes(self) -> bool:
        """Run it in a folder of its own. An error is a failure like any other: something noticed."""
        with tempfile.TemporaryDirectory(prefix="convo-mutation-") as folder:
            path = {KNOWN_FIXTURE: Path(folder)} if self.wants_path else {}
            try:
                self.function(**self.given, **path)
            except Exception:
                return False
        return True


def modules() -> Iterator[ModuleType]:
    """The examples, and what stands in tests/unit/compiler about rules."""
    yield importlib.import_module(EXAMPLES)
    folder = FOLDER / "unit" / "compiler"
    for path in sorted({path for pattern in ABOUT_RULES for path in folder.glob(pattern)}):
        if path.stem != "test_rules_are_missed":  # that test is this check
            yield importlib.import_module(f"tests.unit.compiler.{path.stem}")


def cases() -> list[Case]:
    """Every case of every module; a function that one module has from another stands once."""
    found: dict[Any, list[Case]] = {}
    for module in modules():
        for name, function in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(function) and function not in found:
                found[function] = list(_of(name, function))
    return [case for held in found.values() for case in held]


def _of(name: str, function: Callable[..., None]) -> Iterator[Case]:
    wanted = set(inspect.signature(function).parameters)
    sets = [
        list(_rows(mark.args)) for mark in getattr(function, "pytestmark", ()) if mark.name == "parametrize"
    ]
    for rows in product(*sets):
        given = {key: value for row in rows for key, value in row.items()}
        if wanted - set(given) <= {KNOWN_FIXTURE}:
            told = f"{name} {given}"
            yield Case(
                name=told[:160], told=told, function=function, given=given, wants_path=KNOWN_FIXTURE in wanted
            )


def _rows(args: tuple[Any, ...]) -> Iterator[dict[str, Any]]:
    """`("a,b" or ("a", "b"), values)` as one mapping per row."""
    names, values = args[0], args[1]
    keys = [key.strip() for key in names.split(",")] if isinstance(names, str) else list(names)
    for value in values:
        held = getattr(value, "values", value)  # pytest.param
        row = held if len(keys) > 1 or isinstance(held, tuple) else (held,)
        yield dict(zip(keys, row, strict=True))
