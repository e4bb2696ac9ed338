"""DSSE over Ed25519: what was signed, by whom, for which tenant and stages. Pure: bytes in, a verdict out.

The envelope and its PAE follow DSSE v1; the payload is an in-toto Statement v1 whose subject is the bundle's sha256 and
whose predicate names the tenant and the stages, so that no bundle can be replayed for another tenant or stage.
Verification hashes the bundle's bytes as they are and parses nothing that has not been verified before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.bundle import canonical, digest_of
from schemas.refusals import NOT_SIGNED, OTHER_BYTES, OTHER_STAGE, OTHER_TENANT

PAYLOAD_TYPE = "application/vnd.in-toto+json"
STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "convo/bundle/v1"
RAW_PREFIX = "ed25519:"  # a public key in one line: this, then base64 of its 32 bytes
MAX_ENVELOPE_BYTES = 64 * 1024


class SignatureRefused(Exception):
    """The bundle's signature does not let it be used here. The message begins with its code (schemas.refusals)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What held: for whom the bundle was signed and which trusted keys (ids, sorted) signed it."""

    tenant: str
    stages: tuple[str, ...]
    digest: str
    signers: tuple[str, ...]


def pae(payload_type: str, payload: bytes) -> bytes:
    """DSSE v1 pre-authentication encoding: what is signed, lengths in bytes."""
    kind = payload_type.encode("utf-8")
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def keyid(public: bytes) -> str:
    """sha256, in hex, of the key's 32 raw bytes."""
    return hashlib.sha256(public).hexdigest()


def public_key(text: bytes | str) -> bytes:
    """The 32 raw bytes of an Ed25519 public key given as PEM or as `ed25519:<base64>`. Raises ValueError."""
    data = text.encode() if isinstance(text, str) else text
    data = data.strip()
    if data.startswith(RAW_PREFIX.encode()):
        raw = base64.b64decode(data[len(RAW_PREFIX) :], validate=True)
        if len(raw) != 32:
            raise ValueError("an Ed25519 public key has 32 bytes")
        return raw
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    key = load_pem_public_key(data)
    if not isinstance(key, Ed25519PublicKey):
        raise ValueError("the key is not an Ed25519 public key")
    return key.public_bytes_raw()


def trust(keys: Iterable[bytes | str]) -> Mapping[str, bytes]:
    """Public keys by their id. Raises ValueError when one cannot be read: a broken trust store trusts nobody."""
    raw = [public_key(key) for key in keys]
    return {keyid(key): key for key in raw}


def statement(tenant: str, stages: Sequence[str], digest: str) -> bytes:
    """The payload: this tenant, these stages, this bundle (`sha256:<hex>`)."""
    return canonical(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": tenant, "digest": {"sha256": digest.removeprefix("sha256:")}}],
            "predicateType": PREDICATE_TYPE,
            "predicate": {"tenant": tenant, "stages": sorted(set(stages))},
        }
    )


def envelope(payload_type: str, payload: bytes, signatures: Sequence[tuple[str, bytes]]) -> bytes:
    """A DSSE envelope as JSON. `signatures` are (key id, raw signature over `pae(payload_type, payload)`)."""
    return canonical(
        {
            "payloadType": payload_type,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [
                {"keyid": key, "sig": base64.b64encode(signature).decode()} for key, signature in signatures
            ],
        }
    )


