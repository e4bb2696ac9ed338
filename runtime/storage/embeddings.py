"""Vectors of the texts claims are found by, cached by the text itself: an edit of one question embeds one question."""

from __future__ import annotations

from collections.abc import Sequence

from runtime.ports import Embedder, EmbedderDown
from runtime.storage.postgres import Pool

MISSING = "select embeddings_missing_v1(%s, %s, %s) as text"
STORE = "select embeddings_store_v1(%s, %s, %s, %s)"
BATCH = 256  # texts in one call of an embedder


class Embeddings:
    """Fills the cache of one database, as convo_owner."""

    def __init__(self, pool: Pool, embedder: Embedder) -> None:
        self._pool = pool
        self._embedder = embedder

    async def complete(self, tenant_id: int, texts: Sequence[str]) -> int:
        """Embeds what has no vector yet; returns how many that were. Raises EmbedderDown, having stored whole batches only."""
        name = self._embedder.name
        rows = await self._pool.rows(MISSING, [tenant_id, name, list(texts)])
        missing = [row["text"] for row in rows]
        for start in range(0, len(missing), BATCH):
            batch = missing[start : start + BATCH]
            vectors = await self._embedder.embed(batch)
            if [len(v) for v in vectors] != [self._embedder.dimensions] * len(batch):
                raise EmbedderDown(f"{name} returned other vectors than it was asked for")
            await self._pool.rows(STORE, [tenant_id, name, batch, [as_text(v) for v in vectors]])
        return len(missing)


def as_text(vector: Sequence[float]) -> str:
    """A vector as the database reads it."""
    return "[" + ",".join(f"{x:.6g}" for x in vector) + "]"
