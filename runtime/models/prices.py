"""What a model costs, in whole micropence a token, and what it takes: from prices.json, which derive.py writes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

BYTES_A_TOKEN_AT_WORST = (
    2  # of English it is about four; of what is not counted for us, half of that is assumed
)
PICTURE_TOKENS_AT_WORST = 5_000
DEAREST_CALL = 10**11  # micropence, a thousand pounds: no call costs more, and a day of them fits a bigint


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """Micropence a token. `read`: of the prompt, from the provider's cache; `write`: into it."""

    input: int
    output: int
    read: int
    write: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """One model. `above`: (tokens of prompt, rates) that hold beyond them, rising. `known`: it stands in the price map.

    `effort` is the least thinking it can be told to do, `thinks` whether it thinks all the same; `cache_min` the shortest
    prefix, in tokens, that its provider caches.
    """

    rates: Rates
    above: tuple[tuple[int, Rates], ...] = ()
    known: bool = True
    temperature: bool = False
    vision: bool = False
    effort: str | None = None
    thinks: bool = False
    cache_min: int = 1024

    def cost(self, *, tokens_in: int, tokens_out: int, read: int = 0, written: int = 0) -> int:
        """Micropence of one call. `tokens_in` is the whole prompt, those read from and written to the cache included."""
        rates = self.rates
        for tokens, dearer in self.above:
            if tokens_in > tokens:
                rates = dearer
        plain = max(tokens_in - read - written, 0)
        cost = plain * rates.input + read * rates.read + written * rates.write + tokens_out * rates.output
        return min(cost, DEAREST_CALL)

    def worst(self, *, sent_bytes: int, pictures: int, max_tokens: int) -> tuple[int, int, int]:
        """(tokens in, tokens out, micropence) of a call nobody counted for us: every byte dear, nothing cached, all said."""
        tokens_in = -(-sent_bytes // BYTES_A_TOKEN_AT_WORST) + pictures * PICTURE_TOKENS_AT_WORST
        cost = self.cost(tokens_in=tokens_in, tokens_out=max_tokens, written=tokens_in)
        return tokens_in, max_tokens, max(cost, self.cost(tokens_in=tokens_in, tokens_out=max_tokens))


def priced(provider: str, model: str) -> Priced:
    """The model's price; of a model nobody knows the dearest there is, and nothing special is asked of it."""
    return _all().get(f"{provider}/{model}", _dearest())


def embedding_rate(provider: str, model: str) -> int:
    """Micropence a token of an embedding model; the dearest input price there is if it is not known."""
    entry = _document()["models"].get(f"{provider}/{model}", {})
    return int(entry["input"]) if entry.get("embeds") else _dearest().rates.input


@cache
def _document() -> Mapping[str, Any]:
    loaded = json.loads(files(__package__).joinpath("prices.json").read_text(encoding="utf-8"))
    assert isinstance(loaded, dict)
    return loaded


@cache
def _all() -> Mapping[str, Priced]:
    return {name: _priced(entry) for name, entry in _document()["models"].items() if "output" in entry}


@cache
def _dearest() -> Priced:
    every = [rates for model in _all().values() for rates in (model.rates, *(r for _, r in model.above))]
    return Priced(
        rates=Rates(
            input=max(rates.input for rates in every),
            output=max(rates.output for rates in every),
            read=max(rates.read for rates in every),
            write=max(rates.write for rates in every),
        ),
        known=False,
        vision=True,  # the tenant named it for what it can do; its provider refuses if it cannot
        thinks=True,
    )


def _priced(entry: Mapping[str, Any]) -> Priced:
    return Priced(
        rates=_rates(entry),
        above=tuple((above["tokens"], _rates(above)) for above in entry.get("above", ())),
        temperature=entry["temperature"],
        vision=entry["vision"],
        effort=entry["effort"],
        thinks=entry["thinks"],
        cache_min=entry["cache_min"],
    )


def _rates(entry: Mapping[str, Any]) -> Rates:
    return Rates(input=entry["input"], output=entry["output"], read=entry["read"], write=entry["write"])
