"""Thousands of claims that contradict or require each other are told about in seconds, each once."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from compiler.diagnostics import Diagnostic
from compiler.pipeline import check
from tests.compiling import TODAY, lay_out

MANY, PART = 4_000, 400
MOST_CPU_S = 5.0


def told(root: Path, claims: list[str], codes: str) -> list[Diagnostic]:
    """What is said with these codes about a tenant with these claims, of which each has two lines or more."""
    lay_out(root)
    common = "  kind: fact\n  when: on_question\n  source: [LAW-1]\n  review_by: 2027-06-01\n"
    for part in range(0, len(claims), PART):
        text = "".join(f"{claim}{common}" for claim in claims[part : part + PART])
        (root / "plain" / "claims" / f"part{part:05}.yaml").write_text(text)
    started = time.process_time()
    found = check(root, today=TODAY).diagnostics
    assert time.process_time() - started < MOST_CPU_S
    assert not [d for d in found if d.code[:3] in {"CV2", "CV3", "CV4"}]
    return [d for d in found if d.code in codes]


def claim(number: int, says: str = "We keep a record.", more: str = "", day: str = "2026-01-01") -> str:
    return f"- id: PL-X{number:04}\n  says: {says}\n  effective: {day}\n{more}"


def requires(number: int, *others: int) -> str:
    return claim(
        number, more=f"  required_with: [{', '.join(f'PL-X{other % MANY:04}' for other in others)}]\n"
    )


def test_a_circle_of_thousands_is_told_once_and_its_ends_are_named(tmp_path: Path) -> None:
    (one,) = told(tmp_path / "t", [requires(n, n + 1) for n in range(MANY)], "CV5033 CV5005")
    assert one.message == (
        "`PL-X0000` requires itself: PL-X0000 -> PL-X0001 -> PL-X0002 -> PL-X0003 -> (3,994 more) -> "
        "PL-X3998 -> PL-X3999 -> PL-X0000"
    )
    assert [label.text for label in one.labels] == [
        "`PL-X0001` requires `PL-X0002`",
        "`PL-X0002` requires `PL-X0003`",
        "`PL-X3998` requires `PL-X3999`",
        "`PL-X3999` requires `PL-X0000`",
    ]


def test_circles_that_run_through_each_other_are_told_once(tmp_path: Path) -> None:
    found = told(tmp_path / "t", [requires(n, n + 1, n + 7, n + 91) for n in range(MANY)], "CV5033 CV5005")
    assert len(found) == 1


def test_two_circles_apart_are_two_and_so_are_claims_that_require_themselves(tmp_path: Path) -> None:
    claims = [requires(0, 1), requires(1, 2), requires(2, 0), requires(3, 4), requires(4, 5), requires(5, 3)]
    claims += [requires(6, 6), requires(7, 7)]
    assert [d.message for d in told(tmp_path / "t", claims, "CV5033")] == [
        "`PL-X0000` requires itself: PL-X0000 -> PL-X0001 -> PL-X0002 -> PL-X0000",
        "`PL-X0003` requires itself: PL-X0003 -> PL-X0004 -> PL-X0005 -> PL-X0003",
        "`PL-X0006` requires itself: PL-X0006 -> PL-X0006",
        "`PL-X0007` requires itself: PL-X0007 -> PL-X0007",
    ]


def test_a_chain_of_thousands_is_too_much_at_once_and_told_where_it_becomes_so(tmp_path: Path) -> None:
    chain = [requires(n, n + 1) for n in range(MANY - 1)] + [claim(MANY - 1)]
    (one,) = told(tmp_path / "t", chain, "CV5033 CV5005")
    assert one.message.startswith("`PL-X3949` requires more than 49 claims with what they require")


@pytest.mark.parametrize(("count", "faults"), [(50, 0), (51, 1)])
def test_a_set_of_fifty_may_go_out_together(count: int, faults: int, tmp_path: Path) -> None:
    chain = [requires(n, n + 1) for n in range(count - 1)] + [claim(count - 1)]
    assert len(told(tmp_path / "t", chain, "CV5005")) == faults


def test_a_set_written_down_on_both_sides_and_too_large_is_told_once(tmp_path: Path) -> None:
    last = MANY - 1
    pairs = [requires(n, *([n - 1] if n else []), *([n + 1] if n < last else [])) for n in range(MANY)]
    (one,) = told(tmp_path / "t", pairs, "CV5033 CV5005")
    assert one.code == "CV5005"


@pytest.mark.parametrize(
    ("says", "more"),
    [
        ("The lender has {n} weeks to answer you.", ""),
        ("Lender{n} has {n} weeks to answer.", "  topic: How long?\n"),
    ],
    ids=["one sentence", "one topic"],
)
def test_thousands_that_contradict_each_other_are_each_told_once_with_a_count(
    says: str, more: str, tmp_path: Path
) -> None:
    found = told(
        tmp_path / "t", [claim(n, says.replace("{n}", f"{n + 1}"), more) for n in range(MANY)], "CV5026"
    )
    listed = [d for d in found if "not listed" not in d.message]
    assert len({(d.span.file, d.span.line) for d in listed}) == len(listed) == MANY - 1
    assert listed[1].message.endswith(", and so does 1 more")
    assert listed[-1].message.endswith(", and so do at least 99 more")


def test_two_groups_of_thousands_are_compared_as_two_claims(tmp_path: Path) -> None:
    claims = [
        claim(n, f"The lender has {6 if n < MANY / 2 else 8} weeks to answer you.") for n in range(MANY)
    ]
    found = told(tmp_path / "t", claims, "CV5026")
    assert len(found) == MANY / 2
    assert found[-1].message.endswith(", and so do 1,999 more")


def test_what_is_not_compared_is_refused(tmp_path: Path) -> None:
    """Each of these holds for a day of its own, so that none contradicts another; a hundred such are told apart."""
    days = [f"2027-{month:02}-{day:02}" for month in range(1, 6) for day in range(1, 29)]
    claims = [
        claim(n, f"The lender has {n + 1} weeks to answer you.", f"  expires: {after}\n", day)
        for n, (day, after) in enumerate(pairwise(days))
    ]
    found = told(tmp_path / "t", claims, "CV5026")
    assert len(found) == len(claims) - 100
    assert found[0].message.endswith(
        "but 100 others say as many things on one matter, and no more are compared"
    )
