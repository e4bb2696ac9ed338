"""The models' server in a process of its own: `python -m tests.bench.mock PORT LATENCY_S FILE`.

It writes a line of FILE for every request.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO

from drills.sandbox.models import Asked, model_server
from tests.bench.asking import Remembering

PLAIN = (
    "You can complain to your lender yourself, free of charge. If you like, a colleague will tell you more."
)


@dataclass(slots=True, kw_only=True)
class Writing:
    """The same brain for whoever asks; who asks for no schema is answered in prose."""

    latency_s: float
    file: TextIO
    _brain: Remembering = field(default_factory=Remembering)

    def __call__(self, asked: Asked) -> str | Mapping[str, Any]:
        made = self._brain(asked)
        told = self._brain.told.pop()
        line = {
            "ours": bool(asked.schema),
            "checks": told.checks,
            "turn": hash(asked.turn),
            "prompt_tokens": told.prompt_tokens,
            "tokens_in": told.tokens_in,
        }
        print(json.dumps(line), file=self.file, flush=True)
        return made if asked.schema else PLAIN


async def _serve(port: int, latency_s: float, file: TextIO) -> None:
    async with model_server(brain=Writing(latency_s=latency_s, file=file), port=port):
        await asyncio.Event().wait()


if __name__ == "__main__":
    with open(sys.argv[3], "a", encoding="ascii") as told:
        asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]), told))
