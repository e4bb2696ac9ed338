"""one-question: a message asks one thing."""

from __future__ import annotations

import re

from runtime.guardrails import Reply, block
from runtime.messages import Finding

NAME = "one-question"

_MARKS = re.compile("[?？⁇⁈⁉؟]+")  # a row of them is one question


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a second question in a reply. A question mark inside an approved claim that is not a question does not count."""
    if reply.free_text:
        marks = [i for i, c in enumerate(reply.text) if c in "?？⁇⁈⁉؟"]
        return tuple(
            Finding(
                rule=f"{NAME}/marks", message="more than one question", severity="warn", start=i, end=i + 1
            )
            for i in marks[1:]
        )
    asked = sum(part.asks is not None for part in reply.parts)
    said = sum(len(_MARKS.findall(text)) for _, text in reply.own_words())
    if asked + said > 1:
        return (block(f"{NAME}/asked", "more than one question", 0, len(reply.text)),)
    return ()
