"""What keeps a page alive: a stream that says when to look again, and the tenant's colours."""

from __future__ import annotations

from collections.abc import AsyncIterator

from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.responses import Response

from runtime.ports import DatabaseDown
from runtime.web import pages
from runtime.web.desk.gate import Visit
from runtime.web.live import Live

STREAM_S = 600.0  # then the browser opens a new one, and the session is asked for again
SESSION_CHECK_S = 15.0
DEBOUNCE_S = 0.4  # many hints in a burst are one look
RECONNECT_MS = 2000


async def stream(visit: Visit) -> Response:
    """Server-sent events named `moved`: something changed, fetch the live part again. They hold nothing themselves."""
    live: Live = visit.request.app.state.live
    return EventSourceResponse(_events(visit, live), headers={"cache-control": "no-store"})


async def accent(visit: Visit) -> Response:
    """The tenant's three colours."""
    css = pages.accent_css(visit.bundle.tenant) if visit.bundle else ""
    kept = "private, max-age=86400" if css and "v" in visit.request.query_params else "no-store"
    return Response(css, media_type="text/css", headers={"cache-control": kept})


async def _events(visit: Visit, live: Live) -> AsyncIterator[ServerSentEvent]:
    clock, access = visit.deps.clock, visit.deps.access
    until = clock.monotonic() + STREAM_S
    seen = told = live.generation
    yield ServerSentEvent(str(seen), event="open", retry=RECONNECT_MS)
    while clock.monotonic() < until:
        seen = await live.changed(told, SESSION_CHECK_S)
        try:
            if await access.operator(visit.session, now=clock.now()) is None:
                return  # signed out elsewhere, or the twelve hours are over
        except DatabaseDown:
            return
        if seen != told:
            told = await live.changed(seen, DEBOUNCE_S)
            yield ServerSentEvent(str(told), event="moved")
