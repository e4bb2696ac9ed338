"""Fetches what a WhatsApp message holds: first where it lies, then the bytes, both from the connection's own host."""

from __future__ import annotations

import asyncio
import json
import re
from urllib.parse import urlsplit

import httpx2

from runtime.ports import NoMedia

MAX_PLACE_BYTES = 16 << 10  # of the answer that says where the bytes lie
_ID = re.compile(r"[A-Za-z0-9_-]{1,200}")
_PATH = re.compile(r"(?:/[A-Za-z0-9._~%-]+)+/?")


async def fetch(
    http: httpx2.AsyncClient,
    *,
    base_url: str,
    headers: dict[str, str],
    reference: str,
    max_bytes: int,
    deadline_s: float,
) -> bytes:
    """The bytes behind a media id. Raises NoMedia, and nothing else.

    The provider answers with an address at Meta; its path and query are asked for at the provider's own host, with our key.
    Nobody else's host is ever called, whatever an answer says. Nothing is tried twice: after five failures the provider
    shuts the door for an hour.
    """
    if not _ID.fullmatch(reference):
        raise NoMedia("the reference is none", for_good=True)
    base = base_url.rstrip("/")
    try:
        async with asyncio.timeout(deadline_s):
            place = _place(await _get(http, f"{base}/{reference}", headers, MAX_PLACE_BYTES), max_bytes)
            return await _get(http, base + place, headers, max_bytes)
    except (httpx2.HTTPError, httpx2.InvalidURL, TimeoutError) as error:
        raise NoMedia("the provider did not answer", for_good=False) from error


async def _get(http: httpx2.AsyncClient, url: str, headers: dict[str, str], max_bytes: int) -> bytes:
    """The body, read no further than it may be long."""
    async with http.stream("GET", url, headers=headers, follow_redirects=False) as answer:
        if answer.status_code != 200:
            raise NoMedia("the provider refused it", for_good=answer.status_code < 500)
        body = bytearray()
        async for chunk in answer.aiter_bytes():
            body += chunk
            if len(body) > max_bytes:
                raise NoMedia("it is too large", for_good=True)
    return bytes(body)


def _place(body: bytes, max_bytes: int) -> str:
    """Path and query of where the bytes lie. Raises NoMedia."""
    try:
        said = json.loads(body)
        url, size = said["url"], said.get("file_size", 0)
        where = urlsplit(url)
        if isinstance(size, int) and size > max_bytes:
            raise NoMedia("it is too large", for_good=True)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoMedia("the provider does not say where it is", for_good=True) from error
    if not _PATH.fullmatch(where.path) or ".." in where.path:
        raise NoMedia("the provider does not say where it is", for_good=True)
    return f"{where.path}?{where.query}" if where.query else str(where.path)
