"""Keys, field encryption and blind indexes: what makes a dump of the database hold nobody's name, number or words.

The master key (outside the database) wraps each tenant's key, which wraps each contact's key, which encrypts the contact's
fields. A ciphertext is bound to its tenant, table, column and row, so it cannot be moved. Deleting a contact's wrapped key
makes everything under it unreadable. Suppression survives that: it is an HMAC under a pepper that the database never sees.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import hmac
import os
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from runtime.errors import ConvoError

Random = Callable[[int], bytes]

KEY_BYTES = 32
NONCE_BYTES = 12  # random: a key may encrypt 2^32 values before that matters, and a contact's never will
TAG_BYTES = 16
FORMAT = b"\x01"  # the first byte of every ciphertext: AES-256-GCM, then nonce, then text and tag


class CryptoError(ConvoError):
    """Something could not be encrypted or decrypted."""


class Tampered(CryptoError):
    """The ciphertext was altered, moved from another row, or made with another key."""


class KeyErased(CryptoError):
    """The key of this contact was deleted: what it encrypted can no longer be read."""


class KeyUnusable(CryptoError):
    """The key is missing or malformed: 32 bytes in base64 are needed (`openssl rand -base64 32` makes such a key)."""


# ---- one field ----------------------------------------------------------------------------------------


def encrypt(
    key: bytes,
    plaintext: bytes,
    *,
    tenant: int,
    table: str,
    column: str,
    row: uuid.UUID,
    random: Random = os.urandom,
) -> bytes:
    """Format byte, nonce, ciphertext and tag: 29 bytes longer than the plaintext. Raises KeyUnusable."""
    nonce = random(NONCE_BYTES)
    place = _place(tenant, table, column, row)
    return FORMAT + nonce + _cipher(key).encrypt(nonce, plaintext, place)


def decrypt(key: bytes, ciphertext: bytes, *, tenant: int, table: str, column: str, row: uuid.UUID) -> bytes:
    """What `encrypt` was given for the same key and place. Raises Tampered, KeyUnusable."""
    nonce, rest = ciphertext[1 : 1 + NONCE_BYTES], ciphertext[1 + NONCE_BYTES :]
    if ciphertext[:1] != FORMAT or len(rest) < TAG_BYTES:
        raise Tampered
    try:
        return _cipher(key).decrypt(nonce, rest, _place(tenant, table, column, row))
    except InvalidTag as error:
        raise Tampered from error


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise KeyUnusable
    return AESGCM(key)


def _place(tenant: int, table: str, column: str, row: uuid.UUID) -> bytes:
    """The associated data. Every part has a known length, so no two places read the same."""
    return FORMAT + tenant.to_bytes(8, "big", signed=True) + row.bytes + _column(table, column)


@cache
def _column(table: str, column: str) -> bytes:
    """There are as many of these as encrypted columns."""
    return _framed(table) + _framed(column)


def _framed(text: str) -> bytes:
    data = text.encode()
    return len(data).to_bytes(4, "big") + data


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldKey:
    """The key to one contact's fields, or to a tenant's own (its secrets, for instance)."""

    tenant: int
    key: bytes = field(repr=False)

    def encrypt(self, plaintext: bytes, *, table: str, column: str, row: uuid.UUID) -> bytes:
        return encrypt(self.key, plaintext, tenant=self.tenant, table=table, column=column, row=row)

    def decrypt(self, ciphertext: bytes, *, table: str, column: str, row: uuid.UUID) -> bytes:
        """Raises Tampered."""
        return decrypt(self.key, ciphertext, tenant=self.tenant, table=table, column=column, row=row)


# ---- the hierarchy ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class TenantKeys:
    """What one tenant's key is good for, each use under a subkey of its own."""

    tenant: int
    fields: FieldKey = field(repr=False)
    _wrapping: bytes = field(repr=False)
    _index: bytes = field(repr=False)

    def blind_index(self, kind: str, value: str) -> bytes:
        """32 bytes by which a value is found without being stored. Normalise first: E.164, lower-case e-mail."""
        return hmac.digest(self._index, _framed(kind) + _framed(value), "sha256")

    def new_contact(self, contact: uuid.UUID, *, random: Random = os.urandom) -> tuple[FieldKey, bytes]:
        """A key for a contact, and the wrapped key to store. Where another process was quicker, open its winner instead."""
        key = random(KEY_BYTES)
        wrapped = encrypt(
            self._wrapping,
            key,
            tenant=self.tenant,
            table="contact",
            column="key",
            row=contact,
            random=random,
        )
        return FieldKey(tenant=self.tenant, key=key), wrapped

    def open_contact(self, contact: uuid.UUID, wrapped: bytes | None) -> FieldKey:
        """Raises KeyErased when there is no wrapped key any more, Tampered when it is another contact's or tenant's."""
        if wrapped is None:
            raise KeyErased
        key = decrypt(self._wrapping, wrapped, tenant=self.tenant, table="contact", column="key", row=contact)
        return FieldKey(tenant=self.tenant, key=key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vault:
    """The two secrets that live outside the database, and all that begins with them."""

    master: bytes = field(repr=False)
    pepper: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self.master) != KEY_BYTES or len(self.pepper) != KEY_BYTES:
            raise KeyUnusable

    @staticmethod
    def open(*, master: str | None, pepper: str | None, env: Mapping[str, str]) -> Vault:
        """From the references in the settings. Raises KeyUnusable."""
        return Vault(
            master=read_key(master, env, setting="CONVO_MASTER_KEY"),
            pepper=read_key(pepper, env, setting="CONVO_PEPPER"),
        )

    def new_tenant(self, tenant: int, *, random: Random = os.urandom) -> tuple[TenantKeys, bytes]:
        """A tenant's keys, and the wrapped key to store."""
        key = random(KEY_BYTES)
        wrapped = encrypt(
            _subkey(self.master, "wrap tenant keys"),
            key,
            tenant=tenant,
            table="tenant",
            column="key",
            row=uuid.UUID(int=0),
            random=random,
        )
        return _tenant_keys(tenant, key), wrapped

    def open_tenant(self, tenant: int, wrapped: bytes) -> TenantKeys:
        """Raises Tampered when the wrapped key is another tenant's, or another master key made it."""
        key = decrypt(
            _subkey(self.master, "wrap tenant keys"),
            wrapped,
            tenant=tenant,
            table="tenant",
            column="key",
            row=uuid.UUID(int=0),
        )
        return _tenant_keys(tenant, key)

    def suppressed_at_tenant(self, tenant: int, kind: str, value: str) -> bytes:
        """What is stored of somebody who opted out of one tenant; it stays when their key is erased."""
        return self._suppressed("tenant", str(tenant), kind, value)

    def suppressed_at_organisation(self, organisation: str, kind: str, value: str) -> bytes:
        """The same for every tenant of an organisation: STOP ALL."""
        return self._suppressed("organisation", organisation, kind, value)

    def _suppressed(self, level: str, scope: str, kind: str, value: str) -> bytes:
        message = b"".join(map(_framed, ("suppression", level, scope, kind, value)))
        return hmac.digest(self.pepper, message, "sha256")


