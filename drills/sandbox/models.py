"""A loopback server shaped like the three model providers, with faults to order and a brain that answers.

async with model_server(brain=Sensible(), faults={"anthropic": "529"}) as server:
    ...                                            # server.url_of("openai") is what a client is pointed at
assert server.requests[0].body                     # the very bytes it received

python -m drills.sandbox.models --port 8370 [--latency SECONDS]
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import inspect
import json
import math
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, get_args
from urllib.parse import urlsplit

from drills.sandbox.models_wire import (
    CACHE_FROM_TOKENS,
    Asked,
    Provider,
    Usage,
    answered,
    embedded,
    error,
    read,
    refused,
    tokens,
)

__all__ = ["FAULTS", "Asked", "Brain", "Fault", "Faults", "ModelServer", "model_server"]

Fault = Literal[
    "400",  # our request is at fault
    "billing",  # 400 with the words for an empty account (402 where the provider has it)
    "quota",  # 429 with the words for an empty account
    "401",
    "403",
    "429",  # with Retry-After: 47
    "500",
    "503",
    "529",
    "timeout",  # the request is read and nothing ever comes
    "slow",  # the answer comes after `slow_s`
    "trickle",  # a byte now and then, so that a time limit per read never ends it
    "truncated",  # the JSON of the moves stops in the middle
    "cut_body",  # the connection ends in the middle of the envelope
    "wrong_schema",
    "prose",
    "refusal",
    "empty",
    "no_usage",
    "overcounted",  # 10**19 tokens
    "undercounted",  # fewer than none
    "drop",  # the connection ends before a byte of the answer
    "html",  # a page of a proxy, status 502
    "html_ok",  # the same, status 200
    "huge",  # status 200 and an answer of HUGE_MB, as fast as it is read
    "huge_packed",  # the same in a few hundred kilobytes of gzip
    "huge_error",  # the same, status 500
    "redirect",  # 307 to an address that would answer
]
FAULTS: tuple[Fault, ...] = get_args(Fault)
Moves = str | Mapping[str, Any]
Brain = Callable[[Asked], Moves | Awaitable[Moves]]
# A fault for ever, or one after the other and then none; by provider, by model, or `*`. Or whoever decides by the request.
Faults = Mapping[str, Fault | Sequence[Fault | None]] | Callable[[Asked], Fault | None]
RETRY_AFTER_S = 47
VECTOR_LENGTH = 64
LONGEST_BODY = 20_000_000
HUGE_MB = 400
_STATUS: Mapping[str, tuple[int, str]] = {
    "400": (400, "the request is not valid"),
    "401": (401, "invalid api key"),
    "403": (403, "permission denied"),
    "429": (429, "rate limit reached"),
    "500": (500, "internal server error"),
    "503": (503, "the service is unavailable"),
    "529": (529, "overloaded"),
    "quota": (429, "You exceeded your current quota, please check your plan and billing details."),
    "billing": (400, "Your credit balance is too low to access the API. Go to Plans & Billing."),
}
_PAGE = b"<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>"


def silent(asked: Asked) -> Moves:
    """The brain of who brings none: it always hands off."""
    del asked
    return {"moves": [{"handoff": "unclear"}], "language": "en-GB"}


@dataclass(slots=True)
class ModelServer:
    """What runs: `requests` in the order they came, `faults` and `brain` may be changed at any time."""

    brain: Brain
    latency_s: float
    slow_s: float
    faults: Faults
    port: int = 0
    requests: list[Asked] = field(default_factory=list)
    strays: list[tuple[str, bytes]] = field(default_factory=list)  # (path, body) of what no provider takes
    flooded: int = 0  # megabytes of huge answers that were taken
    _used: dict[str, int] = field(default_factory=dict)
    _cached: set[tuple[str, str, str]] = field(default_factory=set)
    _open: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def url_of(self, provider: Provider) -> str:
        """The base address in the form in which settings take it (CONVO_<PROVIDER>_URL)."""
        return self.url + {"anthropic": "", "openai": "/v1", "gemini": "/v1beta"}[provider]

    def calls(self, provider: Provider) -> int:
        """How many chat requests of this provider's came."""
        return sum(asked.provider == provider and asked.kind == "chat" for asked in self.requests)

    def fail(self, who: str, fault: Fault | Sequence[Fault | None] | None) -> None:
        """From now on `who` (a provider, a model or `*`) has this fault; None heals it."""
        kept = {} if callable(self.faults) else {k: v for k, v in self.faults.items() if k != who}
        self._used.pop(who, None)
        self.faults = kept if fault is None else {**kept, who: fault}

    # ---- one connection --------------------------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            while (request := await _request(reader)) is not None:
                if not await self._answer(*request, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the caller has gone, or the test is over
        finally:
            self._open.discard(task)
            with contextlib.suppress(Exception):
                writer.close()

    async def _answer(
        self, path: str, headers: Mapping[str, str], body: bytes, writer: asyncio.StreamWriter
    ) -> bool:
        """Whether the connection may be used again."""
        if not body:  # the list of models, by which a key is tried out
            known = urlsplit(path).path.endswith("/models") and self._fault_of("*") is None
            return await _send(writer, 200 if known else 401, b'{"data": [], "models": []}')
        try:
            asked = read(path, headers, body)
        except (ValueError, KeyError, TypeError, IndexError, AttributeError):
            self.strays.append((path, body))
            return await _send(writer, 400, b'{"error": {"message": "the request cannot be read"}}')
        if asked is None:
            self.strays.append((path, body))
            return await _send(writer, 404, b'{"error": {"message": "no such address"}}')
        self.requests.append(asked)
        fault = self._fault(asked)
        if asked.kind == "embedding" and fault is None:
            return await _send(
                writer, 200, embedded(asked, [vector(text, asked.dimensions) for text in asked.inputs])
            )
        return await self._chat(asked, fault, writer)

    async def _chat(self, asked: Asked, fault: Fault | None, writer: asyncio.StreamWriter) -> bool:
        if fault is not None and fault in _STATUS:
            status, words = _STATUS[fault]
            more = {"Retry-After": str(RETRY_AFTER_S)} if fault == "429" else {}
            return await _send(writer, status, error(asked.provider, status, words), more)
        match fault:
            case "drop":
                return False
            case "timeout":
                await asyncio.Event().wait()
            case "html" | "html_ok":
                return await _send(writer, 502 if fault == "html" else 200, _PAGE, kind="text/html")
            case "huge" | "huge_packed" | "huge_error":
                self.flooded += await _flood(
                    writer, 500 if fault == "huge_error" else 200, packed=fault == "huge_packed"
                )
                return False
            case "redirect":
                return await _send(writer, 307, b"", {"Location": f"{self.url}/elsewhere{asked.path}"})
            case "slow":
                await asyncio.sleep(self.slow_s)
            case _:
                await asyncio.sleep(self.latency_s)
        body = await self._thought(asked, fault)
        if fault == "trickle":
            return await _trickle(writer, body)
        if fault == "cut_body":
            _head(writer, 200, len(body), {}, "application/json")
            writer.write(body[: len(body) // 2])
            await writer.drain()
            return False
        return await _send(writer, 200, body)

    async def _thought(self, asked: Asked, fault: Fault | None) -> bytes:
        made = self.brain(asked)
        if inspect.isawaitable(made):
            made = await made
        text = made if isinstance(made, str) else json.dumps(made)
        if fault == "refusal":
            return refused(asked, self._usage(asked, text))
        wrong: Mapping[str | None, str] = {
            "truncated": text[: len(text) * 2 // 3],
            "wrong_schema": '{"answer": "Hello", "confidence": 0.9}',
            "prose": "Certainly! Here is what I would say to the customer.",
            "empty": "",
        }
        text = wrong.get(fault, text)
        usage = self._usage(asked, text)
        if fault == "overcounted":
            usage = Usage(prompt=10**19, answer=10**19)
        elif fault == "undercounted":
            usage = Usage(prompt=-7_000, answer=-7)
        body = answered(asked, text, usage, cut=fault == "truncated")
        if fault == "no_usage":
            document = json.loads(body)
            document |= {  # the key is always there with two of them; without it litellm takes the answer for none
                "anthropic": {"usage": {"input_tokens": 0, "output_tokens": 0}},
                "openai": {"usage": None},
                "gemini": {"usageMetadata": {}},
            }[asked.provider]
            body = json.dumps(document).encode()
        return body

    def _usage(self, asked: Asked, text: str) -> Usage:
        """Counted from the bytes; a prefix that was seen before is read from the cache, as the provider's rules have it."""
        prefix = tokens(asked.system)
        prompt = prefix + tokens(asked.turn) + tokens(json.dumps(asked.schema)) + 258 * asked.pictures
        if not asked.marked or prefix < CACHE_FROM_TOKENS[asked.provider]:
            return Usage(prompt=prompt, answer=tokens(text))
        key = (asked.provider, asked.model, hashlib.sha256(asked.system.encode()).hexdigest())
        seen = key in self._cached
        self._cached.add(key)
        if seen:
            return Usage(prompt=prompt, answer=tokens(text), read=prefix)
        written = prefix if asked.provider == "anthropic" else 0
        return Usage(prompt=prompt, answer=tokens(text), written=written)

    def _fault(self, asked: Asked) -> Fault | None:
        if callable(self.faults):
            return self.faults(asked)
        who = next((who for who in (asked.model, asked.provider, "*") if who in self.faults), None)
        return None if who is None else self._fault_of(who)

    def _fault_of(self, who: str) -> Fault | None:
        wanted = None if callable(self.faults) else self.faults.get(who)
        if wanted is None or isinstance(wanted, str):
            return wanted
        turn = self._used[who] = self._used.get(who, 0) + 1
        return wanted[turn - 1] if turn <= len(wanted) else None

    async def _close(self) -> None:
        for task in list(self._open):
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)


@asynccontextmanager
async def model_server(
    *,
    brain: Brain = silent,
    faults: Faults | None = None,
    latency_s: float | None = None,
    slow_s: float = 6.0,
    port: int = 0,
) -> AsyncIterator[ModelServer]:
    """Serves on a free loopback port until left. `latency_s`: of every answer; default: the brain's own, or none."""
    own = getattr(brain, "latency_s", 0.0)
    server = ModelServer(
        brain=brain, latency_s=own if latency_s is None else latency_s, slow_s=slow_s, faults=faults or {}
    )
    listening = await asyncio.start_server(server._serve, "127.0.0.1", port, limit=LONGEST_BODY)
    server.port = listening.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listening.close()
        await server._close()
        await listening.wait_closed()


def vector(text: str, dimensions: int | None = None) -> list[float]:
    """Words hashed into a few dimensions, of length 1: texts with words in common are near each other."""
    made = [0.0] * (dimensions or VECTOR_LENGTH)
    for word in text.lower().split():
        made[int(hashlib.sha256(word.encode()).hexdigest(), 16) % len(made)] += 1.0
    length = math.sqrt(sum(x * x for x in made)) or 1.0
    return [x / length for x in made]


# ---- just enough HTTP/1.1, so that a connection can be dropped or cut where we like ----------------------------------------


async def _request(reader: asyncio.StreamReader) -> tuple[str, Mapping[str, str], bytes] | None:
    head = await reader.readuntil(b"\r\n\r\n") if not reader.at_eof() else b""
    if not head:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return first.split(" ")[1], headers, body


def _head(writer: asyncio.StreamWriter, status: int, length: int, more: Mapping[str, str], kind: str) -> None:
    lines = [f"HTTP/1.1 {status} EXAMPLE", f"Content-Type: {kind}", f"Content-Length: {length}"]
    lines += [f"{name}: {value}" for name, value in more.items()]
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))


async def _send(
    writer: asyncio.StreamWriter,
    status: int,
    body: bytes,
    more: Mapping[str, str] | None = None,
    *,
    kind: str = "application/json",
) -> bool:
    _head(writer, status, len(body), more or {}, kind)
    writer.write(body)
    await writer.drain()
    return True


async def _flood(writer: asyncio.StreamWriter, status: int, *, packed: bool) -> int:
    """Megabytes (of them before packing) that were written until nobody took more."""
    lines = [f"HTTP/1.1 {status} EXAMPLE", "Content-Type: application/json", "Connection: close"]
    lines += ["Content-Encoding: gzip"] if packed else []
    writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    pack = zlib.compressobj(wbits=31) if packed else None
    more = b'{"x": "' + b"A" * 1_000_000
    for sent in range(HUGE_MB):
        writer.write(pack.compress(more) if pack else more)
        more = b"A" * 1_000_000
        try:
            await writer.drain()
        except ConnectionError:
            return sent
    writer.write(pack.flush() if pack else b"")
    return HUGE_MB


async def _trickle(writer: asyncio.StreamWriter, body: bytes) -> bool:
    _head(writer, 200, len(body), {}, "application/json")
    for n in range(len(body)):
        writer.write(body[n : n + 1])
        await writer.drain()
        await asyncio.sleep(0.2)
    return True


def main() -> None:
    """Serves until it is interrupted."""
    from drills.sandbox.brain import Sensible

    parser = argparse.ArgumentParser(description="a loopback server shaped like three model providers")
    parser.add_argument("--port", type=int, default=8370)
    parser.add_argument("--latency", type=float, default=0.7, help="seconds before each answer (0.7)")
    given = parser.parse_args()

    async def serve() -> None:
        async with model_server(brain=Sensible(latency_s=given.latency), port=given.port) as server:
            for provider in get_args(Provider):
                print(f"CONVO_{provider.upper()}_URL={server.url_of(provider)}", flush=True)
            await asyncio.Event().wait()

    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve())


if __name__ == "__main__":
    main()
