"""Health: alive, ready or not and why, and what was counted."""

from __future__ import annotations

from typing import Any

import pytest

from runtime.web.deps import TenantState
from tests.unit.web.world import DIGEST, MemoryReadiness, world

GOOD = TenantState(tenant="dave", digest=DIGEST, serial=3)
STALE = TenantState(tenant="edward", digest=DIGEST, serial=2, fault="the signature is not trusted")
PARTLY = TenantState(
    tenant="dave",
    digest=DIGEST,
    serial=3,
    refused=("connection dave-mail: this version has no channel email",),
)
NONE = TenantState(tenant="edward", digest=None, serial=None)


async def ready(*tenants: TenantState, database: bool = True) -> tuple[int, dict[str, Any]]:
    async with world(readiness=MemoryReadiness(*tenants, database=database)).browser() as browser:
        answer = await browser.get("/readyz")
        return answer.status_code, answer.json()


async def test_alive_says_nothing_about_anything_else() -> None:
    async with world(readiness=MemoryReadiness(database=False)).browser() as browser:
        answer = await browser.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")


async def test_ready_when_the_database_answers_and_every_tenant_is_served() -> None:
    status, body = await ready(GOOD)
    assert (status, body["status"], body["reasons"]) == (200, "ready", [])
    assert body["tenants"] == [
        {"tenant": "dave", "digest": DIGEST, "serial": 3, "fault": None, "refused": []}
    ]


async def test_degraded_while_a_tenant_is_on_its_last_good_bundle() -> None:
    status, body = await ready(GOOD, STALE)
    assert (status, body["status"]) == (200, "degraded")
    assert body["reasons"] == ["edward: still on the last good bundle: the signature is not trusted"]


async def test_degraded_while_a_connection_cannot_be_served() -> None:
    status, body = await ready(PARTLY)
    assert (status, body["status"]) == (200, "degraded")
    assert body["reasons"] == ["dave: connection dave-mail: this version has no channel email"]
    assert body["tenants"][0]["refused"] == list(PARTLY.refused)


@pytest.mark.parametrize(
    ("tenants", "database", "reason"),
    [
        ((GOOD,), False, "the database cannot be reached"),
        ((GOOD, NONE), True, "edward: no bundle can be served: none is active"),
        ((), True, "no tenant has an active bundle"),
    ],
)
async def test_unready_when_something_cannot_be_served_at_all(
    tenants: tuple[TenantState, ...], database: bool, reason: str
) -> None:
    status, body = await ready(*tenants, database=database)
    assert (status, body["status"]) == (503, "unready")
    assert reason in body["reasons"]


async def test_metrics_are_prometheus_text() -> None:
    async with world().browser() as browser:
        answer = await browser.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "# HELP convo_ack_seconds" in answer.text
