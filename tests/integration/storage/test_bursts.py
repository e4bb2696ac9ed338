"""Several quick messages are one turn: it waits a moment for the next one, never long, and never with what is urgent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest_asyncio

from runtime.messages import Arrival, Lease, Outcome, Stop, Turn
from runtime.storage.arrival_writer import BURST_MOST_S
from runtime.storage.tenants import Owner
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, bundle_bytes, message, phone, world

WAIT_S = 1.2


@pytest_asyncio.fixture
async def w(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with world(database, clock) as made:
        yield made


def waits(arrival: Arrival, wait_s: float = WAIT_S) -> Arrival:
    return replace(arrival, wait_s=wait_s)


def quiet(turn: Turn) -> Outcome:
    return Outcome(
        tenant_id=turn.tenant_id,
        conversation_id=turn.conversation_id,
        upto_seq=turn.pending[-1].seq,
        disposition="silence",
        sends=(),
        effects=(),
        audit={},
        bundle=turn.active.digest,
        pinned=turn.pinned.digest,
    )


async def claimed(w: World) -> list[Lease]:
    return list(await w.turns.claim(owner="worker-1", limit=10, lease_s=30, now=w.clock.now()))


async def texts(w: World, lease: Lease) -> list[str]:
    bundle = await w.publish(bundle_bytes())
    turn = await w.turns.load(lease, pinned=None, active=bundle, now=w.clock.now())
    assert turn is not None
    return [p.text for p in turn.pending]


async def says(w: World, owner: Owner, text: str, **more: Any) -> None:
    await w.arrive(replace(waits(message(owner, w.clock.now(), text=text)), **more))


async def test_messages_that_follow_each_other_quickly_are_one_turn(w: World) -> None:
    dave = await w.tenant()
    await says(w, dave, "hello")
    assert await claimed(w) == []
    w.clock.advance(1)
    await says(w, dave, "what do you")
    w.clock.advance(1)
    await says(w, dave, "charge")
    w.clock.advance(1)
    assert await claimed(w) == []
    w.clock.advance(0.3)
    [lease] = await claimed(w)
    assert await texts(w, lease) == ["hello", "what do you", "charge"]


async def test_somebody_who_does_not_stop_writing_is_answered_after_four_seconds_all_the_same(
    w: World,
) -> None:
    dave = await w.tenant()
    began = w.clock.now()
    while not (found := await claimed(w)):
        await says(w, dave, "and")
        w.clock.advance(0.5)
        assert w.clock.now() - began < timedelta(seconds=10)
    assert (w.clock.now() - began).total_seconds() == BURST_MOST_S
    assert len(found) == 1


async def test_several_messages_in_one_webhook_are_one_burst(w: World) -> None:
    dave = await w.tenant()
    await w.arrive(*(waits(message(dave, w.clock.now(), text=text)) for text in ("one", "two", "three")))
    w.clock.advance(1.1)
    assert await claimed(w) == []
    w.clock.advance(0.1)
    [lease] = await claimed(w)
    assert await texts(w, lease) == ["one", "two", "three"]


async def test_what_is_urgent_waits_for_nothing_and_takes_the_rest_along(w: World) -> None:
    dave = await w.tenant()
    await says(w, dave, "hello")
    await says(w, dave, "i want to die", urgent=True, wait_s=0.0)
    [lease] = await claimed(w)
    assert await texts(w, lease) == ["hello", "i want to die"]


async def test_a_message_after_an_urgent_one_does_not_make_it_wait(w: World) -> None:
    dave = await w.tenant()
    await says(w, dave, "stop", urgent=True, wait_s=0.0, stop=Stop(scope="tenant", matched="stop"))
    await says(w, dave, "please")
    assert len(await claimed(w)) == 1


async def test_what_was_urgent_once_hurries_nothing_later(w: World) -> None:
    dave = await w.tenant()
    await says(w, dave, "stop", urgent=True, wait_s=0.0)
    [lease] = await claimed(w)
    bundle = await w.publish(bundle_bytes())
    turn = await w.turns.load(lease, pinned=None, active=bundle, now=w.clock.now())
    assert turn is not None
    assert await w.turns.commit(lease, quiet(turn), now=w.clock.now())
    await says(w, dave, "what do you charge")
    assert await claimed(w) == []


async def test_messages_that_come_during_a_turn_are_a_burst_of_their_own(w: World) -> None:
    dave = await w.tenant()
    await says(w, dave, "hello")
    w.clock.advance(2)
    [lease] = await claimed(w)
    bundle = await w.publish(bundle_bytes())
    turn = await w.turns.load(lease, pinned=None, active=bundle, now=w.clock.now())
    assert turn is not None
    w.clock.advance(60)
    await says(w, dave, "still there?")
    assert await w.turns.commit(lease, quiet(turn), now=w.clock.now())
    assert await claimed(w) == []
    w.clock.advance(WAIT_S)
    [after] = await claimed(w)
    assert await texts(w, after) == ["still there?"]


async def test_one_who_is_still_writing_takes_nobodys_turn(w: World) -> None:
    """A tenant whose conversations all wait is passed over, and the slot goes to one that is ready."""
    dave, edward = await w.tenant("dave"), await w.tenant("edward")
    await w.arrive(*(waits(message(dave, w.clock.now(), person=phone(n))) for n in range(3)))
    await w.arrive(message(edward, w.clock.now(), person=phone(9)))
    found = await w.turns.claim(owner="worker-1", limit=1, lease_s=30, now=w.clock.now())
    assert [lease.tenant_id for lease in found] == [edward.tenant_id]
    w.clock.advance(WAIT_S)
    assert len(await claimed(w)) == 3


async def test_a_message_on_a_channel_that_does_not_wait_is_answered_at_once(w: World) -> None:
    dave = await w.tenant()
    await w.arrive(message(dave, w.clock.now()))
    assert len(await claimed(w)) == 1
