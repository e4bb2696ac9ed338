"""echo: own words never give the person's words back, so that nobody can put words into our mouth."""

from __future__ import annotations

import re

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.text import normalise

NAME = "echo"

ECHO_WORDS = 4  # so many words in a row are no coincidence
_WORD = re.compile(r"\w+")


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that repeat a run of the person's."""
    if reply.free_text:
        return ()
    heard = {run for text in reply.heard for run in _runs(text)}
    return tuple(
        block(NAME, "repeats the person's words", start, start + len(text))
        for start, text in reply.own_words()
        if any(run in heard for run in _runs(text))
    )


def _runs(text: str) -> set[tuple[str, ...]]:
    words = _WORD.findall(normalise(text).text)
    runs = {tuple(words[i : i + ECHO_WORDS]) for i in range(len(words) - ECHO_WORDS + 1)}
    # A rare word alone is an echo too: a name, a brand, an insult.
    return runs | {(word,) for word in words if len(word) > 9}
