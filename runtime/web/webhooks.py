"""POST /hooks/<connection>: proves who calls, reads the batch, finds opt-outs, stores all of it, and only then says 200."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from runtime.crash import crash_point
from runtime.errors import BundleMissing, MalformedWebhook, Overloaded, SecretMissing
from runtime.messages import Stored
from runtime.ports import Channel, DatabaseDown, Route
from runtime.telemetry import ACK, ACKED, error_fields, log
from runtime.web import bursts
from runtime.web.arrivals import arrivals_of
from runtime.web.body import TooLarge, read
from runtime.web.deps import Deps
from runtime.web.limit import RETRY_AFTER_S, PerAddress

MAX_BODY_BYTES = 1 << 20
DATABASE_RETRY_S = 5
SENDING_PURPOSES = frozenset({"api"})  # what a channel needs to send; a webhook is never checked against it
UNROUTED = "none"  # the metric's channel while there is no connection

_ONE_STORED = b'{"stored":1,"duplicate":0,"rejected":[]}'

Answer = tuple[int, bytes, Mapping[str, str]]


class Webhooks:
    """An ASGI endpoint, without request and response objects: this path is measured."""

    def __init__(self, deps: Deps, limit: PerAddress) -> None:
        self._deps = deps
        self._limit = limit
        self._bursts = bursts.Bursts()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = self._deps.clock.monotonic()
        channel, (status, body, headers) = await self._answer(scope, receive)
        await _respond(send, status, body, headers)
        ACK.labels(channel).observe(self._deps.clock.monotonic() - started)
        ACKED.labels(channel, str(status)).inc()

    async def _answer(self, scope: Scope, receive: Receive) -> tuple[str, Answer]:
        connection_id: str = scope["path_params"]["connection"]
        channel = UNROUTED
        try:
            route = await self._deps.routes.route(connection_id)
            if route is None:
                return channel, self._failure(scope, 404, "there is no such connection")
            channel = route.connection.channel
            body = await read(scope, receive, MAX_BODY_BYTES)
            return channel, await self._take(route, scope, body)
        except TooLarge:
            return channel, self._failure(scope, 413, f"a webhook has at most {MAX_BODY_BYTES} bytes")
        except MalformedWebhook as error:
            log().warning("webhook malformed", connection=connection_id, channel=channel)
            return channel, _error(400, str(error))
        except Overloaded:
            return channel, _later("too much is waiting; try again in a moment")
        except (DatabaseDown, BundleMissing):
            # Without the tenant's words an opt-out cannot be recognised, so nothing is taken.
            return channel, _later("nothing can be stored now; try again")
        except ClientDisconnect:
            return channel, _error(400, "the body did not arrive")

    async def _take(self, route: Route, scope: Scope, body: bytes) -> Answer:
        deps = self._deps
        connection = route.connection
        kind = deps.channels.get(connection.channel)
        if kind is None or not await self._authentic(kind, route, scope, body):
            log().warning("webhook not authentic", connection=connection.id, channel=connection.channel)
            return self._failure(scope, 401, "the webhook does not prove where it comes from")
        now = deps.clock.now()
        events = kind.parse(connection, body, now)
        if not events:
            return 200, _summary(()), {}
        bundle = deps.routes.bundle(route.digest)
        arrivals = self._bursts.patient(arrivals_of(route, bundle, events), bundle)
        crash_point("web.before_store")
        outcomes = await deps.ingest.store(arrivals, now=now)
        crash_point("web.after_store")
        bursts.wake(deps.wake, arrivals)
        deps.wake.notify("pages")
        # A rejected item has its own status here, yet the webhook is 200 even when nothing else was in it:
        # the provider would bring the same poison again for days, and the item is kept for a human to look at.
        return 200, _summary(outcomes), {}

    async def _authentic(self, kind: Channel, route: Route, scope: Scope, body: bytes) -> bool:
        values: dict[str, str] = {}
        for purpose, reference in route.connection.secrets.items():
            if purpose in SENDING_PURPOSES:
                continue
            try:
                values[purpose] = await self._deps.secrets.get(route.tenant_id, reference)
            except SecretMissing as missing:
                log().error(
                    "webhook secret missing",
                    tenant=route.tenant,
                    connection=route.connection.id,
                    **error_fields(missing),
                )
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        return kind.authentic(route.connection, values, headers, body)

    def _failure(self, scope: Scope, status: int, words: str) -> Answer:
        """The refusal, or 429 for an address that has failed too often. A caller that proves itself never gets here,
        so nobody can use up a provider's turn by failing in its name."""
        if not self._limit.allows("hook", scope):
            return _error(429, "too many failed calls", {"retry-after": str(RETRY_AFTER_S)})
        return _error(status, words)


def _summary(outcomes: Sequence[Stored]) -> bytes:
    if len(outcomes) == 1 and outcomes[0].outcome == "stored":
        return _ONE_STORED
    rejected = [
        {"index": i, "reason": outcome.reason or "rejected"}
        for i, outcome in enumerate(outcomes)
        if outcome.outcome == "rejected"
    ]
    counts = {
        "stored": sum(outcome.outcome == "stored" for outcome in outcomes),
        "duplicate": sum(outcome.outcome == "duplicate" for outcome in outcomes),
        "rejected": rejected,
    }
    return json.dumps(counts, separators=(",", ":")).encode()


def _error(status: int, words: str, headers: Mapping[str, str] | None = None) -> Answer:
    return status, json.dumps({"error": words}).encode(), headers or {}


def _later(words: str) -> Answer:
    return _error(503, words, {"retry-after": str(DATABASE_RETRY_S)})


async def _respond(send: Send, status: int, body: bytes, headers: Mapping[str, str]) -> None:
    raw = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    raw += [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})
