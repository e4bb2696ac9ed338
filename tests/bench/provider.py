"""A WhatsApp provider that is slow and remembers when each call began: `python -m tests.bench.provider --fd N --slow S`.

POST /messages answers after S seconds; GET /calls lists what came, in seconds of the machine's monotonic clock.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import socket
import sys
import time

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route


def build(slow_s: float) -> Starlette:
    """One list of calls: key, began, ended (None while it is being answered)."""
    calls: list[dict[str, str | float | None]] = []
    numbers = itertools.count(1)

    async def messages(request: Request) -> Response:
        began = time.monotonic()
        body = json.loads(await request.body())
        call: dict[str, str | float | None] = {
            "key": body["biz_opaque_callback_data"], "began": began, "ended": None
        }  # fmt: skip
        calls.append(call)
        await asyncio.sleep(slow_s)
        call["ended"] = time.monotonic()
        return JSONResponse({"messages": [{"id": f"wamid.out.{next(numbers)}"}]})

    async def seen(request: Request) -> Response:
        return JSONResponse(calls)

    return Starlette(
        routes=[Route("/messages", messages, methods=["POST"]), Route("/calls", seen, methods=["GET"])]
    )


if __name__ == "__main__":
    fd = int(sys.argv[sys.argv.index("--fd") + 1])
    slow_s = float(sys.argv[sys.argv.index("--slow") + 1])
    config = uvicorn.Config(build(slow_s), lifespan="off", log_config=None, access_log=False)
    uvloop.run(uvicorn.Server(config).serve(sockets=[socket.socket(fileno=fd)]))
