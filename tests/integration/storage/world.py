"""A small world for storage tests: tenants with keys, people, and the messages they send."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from runtime.crypto import Vault
from runtime.messages import Arrival, Identity, InboundMessage, Stop, Stored
from runtime.storage.bundles import PgBundles
from runtime.storage.ingest import PgIngest
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Owner, Tenants
from runtime.storage.turns import PgTurns
from schemas.bundle import FORMAT, Bundle, canonical, digest_of
from schemas.sendtable import default_rows
from tests.conftest import Database, ManualClock

VAULT = Vault(master=bytes(range(32)), pepper=bytes(range(32, 64)))
APPROVAL = {
    "by": "Carol Example",
    "role": "compliance",
    "on": "2026-11-01",
    "expires": "2027-02-01",
    "ref": "EX-1",
}
_ids = itertools.count(1)


@dataclass(slots=True)
class World:
    """One deployment's storage, with a pool per role."""

    database: Database
    clock: ManualClock
    owner: Pool
    web: Pool
    dispatch: Pool
    tenant_pool: Pool
    tenants: Tenants
    ingest: PgIngest

    async def tenant(self, slug: str = "dave", organisation: str = "dynamo") -> Owner:
        """A tenant with keys and no bundle."""
        makers = Tenants(self.owner, VAULT)
        made = await makers.ensure(slug, name=slug.title(), organisation=organisation, now=self.clock.now())
        await self.tenants.every()
        return made

    async def arrive(self, *arrivals: Arrival) -> list[Stored]:
        return list(await self.ingest.store(arrivals, now=self.clock.now()))

    async def see(self, statement: str, *params: object) -> list[dict[str, Any]]:
        """Rows as the owner sees them over all tenants: for asserting, never for building a world."""
        async with self.owner.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.every', 'on', true)")
            cursor = await connection.execute(statement.encode(), params)
            names = [column.name for column in cursor.description or ()]
            return [dict(zip(names, row, strict=True)) for row in await cursor.fetchall()]

    @property
    def bundles(self) -> PgBundles:
        return PgBundles(self.owner, Tenants(self.owner, VAULT))

    @property
    def turns(self) -> PgTurns:
        """A new worker's view: nothing remembered."""
        return PgTurns(self.dispatch, self.tenant_pool, self.tenants, jitter=lambda: 0.5)

    async def publish(self, data: bytes, *, stage: str = "sandbox") -> Bundle:
        """A bundle, published and in force."""
        bundle = Bundle.decode(data)
        now = self.clock.now()
        digest = await self.bundles.publish(bundle.tenant.slug, data, b"{}", by="test", now=now)
        await self.bundles.activate(bundle.tenant.slug, stage, digest, expect_active=None, by="test", now=now)
        await self.tenants.every()
        return bundle


@asynccontextmanager
async def world(database: Database, clock: ManualClock) -> AsyncIterator[World]:
    async with AsyncExitStack() as stack:
        pools = {
            role: await stack.enter_async_context(Pool(database.url(role), role=role, max_size=4))
            for role in ("owner", "ingest", "dispatch", "tenant")
        }
        tenants = Tenants(pools["ingest"], VAULT)
        ingest = await stack.enter_async_context(PgIngest(pools["ingest"], tenants, clock))
        yield World(
            database=database,
            clock=clock,
            owner=pools["owner"],
            web=pools["ingest"],
            dispatch=pools["dispatch"],
            tenant_pool=pools["tenant"],
            tenants=tenants,
            ingest=ingest,
        )


def phone(n: int = 1) -> Identity:
    return Identity(kind="phone", value=f"+447700900{n:03d}")


def message(
    tenant: Owner,
    at: datetime,
    *,
    text: str = "Hello there",
    person: Identity | None = None,
    provider_id: str | None = None,
    connection: str | None = None,
    channel: str = "whatsapp_360dialog",
    stop: Stop | None = None,
    kind: str = "text",
    name: str | None = "Sam Example",
    aliases: tuple[Identity, ...] = (),
) -> Arrival:
    """One message from a person on the tenant's connection."""
    return Arrival(
        tenant_id=tenant.tenant_id,
        connection_id=connection or f"{tenant.slug}-wa-sandbox",
        channel=channel,
        event=InboundMessage(
            provider_id=provider_id or f"wamid.{next(_ids)}",
            sender=person or phone(),
            sent_at=at,
            kind=kind,
            text=text,
            profile_name=name,
            aliases=aliases,
        ),
        stop=stop,
    )


