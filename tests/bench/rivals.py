"""The web processes that ours is compared with: a bare Starlette echo, and our own with one insert per request.

`python -m tests.bench.rivals echo|one --fd N`. `one` is the same program, whose flushers take one webhook at a time.
"""

from __future__ import annotations

import os
import socket
import sys

import uvicorn
import uvloop
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from runtime import app
from runtime.settings import Settings
from runtime.storage import ingest
from runtime.storage.postgres import MAX_CONNECTIONS

# What a handler that inserts through the process's pool would have.
CONNECTIONS = int(os.environ.get("BENCH_ONE_CONNECTIONS", MAX_CONNECTIONS))


async def _echo(request: Request) -> Response:
    return Response(await request.body(), media_type="application/json")


def echo(fd: int) -> int:
    """Answers with what it was sent."""
    site = Starlette(routes=[Route("/hooks/{connection}", _echo, methods=["POST"])])
    config = uvicorn.Config(site, lifespan="off", log_config=None, access_log=False, server_header=False)
    uvloop.run(uvicorn.Server(config).serve(sockets=[socket.socket(fileno=fd)]))
    return 0


def one(fd: int) -> int:
    """Ours, with a connection per insert under way and one webhook in each."""
    ingest.FLUSHERS = CONNECTIONS
    ingest.BATCH_ROWS = 1
    return app.web(Settings.from_env(os.environ), fd=fd)


if __name__ == "__main__":
    kind, fd = sys.argv[1], int(sys.argv[sys.argv.index("--fd") + 1])
    sys.exit(one(fd) if kind == "one" else echo(fd))
