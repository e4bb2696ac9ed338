"""The ladder asks each rung once, by its own time, counts what each cost, and never says more than it knows."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from runtime.models.asking import WRAPPING_TOKENS, Asking, sent_bytes
from runtime.models.breaker import FAILURES, OPEN_S, LocalBreakers
from runtime.models.call import Answer, CallFailed, Request
from runtime.models.ladder import Ladder
from runtime.models.presets import preset
from runtime.ports import Attempt, ModelDown, ModelOrder, Picture, Prompt
from runtime.telemetry import configure
from tests.conftest import ManualClock

ALL = frozenset(("anthropic", "openai", "gemini"))
GOOD = Answer(text='{"moves": []}', tokens_in=1000, tokens_out=10)
SCHEMA = {
    "type": "object",
    "properties": {"moves": {"type": "array"}},
    "required": ["moves"],
    "additionalProperties": False,
}
PROMPT = Prompt(
    system="You are Dave.",
    turn="person: Barnaby asked about a Vauxhall",
    canary="c",
    schema=SCHEMA,
    max_tokens=400,
)
ORDER = ModelOrder(tenant_id=1, preset="fast", overrides={}, route="full", purpose="draft", deadline_s=5.0)

Does = Answer | CallFailed | Exception | Callable[[Request], Coroutine[Any, Any, Answer]]


@dataclass(slots=True)
class Play:
    """Models that do what they are told, provider by provider, and remember what they were asked."""

    does: dict[str, Does]
    clock: ManualClock = field(default_factory=ManualClock)
    keys: frozenset[str] = ALL
    takes_s: float = 0.1
    asked: list[Request] = field(default_factory=list)
    breakers: LocalBreakers = field(default_factory=LocalBreakers)
    begun: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, request: Request) -> Answer:
        self.asked.append(request)
        self.begun.set()
        done = self.does.get(request.provider, GOOD)
        self.clock.advance(self.takes_s)
        if isinstance(done, Exception):
            raise done
        return done if isinstance(done, Answer) else await done(request)

    @property
    def ladder(self) -> Ladder:
        return Ladder(call=self, keys=self.keys, breakers=self.breakers, clock=self.clock)

    async def fails(self, order: ModelOrder = ORDER, prompt: Prompt = PROMPT) -> Sequence[Attempt]:
        with pytest.raises(ModelDown) as down:
            await self.ladder.ask(prompt, order)
        return down.value.attempts


async def hang(_: Request) -> Answer:
    await asyncio.Event().wait()
    raise AssertionError("nobody sets it")


async def stubborn(_: Request) -> Answer:
    """Does not let itself be cancelled."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.sleep(5)
    return GOOD


def results(attempts: Sequence[Attempt]) -> list[tuple[str, str]]:
    return [(attempt.rung, attempt.result) for attempt in attempts]


# ---- who is asked --------------------------------------------------------------------------------------------------------


def worst_of(rung: str, name: str = "fast") -> int:
    """What one attempt of the preset's rung may come to at most: a token for every byte, none from a cache."""
    asking = Asking(prompt=PROMPT, order=ORDER, rung=getattr(preset(name), rung), left_s=5, more=True)
    price, out = asking.rung.price, asking.max_tokens
    sent = sent_bytes(PROMPT) + WRAPPING_TOKENS
    return max(price.cost(tokens_in=sent, tokens_out=out, written=w) for w in (0, sent))


async def test_nobody_is_asked_whose_worst_would_cost_more_than_is_left() -> None:
    dear = worst_of("primary")
    assert worst_of("fallback") < dear  # so the next one may be asked where the first may not
    play = Play({})
    reply = await play.ladder.ask(PROMPT, replace(ORDER, most_micropence=dear - 1))
    assert results(reply.attempts) == [("primary", "no_money"), ("fallback", "answered")]
    assert reply.attempts[0].cost_micropence == 0
    reply = await play.ladder.ask(PROMPT, replace(ORDER, most_micropence=dear))
    assert results(reply.attempts) == [("primary", "answered")]


