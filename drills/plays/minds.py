"""The model of a play, in this process: it means well or is down, keeps what it was shown, and costs as much as the dearest."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from drills.sandbox.brain import checked, claims_of
from drills.sandbox.models_wire import Asked
from runtime.models.prices import priced
from runtime.ports import Attempt, ModelDown, ModelOrder, ModelReply, Prompt

NAME = "played"
CHARS_A_TOKEN = 4
SAYS = "Let me look at that with you."

_LANGUAGE = re.compile(r"^Reply in: ([a-z]{2}(?:-[A-Z]{2})?)$", re.MULTILINE)


@dataclass(slots=True)
class Mind:
    """ports.Model and ports.Checker: takes the first claim the prompt lists, with a word of its own before it."""

    down: bool = False
    prompts: list[Prompt] = field(default_factory=list)

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        self.prompts.append(prompt)
        if self.down:
            tried = Attempt(rung="primary", provider=NAME, model=NAME, result="unreachable")
            raise ModelDown("played as down", (tried,))
        text = json.dumps(_answer(_asked(prompt)))
        tokens = len(prompt.system + prompt.turn) // CHARS_A_TOKEN
        return ModelReply(
            json_text=text,
            provider=NAME if order.purpose != "check" else f"{NAME}-checker",
            model=NAME,
            tokens_in=tokens,
            tokens_out=len(text) // CHARS_A_TOKEN,
            latency_ms=0,
            rung="primary",
            cost_micropence=priced(NAME, NAME).cost(tokens_in=tokens, tokens_out=len(text) // CHARS_A_TOKEN),
        )


def _answer(asked: Asked) -> Mapping[str, Any]:
    """The questionnaire, answered; or moves. Who reads the list from the top needs no judgement of their own."""
    if "sentences" in asked.schema["properties"]:
        return checked(asked)
    language = _LANGUAGE.search(asked.turn)
    listed = claims_of(asked)
    moves: list[Mapping[str, Any]] = [{"handoff": "unclear"}]
    if listed:
        first, (kind, _) = next(iter(listed.items()))
        moves = [{"ask": first}] if kind.startswith("question") else [{"say": SAYS}, {"claim": first}]
    return {"moves": moves, "language": language.group(1) if language else "en-GB"}


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
