"""The chat's addresses: the page, what a visitor posts, their lines, and the stream that brings new ones."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import parse_qs

from sse_starlette import EventSourceResponse
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route as Address

from runtime.channels.webchat import inbound
from runtime.crash import crash_point
from runtime.errors import BundleMissing, Overloaded
from runtime.ports import DatabaseDown, Route
from runtime.telemetry import ACK, ACKED
from runtime.web import body, pages
from runtime.web.arrivals import arrivals_of
from runtime.web.bursts import Bursts, wake
from runtime.web.chat import talk
from runtime.web.chat.hearing import Hearing, position
from runtime.web.chat.incoming import Incoming, Unreadable, read_form, read_json
from runtime.web.chat.visitor import may_post, remember, token_of
from runtime.web.deps import Deps
from runtime.web.limit import RETRY_AFTER_S, PerAddress
from runtime.web.live import Live

CHANNEL = "webchat"
MAX_POST_BYTES = 64 << 10  # 4,096 emoji, each escaped as two \u pairs
DATABASE_RETRY_S = 5

_NO_CHAT = "There is no such chat."
_AWAY = "The chat cannot be opened right now."
_AWAY_WORDS = "It will be back by itself. What the page showed as sent is safe."
_NOT_STORED = (
    "Not sent: we cannot store messages right now. Your words are below; send them again in a moment."
)
_NOT_SHOWN = "Earlier messages cannot be shown right now. They are safe."


def routes(deps: Deps, live: Live, limit: PerAddress) -> list[Address]:
    """The chat's addresses over these ports."""
    chat = Chat(deps, Hearing(deps, live), limit)
    return [
        Address("/chat/{connection}", chat.page, methods=["GET"]),
        Address("/chat/{connection}/messages", chat.post, methods=["POST"]),
        Address("/chat/{connection}/lines", chat.lines, methods=["GET"]),
        Address("/chat/{connection}/stream", chat.stream, methods=["GET"]),
        Address("/chat/{connection}/accent.css", chat.accent, methods=["GET"]),
    ]


