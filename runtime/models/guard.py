"""What a provider's answer may do to the process that reads it: be so long and no longer, and lead nowhere else.

litellm and what it calls read an answer whole before they look at it, and go where a redirect points, prompt and all. Every
request of theirs goes through httpx.AsyncClient.send, so that is where both end. Imported where litellm is (runtime/llm.py), as
httpx comes with it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import httpx

LONGEST_BODY = 1024 * 1024  # a batch of vectors takes a third of it; a draft a hundredth
TAKEN = "gzip"  # of what else is packed nobody can tell how much comes out of a little
_Send = Callable[..., Awaitable[httpx.Response]]


class AnswerTooLong(Exception):
    """More than LONGEST_BODY, or packed in a way that was not asked for. The connection is closed; nobody reads on."""


def install() -> None:
    """From now on every httpx.AsyncClient of this process sends so, those made before included."""
    if not hasattr(httpx.AsyncClient.send, "guards"):
        httpx.AsyncClient.send = guarded(httpx.AsyncClient.send)  # type: ignore[method-assign,assignment]


def guarded(send: _Send) -> _Send:
    """`send` with its answer read here, up to LONGEST_BODY, and never redirected. Raises AnswerTooLong."""

    async def sends(self: httpx.AsyncClient, request: httpx.Request, **more: Any) -> httpx.Response:
        request.headers["accept-encoding"] = TAKEN
        answer = await send(self, request, **{**more, "stream": True, "follow_redirects": False})
        try:
            body = await _body(answer)
        except AnswerTooLong:
            if answer.is_success:
                raise
            body = b""  # its status says enough
        finally:
            await answer.aclose()
        return _whole(answer, body)

    sends.guards = True  # type: ignore[attr-defined]
    return sends


async def _body(answer: httpx.Response) -> bytes:
    if answer.headers.get("content-encoding", "identity").strip().lower() not in ("identity", TAKEN):
        raise AnswerTooLong
    said = answer.headers.get("content-length", "0")
    if not said.isdecimal() or len(said) > 9 or int(said) > LONGEST_BODY:
        raise AnswerTooLong
    read = bytearray()
    async for chunk in answer.aiter_bytes():
        read += chunk
        if len(read) > LONGEST_BODY:
            raise AnswerTooLong
    return bytes(read)


def _whole(answer: httpx.Response, body: bytes) -> httpx.Response:
    """The same answer, read and unpacked."""
    about_body = ("content-encoding", "content-length", "transfer-encoding")
    headers = [(name, value) for name, value in answer.headers.multi_items() if name not in about_body]
    whole = httpx.Response(
        answer.status_code,
        headers=headers,
        content=body,
        request=answer.request,
        extensions=answer.extensions,
    )
    whole.elapsed = answer.elapsed
    return whole
