"""Prices are whole micropence, come from the pinned price map, and err on the dear side."""

from __future__ import annotations

import json

import pytest

from runtime.models import derive
from runtime.models.presets import names, preset
from runtime.models.prices import Priced, Rates, priced
from schemas.models import priced_by_us


def test_the_shipped_table_is_what_the_pinned_map_says() -> None:
    shipped = json.loads(derive.FILE.read_text(encoding="utf-8"))
    assert shipped == json.loads(derive.as_text(derive.derived(derive.shipped_map())))


def test_the_compiler_knows_the_models_that_have_a_price_and_no_others() -> None:
    table = derive.derived(derive.shipped_map())
    assert derive.NAMES.read_text(encoding="utf-8") == derive.names_as_text(table)
    for provider, model in (name.split("/", 1) for name in table["models"]):
        embeds = bool(table["models"][f"{provider}/{model}"].get("embeds"))
        assert priced_by_us(provider, model) is not embeds
    assert not priced_by_us("openai", "gpt-of-tomorrow")


@pytest.mark.parametrize("name", names())
def test_every_model_we_ship_stands_in_the_pinned_map_and_is_not_about_to_be_withdrawn(name: str) -> None:
    litellms = derive.shipped_map()
    chosen = preset(name)
    for rung in (chosen.cheap, chosen.primary, chosen.fallback, chosen.tertiary):
        entry = litellms.get(f"{rung.provider}/{rung.model}") or litellms[rung.model]
        assert entry["litellm_provider"] == rung.provider
        assert entry["supports_response_schema"]
        assert entry.get("deprecation_date", "9999") > "2027-06-01"
        assert rung.price.known


def test_dollars_become_pence_at_one_rate_and_are_rounded_up() -> None:
    entry = {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 1e-07,
        "output_cost_per_token": 5e-07,
    }
    made = derive.derived({"some": entry})["models"]["openai/some"]
    assert (made["input"], made["output"]) == (9, 43)  # 8.5 and 42.5 micropence
    assert (made["read"], made["write"]) == (9, 9)  # no price for cached tokens: they cost what all cost


def test_a_model_that_costs_nothing_by_the_map_is_not_free_but_unknown() -> None:
    free = {
        "litellm_provider": "gemini",
        "mode": "chat",
        "input_cost_per_token": 0,
        "output_cost_per_token": 0,
    }
    assert derive.derived({"gemini/gemma-free": free})["models"] == {}
    assert not priced("gemini", "gemma-free").known


def test_an_unknown_model_costs_as_much_as_the_dearest_of_all() -> None:
    unknown = priced("openai", "gpt-of-tomorrow")
    table = json.loads(derive.FILE.read_text(encoding="utf-8"))["models"].values()
    for field in ("input", "output", "read", "write"):
        assert getattr(unknown.rates, field) == max(
            rates.get(field, 0) for model in table for rates in (model, *model.get("above", ()))
        )
    assert not unknown.temperature


def test_tokens_from_the_cache_and_into_it_have_rates_of_their_own() -> None:
    model = Priced(rates=Rates(input=10, output=100, read=1, write=12))
    assert model.cost(tokens_in=1000, tokens_out=5) == 10_500
    assert model.cost(tokens_in=1000, tokens_out=5, read=900) == 1_000 + 900 + 500
    assert model.cost(tokens_in=1000, tokens_out=5, written=900) == 1_000 + 10_800 + 500


def test_a_long_prompt_costs_the_dearer_rate_for_all_of_it() -> None:
    haiku = priced("anthropic", "claude-haiku-5-5")
    tokens, above = haiku.above[0]
    assert haiku.cost(tokens_in=tokens, tokens_out=0) == tokens * haiku.rates.input
    assert haiku.cost(tokens_in=tokens + 1, tokens_out=0) == (tokens + 1) * above.input


def test_what_nobody_counted_is_counted_at_a_token_for_two_bytes_and_all_that_might_have_been_said() -> None:
    model = Priced(rates=Rates(input=10, output=100, read=1, write=12))
    assert model.worst(sent_bytes=2001, pictures=0, max_tokens=50) == (1001, 50, 1001 * 12 + 5_000)
    assert model.worst(sent_bytes=0, pictures=2, max_tokens=0)[0] == 10_000
