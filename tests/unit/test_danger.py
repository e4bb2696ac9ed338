"""Danger over the shipped tenants: illness, fire, gas, no power, a wish to die in eight languages; and what only sounds so."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from compiler.pipeline import check
from runtime.engine.screen import screen_action, screen_text
from schemas.bundle import Bundle
from tests.compiling import TODAY

ROOT = Path(__file__).parents[2]
SAID = Path(__file__).parent / "said"
SLUGS = ("dynamo-dave", "edward-energy")
AT_HOME = (
    "I have no electricity and I am on a ventilator",
    "my meter is on fire",
    "carbon monoxide alarm going off",
    "no heating and my baby is freezing",
    "I smell gas",
)


@cache
def bundle(slug: str) -> Bundle:
    compiled = check(ROOT / "tenants", today=TODAY, only=[slug]).tenants[slug]
    assert compiled is not None
    return Bundle.decode(compiled.bundle)


def heard(text: str, slug: str) -> list[str]:
    return [s.category for s in screen_text(text, bundle(slug)).signals]


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("text", (SAID / "danger.txt").read_text("utf-8").splitlines())
def test_danger_is_heard_by_every_tenant(text: str, slug: str) -> None:
    assert "danger_now" in heard(text, slug)
    assert screen_action(screen_text(text, bundle(slug)), bundle(slug)) == "safety"


@pytest.mark.parametrize("slug", SLUGS)
@pytest.mark.parametrize("text", (SAID / "no_danger.txt").read_text("utf-8").splitlines())
def test_what_only_sounds_like_danger_is_none(text: str, slug: str) -> None:
    assert not {"danger_now", "at_home_emergency"} & set(heard(text, slug))


@pytest.mark.parametrize("text", AT_HOME)
def test_an_energy_customer_in_danger_at_home_is_given_the_numbers_for_it(text: str) -> None:
    made = bundle("edward-energy")
    first = next(c for c in made.categories if c.id in heard(text, "edward-energy"))
    assert first.reply == "ALL-L-HOME-EMERGENCY"
    line = made.claims[first.reply].texts[made.tenant.language]["full"]
    places = [line.index(number) for number in ("999", "0800 111 999", "105", "116 123")]
    assert places == sorted(places)
    assert not made.claims[first.reply].approved


def test_nobody_else_is_given_numbers_for_gas() -> None:
    assert "ALL-L-HOME-EMERGENCY" not in bundle("dynamo-dave").claims
