"""What operators do: stop and start sending, settle what is stuck, take over, ask why. Each act is audited where it happens."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from runtime.crypto import CryptoError
from runtime.errors import ConvoError
from runtime.messages import KillScope, Send
from runtime.storage.desk_rows import TYPED
from runtime.storage.desk_values import typed_of
from runtime.storage.outbox import queue_send
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Owner, Tenants
from schemas.bundle import Bundle, Claim

DRAIN_WITHIN_S = (
    12.0  # longer than a provider's call may take: afterwards what is left is reported, not waited for
)
DRAIN_POLL_S = 0.05
KINDS = {
    "dead_letter": "dead_letter",
    "dead": "dead_letter",
    "outbox": "outbox",
    "unknown": "outbox",
    "reject": "reject",
}

_KILL = "select kill_v1(%s, %s, %s, %s::int[], %s::uuid[], %s::bytea[], %s)"
_IN_FLIGHT = "select * from in_flight_v1(%s, %s)"
_ENABLE = "select enable_v1(%s, %s, %s) as state"
_WITHDRAW = "select withdraw_v1(%s, %s, %s, %s, %s, %s)"
_REPLAY = "select replay_v1(%s, %s, %s, %s, %s) as done"
_DISCARD = "select discard_v1(%s, %s, %s, %s, %s, %s, %s) as done"
_STUCK = "select * from stuck_v1(%s)"
_TAKE_OVER = "select take_over_v1(%s, %s, %s, %s, %s, %s) as done"
_HAND_BACK = "select hand_back_v1(%s, %s, %s, %s, %s, %s) as done"
_TYPING = "select typing_v1(%s, %s, %s) as done"
_LIFT_HOLD = "select lift_hold_v1(%s, %s, %s, %s, %s, %s) as lifted"
_CLOSE_CASE = "select close_case_v1(%s, %s, %s, %s, %s, %s) as done"
_WHY = "select * from why_v1(%s, %s, %s, %s)"
_BUNDLE = "select data from bundle_fetch_v1(%s, %s)"


# What an operator writes is encrypted under the tenant's key, so it outlives the erasure of the person it may be about.
# People's numbers and addresses have no business in it, so they do not get there.
_NUMBER = re.compile(r"\+?\d[\d\s().-]{5,}\d")
_ADDRESS = re.compile(r"\S+@\S+")


class NotPossible(ConvoError):
    """This act is not possible on this thing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """A message whose call has begun, or may begin until its sender has read the kill."""

    tenant_id: int
    id: UUID
    conversation_id: UUID
    channel: str
    send_class: str
    sending_at: datetime
    lease_until: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Stuck:
    """Something that will not move by itself. `kind` is what replay and discard are told."""

    tenant_id: int
    kind: str
    id: UUID
    conversation_id: UUID | None
    state: str
    reason: str | None
    attempts: int
    at: datetime


