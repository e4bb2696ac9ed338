"""links: an address is only ever one of the bundle's, in its own claim, once its prerequisites are on record."""

from __future__ import annotations

import re2

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.bundle import Link

NAME = "links"

_ADDRESS = re2.compile(
    r"(?i)"
    r"(https?://|www\.)\S+|\b[a-z0-9-]+\.(com|co\.uk|org|uk|net|io|info|biz|ly|me|app|link|xyz|"
    r"gov)\b(/\S*)?|\S+@\S+\.\S+|\b(dot com|dot co)\b",
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks addresses in own words, links before their time, and link claims outside the link move."""
    found = [
        block(NAME, "an address of one's own", start + hit.start(), start + hit.end())
        for start, text in reply.own_words()
        for hit in _ADDRESS.finditer(text)
        if not (reply.free_text and _known(reply, hit.group()))
    ]
    carriers = {link.claim: link for link in reply.bundle.links.values()}
    for part in () if reply.free_text else reply.parts:
        carried = {s.claim for s in part.sentences} & set(carriers)
        for claim_id in sorted(filter(None, carried)):
            link = carriers[claim_id]
            if part.link != link.id:
                found.append(block(NAME, "a form outside the link move"))
            elif reason := missing(link, reply):
                found.append(block(NAME, reason))
    return tuple(found)


def missing(link: Link, reply: Reply) -> str | None:
    """The first prerequisite of a link that is not on record for this person, or None."""
    for claim_id in link.requires:
        if claim_id not in reply.shown:
            return f"{claim_id} must have been shown before the link"
    for question, wanted in sorted(link.answers.items()):
        if reply.answers.get(question, "").casefold() != wanted.casefold():
            return f"{question} must have been answered before the link"
    return None


def _known(reply: Reply, address: str) -> bool:
    """Whether a cited claim or the tenant's values hold the address."""
    held = [
        text
        for i in reply.cited
        if i in reply.bundle.claims
        for v in reply.bundle.claims[i].texts.values()
        for text in v.values()
    ]
    return any(
        address.rstrip(".,;)").casefold() in text.casefold()
        for text in (*held, *reply.bundle.tenant.values.values())
    )
