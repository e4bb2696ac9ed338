"""Keys of people who wrote lately. Who is new gets a key here; the database says if another process was quicker."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import NamedTuple
from uuid import UUID, uuid4

from runtime.crypto import FieldKey, Vault
from runtime.messages import Identity
from runtime.storage.tenants import Owner

CONTACTS_CACHED = 20_000  # about 1 kB each


class IdentityRow(NamedTuple):
    """One identity of a person, by which they are found and suppressed."""

    identity: UUID
    kind: str
    ciphertext: bytes
    blind: bytes
    suppression_blind: bytes
    organisation_blind: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A person as this process knows them: their key, and the identity row to insert if the database has none."""

    contact: UUID
    wrapped_key: bytes
    key: FieldKey = field(repr=False)
    row: IdentityRow


class Contacts:
    """Least recently used out first. What it holds is a proposal until the database has confirmed it."""

    def __init__(self, vault: Vault, *, size: int = CONTACTS_CACHED) -> None:
        self._vault = vault
        self._size = size
        self._known: OrderedDict[tuple[int, bytes], Known] = OrderedDict()

    def of(self, owner: Owner, identity: Identity) -> Known:
        """The person behind an identity, with a key of their own if they are new here."""
        at = (owner.tenant_id, owner.keys.blind_index(identity.kind, identity.value))
        if at in self._known:
            self._known.move_to_end(at)
            return self._known[at]
        contact = uuid4()
        key, wrapped = owner.keys.new_contact(contact)
        return self._keep(owner, identity, contact, key, wrapped)

    def learn(self, owner: Owner, identity: Identity, contact: UUID, wrapped_key: bytes | None) -> None:
        """What the database holds. Without a wrapped key that contact was erased: whoever writes now is somebody new."""
        self._known.pop((owner.tenant_id, owner.keys.blind_index(identity.kind, identity.value)), None)
        if wrapped_key is not None:
            key = owner.keys.open_contact(contact, wrapped_key)
            self._keep(owner, identity, contact, key, wrapped_key)

    def row(self, owner: Owner, identity: Identity, key: FieldKey) -> IdentityRow:
        """An identity, ready to be inserted."""
        made = uuid4()
        return IdentityRow(
            identity=made,
            kind=identity.kind,
            ciphertext=key.encrypt(identity.value.encode(), table="identity", column="value", row=made),
            blind=owner.keys.blind_index(identity.kind, identity.value),
            suppression_blind=self._vault.suppressed_at_tenant(
                owner.tenant_id, identity.kind, identity.value
            ),
            organisation_blind=self._vault.suppressed_at_organisation(
                owner.organisation, identity.kind, identity.value
            ),
        )

    def _keep(
        self, owner: Owner, identity: Identity, contact: UUID, key: FieldKey, wrapped_key: bytes
    ) -> Known:
        row = self.row(owner, identity, key)
        known = Known(contact=contact, wrapped_key=wrapped_key, key=key, row=row)
        self._known[owner.tenant_id, row.blind] = known
        while len(self._known) > self._size:
            self._known.popitem(last=False)
        return known
