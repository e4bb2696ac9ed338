"""From settings to a ladder that answers, and what the doctor says of each provider by name."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping
from pathlib import Path
from typing import get_args

import pytest

from drills.sandbox.models import ModelServer, model_server
from drills.sandbox.models_wire import Provider
from runtime.app import Asking, models
from runtime.clock import clock_of
from runtime.doctor import Finding, examine
from runtime.models.breaker import LocalBreakers
from runtime.ports import EmbedderDown, ModelOrder, Prompt
from runtime.settings import Settings, SettingsError
from runtime.telemetry import configure

ORDER = ModelOrder(tenant_id=1, preset="fast", overrides={}, route="full", purpose="draft", deadline_s=5.0)
PROMPT = Prompt(system="s", turn="t", canary="c", schema={"type": "object"}, max_tokens=64)
KEY = "sk-EXAMPLE-hunter2"


def env_of(server: ModelServer) -> dict[str, str]:
    return {f"CONVO_{p.upper()}_URL": server.url_of(p) for p in get_args(Provider)}


async def test_without_any_key_there_is_no_model() -> None:
    async with models(Settings.from_env({}), LocalBreakers(), clock_of(0), {}) as asking:
        assert asking == Asking()


async def test_a_key_that_cannot_be_read_is_said_and_leaves_the_register(tmp_path: Path) -> None:
    lines = io.StringIO()
    configure("json", process="test", stream=lines)
    env = {"CONVO_OPENAI_KEY": f"file:{tmp_path}/gone"}
    async with models(Settings.from_env(env), LocalBreakers(), clock_of(0), env) as asking:
        assert asking == Asking()
    assert '"provider": "openai"' in lines.getvalue()
    assert str(tmp_path) not in lines.getvalue()


async def test_with_one_key_that_provider_answers_and_the_key_goes_nowhere_else(tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text(KEY + "\n")
    async with model_server(brain=lambda _: "{}") as server:
        env = {"CONVO_GEMINI_KEY": f"file:{key}", **env_of(server)}
        async with models(Settings.from_env(env), LocalBreakers(), clock_of(0), env) as asking:
            assert asking.ladder is not None
            reply = await asking.ladder.ask(PROMPT, ORDER)
        assert [(a.provider, a.result) for a in reply.attempts] == [
            ("openai", "no_key"),
            ("anthropic", "no_key"),
            ("gemini", "answered"),
        ]
        assert [asked.provider for asked in server.requests] == ["gemini"]
        assert server.requests[0].headers["x-goog-api-key"] == KEY


async def looked(env: Mapping[str, str]) -> Mapping[str, Finding]:
    found = await asyncio.to_thread(examine, env)
    return {each.what: each for each in found if each.what.startswith("models")}


async def test_the_doctor_names_who_answers_and_who_does_not_and_never_shows_a_key() -> None:
    async with model_server() as server:
        env = {
            **env_of(server),
            "OPENAI_API_KEY": KEY,
            "GEMINI_API_KEY": KEY,
            "CONVO_GEMINI_URL": "http://127.0.0.1:9",
        }
        found = await looked(env)
    host = server.url.removeprefix("http://")
    assert found[f"models of openai: {host} answers and takes the key"].ok
    assert found["models of gemini"].advice == "127.0.0.1:9 cannot be reached (ConnectError)"
    assert KEY not in repr(found)


async def test_the_doctor_tells_a_key_that_is_not_taken() -> None:
    async with model_server(faults={"*": "401"}) as server:
        found = await looked({**env_of(server), "ANTHROPIC_API_KEY": KEY})
    advice = found["models of anthropic"].advice
    assert advice.endswith("answers and does not take the key (status 401)")


@pytest.mark.parametrize("env", [{}, {"OPENAI_API_KEY": ""}])
async def test_the_doctor_finds_nothing_wrong_with_having_no_key(env: Mapping[str, str]) -> None:
    assert [each.ok for each in (await looked(env)).values()] == [True]


@pytest.mark.parametrize("chosen", ["openai/text-embedding-3-small", "gemini/gemini-embedding-001"])
async def test_a_provider_embeds_in_as_many_dimensions_as_we_ask_for(chosen: str) -> None:
    async with model_server() as server:
        env = {"OPENAI_API_KEY": KEY, "GEMINI_API_KEY": KEY, **env_of(server)}
        async with models(Settings.from_env(env), LocalBreakers(), clock_of(0), env) as asking:
            assert asking.remote is not None
            embedder = asking.remote(chosen)
            vectors = await embedder.embed([f"text {n}" for n in range(70)])
            assert {len(vector) for vector in vectors} == {embedder.dimensions}
            assert len(server.requests) == 2  # in batches
            server.fail("*", "timeout")
            with pytest.raises(EmbedderDown, match="timeout"):
                await embedder.embed(["a question"])


async def test_an_embedder_nobody_knows_is_refused_by_name() -> None:
    async with model_server() as server:
        env = {"OPENAI_API_KEY": KEY, **env_of(server)}
        async with models(Settings.from_env(env), LocalBreakers(), clock_of(0), env) as asking:
            assert asking.remote is not None
            with pytest.raises(SettingsError, match="CONVO_EMBEDDER is 'openai/gpt-4o'"):
                asking.remote("openai/gpt-4o")
