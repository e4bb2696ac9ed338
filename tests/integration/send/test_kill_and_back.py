"""A kill stops sending and nothing else: what is written meanwhile is answered afterwards, and danger reaches a human at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from compiler.pipeline import compile_tenant
from runtime.engine.turn import take_turn
from runtime.messages import KillScope, Look, Outcome, Receipt
from runtime.storage.operations import PgOperations
from runtime.storage.outbox import PgOutbox
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Owner
from schemas.bundle import Bundle
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, message, world
from tests.unit.engine.world import WordSearch

TENANTS = Path(__file__).parents[3] / "tenants"
NUMBER = "dave-wa-sandbox"


@dataclass(slots=True, kw_only=True)
class Firm:
    """EXAMPLE Dave as it is shipped, on a real database, with the worker's and the sender's steps taken by hand."""

    w: World
    dave: Owner
    bundle: Bundle
    outbox: PgOutbox
    operations: PgOperations

    async def hears(self, text: str) -> None:
        arrival = message(self.dave, self.w.clock.now(), text=text, connection=NUMBER)
        assert [s.outcome for s in await self.w.arrive(arrival)] == ["stored"]

    async def answers(self) -> Outcome:
        """What the worker does with the one conversation that is ready."""
        now, turns = self.w.clock.now(), self.w.turns
        (lease,) = await turns.claim(owner="worker", limit=1, lease_s=30, now=now)
        turn = await turns.load(lease, pinned=None, active=self.bundle, now=now)
        assert turn is not None
        outcome = await take_turn(turn, WordSearch(self.bundle), None, None, self.w.clock)
        assert await turns.commit(lease, outcome, now=now)
        return outcome

    async def due(self) -> list[UUID]:
        return [row for _, row in await self.outbox.due(limit=9, now=self.w.clock.now())]

    async def look(self, row: UUID) -> Look:
        now = self.w.clock.now()
        found = await self.outbox.last_look(self.dave.tenant_id, row, owner="sender", lease_s=30, now=now)
        assert found is not None
        return found

    async def kill(self) -> None:
        now = self.w.clock.now()
        await self.operations.kill(
            self.dave.tenant_id, KillScope.MACHINE, by="Ada Example", reason="wrong fee", now=now
        )

    async def enable(self, by: str) -> str:
        return await self.operations.enable(self.dave.tenant_id, by=by, now=self.w.clock.now())

    async def paged(self) -> list[dict[str, Any]]:
        return await self.w.see("select kind, priority from case_file where page and state = 'open'")


@pytest.fixture
async def dave(database: Database, clock: ManualClock) -> AsyncIterator[Firm]:
    async with AsyncExitStack() as stack:
        w = await stack.enter_async_context(world(database, clock))
        desk = await stack.enter_async_context(Pool(database.url("desk"), role="desk", max_size=2))
        owner = await w.tenant("dynamo-dave", organisation="example-group")
        compiled = compile_tenant(TENANTS / "dynamo-dave", date(2026, 11, 24)).bundle
        assert compiled is not None
        yield Firm(
            w=w,
            dave=owner,
            bundle=await w.publish(compiled),
            outbox=PgOutbox(dispatch=w.dispatch, tenant=w.tenant_pool, tenants=w.tenants),
            operations=PgOperations(desk, w.tenants, drain_within_s=0.2),
        )


async def test_what_is_asked_during_a_kill_is_composed_again_and_sent_once_two_people_started_it(
    dave: Firm,
) -> None:
    await dave.kill()
    await dave.hears("do I have to use you")
    first = await dave.answers()
    assert first.disposition == "reply"
    rows = await dave.due()
    assert [(look.effect, look.rule) for look in [await dave.look(rows[0])]] == [("defer", "R-KILL-1")]
    assert await dave.enable("Ada Example") == "waiting"
    assert not {(await dave.look(row)).effect for row in await dave.due()} & {"send", "template"}
    assert await dave.enable("Ben Sample") == "enabled"

    assert (await dave.look((await dave.due())[0])).effect == "redo"
    again = await dave.answers()
    assert [send.text for send in again.sends] == [send.text for send in first.sends]
    looks = [await dave.look(row) for row in await dave.due()]
    assert [look.effect for look in looks] == ["send"] * len(looks) != []
    assert all(look.message is not None for look in looks)


async def test_who_may_not_have_read_that_we_are_an_ai_is_told_again(dave: Firm) -> None:
    opening = set(dave.bundle.persona.opening)
    told = []
    for result in ("unknown", "accepted", "accepted"):
        await dave.hears("do I have to use you")
        outcome = await dave.answers()
        told.append(opening <= {s.claim for send in outcome.sends for s in send.sentences})
        for row in await dave.due():
            now = dave.w.clock.now()
            assert (await dave.look(row)).effect == "send"
            receipt = Receipt(result=result, provider_id=None if result == "unknown" else f"wamid.{row}")
            await dave.outbox.record(dave.dave.tenant_id, row, receipt, owner="sender", now=now)
        dave.w.clock.advance(60)
    assert told == [True, True, False]


async def test_danger_during_a_kill_is_on_a_humans_desk_before_anything_is_sent(dave: Firm) -> None:
    await dave.kill()
    await dave.hears("I can't go on, I want to end it all")
    outcome = await dave.answers()
    assert outcome.sends[0].send_class == "safety"
    assert {"kind": "danger", "priority": 0} in await dave.paged()
    (row,) = await dave.due()
    assert (await dave.look(row)).effect == "page"
    assert {"kind": "not_sent", "priority": 0} in await dave.paged()
