"""A small loopback server shaped like 360dialog, with a phone page for the person at the other end.

    python -m drills.sandbox.dialog360 --config numbers.json --port 8360 [--clock-offset SECONDS]

`numbers.json` is a list of objects with the fields of `Number`.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx2
import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from drills.sandbox import api, media, phone
from drills.sandbox.delivery import Delivery
from drills.sandbox.state import PEOPLE, Number, Options, Person, State
from runtime.clock import clock_of
from runtime.web.headers import SecurityHeaders

__all__ = ["PEOPLE", "Number", "Options", "Person", "build"]

HERE = Path(__file__).parent
DEFAULT_PORT = 8360
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


def build(options: Options, *, http: httpx2.AsyncClient | None = None) -> Starlette:
    """The server. `http` calls the runtime; `app.state.sandbox` is its State, for whoever wants to look."""
    state = State(options)
    http = http or httpx2.AsyncClient(trust_env=False)
    delivery = Delivery(state, http)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await delivery.close()
        await http.aclose()

    app = Starlette(
        routes=[
            *api.routes(state, delivery),
            *media.routes(state),
            *phone.routes(state, delivery),
            Mount("/static", StaticFiles(directory=HERE / "static")),
        ],
        # Only loopback names: a web page elsewhere must not reach this server by naming it after itself.
        middleware=[
            Middleware(TrustedHostMiddleware, allowed_hosts=list(LOOPBACK)),
            Middleware(SecurityHeaders),
        ],
        lifespan=lifespan,
    )
    app.state.sandbox = state
    return app


def main() -> None:
    """Serves until it is interrupted."""
    parser = argparse.ArgumentParser(description="a loopback server shaped like 360dialog, with a phone page")
    parser.add_argument("--config", type=Path, required=True, help="JSON list of numbers")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT)
    parser.add_argument(
        "--clock-offset", type=float, default=0.0, help="seconds added to this machine's clock"
    )
    given = parser.parse_args()
    numbers = tuple(Number(**fields) for fields in json.loads(given.config.read_text(encoding="utf-8")))
    options = Options(numbers=numbers, clock=clock_of(given.clock_offset), shifted=bool(given.clock_offset))
    print(f"phone: http://127.0.0.1:{given.port}/phone/{numbers[0].connection}", flush=True)
    uvicorn.run(
        build(options), host="127.0.0.1", port=given.port, log_level="warning", timeout_graceful_shutdown=2
    )


if __name__ == "__main__":
    main()
