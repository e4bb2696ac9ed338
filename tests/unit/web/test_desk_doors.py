"""Every door of the desk is shut to somebody who is not signed in; the database is not even asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from runtime.bundles import BundleKeeper
from runtime.crypto import Vault
from runtime.lastgood import LastGood
from runtime.storage.access import PgAccess
from runtime.storage.bundles import PgBundles
from runtime.storage.desk import PgDesk
from runtime.storage.operations import PgOperations
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from runtime.web.desk import DeskDeps, routes
from tests.unit.web.world import MemoryWake, SetClock

ID = "00000000-0000-4000-8000-000000000001"
OPEN = {"/desk/in/{token}", "/desk/sign-in"}


@pytest.fixture
def deps(tmp_path: Path) -> DeskDeps:
    """A desk whose database is not there: whatever asks it fails."""
    pool = Pool("postgresql://127.0.0.1:9/nothing", role="desk")
    tenants = Tenants(pool, Vault(master=bytes(32), pepper=bytes(32)))
    clock, wake = SetClock(), MemoryWake()
    return DeskDeps(
        clock=clock,
        access=PgAccess(pool),
        desk=PgDesk(pool, tenants),
        operations=PgOperations(pool, tenants),
        bundles=BundleKeeper(
            store=PgBundles(pool, tenants),
            stage="sandbox",
            trusted={},
            last_good=LastGood(tmp_path),
            clock=clock,
            wake=wake,
        ),
        wake=wake,
        stage="sandbox",
        dev=True,
    )


def browser(deps: DeskDeps, host: str = "127.0.0.1") -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(Starlette(routes=routes(deps)), client=(host, 1))
    return httpx2.AsyncClient(
        transport=transport, base_url="http://desk.example", headers={"accept": "text/html"}
    )


def addresses(deps: DeskDeps) -> list[tuple[str, str]]:
    found = []
    for route in routes(deps):
        assert isinstance(route, Route) and route.methods is not None
        path = (
            route.path.replace("{conversation:uuid}", ID)
            .replace("{case:uuid}", ID)
            .replace("{item:uuid}", ID)
        )
        path = path.replace("{what}", "discard").replace("{kind}", "outbox")
        found += [(method, path) for method in route.methods - {"HEAD"} if route.path not in OPEN]
    return found


async def test_every_address_that_is_not_opened_by_name_leads_to_the_page_that_says_how_to_sign_in(
    deps: DeskDeps,
) -> None:
    async with browser(deps) as visitor:
        answers = [(await visitor.request(method, path), path) for method, path in addresses(deps)]

    assert len(answers) > 12
    assert {(answer.status_code, answer.headers.get("location")) for answer, _ in answers} == {
        (303, "/desk/sign-in")
    }


async def test_the_page_for_strangers_says_how_to_get_a_link(deps: DeskDeps) -> None:
    async with browser(deps) as visitor:
        answer = await visitor.get("/desk/sign-in")

    assert answer.status_code == 401
    assert "convo desk link" in answer.text and "<form" not in answer.text


@pytest.mark.parametrize("host", ["203.0.113.9", "10.0.0.1", "", "localhost.example"])
async def test_a_link_opens_nothing_from_another_machine(deps: DeskDeps, host: str) -> None:
    async with browser(deps, host) as visitor:
        looked, used = await visitor.get("/desk/in/token"), await visitor.post("/desk/in/token")

    assert (looked.status_code, used.status_code) == (404, 404)


async def test_a_link_opens_nothing_outside_development(deps: DeskDeps) -> None:
    async with browser(replace(deps, dev=False)) as visitor:
        looked, used = await visitor.get("/desk/in/token"), await visitor.post("/desk/in/token")

    assert (looked.status_code, used.status_code) == (404, 404)


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": "http://desk.example"},
    ],
)
async def test_another_site_cannot_sign_anybody_in(deps: DeskDeps, headers: dict[str, str]) -> None:
    async with browser(deps) as visitor:
        answer = await visitor.post("/desk/in/token", headers=headers)

    assert answer.status_code == 403


async def test_a_database_that_is_away_is_said_in_words_and_opens_nothing(deps: DeskDeps) -> None:
    async with browser(deps) as visitor:
        visitor.cookies.set("convo_desk", "some-session")
        answer = await visitor.get("/desk")

    assert answer.status_code == 503
    assert "nothing is lost" in answer.text
    assert answer.headers["retry-after"]


async def test_a_live_part_asked_for_without_a_session_sends_the_whole_page_away(deps: DeskDeps) -> None:
    async with browser(deps) as visitor:
        answer = await visitor.get("/desk", headers={"hx-request": "true", "hx-target": "live"})

    assert (answer.status_code, answer.headers["hx-redirect"]) == (401, "/desk/sign-in")
