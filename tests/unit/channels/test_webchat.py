"""Web chat as a channel: no webhook, nothing called, and a visitor's ids are their own."""

from __future__ import annotations

import pytest

from runtime.channels.webchat import WebChat, client_id, inbound, provider_id
from runtime.errors import MalformedWebhook
from runtime.messages import Identity, OutboundMessage
from tests.unit.web.world import CHAT, NOW

VISITOR = "A" * 22


def test_nobody_can_use_a_webhook_of_a_chat() -> None:
    assert not WebChat().authentic(CHAT, {"webhook": "s"}, {"x-convo-secret": "s"}, b"{}")
    with pytest.raises(MalformedWebhook):
        WebChat().parse(CHAT, b"{}", NOW)


async def test_a_message_is_delivered_by_being_visible() -> None:
    to = Identity(kind="visitor", value=VISITOR)
    message = OutboundMessage(key="key-1", connection_id=CHAT.id, to=to, text="For free.")
    receipt = await WebChat().send(CHAT, {}, message, deadline_s=1)
    assert (receipt.result, receipt.provider_id) == ("accepted", "key-1")
    assert WebChat().deduplicates


def test_the_same_id_of_two_visitors_is_two_messages() -> None:
    assert provider_id(VISITOR, "id-00001") != provider_id("B" * 22, "id-00001")
    assert client_id(VISITOR, provider_id(VISITOR, "id-00001")) == "id-00001"
    assert client_id("B" * 22, provider_id(VISITOR, "id-00001")) is None
    assert client_id(VISITOR, None) is None
    assert VISITOR not in provider_id(VISITOR, "id-00001")


def test_what_a_visitor_writes_is_cleaned() -> None:
    event = inbound(VISITOR, "id-00001", "a\x00\udfffb", NOW)
    assert event.text == "a\ufffd\ufffdb"
    assert event.sender == Identity(kind="visitor", value=VISITOR)
