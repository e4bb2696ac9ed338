"""Leases, and the contents of a turn: loaded in one round trip, committed in one fenced function."""

from __future__ import annotations

import random
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any, Literal
from uuid import UUID, uuid4, uuid5

from runtime.crypto import FieldKey
from runtime.engine.pictures import may_be_seen
from runtime.messages import Lease, Media, Outcome, Turn
from runtime.storage.outcomes import parameters
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from runtime.storage.turn_rows import (
    HISTORY_LINES,
    PENNY,
    answers_of,
    history_of,
    pending_of,
    slots_of,
    standing_of,
)
from schemas.bundle import Bundle

PENDING_LIMIT = 100  # a longer backlog is answered in several turns
KEYS_KEPT = 1_000
DEFAULT_LANGUAGE = "en-GB"
RESERVED_S = 30.0  # a reservation older than a lease and not settled is of a worker that died; it stays spent

CLAIM = "select * from claim_v2(%s, %s, %s, %s)"
PIN = "select * from pin_v1(%s, %s)"
LOAD = "select * from load_v2(%s, %s, %s, %s, %s, %s, %s)"
KEY = "select * from conversation_key_v1(%s, %s)"
COMMIT = """select commit_turn_v3(
  %(tenant)s, %(conversation)s, %(fence)s, %(upto)s, %(now)s, %(turn)s, %(sends)s, %(send_id)s::uuid[],
  %(send_body)s::bytea[], %(answers)s::text[], %(answer_id)s::uuid[], %(answer_ciphertext)s::bytea[], %(holds)s, %(cases)s,
  %(counts)s, %(audit_id)s, %(audit_header)s, %(audit_body)s) as committed"""
FAIL = "select fail_turn_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as result"
RESERVE = "select spend_reserve_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s) as result"
KEEP_MEDIA = "select media_keep_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as kept"
MODELS_DOWN = "select models_down_v1(%s, %s) as news"
MODELS_UP = "select models_up_v1(%s, %s) as news"


