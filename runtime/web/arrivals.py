"""Turns parsed events into arrivals: to whom they belong, and whether they ask us to stop, before anything is stored."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from runtime.messages import Arrival, InboundEvent, InboundMessage, Preference, Stop
from runtime.ports import Route
from schemas.bundle import Bundle, OptOutWords
from schemas.text import match_opt_out

IN_CHANNEL_PREFERENCE = "user_preferences"


def arrivals_of(route: Route, bundle: Bundle, events: Sequence[InboundEvent]) -> list[Arrival]:
    """One arrival per event, in order. Opt-outs are matched here, in microseconds, so that none waits behind a queue."""
    return [
        Arrival(
            tenant_id=route.tenant_id,
            connection_id=route.connection.id,
            channel=route.connection.channel,
            event=event,
            stop=_stop(event, bundle.opt_out),
        )
        for event in events
    ]


def _stop(event: InboundEvent, words: Mapping[str, OptOutWords]) -> Stop | None:
    match event:
        case InboundMessage():
            found = match_opt_out(event.text, words) if event.text else None
            return Stop(scope=found[0], matched=found[1]) if found else None
        case Preference(value="stop"):
            return Stop(scope="tenant", matched=IN_CHANNEL_PREFERENCE)
        case _:
            return None
