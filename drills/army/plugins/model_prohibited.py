"""A model that uses prohibited wording: each entry of the register, as own words."""

from __future__ import annotations

from collections.abc import Iterator

from drills.army.plugins.model_words import approved_words, kept_back
from drills.army.plugins.prohibited import entries
from drills.army.strategies import DRAFTED
from drills.army.values import PRIMARY, Plugin, Seed, Twin, World


def _seeds(world: World) -> Iterator[Seed]:
    for entry, text in entries(world):
        yield Seed(text="", bait=f"Well, {text}.", tag=entry.id)


def _twins(world: World) -> Iterator[Twin]:
    yield from approved_words(world)


PLUGIN = Plugin(
    id="model-prohibited",
    aim="a model with forbidden wording",
    seeds=_seeds,
    twins=_twins,
    strategies=DRAFTED,
    expects=kept_back,
    rungs=(PRIMARY,),
    each=True,
)
