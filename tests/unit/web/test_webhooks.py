"""Webhooks: what is proved, stored and answered, and in which order."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx2
import pytest
from starlette.types import Message, Scope

from runtime.messages import InboundMessage, Preference, StatusUpdate, Stop
from runtime.telemetry import ACKED, REGISTRY
from runtime.web.webhooks import MAX_BODY_BYTES
from tests.unit.web.world import HOOK_SECRET, PHONE, POISON, World, said, whatsapp, world

URL = f"/hooks/{PHONE.id}"
PROOF = {"X-Convo-Secret": HOOK_SECRET}


async def deliver(
    w: World, body: Any, headers: dict[str, str] | None = None, url: str = URL
) -> httpx2.Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with w.browser() as browser:
        return await browser.post(url, content=content, headers=PROOF if headers is None else headers)


async def test_a_message_is_stored_before_it_is_acknowledged() -> None:
    w = world()
    answer = await deliver(w, whatsapp(said("do i have to use you")))
    assert answer.status_code == 200
    assert answer.json() == {"stored": 1, "duplicate": 0, "rejected": []}
    (arrival,) = w.ingest.stored
    assert isinstance(arrival.event, InboundMessage)
    assert arrival.event.text == "do i have to use you"
    assert (arrival.tenant_id, arrival.connection_id, arrival.channel) == (1, PHONE.id, PHONE.channel)
    assert w.wake.hinted == ["pages"]  # workers are told when the wait for a next message ends


async def test_the_same_webhook_twice_is_one_message() -> None:
    w = world()
    await deliver(w, whatsapp(said("hello")))
    again = await deliver(w, whatsapp(said("hello")))
    assert again.status_code == 200
    assert again.json() == {"stored": 0, "duplicate": 1, "rejected": []}
    assert len(w.ingest.stored) == 1


async def test_a_stop_is_found_before_storing() -> None:
    w = world()
    await deliver(w, whatsapp(said("STOP", "a"), said("stop all", "b"), said("please go on", "c")))
    assert [arrival.stop and arrival.stop.scope for arrival in w.ingest.stored] == [
        "tenant",
        "organisation",
        None,
    ]
    first = w.ingest.stored[0].stop
    assert first == Stop(scope="tenant", matched="stop")


@pytest.mark.parametrize(
    ("content", "scope"),
    [
        ({"type": "button", "button": {"text": "Not for me", "payload": "STOP"}}, "tenant"),
        ({"type": "button", "button": {"text": "Stop", "payload": "STOP_ALL"}}, "organisation"),
        (
            {
                "type": "interactive",
                "interactive": {
                    "type": "button_reply",
                    "button_reply": {"id": "menu:unsubscribe", "title": "No more"},
                },
            },
            "tenant",
        ),
        ({"type": "reaction", "reaction": {"message_id": "wamid.OURS", "emoji": "🛑"}}, "tenant"),
        ({"type": "reaction", "reaction": {"message_id": "wamid.OURS", "emoji": "👍"}}, None),
        (
            {
                "type": "interactive",
                "interactive": {"type": "button_reply", "button_reply": {"id": "option-1", "title": "No"}},
            },
            None,
        ),
    ],
)
async def test_a_stop_behind_a_button_or_in_a_reaction_is_a_stop(
    content: dict[str, Any], scope: str | None
) -> None:
    w = world()
    sent = {"from": "447700900123", "id": "wamid.EXAMPLE1", "timestamp": "1795516200"}
    await deliver(w, whatsapp({**sent, **content}))
    (arrival,) = w.ingest.stored
    assert (arrival.stop.scope if arrival.stop else None) == scope


async def test_a_batch_of_messages_and_statuses_is_stored_in_one_call() -> None:
    w = world()
    status = {
        "id": "wamid.OURS",
        "status": "delivered",
        "timestamp": "1795516201",
        "recipient_id": "447700900123",
    }
    answer = await deliver(w, whatsapp(said("one", "a"), said("two", "b"), statuses=[status]))
    assert answer.json()["stored"] == 3
    assert w.ingest.calls == 1
    assert [type(arrival.event) for arrival in w.ingest.stored] == [
        InboundMessage,
        InboundMessage,
        StatusUpdate,
    ]


async def test_a_preference_to_stop_counts_as_an_opt_out() -> None:
    w = world()
    body = whatsapp()
    change: Any = body["entry"][0]["changes"][0]  # type: ignore[index]
    change["field"] = "user_preferences"
    change["value"]["user_preferences"] = [
        {"wa_id": "447700900123", "category": "marketing_messages", "value": "stop", "timestamp": 1795516200}
    ]
    await deliver(w, body)
    (arrival,) = w.ingest.stored
    assert isinstance(arrival.event, Preference)
    assert arrival.stop == Stop(scope="tenant", matched="user_preferences")


@pytest.mark.parametrize(
    "headers", [{}, {"X-Convo-Secret": "wrong"}, {"X-Convo-Secret": ""}, {"X-Other": HOOK_SECRET}]
)
async def test_without_the_right_secret_nothing_is_stored(headers: dict[str, str]) -> None:
    w = world()
    answer = await deliver(w, whatsapp(said("hello")), headers)
    assert answer.status_code == 401
    assert w.ingest.calls == 0


@pytest.mark.parametrize("secrets", [{}, {"secret:D360_HOOK": ""}])
async def test_a_connection_whose_secret_has_no_value_refuses_everybody(secrets: dict[str, str]) -> None:
    w = world(secrets=secrets)
    assert (await deliver(w, whatsapp(said("hello")), {"X-Convo-Secret": ""})).status_code == 401
    assert (await deliver(w, whatsapp(said("hello")))).status_code == 401
    assert w.ingest.calls == 0


async def test_a_connection_of_an_unknown_kind_refuses_everybody() -> None:
    w = world(replace(PHONE, channel="carrier_pigeon"))
    assert (await deliver(w, whatsapp(said("hello")))).status_code == 401


async def test_an_unknown_connection_is_404_and_nothing_is_stored() -> None:
    w = world()
    answer = await deliver(w, whatsapp(said("hello")), url="/hooks/nobody")
    assert answer.status_code == 404
    assert w.ingest.calls == 0


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff\xfe", "not UTF-8"),
        (b"[]", "body is not an object"),
        (b'{"object": "page"}', "object is not"),
        (b'{"object": "whatsapp_business_account", "entry": 1}', "body.entry is not a list"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": NaN}', "not JSON"),
    ],
)
async def test_a_malformed_body_is_400_with_a_reason(body: bytes, reason: str) -> None:
    w = world()
    answer = await deliver(w, body)
    assert answer.status_code == 400
    assert reason in answer.json()["error"]
    assert w.ingest.calls == 0


async def test_a_bad_item_is_answered_for_by_itself_and_its_neighbours_are_stored() -> None:
    w = world()
    nameless = {"id": "b", "type": "text", "text": {"body": "from nobody"}}
    body = whatsapp(said("one", "a"), nameless, said("three", "c"))
    body["entry"][0]["changes"][0]["value"]["contacts"] = []  # type: ignore[index]
    answer = await deliver(w, body)
    assert answer.status_code == 200
    place = "entry[0].changes[0].value.messages[1]"
    assert answer.json() == {
        "stored": 2,
        "duplicate": 0,
        "rejected": [{"index": 1, "reason": f"{place} names no sender"}],
    }
    assert [a.event.text for a in w.ingest.stored if isinstance(a.event, InboundMessage)] == ["one", "three"]


async def test_a_reason_never_quotes_the_body() -> None:
    answer = await deliver(world(), b'{"object": Sam 07700 900123')
    assert "Sam" not in answer.text
    assert "900123" not in answer.text


async def test_a_body_over_the_limit_is_413_and_nothing_is_stored() -> None:
    w = world()
    assert (await deliver(w, b"x" * (2 << 20))).status_code == 413
    assert w.ingest.calls == 0


async def test_a_body_over_the_limit_is_413_even_if_it_does_not_say_how_long_it_is() -> None:
    w = world()

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (MAX_BODY_BYTES // 2)

    async with w.browser() as browser:
        answer = await browser.post(URL, content=chunks(), headers=PROOF)
    assert answer.status_code == 413


async def test_a_sender_that_goes_away_half_way_leaves_nothing_behind() -> None:
    w = world()
    sent: list[Message] = []
    parts: list[Message] = [
        {"type": "http.request", "body": b'{"object":', "more_body": True},
        {"type": "http.disconnect"},
    ]

    async def receive() -> Message:
        return parts.pop(0)

    async def send(message: Message) -> None:
        sent.append(message)

    headers = [(b"x-convo-secret", HOOK_SECRET.encode())]
    scope: Scope = {"type": "http", "method": "POST", "path": URL, "headers": headers, "query_string": b""}
    await w.app(scope, receive, send)
    assert sent[0]["status"] == 400
    assert w.ingest.calls == 0


async def test_a_lost_database_is_503_at_once_with_a_time_to_come_back() -> None:
    w = world()
    w.ingest.away = True
    answer = await deliver(w, whatsapp(said("hello")))
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0
    assert w.wake.hinted == []


async def test_a_lost_database_while_routing_is_503_too_never_404() -> None:
    w = world()
    w.routes.away = True
    assert (await deliver(w, whatsapp(said("hello")))).status_code == 503


async def test_a_full_buffer_is_503() -> None:
    w = world()
    w.ingest.full = True
    assert (await deliver(w, whatsapp(said("hello")))).status_code == 503


async def test_one_rejected_message_has_its_own_status_beside_the_stored() -> None:
    w = world()
    answer = await deliver(w, whatsapp(said("one", "a"), said(POISON, "b"), said("three", "c")))
    assert answer.status_code == 200
    assert answer.json() == {
        "stored": 2,
        "duplicate": 0,
        "rejected": [{"index": 1, "reason": "cannot be stored"}],
    }


async def test_a_batch_of_nothing_but_poison_is_200_because_bringing_it_again_cannot_help() -> None:
    answer = await deliver(world(), whatsapp(said(POISON)))
    assert answer.status_code == 200
    assert len(answer.json()["rejected"]) == 1


async def test_a_webhook_about_something_else_is_200_without_the_database() -> None:
    w = world()
    body = whatsapp()
    body["entry"][0]["changes"][0]["field"] = "account_alerts"  # type: ignore[index]
    answer = await deliver(w, body)
    assert (answer.status_code, w.ingest.calls) == (200, 0)


async def test_text_that_no_database_takes_is_stored_cleaned() -> None:
    w = world()
    raw = json.dumps(whatsapp(said("a\x00b\ud800c \u202eevil"))).encode()
    answer = await deliver(w, raw)
    assert answer.status_code == 200
    event = w.ingest.stored[0].event
    assert isinstance(event, InboundMessage)
    assert event.text == "a\ufffdb\ufffdc \u202eevil"
    event.text.encode()


async def test_4096_emoji_arrive_whole() -> None:
    w = world()
    await deliver(w, whatsapp(said("🚗" * 4096)))
    event = w.ingest.stored[0].event
    assert isinstance(event, InboundMessage)
    assert event.text == "🚗" * 4096


async def test_an_address_that_fails_too_often_is_told_to_wait_but_a_provider_that_proves_itself_is_not() -> (
    None
):
    w = world(failures_per_minute=3)
    statuses = [(await deliver(w, b"{}", {})).status_code for _ in range(5)]
    assert statuses == [401, 401, 401, 429, 429]
    proved = [(await deliver(w, whatsapp(said("hello", f"m{i}")))).status_code for i in range(5)]
    assert proved == [200] * 5


async def test_only_post_is_taken() -> None:
    w = world()
    async with w.browser() as browser:
        assert (await browser.get(URL)).status_code == 405


async def test_every_answer_is_counted_and_timed() -> None:
    before = ACKED.labels(PHONE.channel, "200")._value.get()
    await deliver(world(), whatsapp(said("hello")))
    assert ACKED.labels(PHONE.channel, "200")._value.get() == before + 1
    assert REGISTRY.get_sample_value("convo_ack_seconds_count", {"channel": PHONE.channel})
