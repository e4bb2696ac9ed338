"""The chat's addresses, without a browser: who a visitor is, what is stored, what they are told."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from runtime.messages import Identity, InboundMessage, Stop
from tests.unit.web.world import CHAT, PHONE, POISON, World, world

PAGE = f"/chat/{CHAT.id}"
POST = f"{PAGE}/messages"
HTML = {"accept": "text/html"}


async def opened(w: World, browser: httpx2.AsyncClient) -> str:
    """Opens the page; the visitor's token."""
    answer = await browser.get(PAGE, headers=HTML)
    assert answer.status_code == 200
    return browser.cookies[f"convo_{CHAT.id}"]


def post(browser: httpx2.AsyncClient, text: str, id: str = "id-00001", **headers: str) -> Any:
    return browser.post(POST, json={"id": id, "text": text}, headers=headers)


async def test_a_new_visitor_gets_a_token_that_no_script_can_read() -> None:
    w = world()
    async with w.browser() as browser:
        answer = await browser.get(PAGE, headers=HTML)
    cookie = answer.headers["set-cookie"]
    assert re.search(r"=[A-Za-z0-9_-]{22};", cookie)
    for part in ("HttpOnly", "SameSite=lax", f"Path=/chat/{CHAT.id}"):
        assert part in cookie
    assert answer.headers["cache-control"] == "no-store"


async def test_two_visitors_get_two_tokens_and_see_nothing_of_each_other() -> None:
    w = world()
    async with w.browser() as one, w.browser() as two:
        assert await opened(w, one) != await opened(w, two)
        await post(one, "my own words")
        assert "my own words" in (await one.get(PAGE)).text
        assert "my own words" not in (await two.get(PAGE)).text
        assert (await two.get(f"{PAGE}/lines")).json()["lines"] == []


@pytest.mark.parametrize("token", ["", "short", "A" * 23, "A" * 21 + "/", "A" * 21 + "é"])
async def test_a_token_of_another_shape_is_no_token(token: str) -> None:
    w = world()
    async with w.browser() as browser:
        answer = await browser.get(
            f"{PAGE}/lines", headers={b"cookie": f"convo_{CHAT.id}={token}".encode("latin-1")}
        )
    assert answer.json()["lines"] == []
    assert w.ingest.talks == {}


async def test_a_message_is_stored_before_it_is_acknowledged() -> None:
    w = world()
    async with w.browser() as browser:
        token = await opened(w, browser)
        answer = await post(browser, "do i have to use you")
    assert answer.status_code == 200
    assert answer.json() == {"outcome": "stored", "id": "id-00001"}
    (arrival,) = w.ingest.stored
    assert isinstance(arrival.event, InboundMessage)
    assert arrival.event.sender == Identity(kind="visitor", value=token)
    assert (arrival.event.text, arrival.event.sent_at) == ("do i have to use you", w.clock.now())
    assert w.wake.hinted == ["turns", "pages"]


async def test_the_same_id_again_is_the_same_message() -> None:
    w = world()
    async with w.browser() as browser:
        await opened(w, browser)
        first, second = await post(browser, "hello"), await post(browser, "hello")
        lines = (await browser.get(f"{PAGE}/lines")).json()["lines"]
    assert (first.json()["outcome"], second.json()["outcome"]) == ("stored", "duplicate")
    assert [(line["id"], line["text"]) for line in lines] == [("id-00001", "hello")]


async def test_a_stop_is_found_on_arrival() -> None:
    w = world()
    async with w.browser() as browser:
        await post(browser, "Stop.")
    assert w.ingest.stored[0].stop == Stop(scope="tenant", matched="stop")


async def test_without_a_script_it_is_a_form() -> None:
    w = world()
    async with w.browser(accept="text/html") as browser:
        await opened(w, browser)
        answer = await browser.post(POST, data={"id": "id-00001", "text": "hello"})
        assert (answer.status_code, answer.headers["location"]) == (303, f"{PAGE}#end")
        await browser.post(POST, data={"id": "id-00002", "text": "", "choice": "HUMAN"})
        page = (await browser.get(PAGE)).text
    assert "hello" in page
    assert "HUMAN" in page


