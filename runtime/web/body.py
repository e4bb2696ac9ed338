"""Reads a request's body up to a limit, without ever holding more than that."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

READ_TIMEOUT_S = 10.0  # a sender that dribbles must not hold a place for ever


class TooLarge(Exception):
    """The body is larger than this address takes."""


async def read(scope: Scope, receive: Receive, limit: int) -> bytes:
    """The whole body. Raises TooLarge (before reading where the sender says so itself) and ClientDisconnect."""
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit() and int(value) > limit:
            raise TooLarge
    try:
        async with asyncio.timeout(READ_TIMEOUT_S):
            return await _whole(receive, limit)
    except TimeoutError as error:
        raise ClientDisconnect from error


async def _whole(receive: Receive, limit: int) -> bytes:
    chunks = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        chunk: bytes = message.get("body", b"")
        if len(chunks) + len(chunk) > limit:
            raise TooLarge
        if not message.get("more_body", False):
            return bytes(chunks) + chunk if chunks else chunk  # nearly every webhook comes in one piece
        chunks += chunk
