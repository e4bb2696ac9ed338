"""The models of a play, in this process: one that means well, and one that is down; both keep what they were shown."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from drills.sandbox.brain import Sensible
from drills.sandbox.models_wire import Asked
from runtime.ports import Attempt, ModelDown, ModelOrder, ModelReply, Prompt

NAME = "played"
CHARS_A_TOKEN = 4


@dataclass(slots=True)
class Mind:
    """ports.Model and ports.Checker: drafts and checks by simple rules, unless it is told to be down."""

    brain: Sensible = field(default_factory=Sensible)
    down: bool = False
    prompts: list[Prompt] = field(default_factory=list)

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        self.prompts.append(prompt)
        if self.down:
            tried = Attempt(rung="primary", provider=NAME, model=NAME, result="unreachable")
            raise ModelDown("played as down", (tried,))
        text = json.dumps(self.brain(_asked(prompt)))
        tokens = len(prompt.system + prompt.turn) // CHARS_A_TOKEN
        return ModelReply(
            json_text=text,
            provider=NAME if order.purpose != "check" else f"{NAME}-checker",
            model=NAME,
            tokens_in=tokens,
            tokens_out=len(text) // CHARS_A_TOKEN,
            latency_ms=0,
            rung="primary",
        )


def _asked(prompt: Prompt) -> Asked:
    return Asked(
        provider="anthropic",
        kind="chat",
        model=NAME,
        system=prompt.system,
        turn=prompt.turn,
        schema=prompt.schema,
        body=b"",
        path="",
        headers={},
        max_tokens=prompt.max_tokens,
        pictures=len(prompt.pictures),
    )
