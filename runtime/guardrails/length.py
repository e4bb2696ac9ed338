"""length: the persona's length for everything beyond the required set, and the channel's for the whole message."""

from __future__ import annotations

from runtime.guardrails import Reply, block
from runtime.messages import Finding

NAME = "length"

MAX_MESSAGE_CHARS = 4_000  # WhatsApp refuses a text body beyond 4,096 characters
MAX_SAY_CHARS = 160
MAX_SAYS = 2


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks messages beyond the channel's limit, long or many `say`, and chatter beyond the persona's length."""
    found: list[Finding] = []
    for start, part in reply.placed():
        if not part.text.strip():
            found.append(block(f"{NAME}/empty", "an empty message", start, start))
        half = next((i for i, c in enumerate(part.text) if "\ud800" <= c <= "\udfff"), None)
        if half is not None:
            found.append(
                block(
                    f"{NAME}/half-a-sign",
                    "half of a surrogate pair, which no channel can send",
                    start + half,
                    start + half + 1,
                )
            )
        if len(part.text) > MAX_MESSAGE_CHARS:
            found.append(
                block(
                    f"{NAME}/message",
                    f"longer than {MAX_MESSAGE_CHARS} characters",
                    start + MAX_MESSAGE_CHARS,
                    start + len(part.text),
                )
            )
    if not reply.free_text and _beyond_required(reply) > reply.bundle.persona.max_chars:
        found.append(
            block(
                f"{NAME}/persona",
                f"more than {reply.bundle.persona.max_chars} characters beyond what must be said",
                0,
                len(reply.text),
            )
        )
    says = list(reply.own_words())
    if not reply.free_text:
        found += [
            block(f"{NAME}/say", f"a say of more than {MAX_SAY_CHARS} characters", s, s + len(t))
            for s, t in says
            if len(t) > MAX_SAY_CHARS
        ]
        if len(says) > MAX_SAYS:
            found.append(block(f"{NAME}/says", f"more than {MAX_SAYS} says", 0, len(reply.text)))
    return tuple(found)


def _beyond_required(reply: Reply) -> int:
    """Characters that nothing obliges us to say: all but the longest claim, the sets, the opening and the lines."""
    said = [sentence for _, sentence in reply.sentences()]
    obliged = {needed for s in said if s.claim in reply.bundle.claims for needed in _needed(reply, s.claim)}
    obliged |= set(reply.due) | set(reply.bundle.persona.opening)
    obliged |= {i for i, c in reply.bundle.claims.items() if c.kind == "line"}
    obliged |= {needed for link in reply.bundle.links.values() for needed in link.requires}
    optional = sorted((len(s.text) for s in said if s.claim not in obliged), reverse=True)
    return sum(optional[1:])


def _needed(reply: Reply, claim_id: str | None) -> tuple[str, ...]:
    return reply.bundle.claims[claim_id].required_with if claim_id else ()
