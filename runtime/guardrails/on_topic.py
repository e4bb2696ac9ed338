"""on-topic: own words connect claims; they give no advice, no verdict on somebody's case, and no other subject."""

from __future__ import annotations

from runtime.guardrails import Reply, forbid
from runtime.messages import Finding

NAME = "on-topic"

_FORBIDDEN = {
    "advice": (
        r"\b(you (should|must|ought to|need to|had better|'d better)|i('?d| would) (advise|recommend|"
        r"suggest)|my advice|we (recommend|advise)|best (thing|option|bet) (is|would be)|"
        r"if i were you)\b"
    ),
    "a verdict on the person's case": (
        r"\b(you (definitely |probably |likely |certainly |clearly |do |may |might |could )?(qualify|"
        r"have a (claim|case|good case|strong case)|are (eligible|entitled|owed|due)|were (mis-?sold|"
        r"overcharged|lied to|ripped off|cheated))|you'?re (eligible|entitled|owed|due|in luck)|"
        r"(strong|good|great|solid) (case|claim|chance)|likely to (win|succeed|get)|sounds like (you|"
        r"a (claim|case)))\b"
    ),
    "another subject": (
        r"\b(recipe|poem|haiku|lyrics|football|weather|horoscope|bitcoin|crypto|stocks?|election|"
        r"prime minister|president|religion|joke|once upon a time|translate|diagnos(is|e)|medication|"
        r"dosage)\b"
    ),
    "about other people's data": (
        r"\b(other|another|previous|last) (customer|person|client|contact|caller)('s)?\b"
    ),
}


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that leave the register's subject or judge the person's case."""
    return forbid(NAME, reply, _FORBIDDEN)
