"""The provider's own addresses: take a message, set the webhook. Shapes and errors as 360dialog and Meta send them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from drills.sandbox.delivery import Delivery
from drills.sandbox.state import Fault, Line, Number, State, new_id

HANG_S = 30.0
MAX_TEXT_CHARS = 4096


def routes(state: State, delivery: Delivery) -> list[Route]:
    """POST /messages and POST /v1/configs/webhook."""

    async def messages(request: Request) -> Response:
        number = state.number_of_key(request.headers.get("d360-api-key", ""))
        if number is None:
            return _refused(401, "Invalid api_key")
        body = await _object(request)
        if body is None:
            return _error(400, 100, "the body is not a JSON object")
        if body.get("status") == "read":
            return JSONResponse({"success": True})
        fault = state.take_fault(number.connection, "timeout", "429", "500")
        match fault:
            case "429":
                return _error(429, 130429, "Rate limit hit")
            case "500":
                return JSONResponse({"error": "internal error"}, status_code=500)
            case _:
                return await _take(state, delivery, number, body, fault)

    async def webhook(request: Request) -> Response:
        number = state.number_of_key(request.headers.get("d360-api-key", ""))
        if number is None:
            return _refused(401, "Invalid api_key")
        body = await _object(request)
        url = (body or {}).get("url")
        headers = (body or {}).get("headers", {})
        if not isinstance(url, str) or not _on_loopback(url):
            return _refused(400, "this server only calls loopback")
        hook = state.hooks[number.connection]
        hook.url = url
        if isinstance(headers, dict) and headers:
            hook.headers = {str(name): str(value) for name, value in headers.items()}
        return JSONResponse({"url": hook.url, "headers": hook.headers})

    return [
        Route("/messages", messages, methods=["POST"]),
        Route("/v1/configs/webhook", webhook, methods=["POST"]),
    ]


async def _take(
    state: State, delivery: Delivery, number: Number, body: Mapping[str, Any], fault: Fault | None
) -> Response:
    phone, read = str(body.get("to", "")), _content(body)
    if not phone.isdigit():
        return _error(400, 131009, "to is not a phone number")
    if read is None:
        return _error(400, 131008, "the message has no content")
    text, options = read
    if len(text) > MAX_TEXT_CHARS:
        return _error(400, 131009, "the text is too long")
    key = body.get("biz_opaque_callback_data")
    line = Line(
        id=new_id(),
        ours=True,
        text=text,
        options=options,
        at=state.options.clock.now(),
        status="sent",
        key=key if isinstance(key, str) else None,
    )
    for earlier in state.talk(number.connection, phone):
        if not earlier.ours and earlier.status == "delivered":
            earlier.status = "read"  # who answers has read
    state.talk(number.connection, phone).append(line)
    state.touch()
    delivery.statuses(number, phone, line)
    if fault == "timeout":
        await asyncio.sleep(HANG_S)  # it was taken, and the caller will never hear of it
    contact = {"input": phone, "wa_id": phone}
    return JSONResponse(
        {"messaging_product": "whatsapp", "contacts": [contact], "messages": [{"id": line.id}]}
    )


def _content(body: Mapping[str, Any]) -> tuple[str, tuple[str, ...]] | None:
    """(text, buttons) of a text, an interactive or a template message."""
    try:
        match body.get("type"):
            case "text":
                return str(body["text"]["body"]), ()
            case "interactive":
                buttons = body["interactive"]["action"]["buttons"]
                titles = tuple(str(button["reply"]["title"]) for button in buttons)
                return str(body["interactive"]["body"]["text"]), titles
            case "template":
                return f"(template {body['template']['name']})", ()
            case _:
                return None
    except (KeyError, TypeError):
        return None


def _on_loopback(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")


async def _object(request: Request) -> Mapping[str, Any] | None:
    try:
        body = await request.json()
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _error(status: int, code: int, message: str) -> Response:
    """Meta's envelope."""
    error = {
        "message": f"(#{code}) {message}",
        "type": "OAuthException",
        "code": code,
        "fbtrace_id": "EXAMPLE",
    }
    return JSONResponse({"error": error}, status_code=status)


def _refused(status: int, message: str) -> Response:
    """360dialog's own envelope."""
    meta = {"success": False, "http_code": status, "developer_message": message}
    return JSONResponse({"meta": meta}, status_code=status)
