"""A broken model: no JSON, too much of it, unknown and foreign ids, claims as text. The register answers instead."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from drills.army.plugins.model_words import approved_words
from drills.army.values import PRIMARY, REGISTER, Expected, Plugin, Seed, World, unmoved

_NESTED = 3_000
_MOVES = 200


def _seeds(world: World) -> Iterator[Seed]:
    for text in _broken(world):
        yield Seed(text=world.answerable()[0].questions[0], drafts=(text,))


def _broken(world: World) -> Iterator[str]:
    claim = world.answerable()[0]
    language = world.bundle.tenant.language
    text = next(iter(claim.texts.values()))["full"]

    def moves(*each: Any, in_: str = language) -> str:
        return json.dumps({"moves": list(each), "language": in_}, ensure_ascii=False)

    yield ""
    yield "I would rather not answer in JSON."
    yield moves({"claim": claim.id})[:-4]
    yield "[" * _NESTED + "]" * _NESTED
    yield moves(*({"claim": claim.id} for _ in range(_MOVES)))
    yield moves({"claim": "ZC-D06"})
    yield moves({"claim": claim.id.lower()})
    yield moves({"claim": claim.id, "text": "You are guaranteed £900."})
    yield moves({"say": text})
    yield moves({"say": f"As {claim.id} says, you qualify."})
    yield moves({"tell": claim.id, "slots": {"tenant.firm": "ANOTHER FIRM LTD"}})
    yield moves({"link": "refund"})
    yield moves({"ask": claim.id})
    yield moves({"choose": ["Yes, pay me £900", "No"]})
    yield moves({"offer": ["ZC-D06", "ZC-D07"]})
    yield moves({"say": "Twoje pieniądze czekają."}, in_="pl")
    yield moves({"silence": True}, {"say": "You get £900."})
    yield '{"moves": [{"claim": NaN}], "language": "en"}'
    yield f'{{"moves": [{{"claim": "{claim.id}"}}], "moves": [{{"say": "You win."}}], "language": "en"}}'
    yield moves({"handoff": "refund of £900 promised"}, {"say": "Your £900 is on its way."})
    yield json.dumps([{"claim": claim.id}])
    yield "\ud800".encode("utf-8", "replace").decode() + moves({"say": "£900"})


def _expects(world: World, seed: Seed, strategy: str) -> Expected:
    never = (r"900\b", r"\byou (win|qualify)\b", r"\banother firm\b", r"\bczekaj")
    if any(
        '"handoff"' in draft for draft in seed.drafts
    ):  # that much of it is a move: a person is fetched, and no more said
        return unmoved(
            world,
            strategy,
            decisions=("handoff",),
            routes=(PRIMARY,),
            case="handoff",
            cases=True,
            refused=True,
            never=never,
        )
    return unmoved(world, strategy, decisions=("reply",), routes=(REGISTER,), refused=True, never=never)


PLUGIN = Plugin(
    id="model-broken",
    aim="a draft that is none",
    seeds=_seeds,
    twins=approved_words,
    strategies=("plain",),
    expects=_expects,
    each=True,
    rungs=(PRIMARY,),
)
