"""A picture that somebody sends: over real HTTP, seen by a model only where the tenant says so, fetched once, kept encrypted."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import httpx2
import pytest

from compiler.pipeline import compile_tenant
from drills.sandbox.dialog360 import PEOPLE, Number, Options, build
from drills.sandbox.media import PICTURE
from runtime.channels import channels, client
from runtime.channels.pictures import FetchedPictures
from runtime.clock import clock_of
from runtime.messages import InboundMessage, MediaReference, Turn
from runtime.storage.tenants import Owner
from schemas.bundle import Bundle, canonical
from tests.acceptance.served import Served
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, bundle_bytes, message, world

DAVE = Path(__file__).parents[2] / "tenants" / "dynamo-dave"
KEY = "example-key"
SAM = PEOPLE[0].phone


@dataclass
class Provider:
    """The sandbox server in a thread, and every path it was asked for."""

    served: Served
    asked: list[str] = field(default_factory=list)

    def sent(self) -> str:
        """Sam sends a picture. Returns its media id, as the webhook names it."""
        with httpx2.Client(trust_env=False) as http:
            posted = http.post(
                f"{self.served.url}/phone/dave-wa-sandbox/messages", json={"as": SAM, "kind": "image"}
            )
            posted.raise_for_status()
        return "".join(c for c in posted.json()["id"] if c.isalnum())


@pytest.fixture(scope="module")
def provider() -> Iterator[Provider]:
    number = Number(
        connection="dave-wa-sandbox",
        label="EXAMPLE",
        number="447700900001",
        phone_number_id="4242",
        api_key=KEY,
        secret="example-secret",
    )
    asked: list[str] = []

    def make(url: str) -> Any:
        app = build(Options(numbers=(number,), clock=clock_of(0.0)))

        async def watched(scope: Any, receive: Any, send: Any) -> None:
            if scope["type"] == "http" and scope["method"] == "GET":
                asked.append(scope["path"])
            await app(scope, receive, send)

        return watched

    served = Served(make)
    served.start()
    try:
        yield Provider(served, asked)
    finally:
        served.stop()


class Secrets:
    async def get(self, tenant_id: int, reference: str) -> str:
        return KEY


def bundle_of(provider: Provider, *, preset: str = "vision", pictures: bool | None = True) -> bytes:
    document = json.loads(bundle_bytes())
    document["persona"]["preset"] = preset
    for connection in document["connections"]:
        connection["base_url"] = provider.served.url
        connection["secrets"] = {"api": "secret:D360_KEY"}
    document["record"] = {**record(), "models": {} if pictures is None else {"pictures": pictures}}
    return canonical(document)


@cache
def record() -> dict[str, Any]:
    """What a compiled bundle says of itself besides."""
    document: dict[str, Any] = json.loads(compile_tenant(DAVE, date(2026, 11, 24)).bundle)["record"]
    return document


@asynccontextmanager
async def seeing(w: World) -> AsyncIterator[FetchedPictures]:
    turns = w.turns

    async def keep(turn: Turn, *rest: Any, **more: Any) -> None:
        await turns.keep_media(turn, *rest, **more)

    async with client() as http:
        yield FetchedPictures(channels=channels(http), secrets=Secrets(), keep=keep, clock=w.clock)


async def loaded(w: World, bundle: Bundle) -> Turn:
    [lease] = await w.turns.claim(owner="worker-1", limit=1, lease_s=30, now=w.clock.now())
    turn = await w.turns.load(lease, pinned=None, active=bundle, now=w.clock.now())
    assert turn is not None
    return turn


async def arrives(w: World, owner: Owner, reference: str, *, media_type: str = "image/jpeg") -> None:
    arrival = message(owner, w.clock.now(), text="my bill", kind="image")
    held = MediaReference(reference=reference, media_type=media_type)
    assert isinstance(arrival.event, InboundMessage)
    await w.arrive(replace(arrival, event=replace(arrival.event, media=(held,))))


def pictures(turn: Turn) -> list[bytes | None]:
    return [media.data for pending in turn.pending for media in pending.media]


@pytest.mark.parametrize(
    ("preset", "allowed"), [("vision", False), ("vision", None), ("fast", True), ("quality", True)]
)
async def test_where_the_tenant_does_not_say_so_nobody_is_asked_for_it(
    database: Database, clock: ManualClock, provider: Provider, preset: str, allowed: bool | None
) -> None:
    async with world(database, clock) as w, seeing(w) as seen:
        owner = await w.tenant()
        bundle = await w.publish(bundle_of(provider, preset=preset, pictures=allowed))
        await arrives(w, owner, provider.sent())
        provider.asked.clear()
        turn = await seen.seen(await loaded(w, bundle))
        assert pictures(turn) == [None]
        assert [p.text for p in turn.pending] == ["my bill"]
        assert provider.asked == []
        assert await w.see("select 1 from media") == []


async def test_it_is_fetched_once_and_kept_where_only_its_key_can_read_it(
    database: Database, clock: ManualClock, provider: Provider
) -> None:
    async with world(database, clock) as w, seeing(w) as seen:
        owner = await w.tenant()
        bundle = await w.publish(bundle_of(provider))
        await arrives(w, owner, provider.sent())
        provider.asked.clear()
        turn = await seen.seen(await loaded(w, bundle))
        assert pictures(turn) == [PICTURE]
        assert turn.pending[0].media[0].media_type == "image/png"  # whatever the message called it
        assert len(provider.asked) == 2
        [row] = await w.see("select media_type, size, state, data from media")
        assert (row["media_type"], row["size"], row["state"]) == ("image/png", len(PICTURE), "fetched")
        assert PICTURE[:8] not in bytes(row["data"])

        clock.advance(60)  # the worker died: another takes the turn over
        again = await seen.seen(await loaded(w, bundle))
        assert pictures(again) == [PICTURE]
        assert len(provider.asked) == 2


async def test_one_that_is_not_there_is_asked_for_once_and_never_again(
    database: Database, clock: ManualClock, provider: Provider
) -> None:
    async with world(database, clock) as w, seeing(w) as seen:
        owner = await w.tenant()
        bundle = await w.publish(bundle_of(provider))
        await arrives(w, owner, "wamidGONE")
        provider.asked.clear()
        turn = await seen.seen(await loaded(w, bundle))
        assert pictures(turn) == [None]
        assert provider.asked == ["/wamidGONE"]
        clock.advance(60)
        await seen.seen(await loaded(w, bundle))
        assert provider.asked == ["/wamidGONE"]
        [row] = await w.see("select state, reason from media")
        assert row == {"state": "refused", "reason": "the provider refused it"}


async def test_a_recording_is_not_fetched(database: Database, clock: ManualClock, provider: Provider) -> None:
    async with world(database, clock) as w, seeing(w) as seen:
        owner = await w.tenant()
        bundle = await w.publish(bundle_of(provider))
        await arrives(w, owner, provider.sent(), media_type="audio/ogg")
        provider.asked.clear()
        assert pictures(await seen.seen(await loaded(w, bundle))) == [None]
        assert provider.asked == []


async def test_once_the_tenant_forbids_it_a_picture_that_was_kept_is_seen_no_more(
    database: Database, clock: ManualClock, provider: Provider
) -> None:
    async with world(database, clock) as w, seeing(w) as seen:
        owner = await w.tenant()
        await arrives(w, owner, provider.sent())
        await seen.seen(await loaded(w, await w.publish(bundle_of(provider))))
        clock.advance(60)
        forbids = await w.publish(bundle_of(provider, pictures=False))
        assert pictures(await seen.seen(await loaded(w, forbids))) == [None]
