"""The desk's way in: one-time links and the sessions they open. Only hashes of tokens are stored."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from runtime.storage.postgres import Pool

LINK_LIFE = timedelta(minutes=15)
SESSION_LIFE = timedelta(hours=12)  # absolute: using it does not make it longer
TOKEN_BYTES = 32

LINK_MAKE = "select desk_link_make_v1(%s, %s, %s, %s, %s, %s)"
LINK_LOOK = "select * from desk_link_look_v1(%s)"
LINK_USE = "select desk_link_use_v1(%s, %s, %s, %s, %s) as outcome"
SESSION = "select * from desk_session_v1(%s, %s)"
SESSION_END = "select desk_session_end_v1(%s, %s)"

LinkState = Literal["good", "used", "expired", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """Who is signed in: their name, role (owner, admin, agent, viewer), tenants and until when."""

    name: str
    role: str
    tenants: tuple[int, ...]
    until: datetime
    csrf_hash: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What a link is worth now. `operator` is '' for an unknown one."""

    state: LinkState
    operator: str = ""
    role: str = ""


async def make_link(pool: Pool, operator: str, role: str, tenants: Sequence[int], now: datetime) -> str:
    """A one-time way in, good for 15 minutes: the path to put after the desk's address. `pool` is of the owner."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    await pool.rows(LINK_MAKE, [_hash(token), operator, role, list(tenants), now, now + LINK_LIFE])
    return f"/desk/in/{token}"


def csrf_of(session: str) -> str:
    """The token a session's forms carry: made from the cookie, which no page of another origin can read."""
    return hmac.digest(session.encode(), b"convo desk form", "sha256").hex()


class PgAccess:
    """Links and sessions in Postgres, logged in as convo_desk."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def link(self, token: str, *, now: datetime) -> Link:
        """What a link is worth, without using it up."""
        row = await self._pool.row(LINK_LOOK, [_hash(token)])
        if row is None:
            return Link(state="unknown")
        state: LinkState = "good"
        if row["used_at"] is not None:
            state = "used"
        elif row["expires_at"] <= now:
            state = "expired"
        return Link(state=state, operator=row["operator"], role=row["role"])

    async def enter(self, token: str, *, now: datetime) -> str | None:
        """Use a link up: the new session's token, or None when the link is not good (any more)."""
        session = secrets.token_urlsafe(TOKEN_BYTES)
        csrf = _hash(csrf_of(session))
        row = await self._pool.row(LINK_USE, [_hash(token), _hash(session), csrf, now, now + SESSION_LIFE])
        return session if row is not None and row["outcome"] == "in" else None

    async def operator(self, session: str, *, now: datetime) -> Operator | None:
        """Who holds this session; None when there is no such session, or it ended."""
        row = await self._pool.row(SESSION, [_hash(session), now])
        if row is None:
            return None
        return Operator(
            name=row["operator"],
            role=row["role"],
            tenants=tuple(row["tenants"]),
            until=row["expires_at"],
            csrf_hash=row["csrf_hash"],
        )

    async def leave(self, session: str, *, now: datetime) -> None:
        """End a session now."""
        await self._pool.rows(SESSION_END, [_hash(session), now])


def good_form(operator: Operator, token: str) -> bool:
    """Whether a form carries its own session's token. Constant time."""
    return hmac.compare_digest(_hash(token), operator.csrf_hash)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
