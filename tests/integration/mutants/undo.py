"""Takes one line out of the database or out of the code; a text that is not there is the test's own fault."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import Database
from tests.integration.storage.mutants import mutate

Undo = Callable[[Database, pytest.MonkeyPatch], None]


def sql(function: str, *changes: tuple[str, str]) -> Undo:
    """A function of the database with each (old, new) replaced."""
    return lambda database, _: mutate(database, function, *changes)


def python(owner: type[Any], method: str, old: str, new: str) -> Undo:
    """A method with `old` replaced, compiled in its own module."""

    def undo(_: Database, patch: pytest.MonkeyPatch) -> None:
        found = getattr(owner, method)
        source = textwrap.dedent(inspect.getsource(found))
        assert old in source, f"{owner.__name__}.{method} no longer holds {old!r}"
        mutant = "from __future__ import annotations\n" + source.replace(old, new)
        made: dict[str, Any] = {}
        exec(compile(mutant, method, "exec"), found.__globals__, made)
        patch.setattr(owner, method, made[method])

    return undo
