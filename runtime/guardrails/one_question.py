"""one-question: a message asks one thing."""

from __future__ import annotations

from runtime.guardrails import Reply, block
from runtime.messages import Finding

NAME = "one-question"


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a second question in a reply. A question mark inside an approved claim that is not a question does not count."""
    if reply.free_text:
        marks = [i for i, c in enumerate(reply.text) if c in "?？"]
        return tuple(
            Finding(rule=NAME, message="more than one question", severity="warn", start=i, end=i + 1)
            for i in marks[1:]
        )
    asked = sum(part.asks is not None for part in reply.parts)
    said = sum("?" in text or "？" in text for _, text in reply.own_words())
    if asked + said > 1:
        return (block(NAME, "more than one question"),)
    return ()