async def words(world: World, tenant: Owner) -> list[str]:
    """The texts in the inbox, decrypted, by conversation and number."""
    rows = await world.see(
        "select x.id, x.payload, c.contact_id, k.wrapped_key from inbox x "
        "join conversation c using (tenant_id, conversation_id) join contact k using (tenant_id, contact_id) "
        "where x.tenant_id = %s order by x.conversation_id, x.seq",
        tenant.tenant_id,
    )
    found = []
    for row in rows:
        key = tenant.keys.open_contact(row["contact_id"], row["wrapped_key"])
        found.append(
            json.loads(key.decrypt(row["payload"], table="inbox", column="payload", row=row["id"]))["text"]
        )
    return found


def bundle_bytes(
    slug: str = "dave",
    *,
    organisation: str = "dynamo",
    connections: dict[str, str] | None = None,
    stage: str = "sandbox",
    wording: str = "You don't need to use us. You can complain to your lender yourself, for free.",
) -> bytes:
    """A small bundle: three claims, one of which wants approval, the shipped send table, WhatsApp and web connections."""
    wanted = connections or {f"{slug}-wa-sandbox": "whatsapp_360dialog", f"{slug}-web-sandbox": "webchat"}
    claims = [
        _claim("D-1", wording, ["Do I have to use you or can I do it myself?", "is there a free way"]),
        _claim("D-2", "Our fee is a share of what you get back. EXAMPLE wording.", ["what do you charge"]),
        _claim("D-3", "We are EXAMPLE Ltd.", ["who are you"], expires="2027-01-01", approved=False),
    ]
    document = {
        "format": FORMAT,
        "unapproved": True,
        "tenant": {
            "slug": slug,
            "display_name": slug.title(),
            "organisation": organisation,
            "legal_entity": "EXAMPLE Ltd",
            "nation": "england",
            "timezone": "Europe/London",
            "language": "en-GB",
            "packs": [],
            "values": {"firm": "EXAMPLE Ltd"},
            "example": True,
            "accent": {},
            "hours_text": "9am to 8pm",
            "retention_days": {},
        },
        "persona": {
            "name": "dave",
            "display_name": "Dave",
            "languages": ["en-GB"],
            "max_chars": 600,
            "opening": [],
            "phrases": [],
            "preset": "fast",
            "prompt": "",
            "topic": "car finance",
        },
        "claims": claims,
        "prohibited": [],
        "categories": [],
        "opt_out": {},
        "handoff_words": [],
        "lines": {
            "opt_out_confirmation": "D-1",
            "holding": "D-1",
            "handoff": "D-1",
            "fallback": "D-1",
            "no_answer": "D-1",
            "clarify": "D-1",
            "off_hours": None,
        },
        "links": [],
        "connections": [
            {
                "id": connection,
                "channel": channel,
                "stage": stage,
                "address": "EXAMPLE",
                "base_url": "",
                "signature": "none",
                "secrets": {},
                "options": {},
                "origins": [],
                "outreach": False,
            }
            for connection, channel in sorted(wanted.items())
        ],
        "policy": {
            "timezone": "Europe/London",
            "open_minute": 540,
            "close_minute": 1200,
            "quiet_weekdays": [7],
            "quiet_dates": [],
            "proactive_per_day": 1,
            "proactive_per_30_days": 4,
            "min_gap_hours": 24,
            "strikes": 3,
            "consent_max_age_days": 180,
            "window_hours": 24,
            "spend_pence_per_day": 1000,
            "spend_pence_per_contact_per_day": 100,
        },
        "send_table": _shipped(),
        "guardrails": [],
        "quick_replies": [],
        "campaigns": [],
        "escalation": {},
    }
    return canonical(document)


def _claim(
    id: str, text: str, questions: list[str], *, expires: str | None = None, approved: bool = True
) -> dict[str, Any]:
    return {
        "id": id,
        "kind": "fact",
        "texts": {"en-GB": {"full": text}},
        "slots": [],
        "when": "any",
        "required_with": [],
        "repeat_after_days": None,
        "never_say": [],
        "sources": [],
        "effective": "2022-03-01",
        "expires": expires,
        "review_by": "2027-02-21",
        "channels": [],
        "audience": [],
        "questions": questions,
        "options": [],
        "digest": digest_of(text.encode()),
        "approvals": [APPROVAL, APPROVAL | {"expires": "2027-03-01"}] if approved else [],
        "approved": approved,
        "file": "claims/example.yaml",
        "line": 1,
    }


@cache
def _shipped() -> list[dict[str, Any]]:
    return default_rows()
