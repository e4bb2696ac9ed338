"""People we know before they write: who agreed to be written to, by whom, about what, and how we know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID, uuid4

from runtime.messages import Identity
from runtime.storage.contacts import Contacts
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants

RECORD = "select consent_record_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as contact_id"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What the person agreed to. `channel` and `purpose` may be `any`; `sender` is the name the wording gave."""

    channel: str
    purpose: str
    basis: str
    sender: str
    source: str
    at: datetime
    language: str | None = None


class PgPeople:
    """Records consent, as convo_tenant."""

    def __init__(self, pool: Pool, tenants: Tenants) -> None:
        self._pool = pool
        self._tenants = tenants

    async def agreed(
        self, tenant_id: int, identity: Identity, consent: Consent, *, now: datetime
    ) -> UUID | None:
        """The contact's id, made if they are new. None for somebody whose data was erased. Raises DatabaseDown."""
        owner = await self._tenants.get(tenant_id)
        known = Contacts(self._tenants.vault, size=1).of(owner, identity)
        row = await self._pool.row(
            RECORD,
            [
                tenant_id,
                known.contact,
                known.wrapped_key,
                consent.language,
                known.row.identity,
                known.row.kind,
                known.row.ciphertext,
                known.row.blind,
                known.row.suppression_blind,
                known.row.organisation_blind,
                uuid4(),
                consent.channel,
                consent.purpose,
                consent.basis,
                consent.sender,
                consent.source,
                consent.at,
                uuid4(),
                now,
            ],
        )
        return cast(UUID | None, row["contact_id"]) if row else None
