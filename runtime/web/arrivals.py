"""Turns parsed events into arrivals: to whom they belong, and whether they ask us to stop, before anything is stored."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping, Sequence

from runtime.messages import Arrival, InboundEvent, InboundMessage, Preference, Stop
from runtime.ports import Route
from schemas.bundle import Bundle, OptOutWords
from schemas.sensitive import masked
from schemas.text import match_opt_out

IN_CHANNEL_PREFERENCE = "user_preferences"
_PAYLOAD_SIGNS = re.compile(
    r"[_.:/|-]+"
)  # a payload is written as programs write: STOP_ALL, opt-out, menu:stop


def arrivals_of(route: Route, bundle: Bundle, events: Sequence[InboundEvent]) -> list[Arrival]:
    """One arrival per event, in order. Opt-outs are matched here, in microseconds, so that none waits behind a queue; card
    numbers, PINs and passwords are taken out here, so that none is ever kept.
    """
    return [
        Arrival(
            tenant_id=route.tenant_id,
            connection_id=route.connection.id,
            channel=route.connection.channel,
            event=_without_secrets(event),
            stop=_stop(event, bundle.opt_out),
        )
        for event in events
    ]


def _without_secrets(event: InboundEvent) -> InboundEvent:
    if isinstance(event, InboundMessage) and (kept := masked(event.text)) != event.text:
        return dataclasses.replace(event, text=kept)
    return event


def _stop(event: InboundEvent, words: Mapping[str, OptOutWords]) -> Stop | None:
    match event:
        case InboundMessage():
            said = (event.text, event.payload, _PAYLOAD_SIGNS.sub(" ", event.payload))
            found = [hit for text in dict.fromkeys(said) if text and (hit := match_opt_out(text, words))]
            widest = next((hit for hit in found if hit[0] == "organisation"), found[0] if found else None)
            return Stop(scope=widest[0], matched=widest[1]) if widest else None
        case Preference(value="stop"):
            return Stop(scope="tenant", matched=IN_CHANNEL_PREFERENCE)
        case _:
            return None
