"""Row 12: the processor time of a turn with models, whole path, against the fifty-line alternative and the same models."""

from __future__ import annotations

import asyncio
import itertools
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, quantiles
from uuid import uuid4

import httpx2
import psycopg
from psycopg.conninfo import make_conninfo

from drills.inthread import free_port
from runtime.embedded import SUPERUSER
from tests.bench.asking import questions_of
from tests.bench.cpu import below, children_of, cpu_s, parent_of
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import (
    HOST,
    Ground,
    Site,
    everything,
    listener,
    process,
    running,
    site,
    until_ready,
)
from tests.bench.rows.memory import resident_mb

EACH_ROUND = 60
WARM = 12
MESSAGES_PER_S = 6.0
MODEL_S = 0.05
WITHIN_S = 90.0
GOAL_TIMES, GOAL_CALLS, GOAL_TOKENS, GOAL_WORKER_MB = 2.0, 2.0, 600.0, 240.0
DATABASE = "fifty"
WAITING = (
    "select 1 from conversation_queue where done_seq < last_seq union all "
    "select 1 from outbox where state in ('pending', 'sending') limit 1"
)
OURS = ("worker", "litellm's process", "web", "sender")


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """What runs: the process ids behind each name, and Postgres's own. `told`: a line for every request of a model."""

    place: Site
    pids: Mapping[str, int]
    postgres: int
    ports: Mapping[str, int]
    told: Path
    said: Sequence[str]
    http: httpx2.AsyncClient


@dataclass(frozen=True, slots=True, kw_only=True)
class Took:
    """Milliseconds of processor a message, of each process that took part."""

    ours: Mapping[str, float]
    ours_postgres: float
    fifty: float
    fifty_postgres: float

    @property
    def all_ours(self) -> float:
        return sum(self.ours.values())


async def run(ground: Ground) -> Row:
    async with AsyncExitStack() as stack:
        bench = await _opened(ground, stack)
        await _round(bench, ground.size(WARM))
        bench.told.write_text("")
        rounds = [await _round(bench, ground.size(EACH_ROUND)) for _ in range(ground.rounds)]
        told = [json.loads(line) for line in bench.told.read_text(encoding="ascii").splitlines()]
        memory = {name: resident_mb(bench.pids[name]) for name in ("worker", "litellm's process")}
        modelled = await everything(
            bench.place.made.owner,
            "select count(*), count(*) filter (where answered) from "
            "(select (select count(*) from outbox o where o.conversation_id = t.conversation_id) > 0 as answered from turn t) x",
        )
    messages = ground.rounds * ground.size(EACH_ROUND)
    ours = [each for each in told if each["ours"]]
    drafts = [each["prompt_tokens"] for each in ours if not each["checks"]]
    turns, answered = modelled[0]
    return Row(
        name="turn-model",
        work="a turn with a model, whole path from the webhook to the provider's 200, processor time, against fifty lines of "
        "Starlette and litellm",
        figures=(
            Figure(
                what="all our processes, against all of theirs",
                unit="x",
                value=spread(each.all_ours / each.fifty for each in rounds),
                goal=GOAL_TIMES,
            ),
            Figure(
                what="worker and litellm's process alone, against all of theirs",
                unit="x",
                value=spread((each.ours[OURS[0]] + each.ours[OURS[1]]) / each.fifty for each in rounds),
            ),
            Figure(
                what="all of ours with Postgres, against all of theirs with Postgres",
                unit="x",
                value=spread(
                    (each.all_ours + each.ours_postgres) / (each.fifty + each.fifty_postgres) for each in rounds
                ),
            ),
            *(
                Figure(what=f"ours: {name}", unit="ms", value=spread(each.ours[name] for each in rounds))
                for name in OURS
            ),
            Figure(what="ours: Postgres", unit="ms", value=spread(each.ours_postgres for each in rounds)),
            Figure(what="theirs", unit="ms", value=spread(each.fifty for each in rounds)),
            Figure(what="theirs: Postgres", unit="ms", value=spread(each.fifty_postgres for each in rounds)),
            Figure(what="model calls a message", unit="calls", value=spread([len(ours) / messages]), goal=GOAL_CALLS),
            Figure(what="tokens of a draft's prompt, mean", unit="tokens", value=spread([mean(drafts)]), goal=GOAL_TOKENS),
            Figure(what="tokens of a draft's prompt, p95", unit="tokens", value=spread([quantiles(drafts, n=20)[-1]])),
            Figure(
                what="tokens of a message's calls, schemas included",
                unit="tokens",
                value=spread([sum(each["tokens_in"] for each in ours) / messages]),
            ),
            Figure(
                what="memory, worker with embedder and language detection",
                unit="MB",
                value=spread([memory["worker"]]),
                goal=GOAL_WORKER_MB,
            ),
            Figure(what="memory, litellm's process", unit="MB", value=spread([memory["litellm's process"]])),
        ),
        checks={
            "every message was answered": turns == answered == messages + ground.size(WARM),
            "they asked a model once a message": len(told) - len(ours) == messages,
        },
        notes=(
            f"models answer after {MODEL_S * 1000:.0f} ms; {MESSAGES_PER_S:.0f} messages a second, each a new person's first; "
            "turn about in one run",
            f"{sum(each['checks'] for each in ours)} of {len(ours)} calls were the checker's; memory after {turns} turns",
        ),
    )  # fmt: skip


# ---- what runs ---------------------------------------------------------------------------------------------------------


