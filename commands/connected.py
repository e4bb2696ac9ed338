"""Commands against the configured database."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from runtime.settings import Settings

if TYPE_CHECKING:
    from runtime.console import Console


def with_console(act: Callable[[Console], Awaitable[int]]) -> int:
    """Runs one operator's command against the configured database."""
    from runtime.console import open_console
    from runtime.telemetry import configure

    configure("pretty", process="convo", level=logging.ERROR)

    async def run() -> int:
        async with open_console(settings()) as console:
            return await act(console)

    return asyncio.run(run())


def settings() -> Settings:
    """From the environment. Raises SettingsError."""
    return Settings.from_env(os.environ)
