"""A message all the way to its committed reply, with models over real HTTP and real Postgres, on every rung of the ladder."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, cast, get_args

import pytest
import pytest_asyncio

from drills.sandbox.brain import Sensible
from drills.sandbox.models import Asked, Brain, ModelServer, model_server
from drills.sandbox.models_wire import Provider
from runtime.bundles import BundleKeeper
from runtime.engine.leak import canary_of
from runtime.models.breaker import LocalBreakers
from runtime.models.caller import Caller
from runtime.models.ladder import Ladder
from runtime.settings import PROVIDERS
from runtime.storage.claims import PgClaimSearch
from runtime.storage.tenants import Owner
from runtime.telemetry import BLOCKS
from runtime.worker import Worker
from schemas.bundle import Bundle, canonical
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, bundle_bytes, message, phone, world
from tests.unit.engine.world import DOCUMENT

pytestmark = pytest.mark.asyncio(loop_scope="module")

LIMITS = {
    "inbound_per_contact_per_minute": 10,
    "outbound_per_minute": 60,
    "concurrency": 4,
    "pence_per_turn": 1,
    "cheaper_from_percent": 80,
    "credits_per_month": None,
    "credits_warn_at_percent": None,
}
SAYS = "Happy to help with that."
OPENING = ["T-D01", "T-D02", "T-D03"]
_TAKEN = (
    "claims",
    "prohibited",
    "categories",
    "opt_out",
    "handoff_words",
    "lines",
    "links",
    "quick_replies",
    "campaigns",
)


class Running(ManualClock):
    """The drill's day, on a watch that really goes."""

    def now(self) -> datetime:
        return self.at + timedelta(seconds=time.monotonic())

    def monotonic(self) -> float:
        return time.monotonic()


@dataclass
class InForce:
    """The one bundle there is: what a keeper would hand to a worker."""

    bundle: Bundle

    def in_force(self, tenant_id: int) -> Bundle:
        return self.bundle

    async def pinned(self, tenant_id: int, digest: str) -> Bundle:
        return self.bundle


class Silent:
    """No other process waits for a hint here."""

    def notify(self, topic: str) -> None:
        return

    async def wait(self, topic: str, timeout_s: float) -> bool:
        return False


@dataclass
class Town:
    """One tenant with a worker, and the providers it asks."""

    world: World
    owner: Owner
    bundle: Bundle
    providers: ModelServer
    worker: Worker
    ladder: Ladder

    async def hears(self, text: str, *, person: int = 1) -> None:
        """Somebody writes, and the worker takes the turn."""
        arrival = message(
            self.owner, self.world.clock.now(), text=text, person=phone(person), connection="tess-web-sandbox",
            channel="webchat",
        )  # fmt: skip
        await self.world.arrive(arrival)
        self.world.clock.at += timedelta(seconds=10)  # whoever waits for a second message has waited
        assert await self.worker.claim() == 1
        await self.worker.drain()

    async def said(self) -> list[Mapping[str, Any]]:
        """Every outbox row in order: its sentences as they were committed."""
        rows = await self.world.see(
            "select x.id, x.body, k.wrapped_key, x.contact_id from outbox x join contact k using (tenant_id, contact_id) "
            "order by x.created_at, x.conversation_id, x.n"
        )
        keys = self.owner.keys
        return [
            json.loads(
                keys.open_contact(row["contact_id"], row["wrapped_key"]).decrypt(
                    row["body"], table="outbox", column="body", row=row["id"]
                )
            )
            for row in rows
        ]

    async def cases(self) -> list[tuple[str, str]]:
        rows = await self.world.see("select kind, state from case_file order by opened_at, kind")
        return [(row["kind"], row["state"]) for row in rows]


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def providers() -> AsyncIterator[ModelServer]:
    async with model_server() as running:
        yield running


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def caller(providers: ModelServer) -> AsyncIterator[Caller]:
    async with Caller(
        lambda _: "sk-EXAMPLE", {p: providers.url_of(p) for p in get_args(Provider)}
    ) as running:
        assert await running.ready()
        yield running


