"""The only file that knows litellm: a process of its own that asks models for a worker, one line of JSON a request.

    python -m runtime.llm < requests > answers        (started by runtime/models/caller.py, and by nobody else)

litellm takes seconds to import, and stalls the loop it runs in; here nobody minds. Whatever it prints or logs goes nowhere: this
process has no log, and of an error only its kind is answered, since the words of one may quote a prompt.

In:  {"id": 1, "op": "ask" | "embed", "key": ..., "url": ..., ...}  and  {"cancel": 1}
Out: {"ready": true}, then {"id": 1, "text": ..., ...} or {"id": 1, "failed": <Attempt.result>, "billed": ..., "counts": ...}
"""

from __future__ import annotations

import asyncio
import gc
import hashlib
import json
import logging
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, BinaryIO

LONGEST_LINE = 64 * 1024 * 1024  # pictures travel in the request
LONGEST_ANSWER = 64 * 1024
BACKSTOP_S = 1.0  # the worker keeps the time and cancels; this is for a worker that has forgotten
NOWHERE = "http://127.0.0.1:9"  # the discard port: refuses at once, which loads all that a first call would
_OURS = frozenset(
    {"openai", "anthropic", "gemini", "vertex_ai-language-models", "vertex_ai-embedding-models"}
)
_BILLING = (
    "api key not valid",
    "billing",
    "credit balance",
    "insufficient_quota",
    "exceeded your current quota",
    "payment",
)
_NEVER_CONNECTED = frozenset({"ConnectError", "ConnectTimeout", "ClientConnectorError", "PoolTimeout"})
_TIMED_OUT = frozenset({"Timeout", "ReadTimeout", "WriteTimeout", "TimeoutError", "SocketTimeoutError"})
_BROKE_OFF = frozenset(
    {"ReadError", "WriteError", "RemoteProtocolError", "ServerDisconnectedError", "ClientPayloadError"}
)


def main() -> None:
    """Answers until its input ends. Its output is kept for answers: nothing else can write there."""
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    asyncio.run(_serve(sys.stdin.buffer, answers))


# ---- the process -------------------------------------------------------------------------------------------------------


async def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LONGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), requests)
    running: dict[int, asyncio.Task[None]] = {}

    def ended(task: asyncio.Task[None]) -> None:
        running.pop(int(task.get_name()), None)

    def say(document: Mapping[str, Any]) -> None:
        answers.write(json.dumps(document).encode() + b"\n")

    try:
        await _warm()
    except ImportError:
        say({"broken": "litellm is not installed"})
        return
    say({"ready": True})
    async for line in reader:
        asked = json.loads(line)
        if "cancel" in asked:
            if (task := running.get(asked["cancel"])) is not None:
                task.cancel()
            continue
        task = asyncio.create_task(_answered(asked, say), name=str(asked["id"]))
        running[asked["id"]] = task
        task.add_done_callback(ended)
    for task in list(running.values()):  # the worker has gone: its requests end with it
        task.cancel()
    await _litellm().close_litellm_async_clients()


async def _answered(asked: Mapping[str, Any], say: Any) -> None:
    doing = embed(asked) if asked["op"] == "embed" else ask(asked)
    try:
        async with asyncio.timeout(asked["timeout_s"] + BACKSTOP_S):
            came = await doing
    except asyncio.CancelledError:
        return  # nobody waits for it
    except Exception as error:
        came = failure(error)
    say({"id": asked["id"], **came})


async def _warm() -> None:
    """Imports litellm and walks one call of each provider's path as far as a closed door, so that the first turn need not."""
    _litellm()
    for provider in ("anthropic", "openai", "gemini"):
        asked = {
            "provider": provider,
            "model": {
                "anthropic": "claude-haiku-4-5",
                "openai": "gpt-4.1-mini",
                "gemini": "gemini-2.5-flash",
            }[provider],
            "system": "warm",
            "turn": "warm",
            "schema": {"type": "object"},
            "max_tokens": 64,
            "timeout_s": 1.0,
            "key": "none",
            "url": NOWHERE,
        }
        try:
            await ask(asked)
        except Exception as error:
            failure(error)
    gc.collect()
    gc.freeze()  # two million objects that will never be garbage need not be looked at again


# ---- litellm -----------------------------------------------------------------------------------------------------------


def _litellm() -> Any:
    """litellm with all it does unasked switched off. What it reads at import stands in the environment: see caller.py."""
    import litellm

    from runtime.models import guard

    guard.install()
    library: Any = litellm
    if library.drop_params is not True:
        library.drop_params = True  # a parameter that a model does not take is left out, not an error
        library.num_retries = None
        library.DEFAULT_MAX_RETRIES = 0  # of embeddings, which take no parameter for it
        library.telemetry = False
        library.suppress_debug_info = True
        library.turn_off_message_logging = True
        library.redact_messages_in_exceptions = True
        library.disable_end_user_cost_tracking = True
        library.callbacks = library.success_callback = library.failure_callback = []
        for name in ("LiteLLM", "LiteLLM Router", "LiteLLM Proxy", "httpx", "openai", "asyncio"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)
        _lightened(library)
    return library


def _lightened(library: Any) -> None:
    """Some 35 MB less: what it would load or keep for providers that are never asked, and to count what providers count."""
    library.encoding = library.main.encoding = _Bytes()
    for name in [n for n, entry in library.model_cost.items() if entry.get("litellm_provider") not in _OURS]:
        del library.model_cost[name]


class _Bytes:
    """In the place of a tokenizer with a table of its own: it counts bytes, and no tokenizer counts more."""

    name = "bytes"

    def encode(self, text: str, **_: Any) -> list[int]:
        return list(text.encode())