class PgOperations:
    """ports.Operations on Postgres, logged in as convo_desk. `by` names the person; an act by nobody is refused."""

    def __init__(self, pool: Pool, tenants: Tenants, *, drain_within_s: float = DRAIN_WITHIN_S) -> None:
        self._pool = pool
        self._tenants = tenants
        self._drain_within_s = drain_within_s

    # ---- stop and start -----------------------------------------------------------------------------------

    async def kill(
        self, tenant_id: int | None, scope: KillScope, *, by: str, reason: str, now: datetime
    ) -> int:
        """Stop sending (None = every tenant). Returns how many calls were out at that moment, having waited for them.

        A machine kill does not wait for what people send. What is left after the wait is in `in_flight`.
        """
        if scope is KillScope.NONE:
            raise NotPossible("a kill stops the machine or everything; to start again, two people enable")
        try:
            every = await self._tenants.every() if tenant_id is None else [await self._tenants.get(tenant_id)]
        except CryptoError:  # no key to keep the reason under is no reason to go on sending
            every = ()
        typed = [_typed(owner, reason) for owner in every]
        ids = [owner.tenant_id for owner in every]
        entries, reasons = [entry for entry, _ in typed], [body for _, body in typed]
        await self._pool.rows(_KILL, [tenant_id, scope.value, by, ids, entries, reasons, now])
        human = scope is KillScope.EVERYTHING
        before = {row.id for row in await self.in_flight(tenant_id, human=human)}
        deadline = asyncio.get_running_loop().time() + self._drain_within_s
        left = before
        while left and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(DRAIN_POLL_S)
            left = before & {row.id for row in await self.in_flight(tenant_id, human=human)}
        return len(before)

    async def in_flight(self, tenant_id: int | None, *, human: bool = True) -> Sequence[InFlight]:
        """Rows that are being sent now (None = of every tenant), oldest first."""
        return [InFlight(**row) for row in await self._pool.rows(_IN_FLIGHT, [tenant_id, human])]

    async def enable(self, tenant_id: int | None, *, by: str, now: datetime) -> str:
        """`waiting` after the first person (who cannot be the second), `enabled` after the second or when nothing is stopped."""
        row = await self._pool.row(_ENABLE, [tenant_id, by, now])
        assert row is not None
        return str(row["state"])

    async def withdraw(
        self, tenant_id: int, claim_digest: str, *, by: str, reason: str, now: datetime
    ) -> None:
        """This wording may not be said any more, from now on and also by what already waits to be sent."""
        typed = _typed(await self._tenants.get(tenant_id), reason)
        await self._pool.rows(_WITHDRAW, [tenant_id, claim_digest, by, *typed, now])

    # ---- what is stuck ------------------------------------------------------------------------------------

    async def replay(self, tenant_id: int, kind: str, item: UUID, *, by: str, now: datetime) -> bool:
        """Try a `dead_letter` or an `outbox` row (unknown, failed, dead) again. False when there is no such thing (any more).

        Repeating an unknown send may deliver it twice: that is the operator's decision, and recorded as theirs.
        """
        if kind == "reject":  # its words were never numbered: only a redelivery can be
            raise NotPossible(
                "what could not be stored cannot be replayed; its sender has to deliver it again"
            )
        return await self._done(_REPLAY, [tenant_id, KINDS.get(kind, kind), item, by, now])

    async def discard(
        self, tenant_id: int, kind: str, item: UUID, *, by: str, reason: str, now: datetime
    ) -> bool:
        """Give a `dead_letter`, `outbox` row or `reject` up. The row stays; it is no longer waiting for anybody."""
        typed = _typed(await self._tenants.get(tenant_id), reason)
        return await self._done(_DISCARD, [tenant_id, KINDS.get(kind, kind), item, by, *typed, now])

    async def stuck(self, tenant_id: int | None) -> Sequence[Stuck]:
        """Dead letters, sends that did not go or may not have gone, and rejected events (None = of every tenant)."""
        return [Stuck(**row) for row in await self._pool.rows(_STUCK, [tenant_id])]

    # ---- people and conversations -------------------------------------------------------------------------

    async def take_over(
        self, tenant_id: int, conversation_id: UUID, *, by: str, reason: str, now: datetime
    ) -> None:
        """From now on `by` owns the conversation and the bot is silent. Raises NotPossible."""
        typed = _typed(await self._tenants.get(tenant_id), reason)
        if not await self._done(_TAKE_OVER, [tenant_id, conversation_id, by, *typed, now]):
            raise NotPossible("there is no such conversation")

    async def hand_back(
        self, tenant_id: int, conversation_id: UUID, *, by: str, reason: str, now: datetime
    ) -> None:
        """The bot may answer again. Raises NotPossible."""
        typed = _typed(await self._tenants.get(tenant_id), reason)
        if not await self._done(_HAND_BACK, [tenant_id, conversation_id, by, *typed, now]):
            raise NotPossible("there is no such conversation")

    async def typing(self, tenant_id: int, conversation_id: UUID, *, until: datetime) -> bool:
        """Somebody at the desk is writing to this person: the bot is quiet here until then. False: no such conversation."""
        return await self._done(_TYPING, [tenant_id, conversation_id, until])

    async def lift_hold(
        self, tenant_id: int, contact_id: UUID, *, by: str, reason: str, now: datetime
    ) -> None:
        """Every open hold of the person. Raises NotPossible when there is none."""
        typed = _typed(await self._tenants.get(tenant_id), reason)
        row = await self._pool.row(_LIFT_HOLD, [tenant_id, contact_id, by, *typed, now])
        if row is None or not row["lifted"]:
            raise NotPossible("this person is not on hold")

    async def close_case(self, tenant_id: int, case_id: UUID, *, by: str, note: str, now: datetime) -> bool:
        """False when the case is closed already or there is none."""
        typed = _typed(await self._tenants.get(tenant_id), note)
        return await self._done(_CLOSE_CASE, [tenant_id, case_id, by, *typed, now])

    async def say(
        self, tenant_id: int, contact_id: UUID, connection_id: str, send: Send, *, by: str, now: datetime
    ) -> UUID | None:
        """Put an agent's reviewed message into the outbox; the last look decides about it as about any other."""
        return await queue_send(
            tenant_id,
            contact_id,
            connection_id,
            send,
            pool=self._pool,
            tenants=self._tenants,
            author=by,
            now=now,
        )

    # ---- why ----------------------------------------------------------------------------------------------

    async def why(self, tenant_id: int, message: str) -> Mapping[str, Any] | None:
        """Everything behind one of our messages, named by its id, its key or the provider's id. None: not ours.

        Keys: message, sentences (text, claim, variant, digest, file, line, approvals), decisions, turn, consent,
        opted_out_at, withdrawn, clock, audit. Times are ISO texts.
        """
        owner = await self._tenants.get(tenant_id)
        hmac = owner.keys.blind_index("provider_id", message)
        row = await self._pool.row(_WHY, [tenant_id, _uuid(message), message, hmac])
        if row is None:
            return None
        withdrawn = [_withdrawn(owner, found) for found in row["doc"]["withdrawn"]]
        return {**row["doc"], "withdrawn": withdrawn, "sentences": await self._sentences(owner, row)}

    async def _sentences(self, owner: Owner, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        try:
            key = owner.keys.open_contact(row["contact_id"], row["wrapped_key"])
            body = json.loads(key.decrypt(row["body"], table="outbox", column="body", row=row["id"]))
        except CryptoError as error:  # erased, or altered: the rest of the answer still stands
            return [{"text": None, "unreadable": str(error)}]
        claims = await self._claims(owner.tenant_id, row["bundle"])
        return [_sentence(s, claims.get(s.get("claim") or "")) for s in body["sentences"]]

    async def _claims(self, tenant_id: int, digest: str) -> Mapping[str, Claim]:
        row = await self._pool.row(_BUNDLE, [tenant_id, digest])
        return Bundle.decode(bytes(row["data"])).claims if row else {}

    async def _done(self, statement: str, params: Sequence[Any]) -> bool:
        row = await self._pool.row(statement, params)
        return bool(row and row["done"])


def _typed(owner: Owner, text: str) -> tuple[UUID, bytes]:
    """The id of the audit entry to be, and its body: what the operator wrote, under the tenant's key."""
    entry = uuid4()
    body = json.dumps({TYPED: clean(text)}, ensure_ascii=False).encode()
    return entry, owner.keys.fields.encrypt(body, table="audit", column="body", row=entry)


def _withdrawn(owner: Owner, found: Mapping[str, Any]) -> Mapping[str, Any]:
    row = {"entry": UUID(found["entry"]), "typed": bytes.fromhex(found["typed"])} if found["entry"] else None
    reason = typed_of(row, owner.keys) if row else None
    return {"claim": found["claim"], "by": found["by"], "at": found["at"], "reason": reason}


def clean(reason: str) -> str:
    """An operator's reason without phone numbers and e-mail addresses, which a note easily holds."""
    return _NUMBER.sub("[number]", _ADDRESS.sub("[address]", reason)).strip()


def _sentence(said: Mapping[str, Any], claim: Claim | None) -> dict[str, Any]:
    """One sentence with who approved its wording: the claim's approvals only if it is that very wording."""
    same = claim is not None and claim.digest == said.get("digest")
    return {
        **said,
        "approvals": [asdict(a) for a in claim.approvals] if claim and same else [],
        "sources": list(claim.sources) if claim and same else [],
    }


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