@asynccontextmanager
async def town(
    database: Database, providers: ModelServer, caller: Caller, brain: Brain
) -> AsyncIterator[Town]:
    providers.brain, providers.faults = brain, {}
    providers.requests.clear()
    clock = Running()
    async with world(database, clock) as made:
        bundle = await made.publish(bundle_document())
        ladder = Ladder(call=caller, keys=frozenset(PROVIDERS), breakers=LocalBreakers(), clock=clock)
        yield Town(
            made,
            await made.tenant("tess", "dynamo"),
            bundle,
            providers,
            worker_of(made, bundle, ladder),
            ladder,
        )


def worker_of(made: World, bundle: Bundle, ladder: Ladder, *, concurrency: int = 8) -> Worker:
    return Worker(
        turns=made.turns,
        bundles=cast(BundleKeeper, InForce(bundle)),
        claims=PgClaimSearch(made.tenant_pool),
        model=ladder,
        checker=ladder,
        clock=made.clock,
        wake=Silent(),
        concurrency=concurrency,
        purse=made.turns,
    )


def bundle_document() -> bytes:
    """The engine tests' tenant, with the connections and the send table that a deployment needs."""
    document = json.loads(bundle_bytes("tess"))
    document |= {key: DOCUMENT[key] for key in _TAKEN}
    document["tenant"] |= {"values": DOCUMENT["tenant"]["values"]}
    document["persona"] |= {
        k: DOCUMENT["persona"][k] for k in ("opening", "phrases", "prompt", "topic", "max_chars")
    }
    return canonical(document)


def scripted(*answers: Mapping[str, Any]) -> Brain:
    """Drafts by a script, whose last line is repeated; checks like a model that means well."""
    left = list(answers)

    def brain(asked: Asked) -> Mapping[str, Any]:
        if "sentences" in asked.schema.get("properties", {}):
            return Sensible()(asked)
        return left.pop(0) if len(left) > 1 else left[0]

    return brain


def moves(*each: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"moves": list(each), "language": "en-GB"}


def claims(rows: Sequence[Mapping[str, Any]]) -> list[list[str | None]]:
    return [[sentence["claim"] for sentence in row["sentences"]] for row in rows]


def blocks(rule: str) -> float:
    """How often the rule refused a draft, of all tenants, as the metrics have it."""
    samples = (sample for metric in BLOCKS.collect() for sample in metric.samples)
    return sum(s.value for s in samples if s.name == "convo_blocks_total" and s.labels["rule"] == rule)


STATED = moves({"say": SAYS}, {"claim": "T-F02", "variant": "full"})


async def test_a_draft_and_its_check_by_another_provider_become_one_committed_reply(
    database: Database, providers: ModelServer, caller: Caller
) -> None:
    async with town(database, providers, caller, scripted(STATED)) as t:
        await t.hears("my name is Sam Example, 07700 900123: what did the court decide, please, and why?")
        assert claims(await t.said()) == [OPENING, [None, "T-F02"]]
        draft, check = providers.requests
        assert draft.provider != check.provider
        assert draft.system.count(canary_of(t.bundle)) == 1
        sent = (draft.body + check.body).decode()
        for secret in ("Sam", "900123", "+4477", "tess-web-sandbox"):
            assert secret not in sent
        assert await t.cases() == []


async def test_draft_check_and_repair_fit_the_turn_with_a_provider_that_takes_its_time(
    database: Database, providers: ModelServer, caller: Caller
) -> None:
    async with town(
        database, providers, caller, scripted(moves({"claim": "NOPE", "variant": "full"}), STATED)
    ) as t:
        providers.latency_s = 0.7
        before = blocks("draft/unknown-claim")
        began = time.monotonic()
        await t.hears("zebras: what did the court decide?")
        took = time.monotonic() - began
        providers.latency_s = 0.0
        assert claims(await t.said()) == [OPENING, [None, "T-F02"]]
        assert len(providers.requests) == 3
        assert "refused for: draft/unknown-claim" in providers.requests[1].turn
        assert blocks("draft/unknown-claim") == before + 1
        assert providers.requests[0].system == providers.requests[1].system
        assert 2.1 <= took < 8.0


