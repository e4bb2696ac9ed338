"""No rule can be taken out of the tables without a test turning red. Statement by statement: `make mutate`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import ModuleType

import pytest

from tests.mutation.cases import Case, cases
from tests.mutation.mutants import mutants
from tests.mutation.rules import missed_by_none, survivors

SPOKEN = """
def check(words):
    for word in words:
        if word.isupper():
            yield f"loud {word}"
    yield from quiet(words)

def quiet(words):
    found = []
    found += [f"quiet {word}" for word in words if word.islower()]
    return found
"""


def test_whatever_rule_or_code_is_taken_out_a_test_turns_red() -> None:
    assert list(missed_by_none(cases())) == []


@pytest.fixture
def spoken(tmp_path, monkeypatch) -> Iterator[ModuleType]:  # type: ignore[no-untyped-def]
    (tmp_path / "spoken_rule.py").write_text(SPOKEN)
    monkeypatch.syspath_prepend(tmp_path)
    import spoken_rule  # type: ignore[import-not-found]

    yield spoken_rule
    del sys.modules["spoken_rule"]


def test_each_statement_that_reports_is_taken_out_once(spoken: ModuleType) -> None:
    assert [mutant.text for mutant in mutants(spoken)] == [
        "yield from quiet(words)",
        'yield f"loud {word}"',
        'found += [f"quiet {word}" for word in words if word.islower()]',
    ]


def test_what_no_test_notices_survives_and_nothing_is_left_behind(spoken: ModuleType) -> None:
    def loud() -> None:
        assert "loud A" in spoken.check(["A", "b"])

    known = [Case(name="loud", told="loud", function=loud, given={}, wants_path=False)]
    assert [mutant.line for mutant in survivors([spoken], known)] == [6, 10]
    assert list(spoken.check(["A", "b"])) == ["loud A", "quiet b"]


def test_every_table_of_ways_a_rule_can_fire_is_among_the_tests() -> None:
    told = " ".join(case.told for case in cases())
    assert "CV5001-expired-claim" in told
    assert "CV5013: sunday is not quiet" in told
    assert "CV5025: `£25` (money) stands in a phrase" in told
