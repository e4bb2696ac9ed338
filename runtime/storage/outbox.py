"""The outbox: due rows, the last look at one, and what the provider answered. Every decision is a database function."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, cast
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb

from runtime.crypto import CryptoError, FieldKey
from runtime.messages import Identity, Look, OutboundMessage, Receipt, Send, SendState
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants

DEFAULT_LANGUAGE = "en-GB"
KEPT_KEYS = 4096  # contact keys of rows being sent, so that recording needs no second look

_DUE = "select tenant_id, id from send_due_v1(%s, %s, %s)"
_LOOK = "select * from last_look_v3(%s, %s, %s, %s, %s)"
_EPOCH = "select epoch from kill_now_v1(%s)"
_STILL = "select send_epoch_v1(%s, %s) as epoch"
_PUT_BACK = "select send_put_back_v1(%s, %s, %s, %s)"
_RECORD = "select send_record_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as state"
_SWEEP = "select send_sweep_v1(%s, %s) as swept"
_CONNECTION = "select connection_id, digest from send_connection_v1(%s, %s)"
_RECIPIENT = "select * from send_recipient_v1(%s, %s, %s)"
_QUEUE = "select send_queue_v1(%s, %s, %s, %s, %s, %s, %s::smallint, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as id"


class PgOutbox:
    """ports.Outbox on Postgres. `deduplicating`: the channels whose provider drops a second call with the same key."""

    def __init__(
        self,
        *,
        dispatch: Pool,
        tenant: Pool,
        tenants: Tenants,
        deduplicating: frozenset[str] = frozenset({"webchat"}),
    ) -> None:
        self._dispatch = dispatch
        self._tenant = tenant
        self._tenants = tenants
        self._deduplicating = sorted(deduplicating)
        self._served = 0  # the tenant that was met last: the next batch goes on after it
        self._keys: OrderedDict[UUID, FieldKey] = OrderedDict()

    async def due(self, *, limit: int, now: datetime) -> Sequence[tuple[int, UUID]]:
        """(tenant_id, outbox id) of rows that may be looked at now, fairly over tenants."""
        *rows, last = await self._dispatch.rows(_DUE, [limit, self._served, now])
        self._served = last["tenant_id"]
        return [(row["tenant_id"], row["id"]) for row in rows]

    async def last_look(
        self, tenant_id: int, outbox_id: UUID, *, owner: str, lease_s: float, now: datetime
    ) -> Look | None:
        """Decides and commits. None when the row was taken, is not due, or an earlier one of its conversation goes first."""
        row = await self._tenant.row(_LOOK, [tenant_id, outbox_id, owner, lease_s, now])
        if row is None:
            return None
        message = None
        if row["effect"] == "send":
            try:
                message = await self._message(tenant_id, outbox_id, row)
            except CryptoError:
                return await self._unreadable(tenant_id, outbox_id, row, owner=owner, now=now)
        return Look(
            outbox_id=outbox_id,
            effect=row["effect"],
            rule=row["rule"],
            row=row["row_no"],
            kill_epoch=row["kill_epoch"],
            until=row["lease_until"] if message else None,
            message=message,
            channel=row["channel"],
        )

    async def _message(self, tenant_id: int, outbox_id: UUID, row: Mapping[str, Any]) -> OutboundMessage:
        """What to deliver. Raises CryptoError when the row, the address or the key has been altered."""
        owner = await self._tenants.get(tenant_id)
        key = owner.keys.open_contact(row["contact_id"], row["wrapped_key"])
        body = json.loads(key.decrypt(row["body"], table="outbox", column="body", row=outbox_id))
        address = key.decrypt(row["identity_value"], table="identity", column="value", row=row["identity_id"])
        self._keep(outbox_id, key)
        return OutboundMessage(
            key=row["key"],
            connection_id=row["connection_id"],
            to=Identity(kind=row["identity_kind"], value=address.decode()),
            text=body["text"],
            options=tuple(body["options"]),
            template=row["template"],
            language=body.get("language") or DEFAULT_LANGUAGE,
        )

    async def _unreadable(
        self, tenant_id: int, outbox_id: UUID, row: Mapping[str, Any], *, owner: str, now: datetime
    ) -> Look:
        """The row is ours but cannot be read: it fails with a case, and nothing is sent."""
        receipt = Receipt(result="refused", detail="unreadable")
        await self.record(tenant_id, outbox_id, receipt, owner=owner, now=now)
        return Look(
            outbox_id=outbox_id,
            effect="refuse",
            rule="R-CRYPTO-1",
            row=None,
            kill_epoch=row["kill_epoch"],
            channel=row["channel"],
        )

    async def kill_epoch(self, tenant_id: int) -> int:
        """Rises whenever a kill or an enabling touches this tenant."""
        row = await self._dispatch.row(_EPOCH, [tenant_id])
        assert row is not None
        return int(row["epoch"])

    async def epoch_to_call(self, tenant_id: int, outbox_id: UUID) -> int | None:
        """See ports.Outbox."""
        row = await self._tenant.row(_STILL, [tenant_id, outbox_id])
        return None if row is None else cast(int | None, row["epoch"])

    async def put_back(self, tenant_id: int, outbox_id: UUID, *, owner: str, now: datetime) -> None:
        """`sending` -> `pending`, for a row whose call never began. Nothing happens when it is no longer ours."""
        self._keys.pop(outbox_id, None)
        await self._tenant.row(_PUT_BACK, [tenant_id, outbox_id, owner, now])

    async def record(
        self, tenant_id: int, outbox_id: UUID, receipt: Receipt, *, owner: str, now: datetime
    ) -> SendState | None:
        """Store what the provider answered. None when the row is no longer ours (swept)."""
        ciphertext, hmac = await self._provider_id(tenant_id, outbox_id, receipt.provider_id)
        row = await self._tenant.row(
            _RECORD,
            [
                tenant_id,
                outbox_id,
                owner,
                receipt.result,
                ciphertext,
                hmac,
                receipt.code,
                receipt.detail,
                receipt.retry,
                receipt.retry_after_s,
                receipt.person_stopped,
                now,
            ],
        )
        return SendState(row["state"]) if row and row["state"] else None

    async def _provider_id(
        self, tenant_id: int, outbox_id: UUID, provider_id: str | None
    ) -> tuple[bytes | None, bytes | None]:
        """(ciphertext, HMAC). Providers' ids hold the person's number; they are never stored in clear."""
        key = self._keys.pop(outbox_id, None)
        if provider_id is None:
            return None, None
        owner = await self._tenants.get(tenant_id)
        hmac = owner.keys.blind_index("provider_id", provider_id)
        if key is None:
            row = await self._tenant.row(_RECIPIENT, [tenant_id, None, outbox_id])
            if row is None:  # erased while the call was out
                return None, hmac
            key = owner.keys.open_contact(row["contact_id"], row["wrapped_key"])
        return key.encrypt(provider_id.encode(), table="outbox", column="provider_id", row=outbox_id), hmac

    async def sweep(self, *, now: datetime) -> int:
        """`sending` rows past their lease: `unknown`, or `pending` where the provider de-duplicates. Returns how many."""
        row = await self._dispatch.row(_SWEEP, [self._deduplicating, now])
        return int(row["swept"]) if row else 0

    async def connection_of(self, tenant_id: int, outbox_id: UUID) -> tuple[str, str]:
        """(connection id, digest in force for its stage). Raises LookupError for a row or connection that is not there."""
        row = await self._tenant.row(_CONNECTION, [tenant_id, outbox_id])
        if row is None or row["digest"] is None:
            raise LookupError("no connection in force for this row")
        return row["connection_id"], row["digest"]

    async def queue_proactive(
        self, tenant_id: int, contact_id: UUID, connection_id: str, send: Send, *, now: datetime
    ) -> UUID | None:
        """An Outcome of one Send that we start. None when the person is unknown, erased or opted out, or the campaign is not
        in force."""
        return await self.queue(tenant_id, contact_id, connection_id, send, author="bot", now=now)

    async def queue(
        self,
        tenant_id: int,
        contact_id: UUID,
        connection_id: str,
        send: Send,
        *,
        author: str,
        now: datetime,
    ) -> UUID | None:
        """Put one message that no turn made into the outbox, audited. `author`: `bot` or the agent's name."""
        return await queue_send(
            tenant_id,
            contact_id,
            connection_id,
            send,
            pool=self._tenant,
            tenants=self._tenants,
            author=author,
            now=now,
        )

    def _keep(self, outbox_id: UUID, key: FieldKey) -> None:
        self._keys[outbox_id] = key
        while len(self._keys) > KEPT_KEYS:
            self._keys.popitem(last=False)


