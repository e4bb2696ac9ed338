"""Models for rows: loopback providers, a ladder that asks them through litellm, people who write, and what was really sent."""

from __future__ import annotations

import json
import random
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

from drills.rehearsal import Exchange
from drills.sandbox.brain import Sensible, claims_of_turn
from drills.sandbox.models import Asked, Faults, ModelServer, model_server
from drills.sandbox.models_wire import Provider, tokens
from runtime.clock import clock_of
from runtime.models.caller import Caller
from runtime.models.ladder import Ladder
from runtime.ports import Breakers
from runtime.settings import PROVIDERS
from schemas.bundle import Bundle

SAYS = "Happy to look at that with you."  # words of its own, so that a second model is asked about them
UNKNOWN = "XX-F99"  # no bundle has it


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One request as a provider got it, and what it answered."""

    asked: Asked
    answer: str

    @property
    def checks(self) -> bool:
        """Whether it was the independent checker's."""
        return "sentences" in self.asked.schema.get("properties", {})

    @property
    def prompt_tokens(self) -> int:
        """Prefix and turn, without the schema beside them."""
        return tokens(self.asked.system) + tokens(self.asked.turn)

    @property
    def tokens_in(self) -> int:
        return self.prompt_tokens + tokens(json.dumps(self.asked.schema))

    @property
    def tokens_out(self) -> int:
        return tokens(self.answer)


@dataclass(slots=True, kw_only=True)
class Remembering:
    """A sensible brain that keeps what it was told. One draft in `repaired_every` names a claim that is none (0: none does)."""

    latency_s: float = 0.0
    repaired_every: int = 0
    told: list[Told] = field(default_factory=list)
    _drafts: int = 0

    def __call__(self, asked: Asked) -> Mapping[str, Any]:
        made = Sensible(says=None)(asked)
        if (
            "moves" in made
        ):  # an overlap of words finds nothing in a greeting; a model would not hand it off for that
            listed = next(iter(claims_of_turn(asked.turn)), None)
            first = made["moves"][0]
            if "handoff" in first and listed is not None:
                first = {"claim": listed, "variant": "full"}
            made = {**made, "moves": [{"say": SAYS}, first]}
        if "moves" in made and "Your last draft was refused" not in asked.turn:
            self._drafts += 1
            if self.repaired_every and self._drafts % self.repaired_every == 0:
                made = {"moves": [{"claim": UNKNOWN, "variant": "full"}], "language": "en-GB"}
        self.told.append(Told(asked=asked, answer=json.dumps(made)))
        return made


class NeverOpen:
    """Implements Breakers for rows that want the same failure in every turn."""

    async def admit(self, provider: str, model: str, *, now: datetime) -> Literal["closed", "trial"] | None:
        del provider, model, now
        return "closed"

    async def report(self, provider: str, model: str, result: Any, *, trial: bool, now: datetime) -> None:
        del provider, model, result, trial, now

    async def states(self, now: datetime) -> Sequence[Any]:
        del now
        return ()


@asynccontextmanager
async def asking(
    brain: Remembering, *, faults: Faults | None = None, breakers: Breakers | None = None
) -> AsyncIterator[tuple[ModelServer, Ladder]]:
    """Three providers, and a ladder with a key for each of them and litellm in its own process."""
    async with model_server(brain=brain, faults=faults) as server:
        urls: dict[str, str] = {provider: server.url_of(provider) for provider in get_args(Provider)}
        async with Caller(lambda _: "key", urls) as caller:
            if not await caller.ready():
                raise TimeoutError("litellm was not ready")
            yield (
                server,
                Ladder(
                    call=caller,
                    keys=frozenset(PROVIDERS),
                    breakers=breakers or NeverOpen(),
                    clock=clock_of(0),
                ),
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """Somebody with a list of things to say. Implements rehearsal.Script."""

    at: datetime
    lines: tuple[str, ...]
    channel: str = "webchat"
    consent: bool = False

    def line(self, so_far: Sequence[Exchange]) -> str | None:
        return self.lines[len(so_far)] if len(so_far) < len(self.lines) else None


def questions_of(bundle: Bundle) -> list[str]:
    """Every example question of the register, each once."""
    return list(dict.fromkeys(q for claim in bundle.claims.values() for q in claim.questions))


def talks(bundle: Bundle, at: datetime, *, people: int, seed: int) -> Sequence[Talk]:
    """Conversations of eight messages: a greeting, six questions of the register in anybody's order, and thanks."""
    choice = random.Random(seed)
    asked = questions_of(bundle)
    return [
        Talk(at=at, lines=("Hello there", *choice.sample(asked, 6), "Thank you for your help"))
        for _ in range(people)
    ]
