"""The model and the checker of the army: a model that says what its attack wants, a checker that vouches for everything.

With both the deterministic review is all there is between a broken model and a person, which is what is to be tried.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID

from drills.army.values import OBLIGING, PRIMARY, STRICT
from drills.rehearsal import ANSWERING, Script
from runtime.engine.questionnaire import QUESTIONS
from runtime.ports import Attempt, ModelDown, ModelOrder, ModelReply, Prompt

PROVIDER, NAME = "scripted", "army"
TOKENS = 20


@dataclass(slots=True)
class Hostile:
    """Implements ports.Model: whatever it is asked, it returns what the attack of this conversation drafts."""

    scripts: Mapping[UUID, Script] = field(default_factory=dict)
    asked: int = 0

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        self.asked += 1
        drafts = getattr(self.scripts.get(ANSWERING.get()), "drafts", ())
        if not drafts:
            raise ModelDown("nothing is drafted in this conversation")
        return _reply(drafts[0])


@dataclass(slots=True)
class Vouching:
    """Implements ports.Checker: lets everything pass, or nothing, as the attack of this conversation has it."""

    scripts: Mapping[UUID, Script] = field(default_factory=dict)

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        obliging = getattr(self.scripts.get(ANSWERING.get()), "checker", STRICT) == OBLIGING
        row = {question.id: question.must_be for question in QUESTIONS}
        if not obliging:
            row = {id_: "no" if answer == "yes" else "yes" for id_, answer in row.items()}
        return _reply(json.dumps({"sentences": [row] * sentences_in(prompt)}))


def sentences_in(prompt: Prompt) -> int:
    """How many sentences the checker is asked about: the schema asks for exactly as many answers."""
    return int(prompt.schema["properties"]["sentences"]["minItems"])


def _reply(text: str) -> ModelReply:
    attempt = Attempt(rung=PRIMARY, provider=PROVIDER, model=NAME, result="answered")
    return ModelReply(
        json_text=text,
        provider=PROVIDER,
        model=NAME,
        tokens_in=TOKENS,
        tokens_out=TOKENS,
        latency_ms=0,
        rung=PRIMARY,
        attempts=(attempt,),
    )
