"""The keys of a development deployment: made once in a folder of its own, and good for nothing else."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from compiler.write import SigningKey, new_key, signing_key
from runtime.crypto import development_key


@dataclass(frozen=True, slots=True, kw_only=True)
class DevKeys:
    """References and files: who signs bundles, whom the runtime trusts, and what encrypts the database."""

    master: str
    pepper: str
    seal: str
    signing: Path
    trust: Path

    def signer(self) -> SigningKey:
        """The key that signs the bundles of this deployment."""
        return signing_key(self.signing.read_bytes())

    def environment(self) -> Mapping[str, str]:
        """The settings that make a process use these keys."""
        return {
            "CONVO_MASTER_KEY": self.master,
            "CONVO_PEPPER": self.pepper,
            "CONVO_SEAL_KEY": self.seal,
            "CONVO_TRUST": str(self.trust),
        }


def development_keys(folder: Path) -> DevKeys:
    """The keys in `folder` (mode 0700), made where they are missing."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    signing, trust, seal = folder / "bundles.key", folder / "bundles.pub", folder / "audit.key"
    if not signing.exists() or not trust.exists():
        _pair(signing, trust)
    if not seal.exists():
        _pair(seal, folder / "audit.pub")
    return DevKeys(
        master=development_key(folder / "master.key"),
        pepper=development_key(folder / "pepper.key"),
        seal=f"file:{seal}",
        signing=signing,
        trust=trust,
    )


def write_private(path: Path, data: bytes) -> None:
    """A new file of mode 0600. Raises FileExistsError: a key is never overwritten."""
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)


def _pair(private_path: Path, public_path: Path) -> None:
    private, public = new_key()
    private_path.unlink(missing_ok=True)  # half of a pair from a start that was interrupted
    write_private(private_path, private)
    public_path.write_bytes(public)