async def test_a_provider_that_fails_is_followed_by_the_next_in_the_same_turn(
    database: Database, providers: ModelServer, caller: Caller
) -> None:
    async with town(database, providers, caller, scripted(moves({"claim": "T-F02", "variant": "full"}))) as t:
        await t.hears("zebras: what did the court decide?")
        first = providers.requests[-1].provider
        providers.fail(first, "500")
        await t.hears("and what did the court decide about giraffes?")
        assert [asked.provider == first for asked in providers.requests] == [True, True, False]
        assert claims(await t.said())[-1] == ["T-F02"]
        assert await t.cases() == []


async def test_two_workers_at_the_cap_ask_models_for_what_was_reserved_and_the_register_for_the_rest(
    database: Database, providers: ModelServer, caller: Caller
) -> None:
    async with town(database, providers, caller, scripted(moves({"claim": "T-F02", "variant": "full"}))) as t:
        document = json.loads(bundle_document())
        document["policy"] |= {"spend_pence_per_day": 2}
        document["limits"] = LIMITS
        bundle = await t.world.publish(canonical(document))
        workers = [worker_of(t.world, bundle, t.ladder, concurrency=n) for n in (3, 2)]
        now = t.world.clock.now()
        for person in range(5):
            arrival = message(
                t.owner, now, text="zebras: what did the court decide?", person=phone(person),
                connection="tess-web-sandbox", channel="webchat",
            )  # fmt: skip
            await t.world.arrive(arrival)
        t.world.clock.at += timedelta(seconds=10)
        providers.latency_s = 1.5  # so long all five turns are under way
        assert [await worker.claim() for worker in workers] == [3, 2]
        for worker in workers:
            await worker.drain()
        providers.latency_s = 0.0
        assert len(providers.requests) == 2  # a penny each, of two
        costs = [row["c"] for row in await t.world.see("select cost_micropence as c from turn order by c")]
        assert costs[:3] == [0, 0, 0]
        assert 0 < costs[3] <= costs[4] < 1_000_000
        assert await spent(t.world) == sum(costs)
        assert len({row["conversation_id"] for row in await t.world.see("select * from outbox")}) == 5
        t.worker._bundles = cast(BundleKeeper, InForce(bundle))
        await t.hears("zebras: what did the court decide?", person=9)
        assert len(providers.requests) == 3  # what was not used is there again
        assert await t.cases() == []


async def spent(world: World) -> int:
    (row,) = await world.see("select sum(spent_micropence)::bigint as n from spend_shard")
    return int(row["n"])


async def test_with_all_models_down_the_register_answers_everybody_and_one_human_is_told_once(
    database: Database, providers: ModelServer, caller: Caller
) -> None:
    async with town(database, providers, caller, scripted(STATED)) as t:
        providers.fail("*", "529")
        await t.hears("what is your fee", person=1)
        await t.hears("is leasing included", person=2)
        said = claims(await t.said())
        assert ["T-D06", "T-D04", "T-S01"] in said
        assert ["T-F03"] in said
        assert await t.cases() == [("models_down", "open")]
        alerts = await t.world.see("select data from event where kind = 'alert'")
        assert [row["data"]["kind"] for row in alerts] == ["models_down"]
        providers.fail("*", None)
        await t.hears("zebras: what did the court decide?", person=3)
        assert await t.cases() == [("models_down", "closed")]


async def test_with_nothing_that_may_be_said_a_line_says_so_and_a_case_is_opened(
    database: Database, providers: ModelServer, caller: Caller
) -> None:
    async with town(database, providers, caller, scripted(moves({"claim": "T-F06", "variant": "full"}))) as t:
        providers.fail("*", "timeout")
        document = json.loads(bundle_document())
        for each in document["claims"]:
            if each["id"] in ("T-D06", "L-NONE", "L-CLAR", "L-FALL"):
                each["expires"] = "2026-01-02"
        bundle = await t.world.publish(canonical(document))
        t.worker._bundles = cast(BundleKeeper, InForce(bundle))
        providers.fail("*", "500")
        await t.hears("what is your fee")
        assert claims(await t.said()) == [OPENING, ["L-HOLD"]]
        assert sorted(kind for kind, _ in await t.cases()) == ["fallback", "models_down"]


