"""Sending through 360dialog: the request, and what each answer or silence means."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from runtime.channels import client
from runtime.channels.dialog360 import Dialog360, compose
from runtime.channels.meta_errors import FAULTS
from runtime.messages import Identity, OutboundMessage, Receipt
from tests.unit.web.world import PHONE

API = {"api": "example-key"}
TO = Identity(kind="phone", value="+447700900123")
MESSAGE = OutboundMessage(key="key-1", connection_id=PHONE.id, to=TO, text="For free.")
ACCEPTED = {"messaging_product": "whatsapp", "messages": [{"id": "wamid.EXAMPLE1"}]}

Handler = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def send_to(
    answer: httpx2.Response, message: OutboundMessage = MESSAGE
) -> tuple[Receipt, list[httpx2.Request]]:
    """Sends over a transport that answers everything with `answer`."""
    asked: list[httpx2.Request] = []

    def respond(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        return answer

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(respond)) as http:
        return await Dialog360(http).send(PHONE, API, message, deadline_s=2), asked


@asynccontextmanager
async def provider(handle: Handler) -> AsyncIterator[str]:
    """A real socket on loopback that behaves as `handle` does."""
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()


async def send_over(url: str, deadline_s: float = 0.5) -> Receipt:
    async with client() as http:
        return await Dialog360(http).send(replace(PHONE, base_url=url), API, MESSAGE, deadline_s=deadline_s)


def error(code: int) -> dict[str, Any]:
    return {"error": {"message": "EXAMPLE", "type": "OAuthException", "code": code}}


async def test_a_text_goes_out_with_the_key_that_statuses_bring_back() -> None:
    receipt, (request,) = await send_to(httpx2.Response(200, json=ACCEPTED))
    assert receipt == Receipt(result="accepted", provider_id="wamid.EXAMPLE1", code=200)
    assert request.url == "http://127.0.0.1:9/messages"
    assert request.headers["d360-api-key"] == "example-key"
    assert json.loads(request.content) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "447700900123",
        "type": "text",
        "text": {"body": "For free.", "preview_url": False},
        "biz_opaque_callback_data": "key-1",
    }


def test_three_short_options_are_buttons() -> None:
    body = compose(replace(MESSAGE, options=("Yes", "No", "Stop here")))
    assert isinstance(body, dict)
    assert body["type"] == "interactive"
    titles = [button["reply"]["title"] for button in body["interactive"]["action"]["buttons"]]
    ids = [button["reply"]["id"] for button in body["interactive"]["action"]["buttons"]]
    assert titles == ["Yes", "No", "Stop here"]
    assert len(set(ids)) == 3


@pytest.mark.parametrize(
    "message",
    [
        replace(MESSAGE, options=("a", "b", "c", "d")),
        replace(MESSAGE, options=("Complain to the lender", "No")),
        replace(MESSAGE, options=("Same", "Same")),
        replace(MESSAGE, text="x" * 1025, options=("Yes", "No")),
    ],
)
def test_options_that_do_not_fit_buttons_are_numbered_lines(message: OutboundMessage) -> None:
    body = compose(message)
    assert isinstance(body, dict)
    assert body["type"] == "text"
    numbered = "\n".join(f"{i}. {title}" for i, title in enumerate(message.options, 1))
    assert body["text"]["body"] == f"{message.text}\n\n{numbered}"


def test_a_template_goes_by_name_and_language() -> None:
    body = compose(replace(MESSAGE, template="hello_dave", language="en-GB"))
    assert isinstance(body, dict)
    assert body["template"] == {"name": "hello_dave", "language": {"code": "en_GB"}}


def test_a_person_known_by_user_id_is_addressed_by_it() -> None:
    body = compose(replace(MESSAGE, to=Identity(kind="bsuid", value="GB.1"), reply_to="wamid.THEIRS"))
    assert isinstance(body, dict)
    assert (body["recipient"], body["context"]) == ("GB.1", {"message_id": "wamid.THEIRS"})
    assert "to" not in body


@pytest.mark.parametrize(
    ("message", "detail"),
    [
        (replace(MESSAGE, text="x" * 4097), "too_long"),
        (replace(MESSAGE, text=""), "too_long"),
        (replace(MESSAGE, to=Identity(kind="visitor", value="v")), "recipient"),
    ],
)
async def test_what_cannot_be_sent_whole_is_refused_before_the_call(
    message: OutboundMessage, detail: str
) -> None:
    receipt, asked = await send_to(httpx2.Response(200, json=ACCEPTED), message)
    assert (receipt.result, receipt.detail, receipt.retry) == ("refused", detail, False)
    assert asked == []


@pytest.mark.parametrize("secrets", [{}, {"api": ""}, {"api": "kéy"}, {"api": "a\nb"}])
async def test_without_a_key_nothing_is_called(secrets: dict[str, str]) -> None:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(200))) as http:
        receipt = await Dialog360(http).send(PHONE, secrets, MESSAGE, deadline_s=1)
    assert (receipt.result, receipt.detail) == ("refused", "key")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"messages": []}', b'{"messages": [{"id": 1}]}'])
async def test_a_yes_whose_body_cannot_be_read_is_still_a_yes(body: bytes) -> None:
    receipt, _ = await send_to(httpx2.Response(201, content=body))
    assert (receipt.result, receipt.provider_id) == ("accepted", None)


@pytest.mark.parametrize(
    ("status", "body", "expected"),
    [
        (429, error(130429), Receipt(result="refused", detail="rate", code=130429, retry=True)),
        (
            429,
            error(131056),
            Receipt(result="refused", detail="rate", code=131056, retry=True, retry_after_s=6.0),
        ),
        (400, error(131047), Receipt(result="refused", detail="window", code=131047)),
        (400, error(131050), Receipt(result="refused", detail="stopped", code=131050, person_stopped=True)),
        (400, error(131026), Receipt(result="refused", detail="unreachable", code=131026)),
        (400, error(131049), Receipt(result="refused", detail="capped", code=131049)),
        (401, error(190), Receipt(result="refused", detail="key", code=190)),
        (403, error(368), Receipt(result="refused", detail="account", code=368)),
        (404, error(132001), Receipt(result="refused", detail="template", code=132001)),
        (500, error(2), Receipt(result="refused", detail="provider", code=2, retry=True)),
        (500, error(131000), Receipt(result="unknown", detail="provider", code=131000)),
        (400, error(131000), Receipt(result="refused", detail="provider", code=131000, retry=True)),
        (400, error(999999), Receipt(result="refused", detail="provider", code=999999)),
        (429, error(999999), Receipt(result="refused", detail="rate", code=999999, retry=True)),
        (200, error(131047), Receipt(result="refused", detail="window", code=131047)),
        (
            401,
            {"meta": {"success": False, "http_code": 401}},
            Receipt(result="refused", detail="key", code=401),
        ),
        (
            400,
            {"meta": {"success": False, "http_code": 401}},
            Receipt(result="refused", detail="key", code=401),
        ),
        (403, {"error": "blocked"}, Receipt(result="refused", detail="key", code=403)),
        (400, {"error": "bad"}, Receipt(result="refused", detail="invalid", code=400)),
        (302, {}, Receipt(result="refused", detail="invalid", code=302)),
        (429, {}, Receipt(result="refused", detail="rate", code=429, retry=True)),
        (503, {}, Receipt(result="refused", detail="rate", code=503, retry=True)),
        (500, {"error": "internal"}, Receipt(result="unknown", detail="provider", code=500)),
        (502, {}, Receipt(result="unknown", detail="provider", code=502)),
        (504, {"meta": {"http_code": 504}}, Receipt(result="unknown", detail="provider", code=504)),
    ],
)
async def test_an_answer_means_what_the_table_says(
    status: int, body: dict[str, Any], expected: Receipt
) -> None:
    receipt, _ = await send_to(httpx2.Response(status, json=body))
    assert receipt == expected


async def test_an_answer_s_own_waiting_time_counts_within_reason() -> None:
    receipt, _ = await send_to(httpx2.Response(429, headers={"Retry-After": "17"}, json={}))
    assert receipt.retry_after_s == 17.0
    receipt, _ = await send_to(httpx2.Response(429, headers={"Retry-After": "999999"}, json={}))
    assert receipt.retry_after_s == 3600.0
    receipt, _ = await send_to(httpx2.Response(429, headers={"Retry-After": "Tue, 24 Nov 2026"}, json={}))
    assert receipt.retry_after_s is None


def test_a_person_who_cannot_or_will_not_be_reached_is_never_tried_again() -> None:
    assert not any(FAULTS[code].retry for code in (131026, 131049, 131050, 130472, 131047))


async def test_a_port_that_nobody_listens_on_may_be_tried_again() -> None:
    async with provider(_silent) as url:
        pass
    receipt = await send_over(url)
    assert (receipt.result, receipt.detail, receipt.retry) == ("refused", "connect", True)


async def test_a_provider_that_takes_the_message_and_never_answers_leaves_it_unknown() -> None:
    async with provider(_silent) as url:
        receipt = await send_over(url, deadline_s=0.3)
    assert (receipt.result, receipt.retry) == ("unknown", False)


async def test_a_connection_cut_after_the_message_leaves_it_unknown() -> None:
    async with provider(_cut) as url:
        receipt = await send_over(url)
    assert receipt.result == "unknown"


async def test_an_answer_that_breaks_off_leaves_it_unknown() -> None:
    async with provider(_half_an_answer) as url:
        receipt = await send_over(url)
    assert receipt.result == "unknown"


@pytest.mark.parametrize("url", ["", "ftp://127.0.0.1", "no-scheme"])
async def test_an_address_that_cannot_be_called_is_refused(url: str) -> None:
    receipt = await send_over(url)
    assert (receipt.result, receipt.detail, receipt.retry) == ("refused", "invalid", False)


async def _silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    await asyncio.sleep(2)
    writer.close()


async def _cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    writer.close()


async def _half_an_answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(65536)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")
    await writer.drain()
    writer.close()