def _tenant_keys(tenant: int, key: bytes) -> TenantKeys:
    return TenantKeys(
        tenant=tenant,
        fields=FieldKey(tenant=tenant, key=_subkey(key, "fields of the tenant")),
        _wrapping=_subkey(key, "wrap contact keys"),
        _index=_subkey(key, "blind index"),
    )


def _subkey(key: bytes, use: str) -> bytes:
    """HKDF's second half (RFC 5869, 2.3); the keys it is given are random already."""
    return HKDFExpand(algorithm=SHA256(), length=KEY_BYTES, info=f"convo {use}".encode()).derive(key)


# ---- keys at rest -------------------------------------------------------------------------------------


def read_key(reference: str | None, env: Mapping[str, str], *, setting: str) -> bytes:
    """The 32 bytes behind `env:NAME` or `file:PATH`. Raises KeyUnusable, which names the reference and never the value.

    `setting`: what holds the reference, for the message when it is missing.
    """
    if not reference:
        raise KeyUnusable(f"{setting} is not set: name the key by a reference (env:NAME or file:PATH)")
    match reference.partition(":"):
        case ("env", ":", name) if name in env:
            text = env[name]
        case ("file", ":", path):
            try:
                text = Path(path).read_text(encoding="ascii")
            except (OSError, ValueError) as error:
                raise KeyUnusable(f"the key behind {reference} cannot be read") from error
        case _:
            raise KeyUnusable(f"there is no key behind {reference}: use env:NAME or file:PATH")
    try:
        key = base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise KeyUnusable(f"the key behind {reference} is not 32 bytes in base64")
    return key


def development_key(path: Path, *, random: Random = os.urandom) -> str:
    """The reference to a key file of mode 0600, made if it is missing. For the embedded database and demo only."""
    fresh = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    if not path.exists():
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(base64.b64encode(random(KEY_BYTES)) + b"\n")
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)  # whole or not at all, and never over a key that another process just made
        fresh.unlink()
    return f"file:{path}"