async def test_what_the_rungs_before_may_have_cost_counts_against_what_is_left() -> None:
    play = Play({"anthropic": CallFailed("timeout", billed=True)})
    most = worst_of("primary", "quality")
    assert most < worst_of("fallback", "quality")
    reply = await play.ladder.ask(PROMPT, replace(ORDER, preset="quality", most_micropence=most))
    assert results(reply.attempts) == [
        ("primary", "timeout"),
        ("fallback", "no_money"),
        ("tertiary", "answered"),
    ]
    lost = reply.attempts[0].cost_micropence
    assert 0 < lost < lost + worst_of("tertiary", "quality") <= most
    attempts = await play.fails(
        replace(ORDER, preset="quality", most_micropence=worst_of("tertiary", "quality") - 1)
    )
    assert {result for _, result in results(attempts)} == {"no_money"}


@pytest.mark.parametrize("name", ["fast", "quality", "vision"])
async def test_no_answer_that_is_believed_costs_more_than_the_order_may(name: str) -> None:
    for rung in ("cheap", "primary", "fallback", "tertiary"):
        asking = Asking(prompt=PROMPT, order=ORDER, rung=getattr(preset(name), rung), left_s=5, more=True)
        most = sent_bytes(PROMPT) + WRAPPING_TOKENS
        for written in (0, most):
            claimed = replace(GOOD, tokens_in=most, tokens_out=asking.max_tokens, written=written)
            cost = asking.answered(claimed, 1).cost_micropence
            enough = replace(asking, order=replace(ORDER, most_micropence=cost))
            short = replace(asking, order=replace(ORDER, most_micropence=cost - 1))
            assert not short.affordable
            assert (
                enough.affordable or written == 0
            )  # what goes into a cache may cost more than what does not


async def test_the_first_answer_is_taken_and_nobody_else_is_asked() -> None:
    play = Play({})
    reply = await play.ladder.ask(PROMPT, ORDER)
    assert (reply.rung, reply.provider, reply.json_text) == ("primary", "openai", '{"moves": []}')
    assert len(play.asked) == 1


@pytest.mark.parametrize(
    "result",
    ["timeout", "rate_limited", "overloaded", "server_error", "budget", "bad_request", "unreachable"],
)
async def test_a_rung_that_fails_is_asked_once_and_the_next_one_answers(result: str) -> None:
    play = Play({"openai": CallFailed(result)})
    reply = await play.ladder.ask(PROMPT, ORDER)
    assert results(reply.attempts) == [("primary", result), ("fallback", "answered")]
    assert [request.provider for request in play.asked] == ["openai", "anthropic"]


async def test_when_all_fail_every_attempt_is_told() -> None:
    play = Play(dict.fromkeys(ALL, CallFailed("server_error")))
    attempts = await play.fails()
    assert results(attempts) == [(rung, "server_error") for rung in ("primary", "fallback", "tertiary")]
    assert len(play.asked) == 3


async def test_a_provider_without_a_key_is_skipped_and_named() -> None:
    play = Play({}, keys=frozenset({"gemini"}))
    reply = await play.ladder.ask(PROMPT, ORDER)
    assert results(reply.attempts) == [
        ("primary", "no_key"),
        ("fallback", "no_key"),
        ("tertiary", "answered"),
    ]
    assert [request.provider for request in play.asked] == ["gemini"]


async def test_a_checker_is_another_provider_than_the_drafter() -> None:
    play = Play({})
    order = replace(ORDER, route="simple", purpose="check", avoid="anthropic")
    reply = await play.ladder.ask(PROMPT, order)
    assert reply.provider != "anthropic"
    assert reply.attempts[-1].independent


async def test_with_one_key_alone_the_checker_is_the_same_provider_and_says_so() -> None:
    play = Play({}, keys=frozenset({"anthropic"}))
    order = replace(ORDER, route="simple", purpose="check", avoid="anthropic")
    reply = await play.ladder.ask(PROMPT, order)
    assert (reply.provider, reply.attempts[-1].independent) == ("anthropic", False)


