"""When a longer prefix in the provider's cache is the cheaper one: reckoned from the price table, so the choice is proven."""

from __future__ import annotations

import pytest

from runtime.models.presets import names, preset
from runtime.models.prices import Priced, Rates, priced
from tests.bench.caching import LEAST, SHORT, break_even, most_saved, prefix_cost, table

PLAIN = Priced(rates=Rates(input=100, output=400, read=10, write=125), cache_min=1000)


def test_the_share_is_the_one_at_which_both_cost_the_same() -> None:
    # 200 x 100 = 20,000 plain; 1,000 long: 125,000 written, 10,000 read; 125,000 - 115,000 h = 20,000
    assert break_even(PLAIN, short=200, long=1000) == pytest.approx(105 / 115)
    # with 300 tokens a turn less: 50,000
    assert break_even(PLAIN, short=200, long=1000, moved=300) == pytest.approx(75 / 115)


def test_what_is_moved_out_of_the_turn_may_pay_for_a_prefix_that_is_always_written() -> None:
    assert break_even(PLAIN, short=200, long=1000, moved=1050) == 0.0


def test_a_prefix_that_costs_more_even_when_it_is_always_found_never_pays() -> None:
    assert break_even(PLAIN, short=50, long=1000) is None
    assert (
        break_even(PLAIN, short=200, long=999) is None
    )  # below the least that is cached: it is plain, and longer


def test_below_the_least_that_is_cached_every_token_costs_its_whole_price() -> None:
    assert prefix_cost(PLAIN, 999, 1.0) == 99_900
    assert prefix_cost(PLAIN, 1000, 1.0) == 10_000


@pytest.mark.parametrize("name", names())
@pytest.mark.parametrize("rung", ["cheap", "primary", "fallback", "tertiary"])
def test_at_the_share_it_names_the_two_prefixes_of_a_real_model_cost_the_same(name: str, rung: str) -> None:
    price = getattr(preset(name), rung).price
    long = max(LEAST, price.cache_min)
    share = break_even(price, long=long)
    if share is None:  # it is so long that it costs more from the cache than the short one does plain
        assert prefix_cost(price, long, 1.0) > prefix_cost(price, SHORT, 0.0)
        return
    assert prefix_cost(price, long, share) == pytest.approx(prefix_cost(price, SHORT, 0.0))
    assert share > 0.8  # what the choice of the short prefix rests on


@pytest.mark.parametrize(
    ("provider", "model", "percent"),
    [("openai", "gpt-5.6-luna", 88), ("openai", "gpt-6-luna", 86), ("anthropic", "claude-haiku-5-5", 86)],
)
def test_the_shares_that_the_documentation_names_are_the_ones_reckoned(
    provider: str, model: str, percent: int
) -> None:
    share = break_even(priced(provider, model))
    assert share is not None
    assert round(100 * share) == percent


def test_what_is_saved_at_best_is_the_difference_when_it_is_always_found() -> None:
    assert most_saved(PLAIN, short=200, long=1000) == 20_000 - 10_000
    assert most_saved(PLAIN, short=50, long=1000) == 5_000 - 10_000


def test_the_table_names_every_model_of_every_preset() -> None:
    lines = list(table())
    for name in names():
        chosen = preset(name)
        for rung in (chosen.cheap, chosen.primary, chosen.fallback, chosen.tertiary):
            assert any(line.startswith(f"{rung.provider}/{rung.model}: ") for line in lines)
