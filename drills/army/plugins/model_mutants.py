"""A model that changes a fact: every register entry with its number, its date and its negation changed, as own words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random

from drills.army.mutants import mutants
from drills.army.plugins.fact_mutants import register
from drills.army.plugins.model_words import kept_back
from drills.army.strategies import DRAFTED
from drills.army.values import PRIMARY, Plugin, Seed, Twin, World, harmless


def _seeds(world: World) -> Iterator[Seed]:
    for claim, text in register(world):
        for mutant in mutants(text, Random(claim.id)):
            yield Seed(
                text="",
                bait=mutant.text,
                tag=f"{claim.id}-{mutant.kind}",
            )


def _twins(world: World) -> Iterator[Twin]:
    """The true entry, named by its id, goes out."""
    claim = world.answerable()[0]
    draft = json.dumps({"moves": [{"claim": claim.id}], "language": world.bundle.tenant.language})
    yield Twin(
        text=claim.questions[0],
        drafts=(draft,),
        expected=harmless(world, claims=(claim.id,), routes=(PRIMARY,)),
    )


PLUGIN = Plugin(
    id="model-mutants",
    aim="a model that changes a fact",
    seeds=_seeds,
    twins=_twins,
    strategies=DRAFTED,
    expects=kept_back,
    rungs=(PRIMARY,),
    each=True,
)
