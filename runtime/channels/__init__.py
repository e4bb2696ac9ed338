"""The channels there are, by the name a connection gives: parse, verify and send; no database."""

from __future__ import annotations

from collections.abc import Mapping

import httpx2

from runtime.channels.dialog360 import Dialog360
from runtime.channels.webchat import WebChat
from runtime.ports import Channel

CONNECTIONS = 100
IDLE_CONNECTIONS = 20
# Shorter than any proxy's own limit, so that we do not write into a connection the other side is just closing:
# a call lost that way is `unknown`, and a person has to look at it.
IDLE_S = 4.0


def channels(http: httpx2.AsyncClient) -> Mapping[str, Channel]:
    """Every channel of ports.CHANNELS over one HTTP client. The caller keeps the client open while it sends, and closes it."""
    return {
        "whatsapp_360dialog": Dialog360(http),
        "webchat": WebChat(),
    }


def client() -> httpx2.AsyncClient:
    """An HTTP client as the channels want it: no redirects (they would carry a key elsewhere), no proxy from the environment."""
    limits = httpx2.Limits(
        max_connections=CONNECTIONS,
        max_keepalive_connections=IDLE_CONNECTIONS,
        keepalive_expiry=IDLE_S,
    )
    return httpx2.AsyncClient(limits=limits, follow_redirects=False, trust_env=False)
