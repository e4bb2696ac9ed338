"""Did you mean: near enough to be a slip, and never a guess."""

from __future__ import annotations

from pathlib import Path
from time import process_time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.diagnostics.suggest import did_you_mean, edits, nearest
from compiler.link import link
from compiler.load import load, schema
from tests.compiling import lay_out


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("", "", 0), ("abc", "abc", 0), ("abc", "acb", 1), ("abc", "ab", 1), ("kitten", "sitting", 3)],
)
def test_edits_count_swaps_as_one(a: str, b: str, distance: int) -> None:
    assert edits(a, b) == distance


@given(st.text(max_size=8), st.text(max_size=8))
def test_edits_are_symmetric_and_bounded(a: str, b: str) -> None:
    assert edits(a, b) == edits(b, a) <= max(len(a), len(b))
    assert (edits(a, b) == 0) == (a == b)


def test_a_slip_finds_its_word() -> None:
    assert nearest("SP-FSO", ["SP-FOS", "SP-SAM"]) == "SP-FOS"
    assert did_you_mean("quite_weekdays", ["quiet_weekdays"]) == "did you mean `quiet_weekdays`?"


def test_a_short_or_distant_word_finds_none() -> None:
    assert nearest("ab", ["ac"]) is None
    assert nearest("disclosure", ["question"]) is None
    assert did_you_mean("x", []) is None


def test_a_word_among_thousands_is_found_without_looking_closely_at_all() -> None:
    known = [f"PL-{n:04}" for n in range(4_000)]
    assert nearest("PL-10999", known) == "PL-1099"
    begun = process_time()
    for n in range(20):
        nearest(f"PL-9{n:03}", known)
    assert process_time() - begun < 5.0


def test_thousands_of_ids_that_lead_nowhere_are_told_in_seconds(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    lay_out(root)
    (root / "plain/approvals.yaml").unlink()
    for file in range(10):
        rows = [
            f"- id: PL-X{file}{n:03}\n  kind: fact\n  says: Statement {file} {n}.\n  when: on_question\n"
            f"  required_with: [PL-Y{file}{n:03}]\n  source: [LAW-1]\n  effective: 2026-01-01\n  review_by: 2027-06-01\n"
            for n in range(400)
        ]
        (root / f"plain/claims/many{file}.yaml").write_text("".join(rows))
    tree = load(root)
    begun = process_time()
    link(tree, _Schemas())
    took = process_time() - begun
    told = [d for d in tree.tenants["plain"].faults() if d.code == "CV4001"]
    assert len(told) == 4_000
    assert {"did you mean `PL-X0000`?"} <= {d.help for d in told}
    assert took < 5.0  # the most a hostile folder may cost


class _Schemas(dict[str, Any]):
    def __missing__(self, kind: str) -> Any:
        self[kind] = schema(kind)
        return self[kind]
