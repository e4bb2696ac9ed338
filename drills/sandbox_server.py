"""The 360dialog-shaped server inside our own process, with the numbers of the bundles in force."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager

import uvicorn

from drills.deployment import Deployment
from drills.rollout import STAGE, Rolled
from drills.sandbox.dialog360 import Number, Options, build

KIND = "whatsapp_360dialog"


async def numbers(deployment: Deployment, rolled: Sequence[Rolled], web: str) -> tuple[Number, ...]:
    """One number for each sandbox WhatsApp connection; its events go to `web` (http://host:port)."""
    found: list[Number] = []
    for tenant in rolled:
        for connection in tenant.bundle.connections.values():
            if connection.channel != KIND or connection.stage != STAGE:
                continue
            tenant_id = tenant.activation.tenant_id
            found.append(
                Number(
                    connection=connection.id,
                    label=tenant.bundle.tenant.display_name,
                    number=connection.address.lstrip("+"),
                    phone_number_id=connection.options.get("phone_number_id", f"10000000000{len(found)}"),
                    api_key=await deployment.secret(tenant_id, connection.secrets["api"]),
                    secret=await deployment.secret(tenant_id, connection.secrets["webhook"]),
                    webhook=f"{web}/hooks/{connection.id}",
                    header=connection.options.get("secret_header", "X-Convo-Secret"),
                )
            )
    return tuple(found)


@asynccontextmanager
async def serving(options: Options, listener: socket.socket) -> AsyncIterator[None]:
    """Serves on `listener` until left."""
    config = uvicorn.Config(
        build(options), log_config=None, access_log=False, lifespan="on", timeout_graceful_shutdown=1
    )
    server = _Quiet(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not running.done():  # noqa: ASYNC110  (uvicorn offers no event)
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await running


class _Quiet(uvicorn.Server):
    """uvicorn without its signal handlers: Ctrl-C is for the demo, which ends things in order."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield
