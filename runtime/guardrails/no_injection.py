"""no-injection: own words never carry instructions, markup, inner names or the machine's workings."""

from __future__ import annotations

import re

from runtime.guardrails import Reply, block, forbid
from runtime.messages import Finding

NAME = "no-injection"

_FORBIDDEN = {
    "speaks of its instructions": (
        r"\b(system prompt|my (instructions|prompt|rules|guidelines|programming)|i (was|am|"
        r"have been) (told|instructed|programmed|trained) (to|not to|by)|language model|(developer|"
        r"debug|compliance|god|jailbreak) mode|as instructed|ignore (all |any |the )?(previous|prior|"
        r"above|my|your|those)|new persona|unrestricted|pretend(ing)? to be|role[- ]?play)\b"
    ),
    "names a model or its maker": (
        r"\b(chatgpt|gpt-?[0-9o]|openai|anthropic|claude|gemini|llama|mistral|litellm)\b"
    ),
    "markup or code": (
        r"(```|</?[a-z][a-z0-9]*[ />]|\{\{|\}\}|\{%|<\||\|>|\[/?inst\]|^#{1,6} |\bselect .* from\b|"
        r"\bimport (os|sys)\b)"
    ),
}
_CLAIM_ID = re.compile(r"\b[A-Z]{1,4}-[A-Z]{0,4}\d{2,}\b")
_OPAQUE_RUN = re.compile(r"[A-Za-z0-9+/=_-]{25,}")


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks own words that show the inside of the machine or carry something meant for another one."""
    found = list(forbid(NAME, reply, _FORBIDDEN))
    for start, text in reply.own_words():
        for pattern, meaning in ((_CLAIM_ID, "an inner id"), (_OPAQUE_RUN, "an encoded run")):
            hit = pattern.search(text)
            if hit and not (reply.free_text and pattern is _OPAQUE_RUN and "://" in text):
                found.append(block(NAME, meaning, start + hit.start(), start + hit.end()))
    return tuple(found)
