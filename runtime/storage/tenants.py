"""Tenants by number and by slug, with their keys opened once per process."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from runtime.crypto import TenantKeys, Vault
from runtime.errors import ConvoError
from runtime.storage.postgres import Pool

ALL = "select * from tenants_v1()"
RESERVE = "select tenant_reserve_v1() as tenant_id"
ENSURE = "select tenant_ensure_v1(%s, %s, %s, %s, %s, %s) as tenant_id"


class TenantUnknown(ConvoError):
    """No tenant of that name or number is known; `convo publish` makes it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A tenant as storage knows it. `organisation` is the slug of the firm or group that runs it."""

    tenant_id: int
    slug: str
    name: str
    organisation: str
    keys: TenantKeys = field(repr=False)


class Tenants:
    """Looks tenants up, and remembers them: a tenant's number, slug, organisation and key never change."""

    def __init__(self, pool: Pool, vault: Vault) -> None:
        self._pool = pool
        self.vault = vault
        self._known: dict[int, Owner] = {}

    async def get(self, tenant_id: int) -> Owner:
        """Raises TenantUnknown, DatabaseDown."""
        if tenant_id not in self._known:
            await self.every()
        if tenant_id not in self._known:
            raise TenantUnknown
        return self._known[tenant_id]

    async def by_slug(self, slug: str) -> Owner:
        """Raises TenantUnknown, DatabaseDown."""
        found = [tenant for tenant in self._known.values() if tenant.slug == slug]
        found = found or [tenant for tenant in await self.every() if tenant.slug == slug]
        if not found:
            raise TenantUnknown
        return found[0]

    async def every(self) -> Sequence[Owner]:
        """All tenants there are now."""
        for row in await self._pool.rows(ALL):
            if row["tenant_id"] not in self._known:
                self._known[row["tenant_id"]] = Owner(
                    tenant_id=row["tenant_id"],
                    slug=row["slug"],
                    name=row["name"],
                    organisation=row["organisation"],
                    keys=self.vault.open_tenant(row["tenant_id"], row["wrapped_key"]),
                )
        return tuple(self._known.values())

    async def ensure(self, slug: str, *, name: str, organisation: str, now: datetime) -> Owner:
        """The tenant of a slug, made with a key of its own if it is new. Only convo_owner may."""
        if not any(tenant.slug == slug for tenant in await self.every()):
            reserved = await self._pool.row(RESERVE)
            assert reserved is not None
            _, wrapped = self.vault.new_tenant(reserved["tenant_id"])
            await self._pool.row(ENSURE, [reserved["tenant_id"], slug, name, organisation, wrapped, now])
        return await self.by_slug(slug)
