"""/healthz: the process lives. /readyz: it can serve, and how well. /metrics: what it has counted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from runtime.telemetry import METRICS_CONTENT_TYPE, exposition
from runtime.web.deps import Readiness, TenantState
from runtime.web.pages import NOT_KEPT


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """ready: all is in force. degraded: a tenant has its last good bundle, or not all its connections. unready: 503."""

    status: Literal["ready", "degraded", "unready"]
    reasons: tuple[str, ...]


def routes(readiness: Readiness) -> list[Route]:
    """The three addresses."""

    async def healthz(request: Request) -> Response:
        return PlainTextResponse("ok\n", headers={"cache-control": NOT_KEPT})

    async def readyz(request: Request) -> Response:
        tenants = readiness.tenants()
        ready = judge(database=await readiness.database(), tenants=tenants)
        body = {
            "status": ready.status,
            "reasons": list(ready.reasons),
            "tenants": [
                {
                    "tenant": t.tenant,
                    "digest": t.digest,
                    "serial": t.serial,
                    "fault": t.fault,
                    "refused": list(t.refused),
                }
                for t in tenants
            ],
        }
        status = 503 if ready.status == "unready" else 200
        return JSONResponse(body, status_code=status, headers={"cache-control": NOT_KEPT})

    async def metrics(request: Request) -> Response:
        return Response(exposition(), headers={"content-type": METRICS_CONTENT_TYPE})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


def judge(*, database: bool, tenants: Sequence[TenantState]) -> Ready:
    """A tenant without any bundle, or no tenant at all, is as bad as no database: its webhooks would all be refused."""
    fatal: list[str] = []
    if not database:
        fatal.append("the database cannot be reached")
    if not tenants:
        fatal.append("no tenant has an active bundle")
    fatal += [
        f"{t.tenant}: no bundle can be served: {t.fault or 'none is active'}" for t in tenants if not t.digest
    ]
    stale = [f"{t.tenant}: still on the last good bundle: {t.fault}" for t in tenants if t.digest and t.fault]
    less = [*stale, *(f"{t.tenant}: {reason}" for t in tenants for reason in t.refused)]
    if fatal:
        return Ready(status="unready", reasons=(*fatal, *less))
    return Ready(status="degraded" if less else "ready", reasons=tuple(less))
