"""Which keys are trusted here: the public keys of a file or folder that the deployment names."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from runtime.errors import NotConfigured
from schemas.signing import trust

KEY_FILES = ("*.pub", "*.pem")


def trusted_keys(path: Path | None) -> Mapping[str, bytes]:
    """Raw public keys by id. Raises NotConfigured: without any key every bundle would be refused."""
    if path is None:
        raise NotConfigured(
            "CONVO_TRUST is not set: name the file or folder of public keys that may sign bundles"
        )
    return _read("CONVO_TRUST", path)


def sealing_keys(path: Path | None) -> Mapping[str, bytes]:
    """Raw public keys, by id, that sealed the audit's roots once; none when none are named. Raises NotConfigured."""
    return {} if path is None else _read("CONVO_SEAL_TRUST", path)


def _read(setting: str, path: Path) -> Mapping[str, bytes]:
    files = sorted(f for kind in KEY_FILES for f in path.glob(kind)) if path.is_dir() else [path]
    try:
        keys = trust([file.read_bytes() for file in files])
    except (OSError, ValueError) as error:
        raise NotConfigured(f"{setting} {path}: {error}") from error
    if not keys:
        raise NotConfigured(f"{setting} {path} holds no public key ({', '.join(KEY_FILES)})")
    return keys
