"""Row 10: what a conversation with models costs, by the bytes that providers were really sent and the price table."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import mean

from drills.demo import DEMO_START
from drills.rehearsal import Exchange, rehearsal
from drills.sandbox.models_wire import CACHE_FROM_TOKENS, tokens
from runtime.guardrails.registered_facts import wording
from runtime.models.ladder import Ladder
from runtime.models.prices import Priced, priced
from runtime.ports import ModelOrder, ModelReply, Prompt
from schemas.bundle import Bundle
from tests.bench.asking import Remembering, Told, asking, talks
from tests.bench.figures import Figure, Row, spread
from tests.bench.place import Ground

PEOPLE = 50  # a tenant; there are two
TURNS = 8
GOAL_PENCE = 2.0
A_PENNY = 1_000_000  # micropence
CLAIM_CHARS = 160  # of each claim in an index, as in a prompt's list
SEED = 4


@dataclass(frozen=True, slots=True)
class Unrouted:
    """The ladder, with every question sent to the full model first."""

    ladder: Ladder

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        return await self.ladder.ask(prompt, dataclasses.replace(order, route="full"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """All conversations of both tenants: what providers were told, tenant by tenant, and what the turns came to."""

    told: Sequence[tuple[Bundle, Sequence[Told]]]
    exchanges: Sequence[Exchange]
    conversations: int

    @property
    def all_told(self) -> Sequence[Told]:
        return [told for _, several in self.told for told in several]

    def pence(self, micropence: float) -> float:
        """Of one conversation."""
        return micropence / A_PENNY / self.conversations


async def run(ground: Ground) -> Row:
    routed, unrouted = await _played(ground, routed=True), await _played(ground, routed=False)
    asks = [len(e.outcome.audit["asks"]) for e in routed.exchanges if e.outcome and e.outcome.audit["asks"]]
    booked = sum(e.outcome.audit["cost_micropence"] for e in routed.exchanges if e.outcome)
    drafts = [told for told in routed.all_told if not told.checks]
    return Row(
        name="model-cost",
        work=f"{routed.conversations} conversations of {TURNS} turns with models, preset `fast`, both tenants, "
        "by the bytes sent and the price table",
        figures=(
            *_pence(routed, "with routing", goal=GOAL_PENCE),
            *_pence(unrouted, "without routing"),
            *_longer(routed),
            _figure("turns in which a model was asked", 100 * len(asks) / len(routed.exchanges), "%"),
            _figure("model calls of such a turn", mean(asks), "calls"),
            _figure("its tokens in, schema included", _a_turn(routed, asks, "tokens_in"), "tokens"),
            _figure("its tokens out", _a_turn(routed, asks, "tokens_out"), "tokens"),
            _figure("a draft's prefix", mean(tokens(t.asked.system) for t in drafts), "tokens"),
        ),
        checks={
            "every message was answered or handed over": len(routed.exchanges)
            == routed.conversations * TURNS,
            "the audit booked what the bytes cost": booked == _cost(routed, cached=True),
        },
        notes=(
            "every draft brings a sentence of its own, so that every turn with a model also pays a check",
            "a token is four bytes; 0.85 pounds a dollar; " + _what_pays(routed),
        ),
    )


async def _played(ground: Ground, *, routed: bool) -> Played:
    brain = Remembering()
    told: list[tuple[Bundle, Sequence[Told]]] = []
    exchanges: list[Exchange] = []
    people = ground.size(PEOPLE)
    async with asking(brain) as (_, ladder):
        mind = ladder if routed else Unrouted(ladder)
        for compiled in ground.compiled():
            async with rehearsal(compiled, moment=DEMO_START, model=mind, checker=mind) as there:
                scripts = talks(there.bundle, DEMO_START, people=people, seed=SEED)
                exchanges += [e for talk in await there.play(scripts) for e in talk]
                told.append((there.bundle, tuple(brain.told)))
                brain.told.clear()
    return Played(told=told, exchanges=exchanges, conversations=people * len(told))


# ---- prices ------------------------------------------------------------------------------------------------------------


def _pence(played: Played, how: str, goal: float | None = None) -> Sequence[Figure]:
    with_, without = (played.pence(_cost(played, cached=cached)) for cached in (True, False))
    return (
        _figure(f"a conversation, {how}, caching as providers have it", with_, "pence", goal=goal),
        _figure(f"a conversation, {how}, without any caching", without, "pence"),
    )


def _cost(played: Played, *, cached: bool) -> int:
    """Micropence of all requests, as the providers' rules have it."""
    seen: set[tuple[str, str, str]] = set()
    total = 0
    for told in played.all_told:
        prefix = tokens(told.asked.system)
        asked = told.asked
        read = written = 0
        if cached and asked.marked and prefix >= CACHE_FROM_TOKENS[asked.provider]:
            key = (asked.provider, asked.model, asked.system)
            read = prefix if key in seen else 0
            written = prefix if key not in seen and asked.provider == "anthropic" else 0
            seen.add(key)
        total += _price(told).cost(
            tokens_in=told.tokens_in, tokens_out=told.tokens_out, read=read, written=written
        )
    return total


def _price(told: Told) -> Priced:
    return priced(told.asked.provider, told.asked.model)


# ---- a prefix that holds the register's index ------------------------------------------------------------------------------


def _longer(played: Played) -> Sequence[Figure]:
    """The same conversations, had each draft's prefix held a line of every claim, and its turn no list of its own."""
    return (
        _figure(
            "were the register's index in the prefix: always read from the cache",
            played.pence(_indexed(played, hits=1.0)),
            "pence",
        ),
        _figure(
            "were the register's index in the prefix: never in the cache",
            played.pence(_indexed(played, hits=None)),
            "pence",
        ),
    )


def _indexed(played: Played, *, hits: float | None) -> float:
    """Micropence, if the prefix is found in the cache this often (0 to 1) and else written to it. None: there is no cache."""
    total = 0.0
    for bundle, several in played.told:
        index = tokens(_index(bundle))
        for told in several:
            if told.checks:
                total += _price(told).cost(tokens_in=told.tokens_in, tokens_out=told.tokens_out)
                continue
            prefix = tokens(told.asked.system) + index
            whole = told.tokens_in + index - tokens(_listed(told.asked.turn))
            rates = _price(told).rates
            share = hits if hits is not None and prefix >= _price(told).cache_min else None
            kept = rates.input if share is None else share * rates.read + (1 - share) * rates.write
            total += prefix * kept + (whole - prefix) * rates.input + told.tokens_out * rates.output
    return total


def _what_pays(played: Played) -> str:
    short = _cost(played, cached=True)
    sizes = ", ".join(f"{bundle.tenant.slug} {tokens(_index(bundle)):,}" for bundle, _ in played.told)
    never, always = _indexed(played, hits=0.0), _indexed(played, hits=1.0)
    pays = (
        f"it pays from {100 * (never - short) / (never - always):.0f} % of hits"
        if always < short
        else "it never pays"
    )
    return f"an index of every claim is, in tokens: {sizes}; {pays}"


def _index(bundle: Bundle) -> str:
    lines = []
    for claim in bundle.claims.values():
        found = (wording(claim, bundle.tenant.language, v) for v in ("short", "answer", "full"))
        text = next((text for text in found if text), "")
        lines.append(f"{claim.id} ({claim.kind}): {' '.join(text.split())[:CLAIM_CHARS]}")
    return "\n".join(lines)


def _listed(turn: str) -> str:
    """The list of claims in a turn."""
    _, _, after = turn.partition("Listed:\n")
    return after.partition("<<data")[0]


def _a_turn(played: Played, asks: Sequence[int], what: str) -> float:
    total: int = sum(getattr(told, what) for told in played.all_told)
    return total / len(asks)


def _figure(what: str, value: float, unit: str, *, goal: float | None = None) -> Figure:
    return Figure(what=what, unit=unit, value=spread([value]), goal=goal)