# ---- what is asked -------------------------------------------------------------------------------------------------------


async def test_a_model_that_takes_no_temperature_is_given_none() -> None:
    play = Play({"openai": CallFailed("server_error")})
    await play.ladder.ask(PROMPT, ORDER)
    luna, haiku = play.asked
    assert (luna.temperature, luna.effort) == (0.2, "none")
    assert (haiku.temperature, haiku.effort) == (None, None)


async def test_a_check_is_asked_without_any_freedom_and_takes_what_its_questions_take() -> None:
    play = Play({})
    order = replace(ORDER, purpose="check", overrides={"max_tokens": 64})
    await play.ladder.ask(replace(PROMPT, max_tokens=300), order)
    assert (play.asked[0].temperature, play.asked[0].max_tokens) == (0.0, 300)


async def test_a_tenants_own_length_of_a_draft_wins() -> None:
    play = Play({})
    await play.ladder.ask(PROMPT, replace(ORDER, overrides={"max_tokens": 800}))
    assert play.asked[0].max_tokens == 800


async def test_only_a_prefix_that_its_provider_would_keep_is_marked_for_the_cache() -> None:
    play = Play({"openai": CallFailed("server_error")})
    await play.ladder.ask(PROMPT, ORDER)
    await play.ladder.ask(replace(PROMPT, system="rules " * 500), ORDER)
    haikus = [request.cached for request in play.asked if request.provider == "anthropic"]
    assert haikus == [False, True]


# ---- time ----------------------------------------------------------------------------------------------------------------


async def test_a_failover_still_fits_into_the_time_of_an_order() -> None:
    play = Play({"openai": CallFailed("timeout")}, takes_s=0.0)
    order = replace(ORDER, deadline_s=3.0)
    await play.ladder.ask(PROMPT, order)
    first, second = play.asked
    assert first.timeout_s == pytest.approx(3.0 * 0.55)
    assert 3.0 - first.timeout_s >= 0.7
    assert second.timeout_s > 0.7


async def test_nobody_gets_more_than_the_preset_allows_or_the_order_has_left() -> None:
    play = Play({"openai": CallFailed("timeout")}, takes_s=4.2)
    await play.ladder.ask(PROMPT, ORDER)
    assert play.asked[0].timeout_s == preset("fast").primary.timeout_s
    assert play.asked[1].timeout_s == pytest.approx(0.8)


async def test_without_time_left_no_model_is_asked() -> None:
    play = Play({"openai": CallFailed("timeout")}, takes_s=4.9)
    attempts = await play.fails()
    assert results(attempts) == [("primary", "timeout"), ("fallback", "no_time"), ("tertiary", "no_time")]
    assert len(play.asked) == 1


@pytest.mark.parametrize("late", [hang, stubborn])
async def test_who_does_not_answer_is_left_at_the_deadline_whatever_it_does(late: Does) -> None:
    play = Play({"openai": late}, takes_s=0.0)
    began = asyncio.get_running_loop().time()
    reply = await play.ladder.ask(PROMPT, replace(ORDER, overrides={"timeout_ms": 500}))
    assert asyncio.get_running_loop().time() - began < 3.0
    assert results(reply.attempts) == [("primary", "timeout"), ("fallback", "answered")]


async def test_a_turn_that_is_given_up_ends_the_call_and_lets_go_of_the_trial() -> None:
    play = Play({"openai": hang}, takes_s=0.0)
    for _ in range(FAILURES):
        await play.breakers.report("openai", "gpt-5.6-luna", "failed", trial=False, now=play.clock.now())
    play.clock.advance(OPEN_S)
    asking = asyncio.create_task(play.ladder.ask(PROMPT, ORDER))
    await asyncio.wait_for(play.begun.wait(), 5)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await play.breakers.admit("openai", "gpt-5.6-luna", now=play.clock.now()) == "trial"


# ---- the breaker ---------------------------------------------------------------------------------------------------------


