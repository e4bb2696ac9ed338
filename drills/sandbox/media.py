"""Pictures on the 360dialog-shaped server: where one lies, and its bytes, as the provider serves them."""

from __future__ import annotations

import hashlib
import struct
import zlib

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drills.sandbox.state import Line, State

ATTACHMENTS = "/whatsapp_business/attachments/"
META = "https://lookaside.fbsbx.com"  # where the address points; it is asked for here, at the provider's own host
_SIDE = 32


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _square() -> bytes:
    """A grey square as PNG."""
    rows = (b"\0" + b"\x80" * _SIDE) * _SIDE
    head = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 0, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", head)
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


PICTURE = _square()


def media_id(line: Line) -> str:
    """The id by which the picture of a line is asked for."""
    return "".join(c for c in line.id if c.isalnum())


def described(line: Line) -> dict[str, str]:
    """What the webhook says of it. Everything but a picture has an id alone: nobody asks for it."""
    known = {"id": media_id(line)}
    if line.kind == "image":
        known |= {"mime_type": "image/png", "sha256": hashlib.sha256(PICTURE).hexdigest()}
    return known


def routes(state: State) -> list[Route]:
    """GET /<media id> says where it lies; GET /whatsapp_business/attachments/?mid=<media id> gives the bytes."""

    def known(request: Request, wanted: str) -> bool:
        number = state.number_of_key(request.headers.get("d360-api-key", ""))
        return number is not None and any(
            media_id(line) == wanted and line.kind == "image"
            for (connection, _phone), talk in state.talks.items()
            if connection == number.connection
            for line in talk
        )

    async def place(request: Request) -> Response:
        wanted = "wamid" + request.path_params["media"]
        if not known(request, wanted):
            return JSONResponse({"error": {"code": 100, "message": "no such media"}}, status_code=404)
        return JSONResponse(
            {
                "id": wanted,
                "messaging_product": "whatsapp",
                "url": f"{META}{ATTACHMENTS}?mid={wanted}&ext=0&hash=EXAMPLE",
                "mime_type": "image/png",
                "sha256": hashlib.sha256(PICTURE).hexdigest(),
                "file_size": len(PICTURE),
            }
        )

    async def attachment(request: Request) -> Response:
        if not known(request, request.query_params.get("mid", "")):
            return Response(status_code=404)
        return Response(PICTURE, media_type="image/png")

    return [
        Route(ATTACHMENTS, attachment),
        Route("/wamid{media:str}", place),
    ]