@pytest.mark.parametrize(
    "fault",
    [
        "truncated",
        "wrong_schema",
        "prose",
        "refusal",
        "empty",
        "html",
        "html_ok",
        "cut_body",
        "drop",
        "429",
        "billing",
    ],
)
async def test_every_fault_of_every_provider_ends_in_the_registers_answer(
    module_database: Database, providers: ModelServer, caller: Caller, fault: Any
) -> None:
    async with town(module_database, providers, caller, scripted(STATED)) as t:
        providers.fail("*", fault)
        before = len(await t.said())
        await t.hears("what is your fee", person=sum(map(ord, fault)) % 900)
        assert claims(await t.said())[before:] == [OPENING, ["T-D06", "T-D04", "T-S01"]]
        assert {asked.provider for asked in providers.requests} == set(PROVIDERS)


@pytest.mark.parametrize("sign", ["\x00", "\ud83d"], ids=["nul", "half of a pair"])
async def test_what_no_database_can_hold_is_a_malformed_answer_of_each_rung_and_the_register_replies(
    module_database: Database, providers: ModelServer, caller: Caller, sign: str
) -> None:
    broken = {"moves": [{"say": f"Happy to{sign} help."}, {"claim": "T-F02"}], "language": f"en-GB{sign}"}
    async with town(module_database, providers, caller, scripted(broken)) as t:
        before = len(await t.said())
        await t.hears("what is your fee", person=700 + ord(sign) % 99)
        assert claims(await t.said())[before:] == [OPENING, ["T-D06", "T-D04", "T-S01"]]
        assert {asked.provider for asked in providers.requests} == set(PROVIDERS)


@pytest.mark.parametrize("fault", ["overcounted", "undercounted"])
async def test_a_provider_that_counts_wrongly_is_asked_and_paid_once_and_its_answer_committed(
    module_database: Database, providers: ModelServer, caller: Caller, fault: Any
) -> None:
    async with town(
        module_database, providers, caller, scripted(moves({"claim": "T-F02", "variant": "full"}))
    ) as t:
        providers.fail("*", fault)
        before = len(await t.said())
        await t.hears("zebras: what did the court decide?", person=sum(map(ord, fault)) % 900)
        assert claims(await t.said())[before:] == [OPENING, ["T-F02"]]
        assert len(providers.requests) == 1


async def test_the_audit_of_a_turn_is_kept_encrypted_with_its_prompt_and_every_rung(
    database: Database, providers: ModelServer, caller: Caller
) -> None:
    async with town(database, providers, caller, scripted(STATED)) as t:
        providers.fail("*", ["500", None])
        await t.hears("zebras: what did the court decide?")
        rows = await t.world.see(
            "select a.id, a.header, a.body, k.wrapped_key, c.contact_id from audit a "
            "join conversation c on a.tenant_id = c.tenant_id and a.stream = 'conv/' || c.conversation_id "
            "join contact k on k.tenant_id = c.tenant_id and k.contact_id = c.contact_id where a.header->>'what' = 'turn'"
        )
        [row] = rows
        assert "zebras" not in json.dumps(row["header"])
        assert b"zebras" not in bytes(row["body"])
        key = t.owner.keys.open_contact(row["contact_id"], row["wrapped_key"])
        body = json.loads(key.decrypt(row["body"], table="audit", column="body", row=row["id"]))
        audit = body.get("audit", body)
        assert "zebras" in audit["prompt"]["turn"]
        assert [(a["purpose"], a["result"]) for a in audit["asks"]] == [
            ("draft", "server_error"),
            ("draft", "answered"),
            ("check", "answered"),
        ]
        assert audit["cost_micropence"] == sum(a["cost_micropence"] for a in audit["asks"]) > 0
        assert audit["checked"][0]["allowed"] is True
        assert canary_of(t.bundle) not in json.dumps(body)
