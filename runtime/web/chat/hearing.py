"""How a visitor hears of new lines: asked for after a position, or pushed as they come."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from sse_starlette import ServerSentEvent

from runtime.ports import DatabaseDown, Route
from runtime.web.chat import talk
from runtime.web.deps import Deps
from runtime.web.live import Live

LOOK_WHILE_ANSWERING_S = 0.5  # hints are quicker; this is the guarantee
LOOK_WHILE_QUIET_S = 3.0
STREAM_S = 600.0  # then the page opens a new one, and is routed to the bundle in force
RECONNECT_MS = 1000


@dataclass(frozen=True, slots=True)
class Hearing:
    """One visitor's own lines, and nobody else's."""

    deps: Deps
    live: Live

    async def lines(self, route: Route, visitor: str, after: int) -> tuple[tuple[talk.ShownLine, ...], bool]:
        """(lines after a position, whether a reply is being made). Raises DatabaseDown."""
        ingest, connection = self.deps.ingest, route.connection
        lines = await ingest.visitor_lines(route.tenant_id, connection.id, visitor, after=after)
        answering = await ingest.answering(route.tenant_id, connection.id, visitor)
        return talk.shown(lines, visitor=visitor, sandbox=connection.stage == "sandbox"), answering

    async def update(self, route: Route, visitor: str | None, after: int) -> Mapping[str, object]:
        """The same as the page's script reads it; nothing for somebody who is no visitor yet."""
        shown, answering = await self.lines(route, visitor, after) if visitor else ((), False)
        return talk.update(shown, answering=answering, now=self.deps.clock.now())

    async def events(self, route: Route, visitor: str, after: int) -> AsyncIterator[ServerSentEvent]:
        """An update at once, and again whenever there is a new line or a reply is begun or given up."""
        clock = self.deps.clock
        until = clock.monotonic() + STREAM_S
        answered: bool | None = None
        while clock.monotonic() < until:
            seen = self.live.generation
            try:
                shown, answering = await self.lines(route, visitor, after)
            except DatabaseDown:
                return  # the page says that there is no connection, and comes back
            if shown or answering != answered:
                after = max((line.position for line in shown), default=after)
                answered = answering
                yield _event(talk.update(shown, answering=answering, now=clock.now()), after)
            await self.live.changed(seen, LOOK_WHILE_ANSWERING_S if answering else LOOK_WHILE_QUIET_S)


def position(value: str | None) -> int:
    """A position in the conversation, as a page gives it; anything else is the beginning."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) <= 18 else 0


def _event(update: Mapping[str, object], after: int) -> ServerSentEvent:
    return ServerSentEvent(json.dumps(update), event="lines", id=str(after), retry=RECONNECT_MS)
