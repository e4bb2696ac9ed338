"""The most that a turn's models may cost is reserved before the first of them; without it the register answers."""

from __future__ import annotations

import asyncio
import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest

from runtime.engine.turn import take_turn
from runtime.messages import Outcome, Turn
from runtime.ports import DatabaseDown, ModelDown, ModelOrder, ModelReply, Prompt
from schemas.record import Limits
from tests.unit.engine.test_drafting import GOOD, TIMED_OUT, Agreeing, Model, take
from tests.unit.engine.world import WordSearch, bundle, turn


@dataclass
class Purse:
    """Answers as told, and remembers what it was asked for before the first model was."""

    told: Literal["reserved", "day", "person", "lost"]
    model: Model
    asked: list[tuple[int, int]] = field(default_factory=list)  # micropence, models asked by then

    async def reserve(self, turn: Turn, micropence: int) -> Literal["reserved", "day", "person", "lost"]:
        self.asked.append((micropence, len(self.model.orders)))
        return self.told


def paid(pence: int = 2) -> Turn:
    limits = Limits(
        inbound_per_contact_per_minute=10, outbound_per_minute=60, concurrency=4, pence_per_turn=pence,
        cheaper_from_percent=80, credits_per_month=None, credits_warn_at_percent=None,
    )  # fmt: skip
    return turn("zebra crossing rules", active=dataclasses.replace(bundle(), limits=limits))


def with_purse(of: Turn, model: Model, purse: Purse, checker: Agreeing | None = None) -> Outcome:
    return asyncio.run(take_turn(of, WordSearch(of.active), model, checker, model.clock, purse=purse))


def test_what_a_turn_may_cost_is_reserved_once_and_before_the_first_model() -> None:
    model = Model([[{"say": "Happy to help."}, *GOOD]])
    purse = Purse("reserved", model)
    outcome = with_purse(paid(), model, purse, Agreeing())
    assert purse.asked == [(2_000_000, 0)]
    assert outcome.audit["model"] is not None


@pytest.mark.parametrize(
    ("told", "rule"),
    [("day", "day-budget-taken"), ("person", "person-budget-taken"), ("lost", "lease-lost")],
)
def test_without_the_money_no_model_is_asked_and_the_register_answers(told: Any, rule: str) -> None:
    model = Model([GOOD])
    outcome = with_purse(paid(), model, Purse(told, model))
    assert model.orders == []
    assert outcome.audit["route"] == {"route": "none", "rule": rule}
    assert outcome.audit["rung"] != "primary"
    assert outcome.cost_micropence == 0
    assert outcome.audit["alerts"] == []


def test_a_purse_that_is_away_leaves_the_turn_to_the_register() -> None:
    class Away(Purse):
        async def reserve(self, turn: Turn, micropence: int) -> Literal["reserved", "day", "person", "lost"]:
            raise DatabaseDown

    model = Model([GOOD])
    outcome = with_purse(paid(), model, Away("reserved", model))
    assert model.orders == []
    assert outcome.sends


def test_a_turn_that_is_decided_without_a_model_reserves_nothing() -> None:
    model = Model([GOOD])
    purse = Purse("reserved", model)
    with_purse(dataclasses.replace(paid(), human_owner="Carol"), model, purse)
    assert purse.asked == []


def test_each_call_may_cost_what_the_turn_has_left() -> None:
    model = Model([[{"claim": "NOPE"}], GOOD])
    take(paid(), model, Agreeing())
    assert [order.most_micropence for order in model.orders] == [2_000_000, 2_000_000 - 100]


def test_a_bundle_without_limits_sets_none() -> None:
    model = Model([GOOD])
    take(turn("zebra crossing rules"), model)
    assert [order.most_micropence for order in model.orders] == [None]


def test_models_that_cost_too_much_are_not_models_that_are_down() -> None:
    class Dear(Model):
        async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
            self.orders.append(order)
            results = ("no_money", "no_key", "no_money")
            raise ModelDown("", tuple(dataclasses.replace(TIMED_OUT, result=r) for r in results))

    outcome = take(paid(), Dear([]))
    assert outcome.audit["alerts"] == []
    assert {"rung": "model", "result": "no money", "findings": []} in outcome.audit["attempts"]
