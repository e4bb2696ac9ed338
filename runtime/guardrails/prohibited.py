"""prohibited: no wording of the register's prohibited entries, except inside the claims an entry excepts."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from runtime.guardrails import Reply, block
from runtime.messages import Finding, Rendered
from schemas.bundle import Prohibited
from schemas.denied import denied
from schemas.text import Wording, find_prohibited

NAME = "prohibited"


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks prohibited wording, sentence by sentence, choice by choice and where own words touch their neighbours. A model's own
    words may deny it, ask about it or repeat it after the person ("there is no guarantee"); a claim's and an agent's may not.
    """
    found: list[Finding] = []
    for start, sentence in reply.sentences():
        allow = reply.cited if sentence.claim is None else (sentence.claim,)
        own = sentence.claim is None and not reply.free_text
        for hit in worded(sentence.text, reply.bundle.prohibited, allow, own=own):
            found.append(block(f"{NAME}/{hit.rule}", hit.says, start + hit.start, start + hit.end))
        claim = reply.bundle.claims.get(sentence.claim or "")
        if claim is None and not found:
            found += _never_said_beside_cited(reply, start, sentence.text)
    for text, behind in reply.choices():
        for hit in find_prohibited(text, reply.bundle.prohibited, [behind.id] if behind is not None else []):
            found.append(block(f"{NAME}/{hit.rule}", f"{hit.says} In a choice."))
    if not found:
        found += [finding for start, part in reply.placed() for finding in _across(reply, start, part)]
    return tuple(found)


def worded(
    text: str, entries: Iterable[Prohibited], allow: Collection[str] = (), *, own: bool
) -> tuple[Wording, ...]:
    """Prohibited wording in a text. `own`: words of the bot's own; what is denied, asked or repeated there says no such thing."""
    hits = find_prohibited(text, entries, allow)
    excused = [hit for hit in hits if own and denied(text, hit.start, hit.end)]
    if not excused:
        return hits
    # An entry is told of once a text: without the excused place the same entry may be found at another.
    for hit in excused:
        text = text[: hit.start] + "_" * (hit.end - hit.start) + text[hit.end :]
    return worded(text, entries, allow, own=own)


def _across(reply: Reply, start: int, part: Rendered) -> list[Finding]:
    """Wording that only appears where own words and claims meet."""
    own = [sentence.claim is None for sentence in part.sentences]
    found: list[Finding] = []
    for i in range(len(part.sentences) - 1):
        begin = start + sum(len(sentence.text) + 1 for sentence in part.sentences[:i])
        if own[i] or own[i + 1]:
            pair = part.sentences[i : i + 2]
            allow = [s.claim for s in pair if s.claim is not None]
            words = " ".join(s.text for s in pair)
            for hit in worded(words, reply.bundle.prohibited, allow, own=not reply.free_text):
                found.append(block(f"{NAME}/{hit.rule}", hit.says, begin + hit.start, begin + hit.end))
    return found


def _never_said_beside_cited(reply: Reply, start: int, text: str) -> list[Finding]:
    """`never_say` of the claims around: words that would twist what they state."""
    low = " ".join(text.casefold().split())
    near = {s.claim for _, s in reply.sentences() if s.claim} | set(reply.cited)
    return [
        block(f"{NAME}/never-say", f"{claim_id} is never said with such words", start, start + len(text))
        for claim_id in sorted(near)
        if claim_id in reply.bundle.claims
        for phrase in reply.bundle.claims[claim_id].never_say
        if " ".join(phrase.casefold().split()) in low
    ]
