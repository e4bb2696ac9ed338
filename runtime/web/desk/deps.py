"""What the desk is given: its way in, its reads, what operators may do, and the bundles in force."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from runtime.messages import KillScope, Send
from runtime.ports import BreakerState, Clock, Wake
from runtime.storage.access import Link, Operator
from runtime.storage.desk import PgDesk
from schemas.bundle import Bundle


class Access(Protocol):
    """One-time links and sessions (runtime.storage.access.PgAccess)."""

    async def link(self, token: str, *, now: datetime) -> Link: ...

    async def enter(self, token: str, *, now: datetime) -> str | None: ...

    async def operator(self, session: str, *, now: datetime) -> Operator | None: ...

    async def leave(self, session: str, *, now: datetime) -> None: ...


class Acts(Protocol):
    """What an operator does; each is audited in its own transaction (runtime.storage.operations.PgOperations)."""

    async def kill(
        self, tenant_id: int | None, scope: KillScope, *, by: str, reason: str, now: datetime
    ) -> int: ...

    async def enable(self, tenant_id: int | None, *, by: str, now: datetime) -> str: ...

    async def replay(self, tenant_id: int, kind: str, item: UUID, *, by: str, now: datetime) -> bool: ...

    async def discard(
        self, tenant_id: int, kind: str, item: UUID, *, by: str, reason: str, now: datetime
    ) -> bool: ...

    async def take_over(
        self, tenant_id: int, conversation_id: UUID, *, by: str, reason: str, now: datetime
    ) -> None: ...

    async def hand_back(
        self, tenant_id: int, conversation_id: UUID, *, by: str, reason: str, now: datetime
    ) -> None: ...

    async def typing(self, tenant_id: int, conversation_id: UUID, *, until: datetime) -> bool: ...

    async def say(
        self, tenant_id: int, contact_id: UUID, connection_id: str, send: Send, *, by: str, now: datetime
    ) -> UUID | None: ...

    async def lift_hold(
        self, tenant_id: int, contact_id: UUID, *, by: str, reason: str, now: datetime
    ) -> None: ...

    async def close_case(
        self, tenant_id: int, case_id: UUID, *, by: str, note: str, now: datetime
    ) -> bool: ...


class Breaking(Protocol):
    """The circuit breakers of models (runtime.storage.breakers.PgBreakers)."""

    async def states(self, now: datetime) -> Sequence[BreakerState]: ...


class InForce(Protocol):
    """Bundles by tenant and digest (runtime.bundles.BundleKeeper)."""

    def in_force(self, tenant_id: int) -> Bundle:
        """Raises BundleMissing."""
        ...

    async def pinned(self, tenant_id: int, digest: str) -> Bundle:
        """A published bundle by digest. Raises BundleMissing, BundleRefused, DatabaseDown."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class DeskDeps:
    """Everything the desk needs. dev: one-time links open it, cookies also go over plain HTTP. stage: the deployment's."""

    clock: Clock
    access: Access
    desk: PgDesk
    operations: Acts
    bundles: InForce
    wake: Wake
    stage: str
    dev: bool = False
    clock_shifted: bool = False
    breakers: Breaking | None = None
