"""promises: nothing is promised in own words, and a colleague only where the same commit gives a human the work."""

from __future__ import annotations

from runtime.guardrails import Reply, block, forbid
from runtime.messages import Finding
from schemas.promises import PROMISES
from schemas.text import matches, normalise

NAME = "promises"


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks promises in own words and in choices, and every line that speaks of a colleague without a case behind it."""
    found = list(forbid(NAME, reply, PROMISES))
    found += [
        block(NAME, f"{meaning}, in a choice")
        for text, _ in reply.choices()
        for meaning, pattern in PROMISES.items()
        if matches(pattern, normalise(text)) is not None
    ]
    lines = reply.bundle.lines
    promised = {lines.handoff, lines.holding, lines.off_hours}
    promised |= {c.reply for c in reply.bundle.categories if c.case is not None and c.after <= 1}
    promised.discard(None)
    for start, sentence in reply.sentences():
        if sentence.claim in promised and not reply.case_opened and not reply.free_text:
            found.append(
                block(
                    NAME, "a colleague is promised and no case is opened", start, start + len(sentence.text)
                )
            )
    if any(part.handoff for part in reply.parts) and not reply.case_opened:
        found.append(block(NAME, "a hand-off without a case"))
    return tuple(found)