async def test_three_failures_in_a_row_and_the_model_is_not_asked_for_a_minute() -> None:
    play = Play({"openai": CallFailed("overloaded")})
    for _ in range(3):
        await play.ladder.ask(PROMPT, ORDER)
    reply = await play.ladder.ask(PROMPT, ORDER)
    assert results(reply.attempts) == [("primary", "breaker_open"), ("fallback", "answered")]
    play.does = {}
    play.clock.advance(OPEN_S)
    assert (await play.ladder.ask(PROMPT, ORDER)).rung == "primary"


@pytest.mark.parametrize(
    "said",
    [
        CallFailed("bad_request"),
        CallFailed("no_time"),
        Answer(text=None, tokens_in=10, tokens_out=2),
        Answer(text='{"moves": 7}', tokens_in=10, tokens_out=2),
    ],
    ids=["our own fault", "not started", "a refusal", "wrong JSON"],
)
async def test_what_says_nothing_against_the_provider_does_not_open_its_breaker(said: Does) -> None:
    play = Play({"openai": said})
    for _ in range(5):
        await play.ladder.ask(PROMPT, ORDER)
    assert sum(request.provider == "openai" for request in play.asked) == 5


async def test_who_was_hardly_given_time_has_not_failed() -> None:
    play = Play(dict.fromkeys(ALL, CallFailed("timeout")))
    for _ in range(5):
        await play.fails(replace(ORDER, deadline_s=0.9))
    assert [state.failures for state in await play.breakers.states(play.clock.now())] == []


# ---- what came back ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Certainly!",
        '{"moves": [',
        '{"answer": "Hello"}',
        '{"moves": [], "more": 1}',
        "[]",
        '{"moves": [NaN]}',
        '{"moves": [], "moves": []}',
        '{"moves": ' + "[" * 5000 + "]" * 5000 + "}",
        '{"moves": [' + " " * 40_000 + "]}",
        '{"moves": ["\\u0000"]}',
        '{"moves": ["\x00"]}',
        '{"moves": [{"say": "half \\ud83d of it"}]}',
        '{"moves": [{"say": "half \ud83d of it"}]}',
        '{"moves": [{"\\udc00": "a key"}]}',
    ],
)
async def test_an_answer_of_another_shape_is_malformed_and_the_next_rung_is_asked(text: str) -> None:
    play = Play({"openai": Answer(text=text, tokens_in=10, tokens_out=2)})
    reply = await play.ladder.ask(PROMPT, ORDER)
    assert results(reply.attempts) == [("primary", "malformed"), ("fallback", "answered")]


async def test_a_fault_of_our_own_is_the_next_rung_and_its_words_are_nowhere() -> None:
    lines = io.StringIO()
    configure("json", process="test", stream=lines)
    play = Play({"openai": ValueError(PROMPT.turn)})
    reply = await play.ladder.ask(PROMPT, ORDER)
    assert results(reply.attempts)[0] == ("primary", "unreachable")
    assert "ValueError" in lines.getvalue()
    assert "Barnaby" not in lines.getvalue()


async def test_no_attempt_and_no_exception_holds_a_word_of_the_prompt() -> None:
    lines = io.StringIO()
    configure("json", process="test", stream=lines)
    play = Play(
        {
            "openai": Answer(text="Barnaby", tokens_in=1, tokens_out=1),
            "anthropic": CallFailed("server_error", billed=True),
            "gemini": Answer(text=None),
        }
    )
    with pytest.raises(ModelDown) as down:
        await play.ladder.ask(PROMPT, ORDER)
    assert "Barnaby" not in repr(down.value.attempts) + str(down.value) + lines.getvalue()
    assert lines.getvalue().count("model rung gave nothing") == 3


