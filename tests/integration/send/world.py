"""A small world to send in: one firm with the shipped send table, people who agreed, and rows waiting to go."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID, uuid4

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from runtime.crypto import FieldKey, Vault
from runtime.embedded import SUPERUSER
from runtime.messages import Look, Send, SendClass, Sentence
from runtime.storage.outbox import PgOutbox, body_of
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Owner, Tenants
from schemas.sendtable import default_rows
from tests.conftest import NOON, Database, ManualClock
from tests.integration.storage.world import bundle_bytes

CLAIM = "sha256:" + "c" * 64
BUNDLE = "sha256:" + "b" * 64
WHATSAPP, WEB, EMAIL, WAHA = "firm-wa", "firm-web", "firm-mail", "firm-waha"
CHANNELS = {WHATSAPP: "whatsapp_360dialog", WEB: "webchat", EMAIL: "email", WAHA: "whatsapp_waha"}
KINDS = {WHATSAPP: "phone", WAHA: "phone", WEB: "visitor", EMAIL: "email"}
APPROVAL = {"by": "Carol Example", "role": "compliance", "on": "2026-11-01", "expires": None, "ref": "EX-1"}
POLICY: Mapping[str, Any] = {
    "timezone": "Europe/London",
    "open_minute": 9 * 60,
    "close_minute": 20 * 60,
    "quiet_weekdays": [7],
    "quiet_dates": ["2026-12-25"],
    "proactive_per_day": 1,
    "proactive_per_30_days": 3,
    "min_gap_hours": 24,
    "strikes": 3,
    "consent_max_age_days": 180,
    "window_hours": 24,
    "spend_pence_per_day": 1000,
    "spend_pence_per_contact_per_day": 100,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One contact with a conversation on one connection."""

    contact: UUID
    conversation: UUID
    connection: str
    key: FieldKey = field(repr=False)


