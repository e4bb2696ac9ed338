"""Which models an order leads to, in which order, and what a tenant may set otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import pytest

from runtime.models.presets import OverridesRefused, names, preset, rungs_of
from runtime.ports import ModelOrder


def order(
    route: Literal["simple", "full"] = "full", overrides: Mapping[str, Any] | None = None, **more: Any
) -> ModelOrder:
    return ModelOrder(
        tenant_id=1,
        preset=more.pop("preset", "fast"),
        overrides=overrides or {},
        route=route,
        purpose=more.pop("purpose", "draft"),
        deadline_s=5.0,
        **more,
    )


def asked(of: ModelOrder) -> list[tuple[str, str]]:
    return [(rung.name, rung.provider) for rung in rungs_of(of)]


def test_the_presets_are_those_a_persona_may_name(repository: Path) -> None:
    schema = json.loads((repository / "schemas/tenant/persona.schema.json").read_text(encoding="utf-8"))
    assert set(names()) == set(schema["properties"]["preset"]["enum"])


@pytest.mark.parametrize("name", names())
def test_every_preset_falls_back_over_all_three_providers(name: str) -> None:
    assert sorted(provider for _, provider in asked(order(preset=name))) == ["anthropic", "gemini", "openai"]


def test_a_full_turn_begins_with_the_primary_and_a_simple_one_with_the_cheap_model() -> None:
    assert [name for name, _ in asked(order("full"))] == ["primary", "fallback", "tertiary"]
    assert asked(order("simple"))[0][0] == "cheap"


@pytest.mark.parametrize("name", names())
def test_no_model_is_asked_twice(name: str) -> None:
    rungs = rungs_of(order("simple", preset=name))
    assert len({(rung.provider, rung.model) for rung in rungs}) == len(rungs)


@pytest.mark.parametrize("name", names())
def test_a_simple_turn_whose_cheap_model_fails_has_every_model_of_the_full_one_left(name: str) -> None:
    simple, full = (
        {(rung.provider, rung.model) for rung in rungs_of(order(route, preset=name))}
        for route in ("simple", "full")
    )
    assert full < simple


@pytest.mark.parametrize("name", names())
def test_the_first_three_asked_are_of_three_providers_whatever_the_route(name: str) -> None:
    for route in ("simple", "full"):
        assert len({provider for _, provider in asked(order(route, preset=name))[:3]}) == 3


@pytest.mark.parametrize("own", ["openai", "anthropic", "gemini"])
def test_after_a_cheap_model_of_the_tenants_own_another_provider_is_asked(own: str) -> None:
    rungs = rungs_of(order("simple", {"cheap": {"provider": own, "model": "small-one"}}))
    assert (rungs[0].provider, rungs[0].model) == (own, "small-one")
    assert rungs[1].provider != own


@pytest.mark.parametrize("name", names())
def test_the_cheap_model_costs_no_more_than_the_primary(name: str) -> None:
    chosen = preset(name)
    work = {"tokens_in": 2000, "tokens_out": 100}
    assert chosen.cheap.price.cost(**work) <= chosen.primary.price.cost(**work)


def test_a_provider_to_avoid_is_asked_last() -> None:
    rungs = asked(order("simple", purpose="check", avoid="anthropic"))
    assert rungs[-1][1] == "anthropic"
    assert rungs[0][1] != "anthropic"


def test_pictures_are_shown_only_to_models_that_can_look() -> None:
    blind = {"primary": {"provider": "openai", "model": "gpt-3.5-turbo"}}
    assert asked(order(overrides=blind))[0] == ("primary", "openai")
    assert asked(order(overrides=blind, vision=True))[0] == ("fallback", "anthropic")


def test_a_tenants_own_models_come_first_and_the_third_is_another_provider() -> None:
    own = {
        "primary": {"provider": "gemini", "model": "gemini-3.6-flash"},
        "fallback": {"provider": "anthropic", "model": "claude-sonnet-5"},
    }
    rungs = rungs_of(order(overrides=own))
    assert [(r.provider, r.model) for r in rungs[:2]] == [
        ("gemini", "gemini-3.6-flash"),
        ("anthropic", "claude-sonnet-5"),
    ]
    assert rungs[2].provider == "openai"


@pytest.mark.parametrize("rung", ["cheap", "primary", "fallback", "tertiary"])
def test_a_tenant_may_choose_the_model_of_every_rung(rung: str) -> None:
    mine = {"provider": "gemini", "model": "gemini-3.7-flash"}
    chosen = preset("fast", {rung: mine})
    assert getattr(chosen, rung).model == "gemini-3.7-flash"
    assert (getattr(chosen, rung).provider, getattr(chosen, rung).name) == ("gemini", rung)


def test_the_tenants_third_model_stands_even_where_its_provider_is_asked_twice() -> None:
    own = {"tertiary": {"provider": "openai", "model": "gpt-5.4-nano"}}
    assert [(r.name, r.model) for r in rungs_of(order(overrides=own))][2] == ("tertiary", "gpt-5.4-nano")


def test_a_tenants_limits_hold_for_every_rung() -> None:
    limits = {"temperature_percent": 0, "max_tokens": 800, "timeout_ms": 1200}
    for rung in rungs_of(order("simple", limits)):
        assert (rung.temperature_percent, rung.max_tokens, rung.timeout_s) == (0, 800, 1.2)


def test_a_model_nobody_has_a_price_for_is_asked_and_counted_at_the_dearest() -> None:
    (first, *_) = rungs_of(order(overrides={"primary": {"provider": "openai", "model": "gpt-next"}}))
    assert first.model == "gpt-next"
    assert not first.price.known


@pytest.mark.parametrize(
    "overrides",
    [
        {"temprature_percent": 20},
        {"temperature_percent": 101},
        {"temperature_percent": True},
        {"max_tokens": "400"},
        {"timeout_ms": 60_000},
        {"primary": {"provider": "acme", "model": "x"}},
        {"primary": {"provider": "openai"}},
        {"primary": {"provider": "openai", "model": "x", "api_base": "http://elsewhere.example"}},
        {"primary": "gpt"},
        {"tertiary": {"provider": "openai"}},
        {"cheap": {"provider": "acme", "model": "x"}},
        {"checker": {"provider": "openai", "model": "x"}},
    ],
)
def test_what_nobody_knows_is_refused_and_the_preset_is_used_as_it_is(overrides: Mapping[str, Any]) -> None:
    with pytest.raises(OverridesRefused):
        preset("fast", overrides)
    assert rungs_of(order(overrides=overrides)) == rungs_of(order())
