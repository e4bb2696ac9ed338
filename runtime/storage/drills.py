"""Results of drills: kept for good, in the table and in the audit, and asked for before a bundle reaches real people."""

from __future__ import annotations

from datetime import datetime
from uuid import uuid4

import psycopg

from runtime.errors import BundleRefused
from runtime.storage.postgres import Pool
from schemas.attested import DrillResult
from schemas.refusals import NOT_DRILLED

RECORD = "select drill_record_v1(%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s) as recorded"
DRILLED = "select drilled_v1(%s, %s, %s) as drilled"
GATE = "CV812"  # the SQLSTATE of the triggers that let nothing past


class PgDrills:
    """Needs a pool of convo_owner."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def record(
        self, tenant_id: int, result: DrillResult, envelope: bytes, *, by: str, now: datetime
    ) -> bool:
        """Keeps a result whose envelope was verified. False when it was kept before."""
        row = await self._pool.row(
            RECORD,
            [
                tenant_id,
                result.digest,
                result.kind,
                result.suite,
                result.seed,
                result.attacks,
                result.twins,
                result.failed,
                result.tool,
                datetime.fromisoformat(result.played_at),
                envelope,
                by,
                uuid4(),
                now,
            ],
        )
        return bool(row and row["recorded"])

    async def drilled(self, tenant_id: int, digest: str, stage: str) -> bool:
        """Whether the gate of this stage would let the bundle through."""
        row = await self._pool.row(DRILLED, [tenant_id, digest, stage])
        return bool(row and row["drilled"])


def not_drilled(tenant: str, digest: str, *, stage: str = "") -> BundleRefused:
    """The refusal, with the command that puts it right."""
    where = f" may not go to {stage}:" if stage else ":"
    why = "no signed result says that it withstood the whole attack suite"
    how = f"`convo drill attack {tenant} --sign-key KEY --publish`"
    return BundleRefused(NOT_DRILLED.says(f"{tenant}/{digest}{where} {why}; play it: {how}"))


def is_gate(error: BaseException) -> bool:
    """Whether a statement was stopped by the triggers of the gate."""
    return isinstance(error, psycopg.Error) and error.sqlstate == GATE
