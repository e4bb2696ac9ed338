"""The arithmetic of the audit: an entry's hash, a Merkle root over the heads of all streams, a signed root. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
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


class Tree:
    """A Merkle tree over the heads of streams (RFC 6962's shape and prefixes) that pays only for what moves.

    A stream keeps the place it got when it first came; of several that come at once, by tenant and name.
    """

    def __init__(self, placed: Mapping[Stream, Head] | None = None) -> None:
        """`placed`: heads in the order of their places."""
        placed = placed or {}
        self.places: dict[Stream, int] = {stream: place for place, stream in enumerate(placed)}
        self._levels: list[list[bytes]] = [[_leaf(stream, head) for stream, head in placed.items()]]
        self._rise(set(range(len(placed))))

    def __len__(self) -> int:
        return len(self.places)

    def move(self, heads: Mapping[Stream, Head]) -> None:
        """These streams stand there now; new ones get the next places."""
        for stream in sorted(heads.keys() - self.places.keys()):
            self.places[stream] = len(self.places)
            self._levels[0].append(b"")
        for stream, head in heads.items():
            self._levels[0][self.places[stream]] = _leaf(stream, head)
        self._rise({self.places[stream] for stream in heads})

    def root(self) -> bytes:
        """32 bytes that change when any head does."""
        return self._levels[-1][0] if self.places else hashlib.sha256(b"").digest()

    def _rise(self, touched: set[int]) -> None:
        level = 0
        while len(below := self._levels[level]) > 1:
            level += 1
            if level == len(self._levels):
                self._levels.append([])
            above = self._levels[level]
            above += [b""] * ((len(below) + 1) // 2 - len(above))
            touched = {place // 2 for place in touched}
            for place in touched:
                pair = below[2 * place : 2 * place + 2]
                above[place] = (
                    hashlib.sha256(b"\x01" + pair[0] + pair[1]).digest() if len(pair) > 1 else pair[0]
                )


def _leaf(stream: Stream, head: Head) -> bytes:
    (tenant, name), (n, digest) = stream, head
    return hashlib.sha256(b"\x00" + f"{tenant}\n{name}\n{n}\n".encode() + digest).digest()


def make_root(before: Root | None, tree: Tree, *, at_us: int, key: SealKey | None) -> Root:
    """The next root of the chain. Without a key it is unsigned: it still binds, but whoever writes the database can redo it."""
    n, prev = (before.n + 1, before.hash) if before else (1, b"")
    top = tree.root()
    digest = root_hash(n=n, at_us=at_us, root=top, prev=prev, leaves=len(tree))
    return Root(
        n=n,
        at_us=at_us,
        root=top,
        prev=prev,
        hash=digest,
        leaves=len(tree),
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
