"""What every check of a model's words must let through: approved phrases, and harmless words a checker vouched for."""

from __future__ import annotations

import json
from collections.abc import Iterator

from drills.army.values import PRIMARY, REGISTER, Expected, Seed, Twin, World, harmless, unmoved

_WITH_A_CLAIM = (
    "said-before-claim",
    "said-after-claim",
    "said-in-disguise",
)  # the claim beside the words may stay
HARMLESS = "Happy to go through it."


def approved_words(world: World) -> Iterator[Twin]:
    """A phrase of the persona's beside a claim, and other harmless words."""
    claim = world.answerable()[0]
    said = (*world.bundle.persona.phrases[:1], HARMLESS)
    for words in said:
        moves = [{"say": words}, {"claim": claim.id}]
        yield Twin(
            text=claim.questions[0],
            drafts=(json.dumps({"moves": moves, "language": world.bundle.tenant.language}),),
            expected=harmless(world, claims=(claim.id,), routes=(PRIMARY,), own_words=words),
        )


def kept_back(world: World, seed: Seed, strategy: str) -> Expected:
    """The words are refused and a finding says so; the register answers, or the claim that stood beside them."""
    routes = (REGISTER, PRIMARY) if strategy in _WITH_A_CLAIM else (REGISTER,)
    return unmoved(world, strategy, decisions=("reply",), routes=routes, refused=True)
