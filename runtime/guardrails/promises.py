"""promises: nothing is promised in own words, and a colleague only where the same commit gives a human the work."""

from __future__ import annotations

from runtime.guardrails import Reply, block, forbid
from runtime.messages import Finding

NAME = "promises"

_FORBIDDEN = {
    "a guarantee": (
        r"\b(guarantee[ds]?|promise[ds]?|definitely|certainly|for sure|no doubt|assure|rest assured|"
        r"always works?|100 ?%|without fail|risk[- ]free|no risk)\b"
    ),
    "a promise of money": (
        r"\b(you('?ll| will| would|'d) (get|receive|be paid|win|earn)|refund|payout|pay-out|"
        r"compensation is|money (back|is waiting|owed)|owed to you|in your (account|pocket))\b"
    ),
    "a promise of a person": (
        r"\b(someone|somebody|a (colleague|person|human|member of)|one of (us|our)|our team|"
        r"my (colleague|manager|team)|an? (agent|adviser|advisor|solicitor|lawyer)|we|i) ?('?ll|will|"
        r"is going to|are going to|shall) (be in touch|call|ring|phone|contact|reply|answer|get back|"
        r"message|help|look|sort|fix|arrange|book|send|check|chase|follow)"
    ),
    "a promise about the machine": (
        r"\bi('?ll| will| can| could) (make sure|see to it|sort (it|this)|get you|find out|look into|"
        r"check|arrange|remember|speed)\b"
    ),
}


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks promises in own words, and every line that speaks of a colleague without a case behind it."""
    found = list(forbid(NAME, reply, _FORBIDDEN))
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
