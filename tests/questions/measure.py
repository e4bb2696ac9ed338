"""How the register answers questions it was not made for: right first, right in three, and nothing where nothing fits.

The path is the real one: the shipped tenant compiled, put in force in a real database, searched there, answered by the engine
without a model. Only the screen is left out, whose own sets are in tests/sets: what is asked for here is the ranking.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path
from typing import Literal

from compiler.pipeline import Compiled, compile_tenant
from drills.deployment import deployment
from runtime.engine.answers import Answer
from runtime.engine.register import answer, question_of
from runtime.engine.scene import Scene, scene_of
from runtime.messages import Ask, GiveLink, Offer, State, Verdict
from runtime.ports import ClaimSearch, Embedder, Hit
from runtime.storage.bundles import PgBundles
from runtime.storage.claims import PgClaimSearch
from schemas.bundle import Bundle
from schemas.text import visible
from tests.unit.engine.world import NOW, turn

FOLDER = Path(__file__).parent
ROOT = Path(__file__).parents[2]
TENANTS = ("dynamo-dave", "edward-energy")
SEARCH_LIMIT = 12  # as a turn asks
Part = Literal["dev", "held"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """One line of a set: what is asked, and the claims that may rightly come first; none where nothing fits."""

    part: Part
    asks: str
    wants: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Came:
    """What the register came to. `said`: claims stated or, where it asks back, offered, in order. `shortlist`: those
    first and then the ranking. `asserted`: a claim was stated, which is wrong where nothing fits."""

    said: tuple[str, ...]
    shortlist: tuple[str, ...]
    asserted: bool
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Counts over one part of one set. `asked_right`: of `first`, those where the right claim was offered and not stated.
    `wrong`: a claim stated that does not answer. `asked_none`: of `none`, those where topics were offered."""

    fitting: int
    first: int
    asked_right: int
    in_three: int
    wrong: int
    unfitting: int
    none: int
    asked_none: int


@lru_cache
def questions(tenant: str, part: Part) -> tuple[Question, ...]:
    lines = map(json.loads, (FOLDER / f"{tenant}.jsonl").read_text(encoding="utf-8").splitlines())
    return tuple(
        Question(part=line["part"], asks=line["asks"], wants=frozenset(line["wants"]))
        for line in lines
        if line["part"] == part
    )


@lru_cache
def compiled(tenant: str) -> Compiled:
    return compile_tenant(ROOT / "tenants" / tenant, date(2026, 11, 24))


@lru_cache
def shipped(tenant: str) -> Bundle:
    return Bundle.decode(compiled(tenant).bundle)


def coincidences(tenant: str) -> frozenset[str]:
    """Questions of the set that stand word for word among the register's examples, letters and digits compared."""
    bundle = shipped(tenant)
    examples = {_plain(q) for c in bundle.claims.values() for q in c.questions}
    examples |= {_plain(q) for quick in bundle.quick_replies for q in quick.questions}
    every = (*questions(tenant, "dev"), *questions(tenant, "held"))
    return frozenset(q.asks for q in every if _plain(q.asks) in examples)


def _plain(text: str) -> str:
    return " ".join("".join(c if c.isalnum() else " " * (c != "'") for c in text.casefold()).split())


def scene(bundle: Bundle, asks: str, tenant_id: int = 1) -> Scene:
    """A person who has seen the opening writes one message in which the screen sees nothing."""
    of = turn(
        asks,
        tenant_id=tenant_id,
        active=bundle,
        shown=dict.fromkeys(bundle.persona.opening, NOW),
        slots={"consent.source_line": "you wrote to us on 24 November 2026", "case.ref": "C-0001"},
        opted_out_at=None,
    )
    return scene_of(of, Verdict(signals=(), stop=None, language=of.language))


async def hits_of(search: ClaimSearch, of: Scene) -> Sequence[Hit]:
    return await search.search(
        tenant_id=of.turn.tenant_id,
        digest=of.bundle.digest,
        question=visible(question_of(of)),
        limit=SEARCH_LIMIT,
    )


def came_to(found: Answer, bundle: Bundle) -> Came:
    """A question on the way to a link stands for the claim it was asked for; the machine's own lines are no answer."""
    said: list[str] = []
    if found.reason == "towards_link":
        said.append(found.candidates[0][0])
    for move in found.moves:
        match move:
            case State(id=one) | Ask(id=one):
                said.append(one)
            case Offer(ids=several):
                said.extend(several)
            case GiveLink(id=link):
                said.append(bundle.links[link].claim)
            case _:
                pass
    claims = tuple(dict.fromkeys(i for i in said if bundle.claims[i].kind != "line"))
    asks_back = any(isinstance(move, Offer) for move in found.moves)
    ranked = tuple(i for i, _ in found.candidates if bundle.claims[i].kind != "line")
    return Came(
        said=claims,
        shortlist=tuple(dict.fromkeys((*claims, *ranked))),
        asserted=bool(claims) and not asks_back,
        reason=found.reason,
    )


def figures(asked: Sequence[tuple[Question, Came]]) -> Figures:
    fitting = [(q, c) for q, c in asked if q.wants]
    first = [(q, c) for q, c in fitting if q.wants & set(c.said[:1])]
    none = [c for q, c in asked if not q.wants and not c.asserted]
    return Figures(
        fitting=len(fitting),
        first=len(first),
        asked_right=sum(not c.asserted for _, c in first),
        in_three=sum(bool(q.wants & set(c.shortlist[:3])) for q, c in fitting),
        wrong=sum(c.asserted and not q.wants & set(c.said[:1]) for q, c in fitting),
        unfitting=len(asked) - len(fitting),
        none=len(none),
        asked_none=sum(bool(c.said) for c in none),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """The shipped tenants in force in a database of their own."""

    search: ClaimSearch
    tenant_ids: dict[str, int]

    async def came(self, tenant: str, asks: str) -> Came:
        of = scene(shipped(tenant), asks, self.tenant_ids[tenant])
        return came_to(answer(of, await hits_of(self.search, of)), of.bundle)

    async def part(self, tenant: str, part: Part) -> Sequence[tuple[Question, Came]]:
        return [(q, await self.came(tenant, q.asks)) for q in questions(tenant, part)]


@asynccontextmanager
async def asking(embedder: Embedder | None = None) -> AsyncIterator[Asking]:
    """Starts a database, puts both tenants in force, and takes it down again."""
    with tempfile.TemporaryDirectory(prefix="convo-questions-", ignore_cleanup_errors=True) as folder:
        async with deployment(
            Path(folder), clock_offset_s=0, durable=False, port=0, say=lambda _: None
        ) as made:
            rolled = await made.put_in_force([compiled(tenant) for tenant in TENANTS])
            ids = {r.compiled.tenant: r.activation.tenant_id for r in rolled}
            if embedder is not None:
                store = PgBundles(made.owner, made.tenants, embedder)
                for r in rolled:
                    await store.activate(
                        r.compiled.tenant,
                        "sandbox",
                        r.compiled.digest,
                        expect_active=None,
                        by="measuring",
                        now=made.clock.now(),
                    )
            yield Asking(search=PgClaimSearch(made.tenant, embedder), tenant_ids=ids)
