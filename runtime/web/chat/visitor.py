"""Who a visitor is: a random token in a cookie of one connection, and whether a post comes from a page that may."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from schemas.bundle import Connection

KEPT_S = 30 * 24 * 3600
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")  # 128 bits


def token_of(request: Request, connection: Connection) -> str | None:
    """The visitor's token, if their browser has one. It is the secret itself: who holds it is that visitor."""
    value = request.cookies.get(_cookie(connection), "")
    return value if _TOKEN.fullmatch(value) else None


def remember(response: Response, connection: Connection, token: str, *, secure: bool) -> None:
    """Sets the cookie, for this connection's pages only; no script can read it."""
    response.set_cookie(
        _cookie(connection),
        token,
        max_age=KEPT_S,
        path=f"/chat/{connection.id}",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def may_post(request: Request, connection: Connection) -> bool:
    """Whether the post comes from our own page or one of the connection's origins. Browsers always name the origin of a
    post; a caller that names none has no visitor's cookie to misuse, unless the browser says it crossed a site.
    """
    origin = request.headers.get("origin")
    if origin is None:
        return request.headers.get("sec-fetch-site", "none") in ("same-origin", "none")
    return origin in connection.origins or urlsplit(origin).netloc == request.headers.get("host", "")


def _cookie(connection: Connection) -> str:
    return f"convo_{connection.id}"
