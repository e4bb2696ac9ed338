"""Every fault a provider can have, through litellm over real HTTP: one request a rung, one result, and no word anywhere."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, get_args

import pytest
import pytest_asyncio

from drills.sandbox.models import Asked, Fault, ModelServer, model_server
from drills.sandbox.models_wire import Provider
from runtime.clock import clock_of
from runtime.models import derive
from runtime.models.breaker import LocalBreakers
from runtime.models.call import CallFailed, Request
from runtime.models.caller import Caller, environment
from runtime.models.ladder import Ladder
from runtime.ports import Attempt, ModelDown, ModelOrder, ModelReply, Picture, Prompt
from runtime.settings import PROVIDERS
from runtime.telemetry import configure

pytestmark = pytest.mark.asyncio(loop_scope="module")

MOVES = {"moves": [{"handoff": "unclear"}], "language": "en-GB"}
SCHEMA = {
    "type": "object",
    "properties": {
        "moves": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"handoff": {"type": "string"}},
                "required": ["handoff"],
                "additionalProperties": False,
            },
        },
        "language": {"type": "string"},
    },
    "required": ["moves", "language"],
    "additionalProperties": False,
}
PROMPT = Prompt(
    system="You are Dave. Orchards blossom. " * 150,
    turn="person: Barnaby drives a Vauxhall",
    canary="c0ffee",
    schema=SCHEMA,
    max_tokens=200,
)
WORDS = ("Barnaby", "Vauxhall", "Orchards", "c0ffee", "sk-EXAMPLE")
ORDER = ModelOrder(tenant_id=7, preset="fast", overrides={}, route="full", purpose="draft", deadline_s=5.0)
MODEL: dict[Provider, str] = {
    "openai": "gpt-5.6-luna",
    "anthropic": "claude-haiku-5-5",
    "gemini": "gemini-3.5-flash-lite",
}
EXPECTED: dict[Fault, str] = {
    "400": "bad_request",
    "billing": "budget",
    "quota": "budget",
    "401": "budget",
    "403": "budget",
    "429": "rate_limited",
    "500": "server_error",
    "503": "overloaded",
    "529": "overloaded",
    "timeout": "timeout",
    "slow": "timeout",
    "trickle": "timeout",
    "truncated": "malformed",
    "cut_body": "unreachable",
    "wrong_schema": "malformed",
    "prose": "malformed",
    "refusal": "refused",
    "empty": "malformed",
    "no_usage": "answered",
    "overcounted": "answered",
    "undercounted": "answered",
    "drop": "unreachable",
    "html": "server_error",
    "html_ok": "server_error",
    "huge": "malformed",
    "huge_packed": "malformed",
    "huge_error": "server_error",
    "redirect": "bad_request",
}
UNPAID = ("400", "billing", "quota", "401", "403", "429", "503", "529", "redirect")


@dataclass(slots=True)
class Line:
    """A ladder whose models are on loopback, and what was logged meanwhile."""

    server: ModelServer
    caller: Caller
    logged: io.StringIO

    def ladder(self, *providers: str) -> Ladder:
        return Ladder(
            call=self.caller,
            keys=frozenset(providers or PROVIDERS),
            breakers=LocalBreakers(),
            clock=clock_of(0),
        )

    async def alone(self, provider: Provider, **changed: Any) -> tuple[Attempt, ModelReply | None]:
        """What one provider came to, when it is the only one there is a key for."""
        try:
            reply = await self.ladder(provider).ask(PROMPT, replace(ORDER, **changed))
        except ModelDown as down:
            return next(a for a in down.attempts if a.provider == provider), None
        return reply.attempts[-1], reply

    async def sent(self, provider: Provider, prompt: Prompt = PROMPT, **changed: Any) -> Asked:
        await self.ladder(provider).ask(prompt, replace(ORDER, **changed))
        return self.server.requests[-1]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def started() -> AsyncIterator[tuple[ModelServer, Caller]]:
    async with model_server(brain=lambda _: MOVES, slow_s=1.0) as server:
        urls = {provider: server.url_of(provider) for provider in get_args(Provider)}
        async with Caller(lambda _: "sk-EXAMPLE", urls) as caller:
            assert await caller.ready()
            yield server, caller


@pytest_asyncio.fixture(loop_scope="module")
async def line(started: tuple[ModelServer, Caller]) -> Line:
    server, caller = started
    server.faults = {}
    server.requests.clear()
    server.strays.clear()
    logged = io.StringIO()
    configure("json", process="test", stream=logged)
    return Line(server=server, caller=caller, logged=logged)


# ---- faults ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", EXPECTED)
async def test_every_fault_is_one_request_and_one_result_and_no_word_of_the_prompt_is_logged(
    line: Line, provider: Provider, fault: Fault
) -> None:
    line.server.fail("*", fault)
    late = EXPECTED[fault] == "timeout"
    attempt, _ = await line.alone(provider, deadline_s=0.5 if late else 5.0)
    assert attempt.result == EXPECTED[fault]
    assert len(line.server.requests) + len(line.server.strays) == 1
    assert (attempt.cost_micropence == 0) == (fault in UNPAID)
    assert not [word for word in WORDS if word in line.logged.getvalue()]


async def test_every_fault_on_the_menu_is_expected_to_be_something() -> None:
    assert set(EXPECTED) == set(get_args(Fault))


@pytest.mark.parametrize("fault", ["429", "500", "529", "drop", "truncated", "refusal"])
async def test_the_fallback_answers_when_the_primary_does_not(line: Line, fault: Fault) -> None:
    line.server.fail("openai", fault)
    reply = await line.ladder().ask(PROMPT, ORDER)
    assert (reply.provider, reply.rung) == ("anthropic", "fallback")
    assert [asked.provider for asked in line.server.requests] == ["openai", "anthropic"]


async def test_a_primary_that_hangs_leaves_time_for_the_fallback(line: Line) -> None:
    line.server.fail("openai", "timeout")
    reply = await line.ladder().ask(PROMPT, replace(ORDER, deadline_s=2.0))
    assert (reply.rung, reply.attempts[0].result) == ("fallback", "timeout")
    assert reply.latency_ms < 2000


async def test_with_all_providers_down_each_was_asked_once(line: Line) -> None:
    line.server.fail("*", "503")
    with pytest.raises(ModelDown) as down:
        await line.ladder().ask(PROMPT, ORDER)
    assert [a.result for a in down.value.attempts] == ["overloaded"] * 3
    assert sorted(asked.provider for asked in line.server.requests) == sorted(PROVIDERS)
    assert str(down.value) == "no model answered in time"


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_huge_answer_is_cut_off_and_stalls_nobody_else(line: Line, provider: Provider) -> None:
    healthy: Provider = "gemini" if provider == "openai" else "openai"
    line.server.fail(provider, "huge")
    line.server.flooded = 0
    before = peak_mb(line.caller, anew=True)
    cut, *others = await asyncio.gather(
        line.alone(provider), *(line.alone(healthy, deadline_s=3.0) for _ in range(5))
    )
    assert cut[0].result == "malformed"
    assert cut[0].tokens_out > 0  # it is paid for, who knows how dear
    assert [attempt.result for attempt, _ in others] == ["answered"] * 5
    assert peak_mb(line.caller) - before < 50
    assert line.server.flooded < 50


@pytest.mark.parametrize("provider", PROVIDERS)
@pytest.mark.parametrize("fault", ["overcounted", "undercounted"])
async def test_counts_that_cannot_be_are_counted_as_if_there_were_none(
    line: Line, provider: Provider, fault: Fault
) -> None:
    line.server.fail("*", "no_usage")
    uncounted, _ = await line.alone(provider)
    line.server.fail("*", fault)
    attempt, _ = await line.alone(provider)
    assert replace(attempt, latency_ms=0) == replace(uncounted, latency_ms=0)
    assert attempt.cost_micropence > 0


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_nobody_follows_a_provider_elsewhere(line: Line, provider: Provider) -> None:
    line.server.fail(provider, "redirect")
    attempt, _ = await line.alone(provider)
    assert attempt.result == "bad_request"
    assert [asked.path for asked in line.server.requests if "elsewhere" in asked.path] == []
    assert (len(line.server.requests), line.server.strays) == (1, [])


async def test_an_embedding_is_cut_off_and_not_followed_either(line: Line) -> None:
    expected: dict[Fault, str] = {"huge": "malformed", "redirect": "bad_request"}
    for provider, model in (("openai", "text-embedding-3-small"), ("gemini", "gemini-embedding-001")):
        for fault, result in expected.items():
            line.server.fail("*", fault)
            line.server.requests.clear()
            with pytest.raises(CallFailed, match=result):
                await line.caller.embed(provider, model, ["a"], timeout_s=5)
            assert len(line.server.requests) == 1


async def test_an_address_where_nobody_listens_is_unreachable_and_costs_nothing() -> None:
    async with Caller(lambda _: "k", {"openai": "http://127.0.0.1:9/v1"}) as caller:
        assert await caller.ready()
        with pytest.raises(CallFailed) as failed:
            await caller(request("openai"))
        assert (failed.value.result, failed.value.billed) == ("unreachable", False)


# ---- answers ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_each_provider_answers_in_the_shape_asked_for_and_counts_its_cache(
    line: Line, provider: Provider
) -> None:
    prompt = replace(PROMPT, system=f"{provider} again. " + PROMPT.system)
    first = await line.ladder(provider).ask(prompt, ORDER)
    second = await line.ladder(provider).ask(prompt, ORDER)
    assert json.loads(second.json_text) == MOVES
    assert first.cached_tokens == 0
    assert second.cached_tokens == -(-len(prompt.system) // 4)
    assert second.cost_micropence < first.cost_micropence
    assert (second.tokens_in, second.tokens_out) == (first.tokens_in, first.tokens_out)


async def test_the_prefix_is_the_same_bytes_turn_after_turn(line: Line) -> None:
    for provider in get_args(Provider):
        one = await line.sent(provider)
        two = await line.sent(provider, replace(PROMPT, turn="person: something else"))
        assert one.system == two.system == PROMPT.system
        assert one.turn != two.turn


# ---- what is sent ----------------------------------------------------------------------------------------------------------


async def test_openai_is_told_to_keep_nothing_and_to_answer_by_the_schema_alone(line: Line) -> None:
    asked = await line.sent("openai")
    assert asked.document["store"] is False
    assert asked.document["response_format"]["json_schema"]["strict"] is True
    assert asked.schema == SCHEMA
    assert (asked.document["reasoning_effort"], asked.temperature) == ("none", 0.2)
    assert asked.document["prompt_cache_key"]
    assert set(asked.document) == {
        *("messages", "model", "max_completion_tokens", "prompt_cache_key", "reasoning_effort"),
        *("response_format", "store", "temperature"),
    }


async def test_anthropic_is_given_the_schema_and_the_mark_of_what_to_cache(line: Line) -> None:
    asked = await line.sent("anthropic")
    assert asked.marked
    assert asked.schema == SCHEMA
    assert asked.temperature is None
    assert set(asked.document) == {"messages", "model", "max_tokens", "output_format", "system"}


async def test_gemini_is_given_the_schema_in_its_own_form_and_one_request_only(line: Line) -> None:
    asked = await line.sent("gemini")
    assert asked.schema == SCHEMA
    assert set(asked.document) == {"contents", "system_instruction", "generationConfig"}
    assert line.server.strays == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_nothing_says_who_is_talking_and_the_key_is_in_a_header_alone(
    line: Line, provider: Provider
) -> None:
    asked = await line.sent(provider, replace(PROMPT, turn="hello"))
    told = asked.path + json.dumps(dict(asked.headers)) + asked.body.decode()
    assert asked.path.count("sk-EXAMPLE") + asked.body.count(b"sk-EXAMPLE") == 0
    assert "convo" not in told.lower()
    assert not {"user", "metadata", "safety_identifier"} & set(asked.document)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_picture_reaches_the_model_as_a_picture(line: Line, provider: Provider) -> None:
    png = Picture(media_type="image/png", data=b"\x89PNG\r\n\x1a\nEXAMPLE")
    asked = await line.sent(provider, replace(PROMPT, pictures=(png,)), vision=True)
    assert asked.pictures == 1


async def test_a_schema_openai_would_not_take_as_strict_is_not_called_so(line: Line) -> None:
    loose = {"type": "object", "properties": {"moves": {"type": "array", "items": {"type": "object"}}}}
    asked = await line.sent("openai", replace(PROMPT, schema=loose))
    assert asked.document["response_format"]["json_schema"]["strict"] is False


async def test_a_model_litellm_does_not_know_is_asked_all_the_same(line: Line) -> None:
    own = {"primary": {"provider": "openai", "model": "gpt-of-tomorrow"}}
    asked = await line.sent("openai", overrides=own)
    assert asked.model == "gpt-of-tomorrow"


# ---- embeddings ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("provider", "model"), [("openai", "text-embedding-3-small"), ("gemini", "gemini-embedding-001")]
)
async def test_texts_are_embedded_in_order_by_one_request(line: Line, provider: str, model: str) -> None:
    vectors, tokens = await line.caller.embed(provider, model, ["blue sky", "blue sky", "law"], timeout_s=5)
    assert vectors[0] == vectors[1] != vectors[2]
    assert tokens
    assert len(line.server.requests) == 1


async def test_an_embedding_that_fails_is_not_asked_for_again(line: Line) -> None:
    line.server.fail("*", "500")
    with pytest.raises(CallFailed, match="server_error"):
        await line.caller.embed("openai", "text-embedding-3-small", ["a"], timeout_s=5)
    assert len(line.server.requests) == 1


# ---- the process -----------------------------------------------------------------------------------------------------------


async def test_it_is_told_no_secret_and_nothing_that_leads_litellm_elsewhere() -> None:
    given = {
        "PATH": "/bin",
        "OPENAI_API_KEY": "sk-EXAMPLE",
        "OPENAI_BASE_URL": "https://elsewhere.example",
        "DATABASE_URL": "postgresql://x",
        "CONVO_PEPPER": "env:X",
        "LITELLM_MODE": "DEV",
    }
    told = environment(given)
    assert told["PATH"] == "/bin"
    assert told["LITELLM_MODE"] == "PRODUCTION"
    assert not {"OPENAI_API_KEY", "OPENAI_BASE_URL", "DATABASE_URL", "CONVO_PEPPER"} & set(told)


async def test_when_it_dies_the_call_fails_and_another_process_answers_the_next(line: Line) -> None:
    line.server.fail("*", "timeout")
    calling = asyncio.create_task(line.caller(request("openai")))
    while not line.server.requests:  # noqa: ASYNC110  (the server offers no event)
        await asyncio.sleep(0.01)
    dead = line.caller.pid
    assert dead is not None
    os.kill(dead, signal.SIGKILL)
    with pytest.raises(CallFailed) as failed:
        await calling
    assert (failed.value.result, failed.value.billed, failed.value.counts) == ("unreachable", True, False)
    line.server.faults = {}
    answer = await line.caller(replace(request("openai"), timeout_s=30.0))
    assert answer.text is not None
    assert line.caller.pid != dead


async def test_a_call_before_it_is_ready_is_not_held_against_the_provider() -> None:
    async with Caller(lambda _: "k") as caller:
        with pytest.raises(CallFailed) as failed:
            await caller(replace(request("openai"), timeout_s=0.05))
        assert (failed.value.result, failed.value.counts) == ("no_time", False)
        pid = caller.pid
    assert pid is not None
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def peak_mb(caller: Caller, *, anew: bool = False) -> int:
    """Of the memory that the process ever took, or from now on."""
    if anew:
        Path(f"/proc/{caller.pid}/clear_refs").write_text("5")
    said = Path(f"/proc/{caller.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) // 1024 for line in said if line.startswith("VmHWM"))


def request(provider: str) -> Request:
    return Request(
        provider=provider,
        model=MODEL[provider],  # type: ignore[index]
        system="s",
        turn="t",
        pictures=(),
        schema=SCHEMA,
        max_tokens=100,
        timeout_s=5.0,
    )


async def test_the_process_loads_no_tokenizer_and_keeps_what_it_knows_of_the_models_we_ask() -> None:
    """Only what is for others goes: a model that it does not know would lose its parameters."""
    asked = (
        "import asyncio, json, sys, runtime.llm as process; asyncio.run(process._warm()); import litellm; "
        "print(json.dumps(['litellm.litellm_core_utils.default_encoding' in sys.modules, "
        "litellm.encoding.encode('żó'), list(litellm.model_cost)]))"
    )
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-c", asked],
        capture_output=True,
        text=True,
        check=True,
        env=environment(os.environ),
    )
    loaded, counted, known = json.loads(done.stdout)
    assert not loaded
    assert len(counted) == 4
    ours = {name for name, e in derive.shipped_map().items() if e.get("litellm_provider") in PROVIDERS}
    assert ours <= set(known)
    assert len(known) < len(derive.shipped_map()) / 4