@dataclass(frozen=True, slots=True)
class Chat:
    """The handlers."""

    deps: Deps
    hearing: Hearing
    limit: PerAddress
    bursts: Bursts = field(default_factory=Bursts)

    async def page(self, request: Request) -> Response:
        """The whole conversation and a form. Gives a new visitor their token."""
        try:
            if (route := await self._route(request)) is None:
                return pages.plain_error(request, 404, _NO_CHAT)
            visitor = token_of(request, route.connection) or self.deps.token()
            response = await self._page(route, visitor)
        except (DatabaseDown, BundleMissing):
            return _away(pages.plain_error(request, 503, _AWAY, _AWAY_WORDS))
        remember(response, route.connection, visitor, secure=not self.deps.dev)
        return response

    async def post(self, request: Request) -> Response:
        """One message. 200 (or a redirect, for the form) means it is on disk; anything else means it is not."""
        started = self.deps.clock.monotonic()
        response = await self._post(request)
        ACK.labels(CHANNEL).observe(self.deps.clock.monotonic() - started)
        ACKED.labels(CHANNEL, str(response.status_code)).inc()
        return response

    async def lines(self, request: Request) -> Response:
        """The visitor's lines after a position, and whether a reply is being made: the fallback of the stream."""
        try:
            if (route := await self._route(request)) is None:
                return JSONResponse({"error": _NO_CHAT}, status_code=404)
            after = position(request.query_params.get("after"))
            visitor = token_of(request, route.connection)
            update = await self.hearing.update(route, visitor, after)
            return JSONResponse(update, headers={"cache-control": pages.NOT_KEPT})
        except (DatabaseDown, BundleMissing):
            return _away(JSONResponse({"error": _AWAY}, status_code=503))

    async def stream(self, request: Request) -> Response:
        """The same, pushed: an event whenever there is a new line or a reply is begun or given up."""
        try:
            route = await self._route(request)
        except DatabaseDown:
            return _away(JSONResponse({"error": _AWAY}, status_code=503))
        visitor = token_of(request, route.connection) if route else None
        if route is None or visitor is None:
            # 204 tells a browser not to come back: without a visitor there is nothing to wait for.
            return Response(status_code=204)
        after = position(request.headers.get("last-event-id") or request.query_params.get("after"))
        events = self.hearing.events(route, visitor, after)
        return EventSourceResponse(events, headers={"cache-control": pages.NOT_KEPT})

    async def accent(self, request: Request) -> Response:
        """The tenant's three colours."""
        try:
            route = await self._route(request)
            css = pages.accent_css(self.deps.routes.bundle(route.digest).tenant) if route else ""
        except (DatabaseDown, BundleMissing):
            css = ""
        lasting = css and "v" in request.query_params
        kept = pages.FOR_A_YEAR if lasting else pages.NOT_KEPT
        return Response(css, media_type="text/css", headers={"cache-control": kept})

    # ---- below: what they share ----

    async def _route(self, request: Request) -> Route | None:
        route = await self.deps.routes.route(request.path_params["connection"])
        return route if route is not None and route.connection.channel == CHANNEL else None

    async def _post(self, request: Request) -> Response:
        script = "application/json" in request.headers.get("content-type", "")
        route = None
        incoming = None
        try:
            if (route := await self._route(request)) is None:
                return pages.plain_error(request, 404, _NO_CHAT)
            if not may_post(request, route.connection):
                return pages.plain_error(request, 403, "This post does not come from the chat's own page.")
            if not self.limit.allows("chat", request.scope):
                response = pages.plain_error(request, 429, "Too many messages in a minute; wait a little.")
                response.headers["retry-after"] = str(RETRY_AFTER_S)
                return response
            raw = await body.read(request.scope, request.receive, MAX_POST_BYTES)
            incoming = read_json(raw) if script else read_form(parse_qs(raw.decode("utf-8", "replace")))
            return await self._store(request, route, incoming, script=script)
        except body.TooLarge:
            return pages.plain_error(request, 413, "That is too long for one message.")
        except Unreadable as error:
            return pages.plain_error(request, 422, str(error))
        except (DatabaseDown, BundleMissing, Overloaded):
            return _away(await self._not_stored(request, route, incoming, script=script))
        except ClientDisconnect:
            return Response(status_code=400)

    async def _store(self, request: Request, route: Route, incoming: Incoming, *, script: bool) -> Response:
        deps = self.deps
        now = deps.clock.now()
        visitor = token_of(request, route.connection) or deps.token()
        event = inbound(visitor, incoming.id, incoming.text, now)
        bundle = deps.routes.bundle(route.digest)
        arrivals = self.bursts.patient(arrivals_of(route, bundle, [event]), bundle)
        crash_point("web.before_store")
        outcome = (await deps.ingest.store(arrivals, now=now))[0].outcome
        crash_point("web.after_store")
        if outcome == "rejected":
            # The same words would be refused again, so the page must not keep trying; a human looks at it.
            return pages.plain_error(request, 422, "This message could not be taken.")
        wake(deps.wake, arrivals)
        deps.wake.notify("pages")
        response: Response
        if script:
            response = JSONResponse({"outcome": outcome, "id": incoming.id})
        else:
            response = RedirectResponse(f"/chat/{route.connection.id}#end", status_code=303)
        remember(response, route.connection, visitor, secure=not deps.dev)
        return response

    async def _not_stored(
        self, request: Request, route: Route | None, incoming: Incoming | None, *, script: bool
    ) -> Response:
        """Says so. The script keeps the message and tries again; the form gets its words back."""
        if script or route is None:
            return pages.plain_error(request, 503, _NOT_STORED)
        visitor = token_of(request, route.connection) or self.deps.token()
        try:
            return await self._page(
                route, visitor, draft=incoming.text if incoming else "", fault=_NOT_STORED
            )
        except BundleMissing:
            return pages.plain_error(request, 503, _NOT_STORED)

    async def _page(
        self, route: Route, visitor: str, *, draft: str = "", fault: str | None = None
    ) -> Response:
        deps = self.deps
        bundle = deps.routes.bundle(route.digest)
        answering = False
        shown: tuple[talk.ShownLine, ...] = ()
        try:
            shown, answering = await self.hearing.lines(route, visitor, 0)
        except DatabaseDown:
            fault = fault or _NOT_SHOWN
        context = talk.page(
            route,
            bundle,
            shown,
            answering=answering,
            now=deps.clock.now(),
            show_clock=deps.clock_shifted,
            new_id=deps.token(),
            draft=draft,
            fault=fault,
        )
        response = pages.render("chat/page.html", context, status=503 if fault else 200)
        return _away(response) if fault else response


def _away(response: Response) -> Response:
    response.headers["retry-after"] = str(DATABASE_RETRY_S)
    return response
