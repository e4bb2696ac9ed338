"""Serves an application on a free loopback port for a test, and drives the system's Chromium."""

from __future__ import annotations

import asyncio
import shutil
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest
import uvicorn
from playwright.sync_api import Browser, sync_playwright
from starlette.applications import Starlette

Value = TypeVar("Value")

CHROMIUM = shutil.which("chromium")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="Chromium is not installed here (apt-get install chromium)"
)


class Served:
    """One application in a thread of its own. `stop` and `start` keep the port, as a restart does."""

    def __init__(self, make: Callable[[str], Starlette]) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.app = make(self.url)
        self._server: uvicorn.Server | None = None
        self._thread: threading.Thread | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    def start(self) -> None:
        """Returns when the port answers."""
        config = uvicorn.Config(
            self.app, host="127.0.0.1", port=self.port, log_level="warning", timeout_graceful_shutdown=1
        )
        server = self._server = uvicorn.Server(config)
        ready = threading.Event()

        def run() -> None:
            with asyncio.Runner() as runner:
                self.loop = runner.get_loop()
                ready.set()
                runner.run(server.serve())

        self._thread = threading.Thread(target=run, daemon=True)
        self._thread.start()
        ready.wait(10)
        while not server.started and self._thread.is_alive():
            threading.Event().wait(0.01)

    def stop(self) -> None:
        """Returns when the port is closed."""
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(10)

    def do(self, act: Callable[[], None]) -> None:
        """Runs `act` inside the application's own loop, as one of its tasks would."""

        async def run() -> None:
            act()

        self.wait_for(run())

    def wait_for(self, work: Coroutine[Any, Any, Value]) -> Value:
        """The result of `work`, run in the application's own loop: a test that drives a browser has no loop to itself."""
        assert self.loop is not None
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(10)


@contextmanager
def served(make: Callable[[str], Starlette]) -> Iterator[Served]:
    """An application that answers as long as the block runs. `make` is given its address."""
    server = Served(make)
    server.start()
    try:
        yield server
    finally:
        server.stop()


@contextmanager
def chromium() -> Iterator[Browser]:
    """The system's Chromium; no download."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"]
        )
        try:
            yield browser
        finally:
            browser.close()
