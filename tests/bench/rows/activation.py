"""Row 4: taking a 300-claim bundle into use, against hashing, verifying and parsing its bytes."""

from __future__ import annotations

import base64
import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from compiler.write import new_key, sign, signing_key
from runtime.bundles import BundleKeeper
from runtime.lastgood import Kept, LastGood
from runtime.ports import Activation
from runtime.storage.wake import PgWake
from schemas.bundle import canonical, digest_of
from schemas.signing import pae, public_key, trust
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import Ground, clock

CLAIMS = 300
EACH_ROUND = 20


async def run(ground: Ground) -> Row:
    private, public = new_key()
    raw = public_key(public)
    base = json.loads(ground.compiled()[0].bundle)
    versions = [_bundle(base, version) for version in range(2)]
    slug = base["tenant"]["slug"]
    shelf = {
        digest_of(data): (data, sign(data, tenant=slug, stages=["sandbox"], keys=[signing_key(private)]))
        for data in versions
    }
    store = _Store(shelf, slug)
    kept = _Moment(ground.folder / "state")
    keeper = BundleKeeper(
        store=store, stage="sandbox", trusted=trust([public]), last_good=kept, clock=clock(), wake=PgWake()
    )
    rounds = []
    for _ in range(ground.rounds):
        ours, plain = [], []
        for _ in range(ground.size(EACH_ROUND)):
            store.move()
            await keeper.refresh()
            ours.append(kept.at - store.fetched_at)
            data, envelope = shelf[store.digest]
            plain.append(_plainly(data, envelope, raw))
        rounds.append((median(ours), median(plain)))  # a full garbage collection now and then hits either
    return Row(
        name="activation",
        work=f"activation of a {CLAIMS}-claim bundle: from its bytes to being in force",
        figures=(
            Figure(
                what="processor time, against sha256 + Ed25519 verify + JSON parse",
                unit="x",
                value=spread(ours / plain for ours, plain in rounds),
                goal=3,
            ),
            Figure(
                what="activation",
                unit="ms",
                value=spread(1000 * ours for ours, _ in rounds),
            ),
            Figure(
                what="sha256 + Ed25519 verify + JSON parse",
                unit="ms",
                value=spread(1000 * plain for _, plain in rounds),
            ),
        ),
        checks={
            "the bundle in force is the one the pointer names": keeper.in_force(1).digest == store.digest,
            f"it has {CLAIMS} claims": len(keeper.in_force(1).claims) == CLAIMS,
        },
        notes=(f"{len(versions[0]) // 1000} kB, made of the first shipped tenant's claims",),
    )


def _plainly(data: bytes, envelope: bytes, raw: bytes) -> float:
    """What cannot be done without, by the quickest way there is in the standard library and cryptography."""
    document = json.loads(envelope)
    statement = base64.b64decode(document["payload"])
    signature = base64.b64decode(document["signatures"][0]["sig"])
    began = time.process_time()
    digest = hashlib.sha256(data).hexdigest()
    Ed25519PublicKey.from_public_bytes(raw).verify(signature, pae(document["payloadType"], statement))
    json.loads(data)
    took = time.process_time() - began
    assert digest.encode() in statement
    return took


def _bundle(base: dict[str, Any], version: int) -> bytes:
    """The shipped claims again and again under new ids, each wording its own, until there are enough."""
    claims: list[dict[str, Any]] = list(base["claims"])
    for n in range(CLAIMS - len(claims)):
        claim = json.loads(json.dumps(base["claims"][n % len(base["claims"])]))
        claim["id"] = f"{claim['id']}-{n}"
        for text in claim["texts"].values():
            text["full"] = f"{text['full']} EXAMPLE {n}, version {version}."
        claim["digest"] = digest_of(json.dumps(claim["texts"], sort_keys=True).encode())
        claims.append(claim)
    return canonical({**base, "claims": sorted(claims, key=lambda claim: str(claim["id"]))})


@dataclass(slots=True)
class _Store:
    """A pointer and bundles in memory: the database's part is the same for both."""

    shelf: dict[str, tuple[bytes, bytes]]
    slug: str
    digest: str = ""
    serial: int = 0
    fetched_at: float = 0.0

    def move(self) -> None:
        self.serial += 1
        self.digest = list(self.shelf)[self.serial % len(self.shelf)]

    async def active(self, stage: str) -> Sequence[Activation]:
        at: datetime = clock().now()
        return [
            Activation(
                tenant=self.slug,
                tenant_id=1,
                stage=stage,
                digest=self.digest,
                serial=self.serial,
                by="bench",
                at=at,
                attestations=1,
            )
        ]

    async def fetch(self, tenant_id: int, digest: str) -> tuple[bytes, Sequence[bytes]]:
        self.fetched_at = time.process_time()
        data, envelope = self.shelf[digest]
        return data, (envelope,)

    async def drills(self, tenant_id: int, digest: str) -> Sequence[bytes]:
        raise AssertionError("the sandbox asks for no drill")

    async def publish(self, tenant: str, data: bytes, envelope: bytes, *, by: str, now: datetime) -> str:
        raise AssertionError("the bundles are on the shelf already")

    async def activate(
        self, tenant: str, stage: str, digest: str, *, expect_active: str | None, by: str, now: datetime
    ) -> Activation:
        raise AssertionError("move() moves the pointer")

    async def history(self, tenant: str, stage: str) -> Sequence[Activation]:
        return ()


class _Moment(LastGood):
    """Notes when the keeper, the bundle being in force, comes to keep it. Writing it to disk is not part of the row."""

    at = 0.0

    def write(self, kept: Kept) -> None:
        self.at = time.process_time()
