"""Claims found by their words: exact, one tenant, one bundle."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.ports import Hit
from runtime.storage.postgres import Pool

SEARCH = "select * from claim_search_v1(%s, %s, %s, %s)"


class PgClaimSearch:
    """Implements ports.ClaimSearch as convo_tenant."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def search(self, *, tenant_id: int, digest: str, question: str, limit: int) -> Sequence[Hit]:
        """Best first. The question is not stored, and NUL and lone surrogates count as spaces."""
        clean = question.encode("utf-8", "replace").decode().replace("\x00", " ")
        rows = await self._pool.rows(SEARCH, [tenant_id, digest, clean, limit])
        return [
            Hit(claim_id=row["claim_id"], score=row["score"], matched=row["matched_text"]) for row in rows
        ]
