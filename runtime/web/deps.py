"""What the web process is given: its ports and the few choices that are the deployment's, not ours."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from starlette.routing import BaseRoute

from runtime.ports import Channel, Clock, Ingest, Route, Secrets, Wake
from schemas.bundle import Bundle

FAILURES_PER_MINUTE = 100
VISITOR_TOKEN_BYTES = 16


class Routes(Protocol):
    """Which tenant a connection belongs to, and the bundle in force for it. Both are look-ups in memory."""

    async def route(self, connection_id: str) -> Route | None:
        """None when no active bundle has this connection. May raise DatabaseDown when it cannot know."""
        ...

    def bundle(self, digest: str) -> Bundle:
        """The bundle of a digest that `route` just gave. Raises BundleMissing."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantState:
    """One tenant that must be served. `digest` is what is served (None = nothing can be), `fault` why it is not the newest.

    `refused`: connections of it that are not served, each with the reason.
    """

    tenant: str
    digest: str | None
    serial: int | None
    fault: str | None = None
    refused: tuple[str, ...] = ()


class Readiness(Protocol):
    """What /readyz asks."""

    async def database(self) -> bool:
        """Whether the database can be reached now. Answers within about two seconds and never raises."""
        ...

    def tenants(self) -> Sequence[TenantState]:
        """Every tenant that this deployment must serve."""
        ...


def visitor_token() -> str:
    """128 random bits, URL-safe: whoever holds it is that visitor."""
    return secrets.token_urlsafe(VISITOR_TOKEN_BYTES)


@dataclass(frozen=True, slots=True, kw_only=True)
class Deps:
    """Everything `site.build` needs.

    dev: cookies also over plain HTTP. clock_shifted: sandbox pages show the clock. desk: its routes, made by app.py.
    failures_per_minute: per address; for webhooks that fail to prove themselves, and for chat posts.
    """

    clock: Clock
    routes: Routes
    ingest: Ingest
    secrets: Secrets
    wake: Wake
    channels: Mapping[str, Channel]
    readiness: Readiness
    dev: bool = False
    clock_shifted: bool = False
    desk: Sequence[BaseRoute] = ()
    failures_per_minute: int = FAILURES_PER_MINUTE
    token: Callable[[], str] = visitor_token
