"""Claims found by their words and, with an embedder, by their meaning: exact, one tenant, one bundle."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

from runtime.ports import Embedder, EmbedderDown, Hit
from runtime.storage.embeddings import as_text
from runtime.storage.postgres import Pool
from runtime.telemetry import log

SEARCH = "select * from claim_search_v1(%s, %s, %s, %s)"
SEARCH_BOTH = "select * from claim_search_v2(%s, %s, %s, %s, %s, %s)"
READY = "select search_ready_v1(%s, %s, %s) as ready"
EMBED_DEADLINE_S = 0.8  # a provider's vector that takes longer is done without
ASK_AGAIN_S = 30.0  # after which a bundle without vectors is looked at once more
KNOWN_BUNDLES = 256


class PgClaimSearch:
    """Implements ports.ClaimSearch as convo_tenant. Where the bundle has no vectors of this embedder, words alone decide."""

    def __init__(
        self, pool: Pool, embedder: Embedder | None = None, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._pool = pool
        self._embedder = embedder
        self._monotonic = monotonic
        self._ready: dict[tuple[int, str], float | None] = {}  # None: ready; else when it was found not to be

    async def search(self, *, tenant_id: int, digest: str, question: str, limit: int) -> Sequence[Hit]:
        """Best first. The question is not stored, and NUL and lone surrogates count as spaces."""
        clean = question.encode("utf-8", "replace").decode().replace("\x00", " ")
        vector = await self._vector(tenant_id, digest, clean)
        if vector is None or self._embedder is None:
            rows = await self._pool.rows(SEARCH, [tenant_id, digest, clean, limit])
        else:
            rows = await self._pool.rows(
                SEARCH_BOTH, [tenant_id, digest, clean, limit, self._embedder.name, as_text(vector)]
            )
        return [
            Hit(
                claim_id=row["claim_id"],
                score=row["score"],
                matched=row["matched_text"],
                likeness=row.get("likeness"),
            )
            for row in rows
        ]

    async def _vector(self, tenant_id: int, digest: str, question: str) -> Sequence[float] | None:
        """The question's vector, or None: no embedder, none in time, or no vectors to compare it with."""
        if self._embedder is None or not await self._is_ready(tenant_id, digest):
            return None
        try:
            async with asyncio.timeout(EMBED_DEADLINE_S):
                [vector] = await self._embedder.embed([question])
        except (EmbedderDown, TimeoutError) as error:
            log().warning(
                "claims found by words alone", embedder=self._embedder.name, error=type(error).__name__
            )
            return None
        return vector if len(vector) == self._embedder.dimensions and any(vector) else None

    async def _is_ready(self, tenant_id: int, digest: str) -> bool:
        assert self._embedder is not None
        key = (tenant_id, digest)
        since = self._ready.get(key, -ASK_AGAIN_S)
        if since is None:
            return True
        if key in self._ready and self._monotonic() - since < ASK_AGAIN_S:
            return False
        row = await self._pool.row(READY, [tenant_id, digest, self._embedder.name])
        ready = row is not None and bool(row["ready"])
        if len(self._ready) >= KNOWN_BUNDLES:
            self._ready.pop(next(iter(self._ready)))
        self._ready[key] = None if ready else self._monotonic()
        if not ready:
            log().warning(
                "claims found by words alone: the bundle has no vectors of this embedder",
                bundle=digest,
                embedder=self._embedder.name,
            )
        return ready
