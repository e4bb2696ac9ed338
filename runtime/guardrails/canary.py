"""canary: the token that marks the prompt never leaves, not even taken apart."""

from __future__ import annotations

from runtime.guardrails import Reply, block
from runtime.messages import Finding

NAME = "canary"


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a reply that holds the prompt's canary, spaced, cut by signs or backwards."""
    if not reply.canary:
        return ()
    letters = "".join(c for c in reply.text.casefold() if c.isalnum())
    token = "".join(c for c in reply.canary.casefold() if c.isalnum())
    if token in letters or token[::-1] in letters:
        return (block(NAME, "the prompt's canary"),)
    return ()
