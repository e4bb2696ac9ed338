"""A small world for storage tests: tenants with keys, people, and the messages they send."""

from __future__ import annotations

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runtime.crypto import Vault
from runtime.messages import Arrival, Identity, InboundMessage, Stop, Stored
from runtime.storage.bundles import PgBundles
from runtime.storage.ingest import PgIngest
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Owner, Tenants
from tests.conftest import Database, ManualClock

VAULT = Vault(master=bytes(range(32)), pepper=bytes(range(32, 64)))
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
    extra: dict[str, Any] = field(default_factory=dict)

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
