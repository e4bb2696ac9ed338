"""Claims by meaning: vectors cached by text, ready before a bundle is in force, and words alone wherever there are none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from runtime.errors import BundleRefused
from runtime.ports import EmbedderDown
from runtime.storage.bundles import PgBundles
from runtime.storage.claims import ASK_AGAIN_S, PgClaimSearch
from runtime.storage.embeddings import Embeddings
from schemas.bundle import Bundle
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, bundle_bytes, world

CACHED = "select tenant_id, embedder, count(*) as texts from embedding_cache group by 1, 2 order by 1, 2"


@dataclass
class Letters:
    """An embedder that can be reckoned by hand: how often each letter stands in a text. It remembers what it was asked."""

    name: str = "letters"
    dimensions: int = 26
    asked: list[str] = field(default_factory=list)
    down: bool = False

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if self.down:
            raise EmbedderDown("away")
        self.asked += texts
        return [[float(t.lower().count(chr(97 + n))) for n in range(26)] for t in texts]


async def put_in_force(w: World, embedder: Letters | None, data: bytes) -> Bundle:
    bundle = Bundle.decode(data)
    store = PgBundles(w.owner, w.bundles._tenants, embedder)
    now = w.clock.now()
    digest = await store.publish(bundle.tenant.slug, data, b"{}", by="test", now=now)
    await store.activate(bundle.tenant.slug, "sandbox", digest, expect_active=None, by="test", now=now)
    await w.tenants.every()
    return bundle


def texts_of(bundle: Bundle) -> set[str]:
    return {text for c in bundle.claims.values() for v in c.texts.values() for text in v.values()} | {
        q for c in bundle.claims.values() for q in c.questions
    }


async def test_a_text_is_embedded_once_and_a_change_of_one_embeds_one(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        embedder = Letters()
        bundle = await put_in_force(w, embedder, bundle_bytes())
        assert set(embedder.asked) == texts_of(bundle)
        assert len(embedder.asked) == len(set(embedder.asked))
        embedder.asked.clear()
        await put_in_force(w, embedder, bundle_bytes())
        assert embedder.asked == []
        dave = await w.tenants.by_slug("dave")
        added = await Embeddings(w.owner, embedder).complete(dave.tenant_id, [*texts_of(bundle), "new words"])
        assert (added, embedder.asked) == (1, ["new words"])


async def test_another_embedder_and_another_tenant_find_nothing_in_the_cache(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        one, other = Letters(), Letters(name="letters-2")
        bundle = await put_in_force(w, one, bundle_bytes())
        await put_in_force(w, other, bundle_bytes())
        assert set(other.asked) == texts_of(bundle)
        edward = await w.tenant("edward")
        assert await Embeddings(w.owner, one).complete(edward.tenant_id, ["what do you charge"]) == 1
        rows = await w.see(CACHED)
        assert [(row["embedder"]) for row in rows] == ["letters", "letters-2", "letters"]
        assert len({row["tenant_id"] for row in rows}) == 2


async def test_cv9004_index_not_ready_without_vectors_a_bundle_does_not_go_into_force(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        embedder = Letters(down=True)
        with pytest.raises(BundleRefused, match="CV9004"):
            await put_in_force(w, embedder, bundle_bytes())
        assert await w.see("select 1 from bundle_pointer") == []
        assert len(await w.see("select 1 from bundle")) == 1, "it is published and can be activated later"
        embedder.down = False
        await put_in_force(w, embedder, bundle_bytes())
        assert len(await w.see("select 1 from bundle_pointer")) == 1


async def test_vectors_of_another_length_than_the_embedder_says_are_refused(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        with pytest.raises(BundleRefused, match="CV9004"):
            await put_in_force(w, Letters(dimensions=25), bundle_bytes())
        assert await w.see(CACHED) == []


async def test_meaning_is_told_beside_words_and_the_likest_comes_first(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        embedder = Letters()
        bundle = await put_in_force(w, embedder, bundle_bytes())
        dave = await w.tenants.by_slug("dave")
        search = PgClaimSearch(w.tenant_pool, embedder)
        question = next(q for c in bundle.claims.values() for q in c.questions)
        owner = next(c.id for c in bundle.claims.values() if question in c.questions)
        hits = await search.search(tenant_id=dave.tenant_id, digest=bundle.digest, question=question, limit=3)
        likeness = {hit.claim_id: hit.likeness for hit in hits}
        assert None not in likeness.values()
        assert all(0 <= (each or 0) <= 1 for each in likeness.values())
        assert owner in likeness
        assert (
            await search.search(
                tenant_id=dave.tenant_id + 1, digest=bundle.digest, question=question, limit=3
            )
            == []
        )


async def test_a_worker_with_another_embedder_finds_by_words_and_tries_again_later(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await put_in_force(w, None, bundle_bytes())
        dave = await w.tenants.by_slug("dave")
        embedder, passed = Letters(), [0.0]
        search = PgClaimSearch(w.tenant_pool, embedder, monotonic=lambda: passed[0])

        async def likenesses() -> set[float | None]:
            hits = await search.search(
                tenant_id=dave.tenant_id, digest=bundle.digest, question="what do you charge", limit=3
            )
            assert hits
            return {hit.likeness for hit in hits}

        assert await likenesses() == {None}
        assert embedder.asked == [], "nobody's question is embedded for nothing"
        await put_in_force(w, embedder, bundle_bytes())
        assert await likenesses() == {None}, "asked again only after a while"
        passed[0] = ASK_AGAIN_S
        assert None not in await likenesses()


async def test_an_embedder_that_fails_leaves_the_words(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        embedder = Letters()
        bundle = await put_in_force(w, embedder, bundle_bytes())
        dave = await w.tenants.by_slug("dave")
        embedder.down = True
        search = PgClaimSearch(w.tenant_pool, embedder)
        hits = await search.search(
            tenant_id=dave.tenant_id, digest=bundle.digest, question="what do you charge", limit=3
        )
        assert [hit.claim_id for hit in hits][:1] == ["D-2"]
        assert {hit.likeness for hit in hits} == {None}


async def test_no_question_that_was_asked_is_kept(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        embedder = Letters()
        bundle = await put_in_force(w, embedder, bundle_bytes())
        dave = await w.tenants.by_slug("dave")
        before = await w.see(CACHED)
        search = PgClaimSearch(w.tenant_pool, embedder)
        await search.search(
            tenant_id=dave.tenant_id, digest=bundle.digest, question="a secret of mine", limit=3
        )
        assert embedder.asked[-1] == "a secret of mine"
        assert await w.see(CACHED) == before
