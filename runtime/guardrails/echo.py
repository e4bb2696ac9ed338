"""echo: own words never give the person's words back, so that nobody can put words into our mouth."""

from __future__ import annotations

import re

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.text import normalise

NAME = "echo"

ECHO_WORDS = 4  # so many words in a row are no coincidence
RARE_LETTERS = 10  # a word this long is no small talk: a name, a brand, an insult
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_QUOTED = re.compile(r"[\"“”«»]|(?:^|\s)['‘][^'’]{3,}['’](?:\s|[.,!?]|$)")
# Long words of courtesy that both sides use.
_COURTESY_WORDS = """
absolutely agreement agreements apologies apologise appreciate assistant automated commission compensation
completely complicated conversation definitely documents everything explaining explanation frustrated
frustrating information interested paperwork particularly questions straightforward understand understandable
understanding unfortunately
"""
_COURTESY = frozenset(_COURTESY_WORDS.split())


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that repeat a run of the person's, or quote."""
    if reply.free_text:
        return ()
    heard = {run for text in reply.heard for run in _runs(text)}
    found = [
        block(f"{NAME}/repeats", "repeats the person's words", start, start + len(text))
        for start, text in reply.own_words()
        if any(run in heard for run in _runs(text))
    ]
    return (
        *found,
        *(
            block(f"{NAME}/quotes", "quotes somebody", start + hit.start(), start + hit.end())
            for start, text in reply.own_words()
            if (hit := _QUOTED.search(text)) is not None
        ),
    )


def _runs(text: str) -> set[tuple[str, ...]]:
    """Runs of words in any of the text's readings, and the rare words alone."""
    runs: set[tuple[str, ...]] = set()
    for view in normalise(text).views:
        words = _WORD.findall(view.text)
        runs |= {tuple(words[i : i + ECHO_WORDS]) for i in range(len(words) - ECHO_WORDS + 1)}
        runs |= {(word,) for word in words if len(word) >= RARE_LETTERS and word not in _COURTESY}
    return runs
