"""The last known good bundle of every tenant on disk, so that a restart during a database outage still serves."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from runtime.telemetry import error_fields, log


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A bundle with its envelopes and those of its drills as they were fetched; checked again by whoever reads it."""

    tenant: str
    tenant_id: int
    stage: str
    digest: str
    serial: int
    bundle: bytes
    envelopes: tuple[bytes, ...]
    drills: tuple[bytes, ...] = ()


class LastGood:
    """One file per tenant and stage in `folder`, written beside, synced and renamed: whole, or the one before."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "bundles"

    def read(self, stage: str) -> Sequence[Kept]:
        """What is there and readable; a damaged file counts as absent."""
        kept = []
        for path in sorted(self._folder.glob(f"{stage}--*.json")):
            try:
                kept.append(_kept(json.loads(path.read_bytes())))
            except (OSError, ValueError, KeyError, TypeError) as error:
                log().warning("kept bundle unreadable", **error_fields(error))
        return kept

    def write(self, kept: Kept) -> None:
        """Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        document = {
            "tenant": kept.tenant,
            "tenant_id": kept.tenant_id,
            "stage": kept.stage,
            "digest": kept.digest,
            "serial": kept.serial,
            "bundle": base64.b64encode(kept.bundle).decode("ascii"),
            "envelopes": [base64.b64encode(one).decode("ascii") for one in kept.envelopes],
            "drills": [base64.b64encode(one).decode("ascii") for one in kept.drills],
        }
        handle, name = tempfile.mkstemp(dir=self._folder, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(json.dumps(document).encode("ascii"))
                file.flush()
                os.fsync(file.fileno())
            Path(name).rename(self._folder / f"{kept.stage}--{kept.tenant}.json")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise


def _kept(document: dict[str, object]) -> Kept:
    return Kept(
        tenant=str(document["tenant"]),
        tenant_id=int(str(document["tenant_id"])),
        stage=str(document["stage"]),
        digest=str(document["digest"]),
        serial=int(str(document["serial"])),
        bundle=base64.b64decode(str(document["bundle"]), validate=True),
        envelopes=_decoded(document["envelopes"]),
        drills=_decoded(document.get("drills", [])),
    )


def _decoded(envelopes: object) -> tuple[bytes, ...]:
    if not isinstance(envelopes, list):
        raise TypeError("envelopes stand in a list")
    return tuple(base64.b64decode(str(one), validate=True) for one in envelopes)
