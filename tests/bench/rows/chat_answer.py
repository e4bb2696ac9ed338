"""Row 7: from the 200 of a visitor's message until the answer stands on their page, on an otherwise idle system."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import suppress
from statistics import median, quantiles
from uuid import uuid4

import httpx2

from drills.demo import DEMO_START
from drills.town import Plan, Town, town
from runtime.clock import offset_to
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import Ground

EACH_ROUND = 15
PAUSE_S = 0.4  # idle in between; also keeps one address below its limit of posts a minute
ANSWER_WITHIN_S = 15.0


async def run(ground: Ground) -> Row:
    async with (
        town(plan(ground, "chat"), lambda _: None) as there,
        httpx2.AsyncClient(base_url=there.web, trust_env=False, timeout=ANSWER_WITHIN_S) as http,
    ):
        await asyncio.sleep(2)
        await answers(there, http, 3)
        rounds = [await answers(there, http, ground.size(EACH_ROUND)) for _ in range(ground.rounds)]
    return Row(
        name="chat",
        work="web-chat answer without model, on the page after the ack, idle system",
        figures=(
            Figure(
                what="95th percentile",
                unit="ms",
                value=spread(quantiles(times, n=20, method="inclusive")[18] for times in rounds),
                goal=300,
            ),
            Figure(what="median", unit="ms", value=spread(median(times) for times in rounds)),
        ),
        checks={"every message was answered": all(len(t) == ground.size(EACH_ROUND) for t in rounds)},
        notes=("read from the page's own stream of events; each visitor is new and asks one question",),
    )


def plan(ground: Ground, name: str) -> Plan:
    """The demo's town with fsync on, in a folder of the bench."""
    folder = ground.folder / name
    folder.mkdir()
    return Plan(
        folder=folder,
        tenants=ground.tenants,
        today=DEMO_START.date(),
        clock_offset_s=offset_to(DEMO_START),
        durable=True,
        port=0,
        logs=folder / "logs",
    )


async def answers(there: Town, http: httpx2.AsyncClient, visitors: int) -> Sequence[float]:
    """Milliseconds from ack to answer, one visitor after the other."""
    took = []
    for n in range(visitors):
        tenant = there.rolled[n % len(there.rolled)].bundle
        connection = next(c.id for c in tenant.connections.values() if c.channel == "webchat")
        asked = [claim.questions[0] for claim in tenant.claims.values() if claim.questions]
        with suppress(TimeoutError):
            took.append(await _answer(http, connection, asked[n * 7 % len(asked)]))
        await asyncio.sleep(PAUSE_S)
    return took


async def _answer(http: httpx2.AsyncClient, connection: str, question: str) -> float:
    http.cookies.clear()
    (await http.get(f"/chat/{connection}")).raise_for_status()
    async with (
        asyncio.timeout(ANSWER_WITHIN_S),
        http.stream("GET", f"/chat/{connection}/stream?after=0") as stream,
    ):
        answered = asyncio.create_task(_first_of_ours(stream.aiter_lines()))
        await asyncio.sleep(0.05)
        posted = await http.post(f"/chat/{connection}/messages", json={"id": uuid4().hex, "text": question})
        acknowledged = time.perf_counter()
        posted.raise_for_status()
        return 1000 * (await answered - acknowledged)


async def _first_of_ours(lines: AsyncIterator[str]) -> float:
    async for line in lines:
        if line.startswith("data:") and any(x["ours"] for x in json.loads(line[5:])["lines"]):
            return time.perf_counter()
    raise ConnectionError("the stream ended")