# ---- what it cost --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "counts",
    [
        {"tokens_in": 10**19, "tokens_out": 10},
        {"tokens_in": 100, "tokens_out": 10**19},
        {"tokens_in": 100, "tokens_out": 401},
        {"tokens_in": -1, "tokens_out": 10},
        {"tokens_in": 100, "tokens_out": -1},
        {"tokens_in": 100, "tokens_out": 10, "read": -5},
        {"tokens_in": 100, "tokens_out": 10, "written": -(10**19)},
        {"tokens_in": 100, "tokens_out": 10, "read": 101},
        {"tokens_in": 100.5, "tokens_out": 10},
        {"tokens_in": True, "tokens_out": 10},
        {"tokens_in": "100", "tokens_out": 10},
    ],
)
async def test_a_count_that_cannot_be_is_not_believed(counts: dict[str, Any]) -> None:
    play = Play({"openai": Answer(text='{"moves": []}', **counts)})
    reply = await play.ladder.ask(PROMPT, ORDER)
    worst = Play({"openai": Answer(text='{"moves": []}')})
    expected = await worst.ladder.ask(PROMPT, ORDER)
    assert (reply.tokens_in, reply.tokens_out) == (expected.tokens_in, expected.tokens_out)
    assert reply.cost_micropence == expected.cost_micropence > 0


async def test_a_breaker_that_breaks_is_a_rung_that_gave_nothing_and_no_error_of_the_turn() -> None:
    class Broken(LocalBreakers):
        async def admit(self, provider: str, model: str, *, now: Any) -> Any:
            raise RuntimeError(PROMPT.turn)

    lines = io.StringIO()
    configure("json", process="test", stream=lines)
    play = Play({}, breakers=Broken())
    assert [attempt.result for attempt in await play.fails()] == ["unreachable"] * 3
    assert "Barnaby" not in lines.getvalue()


async def test_a_prompt_nobody_can_send_is_models_down_and_not_an_error() -> None:
    assert await Play({}).fails(prompt=replace(PROMPT, schema={"type": object()})) == ()


async def test_the_cost_is_the_providers_count_at_the_price_table() -> None:
    play = Play({"openai": Answer(text='{"moves": []}', tokens_in=1000, tokens_out=10, read=900)})
    reply = await play.ladder.ask(PROMPT, ORDER)
    rates = preset("fast").primary.price.rates
    assert reply.cost_micropence == 100 * rates.input + 900 * rates.read + 10 * rates.output
    assert (reply.tokens_in, reply.cached_tokens) == (1000, 900)


async def test_failed_rungs_are_part_of_what_a_reply_cost() -> None:
    play = Play({"openai": Answer(text="no", tokens_in=500, tokens_out=5)})
    reply = await play.ladder.ask(PROMPT, ORDER)
    assert reply.cost_micropence == sum(attempt.cost_micropence for attempt in reply.attempts)
    assert reply.attempts[0].cost_micropence > 0
    assert reply.tokens_in == 1500


@pytest.mark.parametrize(
    "uncounted",
    [CallFailed("timeout", billed=True), Answer(text=None), Answer(text='{"moves": []}', tokens_in=0)],
)
async def test_what_nobody_counted_is_counted_at_the_worst(uncounted: Does) -> None:
    play = Play(dict.fromkeys(ALL, uncounted))
    try:
        first = (await play.ladder.ask(PROMPT, ORDER)).attempts[0]
    except ModelDown as down:
        first = down.attempts[0]
    sent = len(json.dumps([PROMPT.system, PROMPT.turn, SCHEMA]).encode())
    assert sent == sent_bytes(PROMPT)
    assert (first.tokens_in, first.tokens_out) == (-(-sent // 2), 400)
    rates = preset("fast").primary.price.rates
    assert first.cost_micropence == first.tokens_in * max(rates.input, rates.write) + 400 * rates.output


async def test_an_error_the_provider_answered_with_costs_nothing() -> None:
    play = Play(dict.fromkeys(ALL, CallFailed("rate_limited")))
    assert sum(attempt.cost_micropence for attempt in await play.fails()) == 0


async def test_a_picture_nobody_counted_is_counted_as_tokens_not_as_bytes() -> None:
    picture = Picture(media_type="image/png", data=b"x" * 1_000_000)
    play = Play(dict.fromkeys(ALL, CallFailed("timeout", billed=True)))
    attempts = await play.fails(replace(ORDER, vision=True), replace(PROMPT, pictures=(picture,)))
    assert 5_000 < attempts[0].tokens_in < 6_000