def verify(
    envelope: bytes,
    bundle: bytes,
    *,
    tenant: str,
    stage: str,
    trusted: Mapping[str, bytes],
    threshold: int = 1,
) -> Verified:
    """The bundle may be used for this tenant at this stage, or SignatureRefused says why not.

    `trusted` maps key ids to raw public keys; `threshold` distinct ones of them must have signed. An empty trust store or a
    threshold below one refuses: a signature nobody can check is no signature.
    """
    if not trusted or threshold < 1:
        raise SignatureRefused(NOT_SIGNED.says("no key is trusted here, so no signature can be checked"))
    payload, signers = verified_payload(envelope, trusted)
    if len(signers) < threshold:
        few = f"{len(signers)} trusted signature(s) hold, {threshold} are needed"
        raise SignatureRefused(NOT_SIGNED.says(few))
    named_tenant, stages, digest = _statement(payload)
    if named_tenant != tenant:
        raise SignatureRefused(OTHER_TENANT.says(f"signed for tenant {named_tenant!r}, not {tenant!r}"))
    if stage not in stages:
        named = ", ".join(stages) or "no stage"
        raise SignatureRefused(OTHER_STAGE.says(f"signed for {named}, not {stage}"))
    if digest != digest_of(bundle):
        raise SignatureRefused(OTHER_BYTES.says("the bytes are not the ones that were signed"))
    return Verified(tenant=tenant, stages=stages, digest=digest, signers=signers)


def verify_any(
    envelopes: Sequence[bytes],
    bundle: bytes,
    *,
    tenant: str,
    stage: str,
    trusted: Mapping[str, bytes],
    threshold: int = 1,
) -> Verified:
    """The first of several envelopes that holds by itself; signatures of different envelopes are never added up.

    Raises SignatureRefused with every envelope's reason, or because there is none.
    """
    refusals: dict[str, None] = {}  # in order, each reason once
    for one in envelopes:
        try:
            return verify(one, bundle, tenant=tenant, stage=stage, trusted=trusted, threshold=threshold)
        except SignatureRefused as refusal:
            refusals[str(refusal)] = None
    raise SignatureRefused("; ".join(refusals) or NOT_SIGNED.says("nobody has signed it"))


def signature_holds(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the Ed25519 signature is this key's over exactly this message."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def text_signature_holds(public: bytes, signature: str, message: bytes) -> bool:
    """The same for a signature in base64, as files keep it, written in the one way base64 has for it."""
    try:
        raw = base64.b64decode(signature, validate=True)
    except binascii.Error:
        return False
    return base64.b64encode(raw).decode() == signature and signature_holds(public, raw, message)


def verified_payload(data: bytes, trusted: Mapping[str, bytes]) -> tuple[bytes, tuple[str, ...]]:
    """(payload, ids of the trusted keys that signed it) of a DSSE envelope over a statement. Raises SignatureRefused."""
    if len(data) > MAX_ENVELOPE_BYTES:
        raise SignatureRefused(NOT_SIGNED.says("the envelope is too large"))
    try:
        document = json.loads(data)
        payload_type = document["payloadType"]
        payload = base64.b64decode(document["payload"], validate=True)
        signatures = [(s["keyid"], base64.b64decode(s["sig"], validate=True)) for s in document["signatures"]]
    except (ValueError, KeyError, TypeError, RecursionError, binascii.Error) as error:
        raise SignatureRefused(NOT_SIGNED.says("the envelope cannot be read")) from error
    if payload_type != PAYLOAD_TYPE:
        other = "the envelope holds something other than a statement about a bundle"
        raise SignatureRefused(NOT_SIGNED.says(other))
    message = pae(payload_type, payload)
    good = {
        key
        for key, signature in signatures
        if isinstance(key, str) and key in trusted and signature_holds(trusted[key], signature, message)
    }
    return payload, tuple(sorted(good))


def _statement(payload: bytes) -> tuple[str, tuple[str, ...], str]:
    try:
        document: Any = json.loads(payload)
        (subject,) = document["subject"]
        predicate = document["predicate"]
        kinds = (document["_type"], document["predicateType"])
        tenant, stages = predicate["tenant"], tuple(predicate["stages"])
        digest = "sha256:" + subject["digest"]["sha256"]
        named = subject["name"]
    except (ValueError, KeyError, TypeError) as error:
        raise SignatureRefused(NOT_SIGNED.says("the signed statement cannot be read")) from error
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE) or named != tenant:
        raise SignatureRefused(NOT_SIGNED.says("the signed statement is about something else"))
    return tenant, stages, digest
