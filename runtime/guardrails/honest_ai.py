"""honest-ai: nothing may claim to be a person, the authorities, a lender or a supplier."""

from __future__ import annotations

from runtime.guardrails import Reply, forbid
from runtime.messages import Finding

NAME = "honest-ai"

_FORBIDDEN = {
    "claims to be a person": (
        r"\b(i am|i'?m|im|as) (also )?(a |an |your |just a )?(real |actual |living |genuine )?(human|"
        r"person|man|woman|guy|girl|bloke)\b"
    ),
    "denies being automated": (
        r"\b(i am|i'?m|im|this is|it'?s|you'?re) (not|no) (talking to |speaking to )?(a |an )?(bot|"
        r"robot|machine|computer|ai|automated|chatbot|program)"
    ),
    "claims a person's body or day": (
        r"\b(my (wife|husband|kids|children|mum|dad|desk|lunch|commute|coffee)|when i was (young|"
        r"little|a kid)|i grew up)\b"
    ),
    "claims an authority": (
        r"\b(i am|i'?m|we are|we'?re|calling|writing) (from|for|with|on behalf of) (the )?(fca|"
        r"financial ombudsman|ombudsman|ofgem|government|hmrc|court|police|your (bank|lender|supplier|"
        r"broker|dealer))"
    ),
}


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that hide the machine or borrow somebody's standing."""
    return forbid(NAME, reply, _FORBIDDEN)