async def _opened(ground: Ground, stack: AsyncExitStack) -> Bench:
    sockets = {name: stack.enter_context(listener()) for name in ("web", "fifty", "provider")}
    ports = {name: socket.getsockname()[1] for name, socket in sockets.items()}
    fds = {name: str(socket.fileno()) for name, socket in sockets.items()}
    place = await stack.enter_async_context(site(ground, "turn-model", provider_port=ports["provider"]))
    told = ground.folder / "turn-model.jsonl"
    models = free_port()
    url = f"http://{HOST}:{models}"
    keys = {f"{name}_API_KEY": "key" for name in ("ANTHROPIC", "OPENAI", "GEMINI")}
    addresses = {
        "CONVO_ANTHROPIC_URL": url,
        "CONVO_OPENAI_URL": f"{url}/v1",
        "CONVO_GEMINI_URL": f"{url}/v1beta",
    }
    alternative = {
        "BENCH_DATABASE": _database(place),
        "BENCH_MODELS": f"{url}/v1",
        "BENCH_PROVIDER": f"http://{HOST}:{ports['provider']}/messages",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    started = await stack.enter_async_context(
        running(
            process(
                place, "provider", "--fd", fds["provider"], "--slow", "0.01", module="tests.bench.provider"
            ),
            process(place, "mock", str(models), str(MODEL_S), str(told), module="tests.bench.mock"),
            process(place, "web", "web", "--fd", fds["web"]),
            process(place, "worker", "worker", env={**keys, **addresses, "CONVO_JOBS": "0"}),
            process(place, "sender", "sender"),
            process(place, "fifty", "--fd", fds["fifty"], module="tests.bench.fifty", env=alternative),
        )
    )
    await until_ready(ports["web"], len(place.rolled))
    pids = dict(started.pids())
    pids["litellm's process"] = await _child(pids["worker"])
    [(backend,)] = await everything(place.made.owner, "select pg_backend_pid()")
    return Bench(
        place=place,
        pids=pids,
        postgres=parent_of(backend),
        ports=ports,
        told=told,
        said=questions_of(place.rolled[0].bundle),
        http=await stack.enter_async_context(httpx2.AsyncClient(trust_env=False, timeout=30)),
    )


def _database(place: Site) -> str:
    """A database of their own on the same server."""
    url = place.made.server.url(SUPERUSER)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"create database {DATABASE}")
    return make_conninfo(url, dbname=DATABASE)


async def _child(worker: int) -> int:
    """Its only child asks the models. Raises TimeoutError."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := children_of(worker)):
        if time.monotonic() > deadline:
            raise TimeoutError("the worker has started no process that asks models")
        await asyncio.sleep(0.2)
    return found[0]


# ---- one round ---------------------------------------------------------------------------------------------------------


_numbers: Iterator[int] = itertools.count()


async def _round(bench: Bench, messages: int) -> Took:
    """As many messages for ours, then the same for theirs."""
    first = next(_numbers)
    for _ in range(messages - 1):
        next(_numbers)
    watched = {name: (bench.pids[name],) for name in OURS}
    ours = await _cost(bench, "web", first, messages, {**watched, "postgres": ()})
    theirs = await _cost(bench, "fifty", first, messages, {"fifty": (bench.pids["fifty"],), "postgres": ()})
    return Took(
        ours={name: ours[name] for name in OURS},
        ours_postgres=ours["postgres"],
        fifty=theirs["fifty"],
        fifty_postgres=theirs["postgres"],
    )


async def _cost(
    bench: Bench, name: str, first: int, messages: int, watched: Mapping[str, tuple[int, ...]]
) -> Mapping[str, float]:
    """Milliseconds of processor a message, by process."""

    def now() -> Mapping[str, float]:
        return {who: cpu_s(*(pids or below(bench.postgres))) for who, pids in watched.items()}

    before = now()
    await _bring(bench, bench.ports[name], first, messages)
    deadline = time.monotonic() + WITHIN_S
    while await everything(bench.place.made.owner, WAITING):
        if time.monotonic() > deadline:
            raise TimeoutError("turns or sends still wait")
        await asyncio.sleep(0.5)
    return {who: 1000 * (spent - before[who]) / messages for who, spent in now().items()}


async def _bring(bench: Bench, port: int, first: int, messages: int) -> None:
    """Webhooks at their rate; each is waited for until its 200. Raises httpx2.HTTPError."""
    began = time.monotonic()

    async def one(n: int) -> None:
        await asyncio.sleep(max(0.0, began + (n - first) / MESSAGES_PER_S - time.monotonic()))
        url = f"http://{HOST}:{port}/hooks/{bench.place.connection}"
        answer = await bench.http.post(
            url, json=_webhook(bench, n), headers={bench.place.header: bench.place.secret}
        )
        answer.raise_for_status()

    await asyncio.gather(*(one(n) for n in range(first, first + messages)))


def _webhook(bench: Bench, n: int) -> Mapping[str, object]:
    phone = f"447700900{n % 1000:03d}"
    connection = bench.place.rolled[0].bundle.connections[bench.place.connection]
    metadata = {
        "display_phone_number": "447700900100",
        "phone_number_id": connection.options.get("phone_number_id", "100000000000000"),
    }
    message = {
        "from": phone,
        "id": f"wamid.{uuid4().hex}",
        "timestamp": str(int(bench.place.made.clock.now().timestamp())),
        "type": "text",
        "text": {"body": bench.said[n * 7 % len(bench.said)]},
    }
    value = {
        "messaging_product": "whatsapp",
        "metadata": metadata,
        "contacts": [{"profile": {"name": "Sam Example"}, "wa_id": phone}],
        "messages": [message],
    }
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }
