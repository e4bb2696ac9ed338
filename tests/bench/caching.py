"""What a prompt's prefix must be worth to a provider's cache: from which share of hits a longer, cached one costs less.

python -m tests.bench.caching      (a table for the models of every preset)
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from runtime.models.presets import names, preset
from runtime.models.prices import Priced

SHORT = 268  # tokens of a draft's prefix today, as `model-cost` measures it
MOVED = 200  # of a turn's tokens: its whole list of claims, as if all of it stood in the prefix
LEAST = 1024  # of what a provider caches, for most; some keep less, some only more


def prefix_cost(price: Priced, tokens: int, hits: float) -> float:
    """Micropence of a prefix of so many tokens, found in the cache in `hits` (0 to 1) of requests and else written to it."""
    rates = price.rates
    if tokens < price.cache_min:
        return float(tokens * rates.input)
    return tokens * (hits * rates.read + (1 - hits) * rates.write)


def break_even(price: Priced, *, short: int = SHORT, long: int = LEAST, moved: int = 0) -> float | None:
    """The share of hits from which the long prefix costs no more than the short one. None: it never does.

    `moved`: tokens that the long one takes out of each turn, because they stand in the prefix now. 0.0: at any rate of hits.
    """
    now = prefix_cost(price, short, 0.0) + moved * price.rates.input
    missed, found = prefix_cost(price, long, 0.0), prefix_cost(price, long, 1.0)
    if found > now:
        return None
    return 0.0 if missed <= now else (missed - now) / (missed - found)


def most_saved(price: Priced, *, short: int = SHORT, long: int = LEAST, moved: int = 0) -> float:
    """Micropence a draft, if the long prefix is always found; below none where it costs more even then."""
    return prefix_cost(price, short, 0.0) + moved * price.rates.input - prefix_cost(price, long, 1.0)


def table() -> Iterator[str]:
    """Each model of a preset: the prefixes it would keep, from which share of hits they cost less than today's, and how much."""
    for name, price in sorted(_models().items()):
        for long in sorted({price.cache_min, max(LEAST, price.cache_min)}):
            for moved in (0, MOVED):
                pays = break_even(price, long=long, moved=moved)
                share = "never pays" if pays is None else f"pays from {100 * pays:.0f}% of hits"
                saved = most_saved(price, long=long, moved=moved)
                yield (
                    f"{name}: {long:,} tokens in the place of {SHORT}, {moved} fewer in each turn: {share}; "
                    f"at best {saved / 1000:.1f} thousandths of a penny a draft"
                )


def _models() -> dict[str, Priced]:
    chosen = [preset(name) for name in names()]
    rungs = [rung for each in chosen for rung in (each.cheap, each.primary, each.fallback, each.tertiary)]
    return {f"{rung.provider}/{rung.model}": rung.price for rung in rungs}


if __name__ == "__main__":
    sys.stdout.writelines(f"{line}\n" for line in table())
