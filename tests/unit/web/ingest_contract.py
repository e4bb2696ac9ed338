"""What web relies on in an Ingest, as checks that the in-memory one and the real one both pass."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from runtime.channels.webchat import client_id, inbound
from runtime.messages import Arrival, Identity, InboundMessage, Preference
from runtime.ports import Ingest, WebLine
from tests.unit.web.world import CHAT, NOW, PHONE

VISITOR, OTHER = "A" * 22, "B" * 22
SAM = Identity(kind="phone", value="+447700900123")

Check = Callable[[Ingest, int], Awaitable[None]]


def wrote(tenant_id: int, text: str, id: str, visitor: str = VISITOR) -> Arrival:
    """A visitor's message as the chat makes it."""
    event = inbound(visitor, id, text, NOW)
    return Arrival(tenant_id=tenant_id, connection_id=CHAT.id, channel=CHAT.channel, event=event, stop=None)


def texted(tenant_id: int, text: str, id: str, sender: Identity = SAM) -> Arrival:
    """A WhatsApp message as a webhook brings it."""
    event = InboundMessage(provider_id=id, sender=sender, sent_at=NOW, kind="text", text=text)
    return Arrival(tenant_id=tenant_id, connection_id=PHONE.id, channel=PHONE.channel, event=event, stop=None)


async def lines(ingest: Ingest, tenant_id: int, visitor: str = VISITOR, after: int = 0) -> Sequence[WebLine]:
    return await ingest.visitor_lines(tenant_id, CHAT.id, visitor, after=after)


async def messages_of_a_person_are_numbered_in_the_order_given(ingest: Ingest, tenant_id: int) -> None:
    batch = [texted(tenant_id, "one", "a"), texted(tenant_id, "two", "b")]
    stored = await ingest.store(batch, now=NOW)
    assert [(s.outcome, s.seq) for s in stored] == [("stored", 1), ("stored", 2)]
    assert stored[0].conversation_id == stored[1].conversation_id


async def the_same_message_again_is_a_duplicate_with_its_first_place(ingest: Ingest, tenant_id: int) -> None:
    (first,) = await ingest.store([texted(tenant_id, "one", "a")], now=NOW)
    (again,) = await ingest.store([texted(tenant_id, "one", "a")], now=NOW + timedelta(days=7))
    assert again.outcome == "duplicate"
    assert (again.conversation_id, again.seq) == (first.conversation_id, first.seq)


async def the_same_message_twice_in_one_batch_is_stored_once(ingest: Ingest, tenant_id: int) -> None:
    stored = await ingest.store([texted(tenant_id, "one", "a")] * 2, now=NOW)
    assert sorted(s.outcome for s in stored) == ["duplicate", "stored"]


async def two_people_are_two_conversations(ingest: Ingest, tenant_id: int) -> None:
    alex = Identity(kind="phone", value="+447700900145")
    stored = await ingest.store([texted(tenant_id, "one", "a"), texted(tenant_id, "two", "b", alex)], now=NOW)
    assert stored[0].conversation_id != stored[1].conversation_id
    assert [s.seq for s in stored] == [1, 1]


async def a_preference_again_is_a_duplicate(ingest: Ingest, tenant_id: int) -> None:
    event = Preference(provider_id="preference.1", sender=SAM, value="stop", at=NOW)
    arrival = Arrival(
        tenant_id=tenant_id, connection_id=PHONE.id, channel=PHONE.channel, event=event, stop=None
    )
    outcomes = [(await ingest.store([arrival], now=NOW))[0].outcome for _ in range(2)]
    assert outcomes == ["stored", "duplicate"]


async def a_visitor_sees_their_own_lines_in_order_after_a_position(ingest: Ingest, tenant_id: int) -> None:
    await ingest.store([wrote(tenant_id, "one", "id-1"), wrote(tenant_id, "two", "id-2")], now=NOW)
    found = await lines(ingest, tenant_id)
    assert [(line.ours, line.text) for line in found] == [(False, "one"), (False, "two")]
    assert [client_id(VISITOR, line.client_id) for line in found] == ["id-1", "id-2"]
    assert found[0].position < found[1].position
    assert [line.text for line in await lines(ingest, tenant_id, after=found[0].position)] == ["two"]
    assert await lines(ingest, tenant_id, after=found[1].position) == []


async def a_visitor_sees_nothing_of_another(ingest: Ingest, tenant_id: int) -> None:
    await ingest.store([wrote(tenant_id, "one", "id-1")], now=NOW)
    assert await lines(ingest, tenant_id, OTHER) == []
    assert await ingest.answering(tenant_id, CHAT.id, OTHER) is False


async def a_reply_is_being_made_once_something_is_unanswered(ingest: Ingest, tenant_id: int) -> None:
    assert await ingest.answering(tenant_id, CHAT.id, VISITOR) is False
    await ingest.store([wrote(tenant_id, "one", "id-1")], now=NOW)
    assert await ingest.answering(tenant_id, CHAT.id, VISITOR) is True


async def nothing_to_store_is_nothing_stored(ingest: Ingest, tenant_id: int) -> None:
    assert list(await ingest.store([], now=NOW)) == []


CHECKS: tuple[Check, ...] = (
    messages_of_a_person_are_numbered_in_the_order_given,
    the_same_message_again_is_a_duplicate_with_its_first_place,
    the_same_message_twice_in_one_batch_is_stored_once,
    two_people_are_two_conversations,
    a_preference_again_is_a_duplicate,
    a_visitor_sees_their_own_lines_in_order_after_a_position,
    a_visitor_sees_nothing_of_another,
    a_reply_is_being_made_once_something_is_unanswered,
    nothing_to_store_is_nothing_stored,
)
