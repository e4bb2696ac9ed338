"""The 360dialog-shaped server: what it takes, what it brings back, and the faults it can be asked for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from drills.sandbox import api
from drills.sandbox import delivery as pace
from drills.sandbox.delivery import Delivery
from drills.sandbox.dialog360 import PEOPLE, Number, Options, build
from drills.sandbox.state import State
from runtime.channels.dialog360 import Dialog360
from runtime.messages import Identity, OutboundMessage
from tests.unit.web.world import PHONE, SetClock

SAM = PEOPLE[0].phone
NUMBER = Number(
    connection=PHONE.id,
    label="EXAMPLE Dave",
    number="447700900001",
    phone_number_id="4242",
    api_key="example-key",
    secret="example-secret",
    webhook="http://127.0.0.1:1/hooks/dave-wa-sandbox",
)
KEY = {"D360-API-KEY": "example-key"}
TEXT = {"to": SAM, "type": "text", "text": {"body": "For free."}, "biz_opaque_callback_data": "key-1"}


@dataclass
class Runtime:
    """What the server thinks is convo: answers as told, and remembers what it was brought."""

    answers: list[int] = field(default_factory=list)
    brought: list[tuple[dict[str, Any], dict[str, str]]] = field(default_factory=list)

    def take(self, request: httpx2.Request) -> httpx2.Response:
        status = self.answers.pop(0) if self.answers else 200
        if status == 200:
            self.brought.append((_value(request), dict(request.headers)))
        return httpx2.Response(status)

    def statuses(self) -> list[str]:
        return [value["statuses"][0]["status"] for value, _ in self.brought if "statuses" in value]

    def messages(self) -> list[dict[str, Any]]:
        return [value["messages"][0] for value, _ in self.brought if "messages" in value]


@asynccontextmanager
async def sandbox(runtime: Runtime) -> AsyncIterator[tuple[httpx2.AsyncClient, Starlette]]:
    to_runtime = httpx2.AsyncClient(transport=httpx2.MockTransport(runtime.take))
    app = build(Options(numbers=(NUMBER,), clock=SetClock(), shifted=True), http=to_runtime)
    transport = httpx2.ASGITransport(app)
    async with (
        app.router.lifespan_context(app),
        httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as caller,
    ):
        yield caller, app


async def until(true: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while True:
            if true():
                return
            await asyncio.sleep(0.01)


async def test_a_message_is_taken_and_its_statuses_bring_our_key_back() -> None:
    runtime = Runtime()
    async with sandbox(runtime) as (caller, _):
        answer = await caller.post("/messages", json=TEXT, headers=KEY)
        assert answer.status_code == 200
        wamid = answer.json()["messages"][0]["id"]
        await until(lambda: runtime.statuses() == ["sent", "delivered"])
        value, headers = runtime.brought[0]
        assert value["statuses"][0]["id"] == wamid
        assert value["statuses"][0]["biz_opaque_callback_data"] == "key-1"
        assert value["metadata"]["phone_number_id"] == "4242"
        assert headers["x-convo-secret"] == "example-secret"
        await caller.get(f"/phone/{PHONE.id}")
        await until(lambda: runtime.statuses() == ["sent", "delivered", "read"])


async def test_our_own_channel_and_the_server_understand_each_other() -> None:
    runtime = Runtime()
    async with sandbox(runtime) as (caller, _):
        message = OutboundMessage(
            key="key-2",
            connection_id=PHONE.id,
            to=Identity(kind="phone", value=f"+{SAM}"),
            text="Would you like the link?",
            options=("Yes", "No"),
        )
        connection = replace(PHONE, base_url="http://127.0.0.1")
        receipt = await Dialog360(caller).send(connection, {"api": "example-key"}, message, deadline_s=2)
        refused = await Dialog360(caller).send(connection, {"api": "wrong"}, message, deadline_s=2)
        (line,) = (await caller.get(f"/phone/{PHONE.id}/lines", params={"as": SAM})).json()["lines"]
    assert (receipt.result, receipt.provider_id) == ("accepted", line["id"])
    assert (refused.result, refused.detail) == ("refused", "key")
    assert (line["ours"], line["text"], line["options"]) == (True, "Would you like the link?", ["Yes", "No"])


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({**TEXT, "to": "Sam"}, 400, 131009),
        ({**TEXT, "type": "carrier_pigeon"}, 400, 131008),
        ({"to": SAM, "type": "text"}, 400, 131008),
        ({**TEXT, "text": {"body": "x" * 4097}}, 400, 131009),
        ([], 400, 100),
    ],
)
async def test_what_is_not_a_message_is_refused_as_meta_refuses(body: Any, status: int, code: int) -> None:
    async with sandbox(Runtime()) as (caller, _):
        answer = await caller.post("/messages", json=body, headers=KEY)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)


@pytest.mark.parametrize("key", ["", "wrong", "kéy"])
async def test_a_wrong_key_is_refused_as_360dialog_refuses(key: str) -> None:
    async with sandbox(Runtime()) as (caller, app):
        answer = await caller.post("/messages", json=TEXT, headers={b"D360-API-KEY": key.encode("latin-1")})
        assert (answer.status_code, answer.json()["meta"]["http_code"]) == (401, 401)
        assert app.state.sandbox.talks == {}


async def test_marking_as_read_is_taken_without_a_line() -> None:
    async with sandbox(Runtime()) as (caller, app):
        answer = await caller.post("/messages", json={"status": "read", "message_id": "x"}, headers=KEY)
        assert (answer.status_code, app.state.sandbox.talks) == (200, {})


async def test_what_a_customer_writes_is_brought_with_the_secret_and_the_demo_s_time() -> None:
    runtime = Runtime()
    async with sandbox(runtime) as (caller, _):
        answer = await caller.post(f"/phone/{PHONE.id}/messages", json={"as": SAM, "text": "hello"})
        assert answer.status_code == 202
        await until(lambda: len(runtime.brought) == 1)
    (message,) = runtime.messages()
    assert (message["from"], message["text"], message["id"]) == (SAM, {"body": "hello"}, answer.json()["id"])
    assert message["timestamp"] == str(int(SetClock().now().timestamp()))


async def test_a_webhook_is_brought_again_until_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_PAUSE_S", 0.01)
    runtime = Runtime(answers=[503, 500, 401])
    async with sandbox(runtime) as (caller, _):
        await caller.post(f"/phone/{PHONE.id}/messages", json={"as": SAM, "text": "hello"})
        waiting = (await caller.get(f"/phone/{PHONE.id}/lines")).json()["lines"][0]["status"]
        await until(lambda: len(runtime.brought) == 1)
        await asyncio.sleep(0.01)
        taken = (await caller.get(f"/phone/{PHONE.id}/lines")).json()["lines"][0]["status"]
    assert (waiting, taken) == ("waiting", "delivered")


async def test_a_button_is_answered_as_a_button() -> None:
    runtime = Runtime()
    async with sandbox(runtime) as (caller, _):
        await caller.post(f"/phone/{PHONE.id}/messages", json={"as": SAM, "button": "Stop here"})
        await until(lambda: len(runtime.brought) == 1)
    (message,) = runtime.messages()
    assert message["interactive"]["button_reply"]["title"] == "Stop here"


async def test_duplicate_brings_the_next_message_twice_and_only_that() -> None:
    runtime = Runtime()
    async with sandbox(runtime) as (caller, _):
        await caller.post(f"/phone/{PHONE.id}/fault", json={"kind": "duplicate"})
        for text in ("one", "two"):
            await caller.post(f"/phone/{PHONE.id}/messages", json={"as": SAM, "text": text})
        await until(lambda: len(runtime.brought) == 3)
    assert sorted(message["text"]["body"] for message in runtime.messages()) == ["one", "one", "two"]


async def test_429_and_500_happen_once_and_take_nothing() -> None:
    async with sandbox(Runtime()) as (caller, _):
        seen = []
        for kind in ("429", "500"):
            await caller.post(f"/phone/{PHONE.id}/fault", json={"kind": kind})
            seen += [(await caller.post("/messages", json=TEXT, headers=KEY)).status_code for _ in range(2)]
        lines = (await caller.get(f"/phone/{PHONE.id}/lines")).json()["lines"]
    assert seen == [429, 200, 500, 200]
    assert len(lines) == 2


async def test_timeout_takes_the_message_and_leaves_the_caller_without_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(api, "HANG_S", 0.5)
    runtime = Runtime()
    async with sandbox(runtime) as (caller, app):
        await caller.post(f"/phone/{PHONE.id}/fault", json={"kind": "timeout"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await caller.post("/messages", json=TEXT, headers=KEY)
        assert len(app.state.sandbox.talk(PHONE.id, SAM)) == 1
        await until(lambda: "sent" in runtime.statuses())


async def test_an_unknown_fault_is_refused() -> None:
    async with sandbox(Runtime()) as (caller, _):
        assert (await caller.post(f"/phone/{PHONE.id}/fault", json={"kind": "fire"})).status_code == 422


async def test_the_webhook_can_be_set_by_the_api_but_only_to_loopback() -> None:
    async with sandbox(Runtime()) as (caller, app):
        good = {"url": "http://127.0.0.1:8000/hooks/x", "headers": {"X-Convo-Secret": "new"}}
        assert (await caller.post("/v1/configs/webhook", json=good, headers=KEY)).status_code == 200
        hook = app.state.sandbox.hooks[PHONE.id]
        assert (hook.url, hook.headers) == (good["url"], good["headers"])
        for url in (
            "https://example.com/hook",
            "http://127.0.0.1.example.com/",
            "http://localhost@example.com/",
            7,
        ):
            bad = await caller.post("/v1/configs/webhook", json={"url": url}, headers=KEY)
            assert bad.status_code == 400
        assert hook.url == good["url"]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "http://127.0.0.1"}, 202),
        ({"host": "evil.example"}, 400),
    ],
)
async def test_pages_of_others_cannot_write_as_a_customer(headers: dict[str, str], status: int) -> None:
    async with sandbox(Runtime()) as (caller, _):
        answer = await caller.post(
            f"/phone/{PHONE.id}/messages", json={"as": SAM, "text": "x"}, headers=headers
        )
        assert answer.status_code == status


async def test_the_page_says_what_it_is_and_is_a_form_without_a_script() -> None:
    runtime = Runtime()
    async with sandbox(runtime) as (caller, _):
        page = await caller.get(f"/phone/{PHONE.id}", headers={"accept": "text/html"})
        assert "This is a sandbox. It speaks wording nobody has approved" in page.text
        assert "Tue 24 Nov 2026, 10:30" in page.text
        assert "Sam Example" in page.text
        answer = await caller.post(
            f"/phone/{PHONE.id}/messages?as={SAM}",
            data={"text": "<b>hi</b>"},
            headers={"accept": "text/html"},
        )
        assert answer.status_code == 303
        page = await caller.get(f"/phone/{PHONE.id}?as={SAM}", headers={"accept": "text/html"})
        assert "&lt;b&gt;hi&lt;/b&gt;" in page.text
        assert (await caller.get("/phone/nobody")).status_code == 404


async def test_closing_gives_up_what_is_on_its_way() -> None:
    http = httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: httpx2.Response(503)))
    state = State(Options(numbers=(NUMBER,), clock=SetClock()))
    async with http:
        delivery = Delivery(state, http)
        transport = httpx2.ASGITransport(build(state.options, http=http))
        async with httpx2.AsyncClient(transport=transport, base_url="http://127.0.0.1") as caller:
            assert (await caller.get("/")).status_code == 307
        await asyncio.wait_for(delivery.close(), 1)


def _value(request: httpx2.Request) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(request.content)["entry"][0]["changes"][0]["value"]
    return value
