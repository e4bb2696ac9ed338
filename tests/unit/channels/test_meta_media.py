"""Fetching what a message holds: from the provider's own host, no more than asked for, and nothing twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx2
import pytest

from runtime.channels.dialog360 import Dialog360
from runtime.ports import NoMedia
from tests.unit.web.world import PHONE

BASE = "https://waba.example"
THERE = {"url": "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid=77&hash=x", "file_size": 4}


async def fetched(
    respond: Callable[[httpx2.Request], Any],
    reference: str = "77",
    *,
    key: str = "example-key",
    max_bytes: int = 1000,
    deadline_s: float = 2.0,
) -> tuple[bytes | NoMedia, list[httpx2.Request]]:
    """What came of it, and the requests that were made."""
    asked: list[httpx2.Request] = []

    async def answer(request: httpx2.Request) -> httpx2.Response:
        asked.append(request)
        made = respond(request)
        told: httpx2.Response = await made if asyncio.iscoroutine(made) else made
        return told

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as http:
        try:
            got: bytes | NoMedia = await Dialog360(http).fetch_media(
                replace(PHONE, base_url=BASE),
                {"api": key},
                reference,
                max_bytes=max_bytes,
                deadline_s=deadline_s,
            )
        except NoMedia as refusal:
            got = refusal
    return got, asked


def provider(place: Any = THERE, body: bytes = b"data", status: int = 200) -> Callable[[httpx2.Request], Any]:
    def respond(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/77":
            return httpx2.Response(200, json=place)
        return httpx2.Response(status, content=body)

    return respond


async def test_both_steps_go_to_the_connections_own_host_with_its_key() -> None:
    got, asked = await fetched(provider())
    assert got == b"data"
    assert [str(request.url) for request in asked] == [
        f"{BASE}/77",
        f"{BASE}/whatsapp_business/attachments/?mid=77&hash=x",
    ]
    assert {request.headers["d360-api-key"] for request in asked} == {"example-key"}


@pytest.mark.parametrize("reference", ["", "../secrets", "77?x=1", "a/b", "a" * 201, "77\n", "٧٧"])
async def test_a_reference_that_is_none_calls_nobody(reference: str) -> None:
    got, asked = await fetched(provider(), reference)
    assert isinstance(got, NoMedia)
    assert asked == []


@pytest.mark.parametrize(
    "place",
    [
        {},
        [],
        None,
        {"url": 7},
        {"url": "https://evil.example"},
        {"url": "file:" + "///somewhere/../else"},
        {"url": "https://x/a b"},
        {"url": "https://x/%00/../.."},
        {"url": "//["},
    ],
)
async def test_an_answer_that_does_not_say_where_ends_it(place: Any) -> None:
    got, asked = await fetched(provider(place))
    assert isinstance(got, NoMedia)
    assert got.for_good
    assert len(asked) == 1


async def test_what_says_that_it_is_too_large_is_not_asked_for() -> None:
    got, asked = await fetched(provider({**THERE, "file_size": 1001}))
    assert isinstance(got, NoMedia)
    assert len(asked) == 1


async def test_what_is_larger_than_it_says_is_read_no_further() -> None:
    got, _ = await fetched(provider(body=b"x" * 5000))
    assert isinstance(got, NoMedia)
    assert got.for_good


@pytest.mark.parametrize(
    ("status", "for_good"), [(404, True), (401, True), (302, True), (500, False), (503, False)]
)
async def test_a_refusal_is_final_unless_it_is_the_providers_own_trouble(status: int, for_good: bool) -> None:
    got, asked = await fetched(provider(status=status))
    assert isinstance(got, NoMedia)
    assert (got.for_good, len(asked)) == (for_good, 2)


async def test_a_slow_provider_is_given_up_in_time() -> None:
    async def never(request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(30)
        return httpx2.Response(200)

    got, _ = await fetched(never, deadline_s=0.05)
    assert isinstance(got, NoMedia)
    assert not got.for_good


async def test_a_provider_that_cannot_be_reached_is_no_fault_of_ours() -> None:
    def away(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("away")

    got, _ = await fetched(away)
    assert isinstance(got, NoMedia)
    assert not got.for_good


async def test_without_a_key_nobody_is_called() -> None:
    got, asked = await fetched(provider(), key="")
    assert isinstance(got, NoMedia)
    assert asked == []