class PgTurns:
    """Implements ports.Turns: leases as convo_dispatch, contents as convo_tenant. `jitter` gives 0..1."""

    def __init__(
        self,
        dispatch: Pool,
        tenant: Pool,
        tenants: Tenants,
        *,
        version: str = "0",
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._dispatch = dispatch
        self._tenant = tenant
        self._tenants = tenants
        self._version = version
        self._jitter = jitter
        self._keys: OrderedDict[tuple[int, UUID], tuple[FieldKey, str]] = OrderedDict()  # from load to commit

    async def claim(self, *, owner: str, limit: int, lease_s: float, now: datetime) -> Sequence[Lease]:
        """See ports.Turns."""
        return [Lease(**row) for row in await self._dispatch.rows(CLAIM, [owner, limit, lease_s, now])]

    async def pin(self, lease: Lease) -> tuple[str | None, str]:
        """See ports.Turns. Unpinned after 24 hours' silence or 7 days, by the time the oldest pending message came in."""
        row = await self._tenant.row(PIN, [lease.tenant_id, lease.conversation_id])
        assert row is not None, "a lease is of a conversation that exists"
        return row["pinned"], row["connection_id"]

    async def load(
        self, lease: Lease, *, pinned: Bundle | None, active: Bundle, now: datetime
    ) -> Turn | None:
        """See ports.Turns. Raises crypto.KeyErased when the person was erased meanwhile."""
        found: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for row in await self._tenant.rows(
            LOAD,
            [
                lease.tenant_id,
                lease.conversation_id,
                lease.fence,
                PENDING_LIMIT,
                HISTORY_LINES,
                may_be_seen(active),
                now,
            ],
        ):
            found[row["what"]].append(row)
        if not found["head"]:
            return None
        head, doc = found["head"][0], found["head"][0]["doc"]
        language = doc["language"] or active.tenant.language
        key = await self._opened(lease, head["id"], head["data"], language)
        return Turn(
            tenant_id=lease.tenant_id,
            conversation_id=lease.conversation_id,
            contact_id=head["id"],
            lease=lease,
            connection_id=doc["connection"],
            channel=doc["channel"],
            sandbox=doc["stage"] == "sandbox",
            pinned=pinned or active,
            active=active,
            withdrawn=frozenset(row["name"] for row in found["withdrawn"]),
            pending=pending_of(found, key),
            history=history_of(found, key),
            shown={row["name"]: row["at"] for row in found["shown"]},
            answers=answers_of(found, key),
            slots=slots_of(found, key, active),
            counts={row["name"]: row["n"] for row in found["count"]},
            language=language,
            opted_out_at=head["at"],
            holds=tuple(row["name"] for row in found["hold"]),
            human_owner=doc["human_owner"] or ("nobody yet" if doc["mode"] == "stopped" else None),
            open_cases=tuple(row["name"] for row in found["case"]),
            asked=doc["asked"],
            now=now,
            **standing_of(found, active.policy),
        )

    async def commit(self, lease: Lease, outcome: Outcome, *, now: datetime) -> bool:
        """See ports.Turns."""
        key, language = await self._key_of(lease)
        row = await self._tenant.row(
            COMMIT,
            {
                **parameters(outcome, key, language, reservation=_reservation(lease)),
                "tenant": lease.tenant_id,
                "conversation": lease.conversation_id,
                "fence": lease.fence,
                "now": now,
            },
        )
        self._keys.pop((lease.tenant_id, lease.conversation_id), None)
        return row is not None and bool(row["committed"])

    async def reserve(self, turn: Turn, micropence: int) -> Literal["reserved", "day", "person", "lost"]:
        """See ports.Purse."""
        lease, policy = turn.lease, turn.active.policy
        row = await self._tenant.row(
            RESERVE,
            [
                lease.tenant_id,
                lease.conversation_id,
                lease.fence,
                _reservation(lease),
                micropence,
                policy.spend_pence_per_day * PENNY,
                policy.spend_pence_per_contact_per_day * PENNY,
                RESERVED_S,
                turn.now,
            ],
        )
        assert row is not None
        result: Literal["reserved", "day", "person", "lost"] = row["result"]
        return result

    async def fail(self, lease: Lease, error: str, *, now: datetime, max_attempts: int) -> str:
        """See ports.Turns. A dead letter opens a case: somebody wrote, and nobody answered."""
        self._keys.pop((lease.tenant_id, lease.conversation_id), None)
        row = await self._tenant.row(
            FAIL,
            [
                lease.tenant_id,
                lease.conversation_id,
                lease.fence,
                error,
                max_attempts,
                self._jitter(),
                uuid4(),
                uuid4(),
                self._version,
                now,
            ],
        )
        assert row is not None
        return str(row["result"])

    async def keep_media(
        self, turn: Turn, seq: int, media: Media, *, refused: str | None = None, now: datetime
    ) -> None:
        """See ports.Turns. Encrypted under the person's key; of two that fetched it, the first is kept."""
        lease = turn.lease
        data = None
        if media.data is not None:
            key, _ = await self._key_of(lease)
            data = key.encrypt(media.data, table="media", column="data", row=media.id)
        await self._tenant.row(
            KEEP_MEDIA,
            [
                lease.tenant_id,
                media.id,
                lease.conversation_id,
                turn.contact_id,
                seq,
                "refused" if refused else "fetched",
                refused,
                media.media_type,
                media.size,
                data,
                now,
            ],
        )

    async def models(self, tenant_id: int, *, down: bool, now: datetime) -> bool:
        """See ports.Turns."""
        row = await self._tenant.row(MODELS_DOWN if down else MODELS_UP, [tenant_id, now])
        return row is not None and bool(row["news"])

    async def _opened(self, lease: Lease, contact: UUID, wrapped: bytes | None, language: str) -> FieldKey:
        owner = await self._tenants.get(lease.tenant_id)
        key = owner.keys.open_contact(contact, wrapped)
        self._keys[lease.tenant_id, lease.conversation_id] = key, language
        while len(self._keys) > KEYS_KEPT:
            self._keys.popitem(last=False)
        return key

    async def _key_of(self, lease: Lease) -> tuple[FieldKey, str]:
        kept = self._keys.get((lease.tenant_id, lease.conversation_id))
        if kept is not None:
            return kept
        row = await self._tenant.row(KEY, [lease.tenant_id, lease.conversation_id])
        assert row is not None, "a lease is of a conversation that exists"
        language = row["language"] or DEFAULT_LANGUAGE
        return await self._opened(lease, row["contact_id"], row["wrapped_key"], language), language


def _reservation(lease: Lease) -> UUID:
    """One a lease: asked for again after a lost answer it is the same one."""
    return uuid5(lease.conversation_id, f"reservation/{lease.fence}")
