"""How long a worker's event loop is ever held up while models are asked through litellm, its import included.

A timer is late because the loop did too much at once, or because no core was free. The kernel says how long the thread stood in
the queue for one (`schedstat`), so the two are told apart: lateness without that wait is the loop's own doing.
"""

from __future__ import annotations

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from drills.inthread import free_port
from runtime.app import settle_heap
from runtime.clock import clock_of
from runtime.models.breaker import LocalBreakers
from runtime.models.caller import Caller
from runtime.models.ladder import Ladder
from runtime.ports import ModelOrder, ModelReply, Prompt
from runtime.settings import PROVIDERS
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import Ground

AT_ONCE = 20
WAVES = 10
LATENCY_S = 0.1
TICK_S = 0.002
SERVER_WITHIN_S = 20.0
SCHEMA = {
    "type": "object",
    "properties": {"moves": {"type": "array"}, "language": {"type": "string"}},
    "required": ["moves", "language"],
    "additionalProperties": False,
}
PROMPT = Prompt(
    system="The rules of an assistant. " * 200,
    turn="person: can I do this myself?",
    canary="c",
    schema=SCHEMA,
    max_tokens=200,
)
ORDER = ModelOrder(tenant_id=1, preset="fast", overrides={}, route="full", purpose="draft", deadline_s=5.0)


async def run(ground: Ground) -> Row:
    settle_heap()  # as a worker does before its first turn
    starting, first, warm, failing = [], [], [], []
    own: list[float] = []
    answered = asked = 0
    for _ in range(ground.rounds):
        async with _providers() as urls, Caller(lambda _: "k", urls) as caller:
            async with watched() as held:
                assert await caller.ready()
            starting.append(held.longest_s)
            own.append(held.own_s)
            async with watched() as held:
                await _wave(caller)
            first.append(held.longest_s)
            own.append(held.own_s)
            async with watched() as held:
                replies = [reply for _ in range(ground.size(WAVES)) for reply in await _wave(caller)]
            warm.append(held.longest_s)
            own.append(held.own_s)
            answered += sum(reply is not None for reply in replies)
            asked += len(replies)
        async with Caller(lambda _: "k", dict.fromkeys(PROVIDERS, "http://127.0.0.1:9")) as caller:
            assert await caller.ready()
            async with watched() as held:
                await _wave(caller)
            failing.append(held.longest_s)
            own.append(held.own_s)
    return Row(
        name="model-stall",
        work=f"{AT_ONCE} models asked at once through litellm: the longest the worker's loop was held up",
        figures=(
            Figure(
                what="ever, in any round",
                unit="ms",
                value=spread([1000 * max(*starting, *first, *warm, *failing)]),
                goal=50,
            ),
            Figure(
                what="ever, by what the loop itself did", unit="ms", value=spread([1000 * max(own)]), goal=50
            ),
            Figure(what="while they are asked", unit="ms", value=spread(s * 1000 for s in warm), goal=50),
            Figure(
                what="while they are asked for the first time",
                unit="ms",
                value=spread(s * 1000 for s in first),
                goal=50,
            ),
            Figure(
                what="while litellm is imported",
                unit="ms",
                value=spread(s * 1000 for s in starting),
                goal=50,
            ),
            Figure(
                what="while every provider is away",
                unit="ms",
                value=spread(s * 1000 for s in failing),
                goal=50,
            ),
        ),
        checks={"every one was answered": answered == asked > 0},
        notes=(
            f"providers on loopback that answer after {LATENCY_S * 1000:.0f} ms, in a process of their own",
        ),
    )


@dataclass(slots=True)
class Held:
    """How late a timer of the loop was at worst, in seconds, and how late without the wait for a core."""

    longest_s: float = 0.0
    own_s: float = 0.0


@asynccontextmanager
async def watched() -> AsyncIterator[Held]:
    """Watches the running loop until left."""
    held = Held()

    async def tick() -> None:
        last, queued = time.perf_counter(), _queued_s()
        while True:
            await asyncio.sleep(TICK_S)
            now, by_now = time.perf_counter(), _queued_s()
            late = now - last - TICK_S
            held.longest_s = max(held.longest_s, late)
            held.own_s = max(held.own_s, late - (by_now - queued))
            last, queued = now, by_now

    ticking = asyncio.create_task(tick())
    await asyncio.sleep(TICK_S)
    try:
        yield held
    finally:
        ticking.cancel()
        await asyncio.gather(ticking, return_exceptions=True)


def _queued_s() -> float:
    """How long this thread has waited for a core so far: the second number, in nanoseconds; 0 where the kernel does not say."""
    try:
        told = Path(f"/proc/self/task/{threading.get_native_id()}/schedstat").read_text(encoding="ascii")
    except OSError:
        return 0.0
    return int(told.split()[1]) / 1e9


async def _wave(caller: Caller) -> Sequence[ModelReply | None]:
    """As many as a busy worker has open, over all three providers."""
    ladders = [
        Ladder(call=caller, keys=frozenset({provider}), breakers=LocalBreakers(), clock=clock_of(0))
        for provider in PROVIDERS
    ]

    async def ask(n: int) -> ModelReply | None:
        try:
            return await ladders[n % len(ladders)].ask(replace(PROMPT, turn=f"{PROMPT.turn} {n}"), ORDER)
        except Exception:
            return None

    return await asyncio.gather(*(ask(n) for n in range(AT_ONCE)))


@asynccontextmanager
async def _providers() -> AsyncIterator[dict[str, str]]:
    """The three providers in a process of their own, so that only the caller is measured."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "drills.sandbox.models", "--port", str(port), "--latency", str(LATENCY_S)),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(SERVER_WITHIN_S):
            lines = [(await process.stdout.readline()).decode().strip() for _ in PROVIDERS]
        yield {
            name.removeprefix("CONVO_").removesuffix("_URL").lower(): url
            for name, _, url in (line.partition("=") for line in lines)
        }
    finally:
        process.terminate()
        await process.wait()
