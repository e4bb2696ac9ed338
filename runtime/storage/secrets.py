"""Values of `secret:NAME`, encrypted under the tenant's key, so that a new tenant needs no restart."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

from runtime.errors import SecretMissing
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from schemas.refusals import SECRET_UNREADABLE

GET = "select id, ciphertext from secret_get_v1(%s, %s)"
SET = "select secret_set_v1(%s, %s, %s, %s, %s, %s, %s)"


class PgSecrets:
    """Secrets of a tenant by name. Read by convo_ingest and convo_tenant, set by convo_owner."""

    def __init__(self, pool: Pool, tenants: Tenants) -> None:
        self._pool = pool
        self._tenants = tenants

    async def value(self, tenant_id: int, name: str) -> str:
        """Raises SecretMissing."""
        tenant = await self._tenants.get(tenant_id)
        row = await self._pool.row(GET, [tenant_id, name])
        if row is None:
            none = f"{tenant.slug} has no secret {name}: `convo secret set {tenant.slug} {name}`"
            raise SecretMissing(SECRET_UNREADABLE.says(none))
        plain = tenant.keys.fields.decrypt(
            row["ciphertext"], table="secret", column="ciphertext", row=row["id"]
        )
        return plain.decode()

    async def set(self, tenant_id: int, name: str, value: str, *, by: str, now: datetime) -> None:
        """Store or replace a value."""
        tenant = await self._tenants.get(tenant_id)
        row = uuid4()
        ciphertext = tenant.keys.fields.encrypt(value.encode(), table="secret", column="ciphertext", row=row)
        await self._pool.rows(SET, [tenant_id, name, row, ciphertext, by, uuid4(), now])
