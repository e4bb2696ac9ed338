"""Bundle bytes -> disk, with their detached attestation: sign, then write both atomically under the digest's name."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from schemas.bundle import digest_of
from schemas.signing import PAYLOAD_TYPE, envelope, keyid, pae, statement


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningKey:
    """An Ed25519 private key, as the function that signs with it."""

    keyid: str
    sign: Callable[[bytes], bytes]


def new_key() -> tuple[bytes, bytes]:
    """(private PEM, public PEM) of a fresh Ed25519 pair."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import (
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return private, key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def signing_key(pem: bytes) -> SigningKey:
    """The key of an unencrypted PKCS8 PEM. Raises ValueError when it is not an Ed25519 private key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    key = load_pem_private_key(pem, password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("the key is not an Ed25519 private key")
    return SigningKey(keyid=keyid(key.public_key().public_bytes_raw()), sign=key.sign)


def sign(bundle: bytes, *, tenant: str, stages: Sequence[str], keys: Sequence[SigningKey]) -> bytes:
    """A DSSE envelope over the statement that these bytes are this tenant's for these stages, one signature a key."""
    if not keys or not stages:
        raise ValueError("a bundle is signed by at least one key, for at least one stage")
    payload = statement(tenant, stages, digest_of(bundle))
    message = pae(PAYLOAD_TYPE, payload)
    return envelope(PAYLOAD_TYPE, payload, [(key.keyid, key.sign(message)) for key in keys])


def write(out: Path, bundle: bytes, attestation: bytes | None = None) -> Path:
    """`<hex>.json` and, when there is one, `<hex>.dsse.json` in `out`; each appears whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    name = digest_of(bundle).removeprefix("sha256:")
    if attestation is not None:
        put(out / f"{name}.dsse.json", attestation)
    return put(out / f"{name}.json", bundle)


def put(path: Path, data: bytes) -> Path:
    """A file that appears whole or not at all, also when power fails meanwhile."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)  # the name is on disk before anybody is told of it
    finally:
        os.close(folder)
    return path
