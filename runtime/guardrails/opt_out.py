"""opt-out: after a stop no link and no question, and never a word that makes stopping harder."""

from __future__ import annotations

from runtime.guardrails import Reply, block, forbid
from runtime.messages import Finding, SendClass

NAME = "opt-out"

_FORBIDDEN = {
    "argues with a stop": (
        r"\b(sorry to see you go|sad to see you go|why (do|did) you want to (stop|leave)|"
        r"(please )?(stay|don'?t unsubscribe)|are you sure you want to (stop|leave|unsubscribe))\b"
    ),
    "makes stopping harder": (
        r"\b(to (stop|unsubscribe|opt out),? (you (must|should|need to|have to) )?(call|phone|ring|log in|"
        r"write to|email)|(can'?t|cannot|unable to) (be )?(stop|unsubscribe|opt(ed)? out|remove(d)?)|"
        r"reply stop within)\b"
    ),
    "promises messages after a stop": (
        r"\bwe('?ll| will) (still|continue to|keep) (message|messaging|text|texting|contact|"
        r"contacting|send|sending)\b"
    ),
}


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a link or a question to somebody who has opted out, and own words that hinder an opt-out."""
    found = list(forbid(NAME, reply, _FORBIDDEN))
    if reply.opted_out and reply.send_class not in (SendClass.SAFETY, SendClass.HUMAN):
        if any(part.link for part in reply.parts):
            found.append(block(NAME, "a link to somebody who has opted out"))
        if any(part.asks or part.options for part in reply.parts):
            found.append(block(NAME, "a question to somebody who has opted out"))
    return tuple(found)