@dataclass(slots=True, kw_only=True)
class World:
    """One tenant in one database, with the superuser's hands for arranging and looking."""

    database: Database
    clock: ManualClock
    tenants: Tenants
    outbox: PgOutbox
    owner: Owner
    admin: psycopg.Connection[dict[str, Any]] = field(repr=False)
    pools: Mapping[str, Pool] = field(repr=False)

    @property
    def tenant_id(self) -> int:
        return self.owner.tenant_id

    def sql(self, statement: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> list[dict[str, Any]]:
        cursor = self.admin.execute(statement.encode(), params)
        return cursor.fetchall() if cursor.description else []

    def drilled(self, digest: str) -> None:
        """The attack suite held for this bundle: staging and live ask for it."""
        self.sql(
            "insert into drill_result values (%s, %s, 'e', 'attack', 's', 7, 105, 20, 0, 'test', %s, '', 'test', %s)",
            [self.tenant_id, digest, NOON, NOON],
        )

    def one(self, statement: str, params: Sequence[Any] | Mapping[str, Any] = ()) -> dict[str, Any]:
        (row,) = self.sql(statement, params)
        return row

    # ---- people -------------------------------------------------------------------------------------------

    def person(self, connection: str = WHATSAPP, *, consent: bool = True, wrote: bool = True) -> Person:
        """Somebody who wrote an hour ago, has been answered, and had agreed to hear from us a month before."""
        now, contact, conversation = self.clock.now(), uuid4(), uuid4()
        key, wrapped = self.owner.keys.new_contact(contact)
        self.sql(
            "insert into contact (tenant_id, contact_id, wrapped_key, created_at) values (%s, %s, %s, %s)",
            [self.tenant_id, contact, wrapped, now],
        )
        made = Person(contact=contact, conversation=conversation, connection=connection, key=key)
        self.identity(made, KINDS[connection], f"+447700900{uuid4().int % 1000:03d}:{contact}")
        self.sql(
            "insert into conversation (tenant_id, conversation_id, contact_id, connection_id, channel, created_at) "
            "values (%s, %s, %s, %s, %s, %s)",
            [self.tenant_id, conversation, contact, connection, CHANNELS[connection], now],
        )
        self.sql(
            "insert into conversation_queue (tenant_id, conversation_id) values (%s, %s)",
            [self.tenant_id, conversation],
        )
        if consent:
            self.consent(made, at=now - timedelta(days=30))
        if wrote:
            self.writes(made, at=now - timedelta(hours=1))
            self.processed(made)
        return made

    def identity(self, person: Person, kind: str, value: str) -> None:
        keys, vault, identity = self.owner.keys, self.tenants.vault, uuid4()
        self.sql(
            "insert into identity values (%s, %s, %s, %s, %s, %s, %s, %s, %s)",
            [
                self.tenant_id,
                keys.blind_index(kind, value),
                vault.suppressed_at_tenant(self.tenant_id, kind, value),
                vault.suppressed_at_organisation(self.owner.organisation, kind, value),
                identity,
                person.contact,
                kind,
                person.key.encrypt(value.encode(), table="identity", column="value", row=identity),
                self.clock.now(),
            ],
        )

    def consent(
        self,
        person: Person,
        kind: str = "granted",
        *,
        at: datetime | None = None,
        purpose: str = "any",
        channel: str = "any",
        sender: str = "EXAMPLE Firm",
    ) -> None:
        now = self.clock.now()
        event = {
            "tenant_id": self.tenant_id,
            "id": uuid4(),
            "contact_id": person.contact,
            "kind": kind,
            "channel": channel,
            "purpose": purpose,
            "basis": "consent",
            "sender": sender,
            "source": "form",
            "at": at or now,
            "recorded_at": now,
        }
        self.insert("consent_event", event)
        self.bump(person)

    def bump(self, person: Person) -> None:
        """Every fact about a person raises their version, as the storage functions do."""
        self.sql(
            "update contact set ver = ver + 1 where tenant_id = %s and contact_id = %s",
            [self.tenant_id, person.contact],
        )

    def writes(self, person: Person, *, at: datetime | None = None, stop: bool = False) -> int:
        """A message arrives, not processed yet. Returns its number."""
        now = at or self.clock.now()
        row = self.one(
            "update conversation_queue set last_seq = last_seq + 1, lines = lines + 1, "
            "ready_at = coalesce(ready_at, %s), last_inbound_at = greatest(last_inbound_at, %s) "
            "where tenant_id = %s and conversation_id = %s returning last_seq, lines",
            [now, now, self.tenant_id, person.conversation],
        )
        inbox = uuid4()
        message = {
            "tenant_id": self.tenant_id,
            "conversation_id": person.conversation,
            "seq": row["last_seq"],
            "received_at": now,
            "id": inbox,
            "kind": "text",
            "sent_at": now,
            "provider_hmac": uuid4().bytes,
            "payload": person.key.encrypt(b'{"text": "Hello"}', table="inbox", column="payload", row=inbox),
            "position": row["lines"],
            "stop_scope": "tenant" if stop else None,
        }
        self.insert("inbox", message)
        if stop:
            self.opts_out(person, at=now)
        return int(row["last_seq"])

    def opts_out(self, person: Person, *, at: datetime | None = None) -> None:
        self.sql(
            "update contact set opted_out_at = %s, opt_out_scope = 'tenant', ver = ver + 1 "
            "where tenant_id = %s and contact_id = %s",
            [at or self.clock.now(), self.tenant_id, person.contact],
        )

    def processed(self, person: Person, *, from_seq: int | None = None) -> int:
        """A turn was taken over everything that waited. Returns up to which message."""
        row = self.one(
            "select last_seq, done_seq from conversation_queue where tenant_id = %s and conversation_id = %s",
            [self.tenant_id, person.conversation],
        )
        self.sql(
            "insert into turn (tenant_id, conversation_id, upto_seq, from_seq, id, disposition, bundle, pinned, fence, at) "
            "values (%s, %s, %s, %s, %s, 'reply', %s, %s, 1, %s) on conflict do nothing",
            [
                self.tenant_id,
                person.conversation,
                row["last_seq"],
                row["done_seq"] if from_seq is None else from_seq,
                uuid4(),
                BUNDLE,
                BUNDLE,
                self.clock.now(),
            ],
        )
        self.sql(
            "update conversation_queue set done_seq = last_seq, ready_at = null where tenant_id = %s and conversation_id = %s",
            [self.tenant_id, person.conversation],
        )
        return int(row["last_seq"])

    def holds(self, person: Person) -> None:
        hold = {
            "tenant_id": self.tenant_id,
            "id": uuid4(),
            "contact_id": person.contact,
            "category": "legal",
            "priority": 1,
            "set_by": "bot",
            "set_at": self.clock.now(),
        }
        self.insert("hold", hold)
        self.bump(person)

    def taken_over(self, person: Person, by: str = "Ada Example") -> None:
        self.sql(
            "update conversation set human_owner = %s, human_since = %s where tenant_id = %s and conversation_id = %s",
            [by, self.clock.now(), self.tenant_id, person.conversation],
        )

    def policy(self, **change: Any) -> None:
        self.sql("update policy set body = body || %s", [Jsonb(change)])

    def kill(self, scope: str = "machine", *, table: str = "tenant") -> None:
        self.sql(f"update {table} set kill_scope = %s, kill_epoch = kill_epoch + 1", [scope])

    # ---- rows ---------------------------------------------------------------------------------------------

    def waiting(
        self,
        person: Person,
        send_class: str = "reply",
        *,
        answers: int | None = None,
        due: datetime | None = None,
        text: str = "You can complain to your lender yourself, for free.",
        **columns: Any,
    ) -> UUID:
        """A row in the outbox, as a turn's commit writes it: a reply answers the last message processed."""
        row = uuid4()
        queue = self.one(
            "update conversation_queue set out_n = out_n + 1 "
            "where tenant_id = %s and conversation_id = %s returning out_n, done_seq",
            [self.tenant_id, person.conversation],
        )
        ours = send_class in {"proactive", "human", "service"}
        answered = answers if answers is not None else (None if ours else queue["done_seq"])
        send = Send(
            part=0,
            send_class=SendClass(send_class),
            sentences=(Sentence(text=text, claim="DD-D04", variant="short", digest=CLAIM),),
        )
        values: dict[str, Any] = {
            "tenant_id": self.tenant_id,
            "id": row,
            "conversation_id": person.conversation,
            "contact_id": person.contact,
            "connection_id": person.connection,
            "channel": CHANNELS[person.connection],
            "n": queue["out_n"],
            "key": f"{person.conversation}:{answered}:0:{queue['out_n']}",
            "upto_seq": None if ours else queue["done_seq"],
            "part": 0,
            "send_class": send_class,
            "due_at": due or self.clock.now(),
            "body": person.key.encrypt(body_of(send, "en-GB"), table="outbox", column="body", row=row),
            "claims": ["DD-D04"],
            "claim_digests": [CLAIM],
            "has_link": False,
            "has_ask": False,
            "answers_seq": answered,
            "bundle": BUNDLE,
            "created_at": self.clock.now(),
            **columns,
        }
        self.insert("outbox", values)
        return row

    def insert(self, table: str, values: Mapping[str, Any]) -> None:
        names, marks = ", ".join(values), ", ".join(["%s"] * len(values))
        self.sql(f"insert into {table} ({names}) values ({marks})", list(values.values()))

    def sent_before(self, person: Person, ago: timedelta, send_class: str = "proactive") -> UUID:
        """A message that went out some time ago."""
        at = self.clock.now() - ago
        row = self.waiting(person, send_class, due=at, state="sent", sending_at=at, settled_at=at)
        if send_class == "proactive":
            self.sql(
                "update contact set last_proactive_at = greatest(last_proactive_at, %s) where contact_id = %s",
                [at, person.contact],
            )
        return row

    async def look(self, row: UUID, *, owner: str = "sender-1", lease_s: float = 30.0) -> Look | None:
        return await self.outbox.last_look(
            self.tenant_id, row, owner=owner, lease_s=lease_s, now=self.clock.now()
        )

    async def decided(self, row: UUID) -> tuple[str, str]:
        """(effect, rule) of a look that must have happened."""
        look = await self.look(row)
        assert look is not None
        return look.effect, look.rule

    def row(self, row: UUID) -> dict[str, Any]:
        return self.one("select * from outbox where id = %s", [row])

    def facts(self, row: UUID) -> dict[str, Any]:
        """What the last decision about a row was based on."""
        found = self.sql("select facts from outbox_decision where outbox_id = %s order by at desc", [row])
        return dict(found[0]["facts"])


@asynccontextmanager
async def world(database: Database, clock: ManualClock, slug: str = "example-firm") -> AsyncIterator[World]:
    """A firm on sandbox connections, its shipped send table in force."""
    vault = Vault(master=b"m" * 32, pepper=b"p" * 32)
    async with (
        Pool(database.url("owner"), role="owner") as owner_pool,
        Pool(database.url("dispatch"), role="dispatch") as dispatch,
        Pool(database.url("tenant"), role="tenant") as tenant,
        Pool(database.url("desk"), role="desk") as desk,
    ):
        tenants = Tenants(owner_pool, vault)
        owner = await tenants.ensure(slug, name="EXAMPLE Firm", organisation="example-group", now=clock.now())
        admin_url = database.server.url(SUPERUSER, database.name)
        with psycopg.connect(admin_url, autocommit=True, row_factory=dict_row) as admin:
            made = World(
                database=database,
                clock=clock,
                tenants=tenants,
                outbox=PgOutbox(dispatch=dispatch, tenant=tenant, tenants=tenants),
                owner=owner,
                admin=admin,
                pools={"owner": owner_pool, "dispatch": dispatch, "tenant": tenant, "desk": desk},
            )
            _publish(made, slug)
            yield made


def _publish(made: World, slug: str) -> None:
    document = json.loads(bundle_bytes(slug))
    document["claims"][0] |= {"id": "DD-D04", "digest": CLAIM, "approvals": [APPROVAL]}
    document["campaigns"] = [
        {
            "id": "winter",
            "claims": ["DD-D04"],
            "purpose": "claims",
            "template": "winter_1",
            "language": "en-GB",
        }
    ]
    data = json.dumps(document).encode()
    tenant = made.tenant_id
    made.sql(
        "insert into bundle (tenant_id, digest, data, unapproved, published_by, published_at) "
        "values (%s, %s, %s, false, 'test', %s)",
        [tenant, BUNDLE, data, NOON],
    )
    made.sql("insert into bundle_pointer values (%s, 'sandbox', 1, %s, 'test', %s)", [tenant, BUNDLE, NOON])
    made.sql(
        "insert into policy values (%s, %s, %s, false, 'example-group')",
        [tenant, BUNDLE, Jsonb(dict(POLICY))],
    )
    with made.admin.cursor() as cursor, cursor.copy("copy send_rule from stdin") as copy:
        for n, r in enumerate(_shipped()):
            copy.write_row([tenant, BUNDLE, n, r["row"], r["state"], r["send_class"], r["channel"], r["effect"], list(r["only"]),
                            r["otherwise"], r["until"], r["rule"]])  # fmt: skip
    made.sql(
        "insert into bundle_claim values (%s, %s, 'DD-D04', %s, '2022-03-01', null, true)",
        [tenant, BUNDLE, CLAIM],
    )
    for connection, channel in CHANNELS.items():
        name = connection if slug == "example-firm" else f"{slug}-{connection}"
        made.sql("insert into connection values (%s, %s, 'sandbox', %s, %s)", [tenant, name, channel, BUNDLE])


@cache
def _shipped() -> list[dict[str, Any]]:
    return default_rows()
