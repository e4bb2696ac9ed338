"""What stands behind a secret reference: `secret:NAME` in the database, `file:PATH` read anew, `env:NAME` if it must be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from runtime.errors import SecretMissing
from runtime.ports import Clock, DatabaseDown
from runtime.settings import PROVIDERS
from schemas.refusals import SECRET_UNREADABLE

FRESH_S = 10.0  # a changed secret is used after at most so long
READ_WITHIN_S = 1.0  # whoever waits for an answer is told at once that the database is away
ASK_AGAIN_S = 2.0  # a database that did not answer is not asked at every webhook

# A tenant's file must not be able to send our own keys to an address of its choosing.
OURS = ("CONVO_", "DATABASE_", "PG", *(f"{provider.upper()}_" for provider in PROVIDERS))


class References:
    """Implements ports.Secrets. A value is remembered for a few seconds, and longer only while the database is away."""

    def __init__(
        self,
        *,
        named: Callable[[int, str], Awaitable[str]],
        env: Mapping[str, str],
        clock: Clock,
        forbidden: frozenset[str] = frozenset(),
        within_s: float = READ_WITHIN_S,
    ) -> None:
        self._within_s = within_s
        self._named = named
        self._env = env
        self._clock = clock
        # Paths of our own keys, by whatever name a reference may reach them.
        self._forbidden = {Path(r.partition(":")[2]).resolve() for r in forbidden if r.startswith("file:")}
        self._known: dict[tuple[int, str], tuple[str, float]] = {}

    async def get(self, tenant_id: int, reference: str) -> str:
        """Raises SecretMissing, and DatabaseDown when the value was never read before."""
        key = (tenant_id, reference)
        known = self._known.get(key)
        now = self._clock.monotonic()
        if known is not None and now - known[1] < FRESH_S:
            return known[0]
        try:
            async with asyncio.timeout(self._within_s):
                value = await self._read(tenant_id, reference)
        except (DatabaseDown, TimeoutError) as error:
            if known is None:
                raise DatabaseDown("a secret could not be read in time") from error
            self._known[key] = (known[0], now - FRESH_S + ASK_AGAIN_S)
            return known[0]
        self._known[key] = (value, now)
        return value

    async def _read(self, tenant_id: int, reference: str) -> str:
        kind, _, name = reference.partition(":")
        match kind:
            case "secret":
                return await self._named(tenant_id, name)
            case "env" if name in self._env and not name.startswith(OURS):
                return self._env[name]
            case "file":
                return await asyncio.to_thread(self._file, Path(name))
            case _:
                raise SecretMissing(SECRET_UNREADABLE.says(f"there is no value behind {reference}"))

    def _file(self, path: Path) -> str:
        if path.resolve() in self._forbidden:
            ours = f"file:{path} is convo's own and no connection may use it"
            raise SecretMissing(SECRET_UNREADABLE.says(ours))
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            raise SecretMissing(SECRET_UNREADABLE.says(f"file:{path} cannot be read")) from error


def read_reference(reference: str, env: Mapping[str, str]) -> str:
    """The text behind one of our own `env:NAME` or `file:PATH` settings. Raises SecretMissing, which never shows a value."""
    kind, _, name = reference.partition(":")
    if kind == "env" and name in env:
        return env[name]
    if kind == "file":
        try:
            return Path(name).read_text(encoding="utf-8")
        except (OSError, ValueError) as error:
            raise SecretMissing(f"{reference} cannot be read") from error
    raise SecretMissing(f"there is no value behind {reference}")
