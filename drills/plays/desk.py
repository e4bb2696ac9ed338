"""The desk's own page of a conversation, asked for as a signed-in operator's browser would ask for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import httpx2
from starlette.applications import Starlette

from drills.rehearsal import Rehearsal
from drills.rollout import STAGE
from runtime.storage.access import Link, Operator
from runtime.web.desk import DeskDeps, routes
from runtime.web.desk.gate import COOKIE
from schemas.bundle import Bundle

READER = "Reader EXAMPLE"


@dataclass(frozen=True, slots=True)
class _SignedIn:
    """Implements desk.deps.Access for one reader: who they are is no part of a play."""

    tenant_id: int

    async def operator(self, session: str, *, now: datetime) -> Operator | None:
        return Operator(
            name=READER,
            role="viewer",
            tenants=(self.tenant_id,),
            until=now + timedelta(hours=1),
            csrf_hash=b"",
        )

    async def link(self, token: str, *, now: datetime) -> Link:
        return Link(state="unknown")

    async def enter(self, token: str, *, now: datetime) -> str | None:
        return None

    async def leave(self, session: str, *, now: datetime) -> None:
        return None


@dataclass(frozen=True, slots=True)
class _InForce:
    """Implements desk.deps.InForce: the one bundle that is played."""

    bundle: Bundle

    def in_force(self, tenant_id: int) -> Bundle:
        return self.bundle

    async def pinned(self, tenant_id: int, digest: str) -> Bundle:
        return self.bundle


class _Nobody:
    """Implements ports.Wake: nothing of a page waits for anything."""

    def notify(self, topic: str) -> None:
        return None

    async def wait(self, topic: str, timeout_s: float) -> bool:
        return False


async def page_of(stage: Rehearsal, conversation: UUID) -> str:
    """The HTML of the conversation's page, whole. Raises RuntimeError when the desk does not show it."""
    deps = DeskDeps(
        clock=stage.clock,
        access=_SignedIn(stage.tenant_id),
        desk=stage.desk,
        operations=stage.operations,
        bundles=_InForce(stage.bundle),
        wake=_Nobody(),
        stage=STAGE,
    )
    path = f"/desk/conversations/{conversation}?tenant={stage.bundle.tenant.slug}"
    transport = httpx2.ASGITransport(app=Starlette(routes=routes(deps)))
    async with httpx2.AsyncClient(transport=transport, base_url="http://desk.example") as browser:
        shown = await browser.get(path, cookies={COOKIE: "rehearsed"})
    if shown.status_code != 200:
        raise RuntimeError(f"the desk answered {shown.status_code} for {path}")
    return shown.text
