"""Every folder under tests/examples is a case: a positive one compiles without a word, a negative one fires its code.

Adding a test of the compiler is adding a folder; `tests/compiling.py` says how it is laid over the base.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from compiler.report import FORMATS, explain, render
from compiler.rules import AFTERWARDS, CODES
from docs.generate import REFERENCE
from docs.writers import diagnostics as pages
from schemas.bundle import Bundle
from tests.compiling import EXAMPLES, compile_case, lay_out
from tests.integration import test_bundle_refusals
from tests.integration.storage import test_search

POSITIVE = sorted(p for p in (EXAMPLES / "positive").iterdir() if p.is_dir())
# What no folder of files can show: a bundle refused by whoever takes it. Each has a test that does it for real.
PROVOKED = {code.code for code in AFTERWARDS}
NEGATIVE = sorted(p for p in (EXAMPLES / "negative").iterdir() if p.is_dir())


@pytest.mark.parametrize("case", [None, *POSITIVE], ids=lambda p: p.name if p else "base")
def test_a_positive_example_compiles_without_a_word(case: Path | None, tmp_path: Path) -> None:
    result = compile_case(tmp_path / "tenants", lay_out(tmp_path / "tenants", case))
    assert render(result, "concise").splitlines() == [f"{_tenants(len(result.tenants))}: no faults"]
    for slug, compiled in result.tenants.items():
        assert compiled is not None
        bundle = Bundle.decode(compiled.bundle)
        assert (bundle.tenant.slug, bundle.digest, bundle.unapproved) == (slug, compiled.digest, False)


@pytest.mark.parametrize("case", NEGATIVE, ids=lambda p: p.name)
def test_a_negative_example_fires_exactly_its_code(case: Path, tmp_path: Path) -> None:
    result = compile_case(tmp_path / "tenants", lay_out(tmp_path / "tenants", case))
    code = CODES[case.name.split("-", 1)[0]]
    assert {d.code for d in result.diagnostics} == {code.code}, render(result, "concise")
    assert case.name.split("-", 1)[1].startswith(code.name)
    for format in FORMATS:
        assert code.code in render(result, format)
    assert pages.example(case, result) in _page(code.code), "run: python -m docs.generate"


def test_every_code_has_a_bad_example_and_every_bad_example_a_code() -> None:
    assert {case.name.split("-", 1)[0] for case in NEGATIVE} == set(CODES) - PROVOKED


@pytest.mark.parametrize("code", sorted(PROVOKED))
def test_every_refusal_of_a_bundle_is_provoked_and_put_right_by_a_test(code: str) -> None:
    named = f"test_{code.lower()}_{CODES[code].name.replace('-', '_')}"
    tests = (*vars(test_bundle_refusals), *vars(test_search))
    assert [name for name in tests if name.startswith(named)], named


@pytest.mark.parametrize("code", sorted(set(CODES) - PROVOKED))
def test_every_code_has_a_bad_example_put_right(code: str) -> None:
    named = f"{code}-{CODES[code].name}"
    assert [case for case in NEGATIVE if case.name.startswith(named)]
    assert [case for case in POSITIVE if case.name.startswith(named)]


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_a_manual_page(code: str) -> None:
    page = explain(code)
    assert page.startswith(f"{code} {CODES[code].name} ")
    assert len(CODES[code].explanation.split()) > 10
    assert CODES[code].bad != CODES[code].good
    assert _page(code).startswith(pages.manual(CODES[code])), "run: python -m docs.generate"


def test_no_page_is_left_of_a_code_that_is_gone() -> None:
    assert {path.stem for path in (REFERENCE / pages.FOLDER).glob("*.md")} == set(CODES)


def _page(code: str) -> str:
    return (REFERENCE / pages.FOLDER / f"{code}.md").read_text("utf-8")


def _tenants(count: int) -> str:
    return f"{count} tenant{'' if count == 1 else 's'}"