async def ask(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """One chat request, exactly once. Raises whatever litellm raises."""
    reply = await _litellm().acompletion(**parameters(asked))
    choice, usage = reply.choices[0], getattr(reply, "usage", None)
    refused = choice.finish_reason == "content_filter" or bool(
        (getattr(choice.message, "provider_specific_fields", None) or {}).get("refusal")
    )
    details = getattr(usage, "prompt_tokens_details", None)
    return {
        "text": None if refused else (choice.message.content or "")[:LONGEST_ANSWER],
        "cut": choice.finish_reason == "length",
        "tokens_in": getattr(usage, "prompt_tokens", None) or None,
        "tokens_out": getattr(usage, "completion_tokens", None),
        "read": getattr(details, "cached_tokens", None) or 0,
        "written": getattr(usage, "cache_creation_input_tokens", None) or 0,
    }


async def embed(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """One embedding request. Raises whatever litellm raises."""
    more = {"dimensions": asked["dimensions"]} if asked.get("dimensions") else {}
    reply = await _litellm().aembedding(
        model=f"{asked['provider']}/{asked['model']}",
        input=list(asked["texts"]),
        api_key=asked["key"],
        api_base=asked["url"],
        timeout=asked["timeout_s"],
        num_retries=0,
        max_retries=0,
        **more,
    )
    vectors = [row["embedding"] for row in sorted(reply.data, key=lambda row: row["index"])]
    return {"vectors": vectors, "tokens_in": getattr(reply.usage, "prompt_tokens", None) or None}


def parameters(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """What litellm is called with. Nothing says who is talking: no user, no metadata, no header of ours."""
    provider, schema = asked["provider"], asked["schema"]
    made: dict[str, Any] = {
        "model": f"{provider}/{asked['model']}",
        "messages": _messages(asked),
        "max_tokens": asked["max_tokens"],
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "strict": _strict(schema), "schema": schema},
        },
        "api_key": asked["key"],
        "api_base": asked["url"],
        "timeout": asked["timeout_s"],
        "num_retries": 0,
        "max_retries": 0,
        "stream": False,
    }
    if asked.get("temperature") is not None:
        made["temperature"] = asked["temperature"]
    if asked.get("effort"):
        made["reasoning_effort"] = asked["effort"]
    if provider == "openai":
        made["store"] = False  # the answer is not kept for later retrieval
        made["prompt_cache_key"] = hashlib.sha256(asked["system"].encode()).hexdigest()[:32]
    return made


def _messages(asked: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    system: Any = asked["system"]
    if asked["provider"] == "anthropic" and asked.get("cached"):
        # Elsewhere a mark is worse than useless: for Gemini litellm makes a second request of it.
        system = [{"type": "text", "text": system, "cache_control": {"type": "ephemeral"}}]
    turn: Any = asked["turn"]
    if asked.get("pictures"):
        shown = [{"type": "image_url", "image_url": {"url": url}} for url in asked["pictures"]]
        turn = [{"type": "text", "text": turn}, *shown]
    return [{"role": "system", "content": system}, {"role": "user", "content": turn}]


def _strict(schema: Any) -> bool:
    """Whether OpenAI would take the schema as strict: every object closed, and all its properties required."""
    if isinstance(schema, list):
        return all(map(_strict, schema))
    if not isinstance(schema, dict):
        return True
    if schema.get("type") == "object" and (
        schema.get("additionalProperties") is not False
        or set(schema.get("required", ())) != set(schema.get("properties", {}))
    ):
        return False
    return all(map(_strict, schema.values()))


# ---- what went wrong ---------------------------------------------------------------------------------------------------


def failure(error: BaseException) -> Mapping[str, Any]:
    """An error as one of Attempt's results, by what the provider or the network said; litellm's own classes say less."""
    names = {type(each).__name__ for each in _chain(error)}
    if names & _NEVER_CONNECTED:
        return _failed("timeout" if "ConnectTimeout" in names else "unreachable")
    if "AnswerTooLong" in names:
        return _failed("malformed", billed=True)
    if (status := _status(error)) is not None:
        return _of_status(status, str(error)[:2000].lower())
    if names & _TIMED_OUT:
        return _failed("timeout", billed=True)
    if names & _BROKE_OFF:
        return _failed("unreachable", billed=True)
    if type(error).__name__ in ("UnsupportedParamsError", "TypeError", "KeyError"):
        return _failed("bad_request")  # it never left
    return _failed("server_error", billed=True)  # status 200, and nothing in it that can be read


def _of_status(status: int, words: str) -> Mapping[str, Any]:
    broke = status in (400, 429) and any(word in words for word in _BILLING)
    if broke or status in (401, 402, 403):
        return _failed("budget")
    match status:
        case 408:
            return _failed("timeout", billed=True)
        case 429:
            return _failed("rate_limited")
        case 503 | 529:
            return _failed("overloaded")
        case _ if status == 404 or status < 400:
            # No such model there, or it is elsewhere, where nobody follows: it will be no better next time.
            return _failed("bad_request", counts=True)
        case _ if status < 500:
            return _failed("bad_request")
        case _:
            return _failed("server_error", billed=True)


def _failed(result: str, *, billed: bool = False, counts: bool | None = None) -> Mapping[str, Any]:
    return {"failed": result, "billed": billed, "counts": counts}


def _status(error: BaseException) -> int | None:
    """The status the provider really answered with, where it answered."""
    for each in _chain(error):
        status = getattr(getattr(each, "response", None), "status_code", None)
        if isinstance(status, int) and type(each).__name__.endswith("StatusError"):
            return status
    for each in _chain(error):  # openai's own errors carry it as well
        status = getattr(each, "status_code", None)
        if isinstance(status, int) and type(each).__module__.startswith("openai"):
            return status
    return None


def _chain(error: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen and len(seen) < 20:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


if __name__ == "__main__":
    main()
