"""A WAHA connection is used to start conversations.

WAHA drives an ordinary WhatsApp account. Its own advice is never to write first from one: numbers that do are blocked, and
what the person agreed to cannot be proved to WhatsApp. It answers those who wrote; outreach goes through the official API.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics import Code, Diagnostic
from compiler.source.context import Context
from compiler.source.model import Source

CODE = Code(
    code="CV5008",
    name="waha-outreach",
    summary="WAHA used to start conversations",
    explanation=__doc__,
    bad="channel: whatsapp_waha\noutreach: true",
    good="channel: whatsapp_waha\noutreach: false",
)
NEEDS = frozenset[str]()
WAHA = "whatsapp_waha"


def check(source: Source, context: Context) -> Iterator[Diagnostic]:
    for connection in source.connections:
        if connection.channel == WAHA and connection.outreach:
            message = f"`{connection.id}` is a WAHA connection and may not start conversations"
            yield CODE.at(connection.span("outreach"), message, help="write `outreach: false`")
    for base in source.sections["consent"].get("bases", ()) if "consent" in source.sections else ():
        if WAHA in base["channels"]:
            span = base["channels"].item(base["channels"].index(WAHA))
            message = f"the purpose `{base['purpose']}` would start conversations through WAHA"
            yield CODE.at(span, message, help=f"remove `{WAHA}` from its channels")
