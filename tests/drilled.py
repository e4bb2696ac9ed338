"""Drill results for tests whose subject is something else: what staging and live ask of a bundle, made and kept."""

from __future__ import annotations

from datetime import datetime

from compiler.write import SigningKey
from runtime.storage.drills import PgDrills
from runtime.storage.postgres import Pool
from runtime.storage.tenants import Tenants
from schemas.attested import ATTACK, FEWEST_ATTACKS, DrillResult, statement
from schemas.bundle import Bundle, digest_of
from schemas.signing import PAYLOAD_TYPE, envelope, pae

SUITE = "sha256:" + "5" * 64


def result_of(data: bytes, *, failed: int = 0, attacks: int = FEWEST_ATTACKS, at: str = "") -> DrillResult:
    """A full suite against these bytes."""
    return DrillResult(
        kind=ATTACK,
        tenant=Bundle.decode(data).tenant.slug,
        digest=digest_of(data),
        suite=SUITE,
        seed=7,
        attacks=attacks,
        twins=20,
        failed=failed,
        rungs=("register_only", "primary"),
        tool="convo test",
        played_at=at or "2026-11-24T10:30:00+00:00",
    )


def signed(result: DrillResult, key: SigningKey) -> bytes:
    """The result in an envelope, as `convo drill attack --sign-key` writes it."""
    payload = statement(result)
    return envelope(PAYLOAD_TYPE, payload, [(key.keyid, key.sign(pae(PAYLOAD_TYPE, payload)))])


async def withstood(
    pool: Pool, tenants: Tenants, data: bytes, *, now: datetime, signer: SigningKey | None = None
) -> None:
    """Keeps a result without a miss for these bytes, signed or as a bare row. Makes the tenant; `pool` is of convo_owner."""
    bundle = Bundle.decode(data)
    owner = await tenants.ensure(
        bundle.tenant.slug,
        name=bundle.tenant.display_name,
        organisation=bundle.tenant.organisation,
        now=now,
    )
    result = result_of(data)
    kept = signed(result, signer) if signer is not None else statement(result)
    await PgDrills(pool).record(owner.tenant_id, result, kept, by="test", now=now)
