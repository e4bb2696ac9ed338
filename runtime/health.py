"""/healthz, /readyz and /metrics of a process that serves no pages: a few lines of HTTP instead of a web framework."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any

from runtime.telemetry import METRICS_CONTENT_TYPE, exposition

REQUEST_WITHIN_S = 5.0
REQUEST_BYTES = 8192


class Health:
    """Use `async with`. Port 0 shows nothing. `ready` gives /readyz its answer: a `ready` key, and what else is to be told."""

    def __init__(self, host: str, port: int, ready: Callable[[], Mapping[str, Any]]) -> None:
        self._host = host
        self._port = port
        self._ready = ready
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Health:
        if self._port:
            self._server = await asyncio.start_server(
                self._answer, self._host, self._port, limit=REQUEST_BYTES
            )
        return self

    async def __aexit__(
        self, _type: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            async with asyncio.timeout(REQUEST_WITHIN_S):
                head = await reader.readuntil(b"\r\n\r\n")
                status, kind, body = self._page(head.split(b"\r\n", 1)[0].split(b" "))
                writer.write(
                    f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
                    "Cache-Control: no-store\r\nConnection: close\r\n\r\n".encode("ascii")
                )
                writer.write(body)
                await writer.drain()
        writer.close()

    def _page(self, request: list[bytes]) -> tuple[str, str, bytes]:
        match request:
            case [b"GET", b"/metrics", _]:
                return "200 OK", METRICS_CONTENT_TYPE, exposition()
            case [b"GET", b"/healthz", _]:
                return "200 OK", "text/plain", b"ok\n"
            case [b"GET", b"/readyz", _]:
                answer = dict(self._ready())
                status = "200 OK" if answer.get("ready") else "503 Service Unavailable"
                return status, "application/json", json.dumps(answer).encode()
            case _:
                return "404 Not Found", "text/plain", b"not found\n"
