"""disclosures: the persona's opening claims come before or with its first words, and come again when they are due again."""

from __future__ import annotations

from runtime.guardrails import Reply, block
from runtime.messages import Finding, SendClass

NAME = "disclosures"

# A safety line carries no brand, a confirmation is one neutral line, and a human introduces themselves.
_EXEMPT = (SendClass.SAFETY, SendClass.CONFIRMATION, SendClass.HUMAN)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks first words that leave out an opening claim, or put it after something else."""
    if reply.free_text or reply.send_class in _EXEMPT:
        return ()
    said = {sentence.claim for _, sentence in reply.sentences()}
    found = [
        block(f"{NAME}/missing", f"{claim_id} is due and missing", 0, len(reply.text))
        for claim_id in reply.due
        if claim_id not in said
    ]
    first = {s.claim for s in reply.parts[0].sentences} if reply.parts else set()
    if not found and any(claim_id not in first for claim_id in reply.due):
        found.append(
            block(f"{NAME}/not-first", "the opening is not in the first message", 0, len(reply.text))
        )
    return tuple(found)
