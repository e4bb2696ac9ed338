"""What a text says is charged is read in figures and in words, and held against the cap of its band."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compiler.pipeline import check
from compiler.source.fees import charges, number
from tests.compiling import EXAMPLES, TODAY, approve, lay_out

TABLE = (
    "The fee is 30% up to £1,499 (max £420), 28% from £1,500 to £9,999 (max £2,500), 25% from £10,000 to £24,999 "
    "(max £5,000), 20% from £25,000 to £49,999 (max £7,500) and 15% from £50,000 (max £10,000)."
)
OVER = [
    "Our fee is 36% of your compensation.",
    "Our fee is thirty-six percent of your compensation.",
    "Our fee is thirty six per cent.",
    "We take \uff13\uff16\uff05 of it.",
    "We keep 36p in the pound.",
    "We keep a third of what you get.",
    "We keep half of your money.",
    "Our success fee is forty per cent plus VAT.",
    "The charge is 29% of compensation between £1,500 and £9,999.",
    "We charge 18% of redress over £50,000.",
    "We charge 30% of £2,000.",
    "If you get £1,000 we keep £350.",
    "For compensation of £60,000 the fee is £10,500.",
    "A fee of up to £12,000.",
    "You pay twelve thousand pounds.",
    "The fee is 28%, capped at £2.6k, for compensation of £1,500 to £9,999.",
    TABLE.replace("25%", "26%"),
    TABLE.replace("£7,500", "£7,600"),
    "You keep 64% of it.",
    "You'll keep two thirds of your money, less nothing.",
    "36 percent of whatever you win goes to us.",
    "We keep 36 pence of every £1.",
    "A thirty-six-percent fee.",
    "A joining fee of £50 applies.",
    "You pay us £50 before we start.",
    "We charge £20 upfront.",
]
WITHIN = [
    TABLE,
    "Our fee is 28% of compensation between £1,500 and £9,999, and at most £2,500.",
    "Our fee is never more than 30%.",
    "If you get £1,000 we keep £300.",
    "We charge 28% of £2,000, which is £560.",
    "We charge 15% of redress over £50,000, plus VAT at 20%.",
    "You keep 72% of compensation between £1,500 and £9,999.",
    "You keep all of it if you complain yourself.",
    "There is no upfront fee.",
    "You pay nothing upfront.",
    "We charge no joining fee.",
    "Its one-page summary shows the fee, with VAT and a worked example, before you sign.",
    "The lender paid the dealer a commission of 45%.",
]


def codes(root: Path, text: str, *, covers: str = "") -> list[str]:
    """The codes that a tenant of the shipped law firms' and claims firms' cap table gets for this text."""
    pack = (EXAMPLES.parent.parent / "tenants/_packs/fca_cmc/pack.yaml").read_text()
    lay_out(root)
    table = pack[pack.index("fee_caps:") :].replace("FEE-TABLE", "LAW-1")
    duty = "  - id: fee\n    says: The fee.\n    when: before_any_fee\n    source: [LAW-1]\nguardrails:"
    held = (root / "_packs/all/pack.yaml").read_text()
    (root / "_packs/all/pack.yaml").write_text(held.replace("guardrails:", duty, 1) + table)
    (root / "plain/claims/fees.yaml").write_text(
        f"- id: PL-F90\n  kind: disclosure\n  says: >-\n    {text}\n{covers}  when: on_question\n  source: [LAW-1]\n"
        "  effective: 2026-01-01\n  review_by: 2027-06-01\n"
    )
    (root / "plain/approvals.yaml").unlink()
    approve(root, {})
    return [d.code for d in check(root, today=TODAY).diagnostics if d.code == "CV5041"]


@pytest.mark.parametrize("text", OVER)
def test_a_fee_over_the_cap_is_refused(tmp_path: Path, text: str) -> None:
    assert codes(tmp_path / "tenants", text)


@pytest.mark.parametrize("text", WITHIN)
def test_a_fee_within_the_cap_stands(tmp_path: Path, text: str) -> None:
    assert codes(tmp_path / "tenants", text) == []


def test_all_of_a_fee_statement_is_about_the_fee(tmp_path: Path) -> None:
    text = "It is 36% of the compensation."
    assert codes(tmp_path / "other", text) == []
    assert codes(tmp_path / "fee", text, covers="  covers: [fee]\n") == ["CV5041"]


def test_both_places_are_shown(tmp_path: Path) -> None:
    codes(tmp_path / "tenants", OVER[0])
    (fault,) = [d for d in check(tmp_path / "tenants", today=TODAY).diagnostics if d.code == "CV5041"]
    assert fault.span.file == "plain/claims/fees.yaml"
    assert [label.span.file for label in fault.labels] == ["_packs/all/pack.yaml"]
    assert "30%" in fault.message


def test_a_table_that_does_not_hold_yet_caps_nothing(tmp_path: Path) -> None:
    root = tmp_path / "tenants"
    codes(root, OVER[0])
    pack = root / "_packs/all/pack.yaml"
    pack.write_text(pack.read_text().replace("effective: 2022-03-01", "effective: 2030-03-01"))
    assert [d for d in check(root, today=TODAY).diagnostics if d.code == "CV5041"] == []


@pytest.mark.parametrize(
    ("words", "value"),
    [
        ("36", "36"),
        ("2,500.50", "2500.50"),
        ("2.5k", "2500"),
        ("thirty-six", "36"),
        ("two thousand five hundred", "2500"),
        ("two thousand and ten", "2010"),
        ("a hundred and five", "105"),
        ("twelve point five", "12.5"),
        ("three million", "3000000"),
    ],
)
def test_numbers_are_read_in_words(words: str, value: str) -> None:
    assert number(words) == Decimal(value)


def test_every_figure_of_a_table_belongs_to_its_band() -> None:
    read = [(c.what, c.value, c.redress[0]) for c in charges(TABLE) if c.redress is not None]
    assert ("percent", Decimal(25), Decimal(10_000)) in read
    assert ("most", Decimal(2_500), Decimal(1_500)) in read
    assert len(read) == 10


WORDS = [
    *(
        "fee",
        "we",
        "keep",
        "charge",
        "you",
        "pay",
        "of",
        "your",
        "what",
        "in",
        "the",
        "pound",
        "between",
        "and",
        "to",
        "from",
    ),
    *(
        "half",
        "a",
        "third",
        "thirds",
        "thirty",
        "six",
        "hundred",
        "thousand",
        "point",
        "p",
        "%",
        "percent",
        "per cent",
    ),
    *(
        "£",
        "£1,499",
        "£9,999",
        "10k",
        "£1.",
        "£,",
        "up",
        "over",
        "or more",
        "capped at",
        "maximum",
        "-",
        ",",
        ".",
        ";",
        "(",
    ),
    "before we start",
    "upfront",
    "\u0663\u0666%",
    "\u200b",
]


@given(st.lists(st.one_of(st.sampled_from(WORDS), st.text(max_size=6)), max_size=30), st.booleans())
def test_whatever_a_text_holds_it_is_read_without_a_fault(words: list[str], statement: bool) -> None:
    for charge in charges(" ".join(words), statement=statement):
        assert charge.value >= 0
        assert charge.redress is None or charge.redress[0] >= 0