async def queue_send(
    tenant_id: int,
    contact_id: UUID,
    connection_id: str,
    send: Send,
    *,
    pool: Pool,
    tenants: Tenants,
    author: str,
    now: datetime,
) -> UUID | None:
    """Encrypt one Send for one person and put it into the outbox. `pool` is of role tenant or desk. See PgOutbox.queue."""
    row = await pool.row(_RECIPIENT, [tenant_id, contact_id, None])
    if row is None:
        return None
    key = (await tenants.get(tenant_id)).keys.open_contact(contact_id, row["wrapped_key"])
    outbox_id = uuid4()
    stated = [s for s in send.sentences if s.claim and s.digest]
    queued = await pool.row(
        _QUEUE,
        [
            tenant_id,
            outbox_id,
            contact_id,
            uuid4(),
            connection_id,
            send.send_class.value,
            send.part,
            key.encrypt(
                body_of(send, row["language"] or DEFAULT_LANGUAGE),
                table="outbox",
                column="body",
                row=outbox_id,
            ),
            [s.claim for s in stated],
            [s.digest for s in stated],
            send.has_link,
            send.has_ask,
            send.asks,
            send.answers_seq,
            send.template,
            send.campaign,
            author,
            send.due_at,
            Jsonb({"part": send.part}),
            now,
        ],
    )
    return cast(UUID | None, queued["id"]) if queued else None


def body_of(send: Send, language: str) -> bytes:
    """What is encrypted as outbox.body: the words, and where each came from."""
    document = {
        "text": send.text,
        "options": list(send.options),
        "language": language,
        "sentences": [asdict(s) for s in send.sentences],
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
