"""How often one address may fail, or post to a chat, in a minute. Counted per process, in memory."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from starlette.types import Scope

RETRY_AFTER_S = 60
UNKNOWN_ADDRESS = "unknown"


class PerAddress:
    """A fixed window of one minute. A caller that can prove itself is never asked here."""

    def __init__(self, per_minute: int) -> None:
        self._item = RateLimitItemPerMinute(per_minute)
        self._limiter = FixedWindowRateLimiter(MemoryStorage())

    def allows(self, purpose: str, scope: Scope) -> bool:
        """Counts one call and says whether it is still within the limit."""
        return self._limiter.hit(self._item, purpose, address(scope))


def address(scope: Scope) -> str:
    """The caller's address: behind a proxy, the one that the server takes from its forwarding header."""
    client = scope.get("client")
    return client[0] if client else UNKNOWN_ADDRESS