async def test_every_page_has_a_fresh_id_so_that_a_form_sent_twice_is_one_message() -> None:
    w = world()
    async with w.browser() as browser:
        ids = [re.search(r'name="id" value="([^"]+)"', (await browser.get(PAGE)).text) for _ in range(2)]
    first, second = (found.group(1) for found in ids if found)
    assert first != second


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"origin": "http://convo.example"}, 200),
        ({"origin": "https://dave.example"}, 200),
        ({"sec-fetch-site": "same-origin"}, 200),
        ({"sec-fetch-site": "none"}, 200),
        ({"origin": "https://evil.example"}, 403),
        ({"origin": "https://convo.example.evil.example"}, 403),
        ({"origin": "null"}, 403),
        ({"origin": ""}, 403),
        ({"sec-fetch-site": "cross-site"}, 403),
        ({"sec-fetch-site": "same-site"}, 403),
    ],
)
async def test_only_our_page_and_the_connection_s_origins_may_post(
    headers: dict[str, str], status: int
) -> None:
    w = world()
    async with w.browser() as browser:
        answer = await post(browser, "hello", **headers)
    assert answer.status_code == status
    assert len(w.ingest.stored) == (1 if status == 200 else 0)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"{", "not JSON"),
        (b"[]", "not an object"),
        (b'{"id": "id-00001"}', "empty"),
        (b'{"id": "id-00001", "text": "  \\n "}', "empty"),
        (b'{"id": "x", "text": "hello"}', "proper id"),
        (b'{"id": "id 00001", "text": "hello"}', "proper id"),
        (
            json.dumps({"id": "id-00001", "text": "x" * 4097}).encode(),
            "at most 4,096 characters; this one has 4,097",
        ),
    ],
)
async def test_what_cannot_be_a_message_is_422_with_words_for_the_visitor(body: bytes, words: str) -> None:
    w = world()
    async with w.browser() as browser:
        answer = await browser.post(POST, content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert words in answer.json()["error"]
    assert w.ingest.calls == 0


async def test_a_post_that_is_far_too_long_is_413() -> None:
    async with world().browser() as browser:
        answer = await browser.post(POST, content=b"x" * 70_000, headers={"content-type": "application/json"})
    assert answer.status_code == 413


async def test_4096_emoji_are_one_message_and_nul_and_half_surrogates_do_no_harm() -> None:
    w = world()
    raw = json.dumps({"id": "id-00001", "text": "🚗" * 4096}).encode()
    async with w.browser() as browser:
        first = await browser.post(POST, content=raw, headers={"content-type": "application/json"})
        second = await browser.post(
            POST,
            content=b'{"id": "id-00002", "text": "a\\u0000b\\ud800 \\u202eevil"}',
            headers={"content-type": "application/json"},
        )
        page = await browser.get(PAGE)
    assert (first.status_code, second.status_code, page.status_code) == (200, 200, 200)
    texts = [arrival.event.text for arrival in w.ingest.stored if isinstance(arrival.event, InboundMessage)]
    assert texts == ["🚗" * 4096, "a\ufffdb\ufffd \u202eevil"]


async def test_words_are_never_markup() -> None:
    w = world()
    async with w.browser() as browser:
        token = await opened(w, browser)
        await post(browser, "<script>alert(1)</script>")
        w.ingest.reply(token, '"><img src=x>', options=('" onclick="x',))
        page = (await browser.get(PAGE)).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert 'onclick="x"' not in page


async def test_a_lost_database_is_503_and_the_script_is_told_to_keep_the_message() -> None:
    w = world()
    async with w.browser() as browser:
        w.ingest.away = True
        answer = await post(browser, "hello")
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_lost_database_gives_the_form_its_words_back() -> None:
    w = world()
    async with w.browser(accept="text/html") as browser:
        w.ingest.away = True
        answer = await browser.post(POST, data={"id": "id-00001", "text": "it was <my> dad's car"})
        assert answer.status_code == 503
        assert "it was &lt;my&gt; dad&#39;s car</textarea>" in answer.text
        assert "we cannot store messages right now" in answer.text
        page = await browser.get(PAGE)
        assert page.status_code == 503
        assert "Earlier messages cannot be shown right now" in page.text
        w.routes.away = True
        assert (await browser.get(PAGE)).status_code == 503
        assert (await browser.get(f"{PAGE}/lines")).status_code == 503
        assert (await browser.get(f"{PAGE}/stream")).status_code == 503


async def test_a_message_nobody_can_store_is_not_tried_for_ever() -> None:
    async with world().browser() as browser:
        answer = await post(browser, POISON)
    assert answer.status_code == 422


async def test_too_many_posts_in_a_minute_are_429() -> None:
    w = world(failures_per_minute=2)
    async with w.browser() as browser:
        statuses = [(await post(browser, "hello", f"id-0000{i}")).status_code for i in range(4)]
    assert statuses == [200, 200, 429, 429]


@pytest.mark.parametrize("connection", ["nobody", PHONE.id])
async def test_only_a_chat_has_a_chat_page(connection: str) -> None:
    w = world()
    async with w.browser() as browser:
        assert (await browser.get(f"/chat/{connection}")).status_code == 404
        assert (await browser.get(f"/chat/{connection}/lines")).status_code == 404
        assert (await browser.get(f"/chat/{connection}/stream")).status_code == 204
        assert (
            await browser.post(f"/chat/{connection}/messages", json={"id": "id-00001", "text": "x"})
        ).status_code == 404


async def test_lines_come_after_a_position_with_claims_in_a_sandbox() -> None:
    w = world()
    async with w.browser() as browser:
        token = await opened(w, browser)
        await post(browser, "hello")
        assert (await browser.get(f"{PAGE}/lines")).json()["answering"] is True
        w.ingest.reply(token, "For free.", options=("Yes", "No"), claims=("DD-D04",))
        news = (await browser.get(f"{PAGE}/lines?after=1")).json()
    assert news["answering"] is False
    (line,) = news["lines"]
    assert (line["position"], line["ours"], line["text"]) == (2, True, "For free.")
    assert (line["options"], line["claims"], line["id"]) == (["Yes", "No"], ["DD-D04"], None)


async def test_outside_a_sandbox_no_claim_ids_and_no_banner_are_shown() -> None:
    w = world(replace(CHAT, stage="live"))
    async with w.browser() as browser:
        token = await opened(w, browser)
        await post(browser, "hello")
        w.ingest.reply(token, "For free.", claims=("DD-D04",))
        page = (await browser.get(PAGE)).text
    assert "For free." in page
    assert "DD-D04" not in page
    assert "sandbox." not in page
    assert "Its clock" not in page


@pytest.mark.parametrize(("shifted", "shown"), [(True, True), (False, False)])
async def test_a_sandbox_says_so_and_shows_its_clock_when_it_is_not_today_s(
    shifted: bool, shown: bool
) -> None:
    async with world(clock_shifted=shifted).browser() as browser:
        page = (await browser.get(PAGE)).text
    assert "This is a sandbox. It speaks wording nobody has approved." in page
    assert ("Tue 24 Nov 2026, 10:30" in page) is shown


async def test_only_the_last_question_offers_its_choices() -> None:
    w = world()
    async with w.browser() as browser:
        token = await opened(w, browser)
        await post(browser, "hello")
        w.ingest.reply(token, "First?", options=("Old choice",))
        w.ingest.reply(token, "Second?", options=("New choice",))
        page = (await browser.get(PAGE)).text
        assert "New choice" in page
        assert "Old choice" not in page
        await post(browser, "something else", "id-00002")
        assert "New choice" not in (await browser.get(PAGE)).text


async def test_the_page_loads_nothing_from_elsewhere_and_runs_nothing_inline() -> None:
    async with world().browser() as browser:
        answer = await browser.get(PAGE)
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert not re.search(r"<script(?![^>]*\ssrc=)", answer.text)
        assert not re.search(r"\son\w+=|\sstyle=|<style", answer.text)
        urls = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
        loaded = [
            url for url in urls if (url.startswith("/") and not url.startswith("/chat/")) or ".css" in url
        ]
        assert not [url for url in urls if url.startswith("http") and url != "https://dave.example/privacy"]
        for url in loaded:
            got = await browser.get(url)
            assert got.status_code == 200
            assert "immutable" in got.headers["cache-control"]


async def test_the_tenant_s_colours_come_as_a_stylesheet() -> None:
    async with world().browser() as browser:
        answer = await browser.get(f"{PAGE}/accent.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert "[data-tenant=example-dave] { --accent: light-dark(#1f56b3, #93b8ff)" in answer.text


# ---- the stream, through the application itself: a client without a network would wait for its end ------------------------


async def events(w: World, cookie: str, count: int, *, after: str = "0") -> list[dict[str, Any]]:
    """The first `count` events of the stream, then the caller goes away."""
    gone = asyncio.Event()
    asked = False
    text = ""

    async def receive() -> dict[str, Any]:
        nonlocal asked
        if not asked:
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        nonlocal text
        text += message.get("body", b"").decode()
        if text.count("\r\n\r\n") >= count:
            gone.set()

    scope = {
        "type": "http",
        "method": "GET",
        "path": f"{PAGE}/stream",
        "query_string": f"after={after}".encode(),
        "headers": [(b"cookie", f"convo_{CHAT.id}={cookie}".encode())],
    }
    async with asyncio.timeout(5):
        await w.app(scope, receive, send)
    blocks = [block.split("\r\n") for block in text.split("\r\n\r\n") if "data: " in block]
    return [
        json.loads(line.removeprefix("data: "))
        for block in blocks
        for line in block
        if line.startswith("data: ")
    ]


async def test_a_reply_is_pushed_as_soon_as_it_is_hinted() -> None:
    w = world()
    live = w.app.state.live
    async with w.browser() as browser, live.running():
        token = await opened(w, browser)
        await post(browser, "hello")
        listening = asyncio.create_task(events(w, token, 2))
        await asyncio.sleep(0.1)
        started = asyncio.get_running_loop().time()
        w.ingest.reply(token, "For free.")
        w.wake.notify("pages")
        first, second = await listening
        took = asyncio.get_running_loop().time() - started
    assert [line["text"] for line in first["lines"]] == ["hello"]
    assert first["answering"] is True
    assert [line["text"] for line in second["lines"]] == ["For free."]
    assert second["answering"] is False
    assert took < 0.3


async def test_without_any_hint_the_reply_comes_all_the_same() -> None:
    w = world()
    async with w.browser() as browser:
        token = await opened(w, browser)
        await post(browser, "hello")
        listening = asyncio.create_task(events(w, token, 2))
        await asyncio.sleep(0.1)
        w.ingest.reply(token, "For free.")
        assert [line["text"] for line in (await listening)[1]["lines"]] == ["For free."]


async def test_a_stream_without_a_visitor_is_not_opened() -> None:
    async with world().browser() as browser:
        assert (await browser.get(f"{PAGE}/stream")).status_code == 204
