"""The web process as one Starlette application: webhooks, chat, desk, static files, health."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.routing import Mount, Route

from runtime.web import health, pages
from runtime.web.chat import views
from runtime.web.deps import Deps, Readiness, Routes, TenantState
from runtime.web.headers import SecurityHeaders
from runtime.web.limit import PerAddress
from runtime.web.live import Live
from runtime.web.webhooks import Webhooks

__all__ = ["Deps", "Readiness", "Routes", "TenantState", "build"]


def build(deps: Deps) -> Starlette:
    """The application. Its lifespan runs `app.state.live`, so serve it with lifespan on."""
    live = Live(deps.wake)
    limit = PerAddress(deps.failures_per_minute)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with live.running():
            yield

    app = Starlette(
        routes=[
            Route("/hooks/{connection}", Webhooks(deps, limit), methods=["POST"]),
            *views.routes(deps, live, limit),
            *deps.desk,
            *health.routes(deps.readiness),
            Mount("/static", pages.Static(), name="static"),
        ],
        middleware=[Middleware(SecurityHeaders)],
        exception_handlers={HTTPException: pages.on_http_error, Exception: pages.on_crash},
        lifespan=lifespan,
    )
    app.state.live = live
    return app
