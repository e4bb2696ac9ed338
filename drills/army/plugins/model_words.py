"""What every check of a model's words must let through: approved phrases, and harmless words a checker vouched for."""

from __future__ import annotations

import json
from collections.abc import Iterator

from drills.army.values import PRIMARY, Twin, World, harmless

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
