"""How a webhook proves where it comes from: each scheme one function, all in constant time, all False without a secret."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping

META_HEADER = "x-hub-signature-256"
META_PREFIX = "sha256="


def header(headers: Mapping[str, str], name: str) -> str:
    """The header's value whatever its case; '' when absent."""
    wanted = name.lower()
    found = headers.get(wanted)
    if found is not None:
        return found
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def header_secret(headers: Mapping[str, str], name: str, secret: str) -> bool:
    """The provider repeats a secret that we gave it, in a header of our choice."""
    given = header(headers, name)
    if not secret or not given:
        return False
    # Servers hand headers on as latin-1; the secret may have been typed as anything.
    return hmac.compare_digest(given.encode("latin-1", "replace"), secret.encode("utf-8"))


def meta(headers: Mapping[str, str], secret: str, body: bytes) -> bool:
    """Meta's own: `X-Hub-Signature-256: sha256=<hex HMAC-SHA256(app secret, raw body)>`."""
    given = header(headers, META_HEADER)
    if not secret or not given.startswith(META_PREFIX):
        return False
    expected = hmac.new(secret.encode("utf-8"), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(
        given.removeprefix(META_PREFIX).encode("latin-1", "replace"), expected.encode("ascii")
    )
