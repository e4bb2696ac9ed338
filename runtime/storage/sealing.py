"""The arithmetic of the audit: an entry's hash, a Merkle root over the heads of all streams, a signed root. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

Stream = tuple[int, str]  # tenant_id, name
Head = tuple[int, bytes]  # number of the last entry, its hash


@dataclass(frozen=True, slots=True, kw_only=True)
class SealKey:
    """The key that signs roots. `key_id`: sha256 (hex) of the 32 raw public bytes."""

    key_id: str
    public: bytes
    sign: Callable[[bytes], bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Root:
    """One sealed root. `at_us`: microseconds since 1970, UTC. `leaves`: how many streams the tree has."""

    n: int
    at_us: int
    root: bytes
    prev: bytes
    hash: bytes
    leaves: int
    key_id: str
    signature: bytes


def seal_key(pem: bytes) -> SealKey:
    """From an Ed25519 private key in PEM. Raises ValueError."""
    private = load_pem_private_key(pem, password=None)
    if not isinstance(private, Ed25519PrivateKey):
        raise ValueError("the seal key must be an Ed25519 private key")
    public = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SealKey(key_id=hashlib.sha256(public).hexdigest(), public=public, sign=private.sign)


def entry_hash(tenant_id: int, entry: Mapping[str, Any]) -> bytes:
    """What the database computes in audit_hash_v1, computed again from the row: previous hash, place and header, ciphertext."""
    fields = (tenant_id, entry["stream"], entry["n"], entry["id"], entry["at_us"], entry["header"])
    place = "\n".join(str(field) for field in fields).encode()
    body = hashlib.sha256(entry["body"]).digest()
    return hashlib.sha256(bytes(entry["prev"]) + hashlib.sha256(place).digest() + body).digest()


def merkle_root(heads: Mapping[Stream, Head]) -> bytes:
    """The root of the tree whose leaves are the streams in order of tenant and name (RFC 6962's shape and prefixes)."""
    leaves = [
        hashlib.sha256(b"\x00" + f"{tenant}\n{name}\n{n}\n".encode() + head).digest()
        for (tenant, name), (n, head) in sorted(heads.items())
    ]
    return _tree(leaves)


def _tree(hashes: Sequence[bytes]) -> bytes:
    if not hashes:
        return hashlib.sha256(b"").digest()
    level = list(hashes)
    while len(level) > 1:
        pairs = [
            hashlib.sha256(b"\x01" + a + b).digest() for a, b in zip(level[::2], level[1::2], strict=False)
        ]
        level = pairs + ([level[-1]] if len(level) % 2 else [])
    return level[0]


def make_root(before: Root | None, heads: Mapping[Stream, Head], *, at_us: int, key: SealKey | None) -> Root:
    """The next root of the chain. Without a key it is unsigned: it still binds, but whoever writes the database can redo it."""
    n, prev = (before.n + 1, before.hash) if before else (1, b"")
    tree = merkle_root(heads)
    digest = root_hash(n=n, at_us=at_us, root=tree, prev=prev, leaves=len(heads))
    return Root(
        n=n,
        at_us=at_us,
        root=tree,
        prev=prev,
        hash=digest,
        leaves=len(heads),
        key_id=key.key_id if key else "",
        signature=key.sign(digest) if key else b"",
    )


def root_hash(*, n: int, at_us: int, root: bytes, prev: bytes, leaves: int) -> bytes:
    """What is signed, and what the next root is chained to."""
    return hashlib.sha256(f"convo audit root\n{n}\n{at_us}\n{leaves}\n".encode() + root + prev).digest()


def signed_by(root: Root, trusted: Mapping[str, bytes]) -> bool:
    """Whether a trusted key (key id -> 32 raw public bytes) signed this root."""
    public = trusted.get(root.key_id)
    if public is None:
        return False
    try:
        Ed25519PublicKey.from_public_bytes(public).verify(root.signature, root.hash)
    except InvalidSignature:
        return False
    return True
