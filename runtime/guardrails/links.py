"""links: an address is only ever one of the bundle's, in its own claim, once its prerequisites are on record."""

from __future__ import annotations

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.bundle import Link
from schemas.facts import facts_in, held_by, holds

NAME = "links"


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks addresses in own words, links before their time, and link claims outside the link move."""
    known = held_by(_known(reply)) if reply.free_text else frozenset()
    found = [
        block(f"{NAME}/address", "an address of one's own", start + fact.start, start + fact.end)
        for start, text in reply.own_words()
        for fact in facts_in(text)
        if fact.kind in ("link", "email") and not holds(known, fact)
    ]
    found += [
        block(f"{NAME}/choice", "an address in a choice")
        for text, _ in reply.choices()
        if any(fact.kind in ("link", "email") for fact in facts_in(text))
    ]
    carriers = {link.claim: link for link in reply.bundle.links.values()}
    for start, part in () if reply.free_text else reply.placed():
        end = start + len(part.text)
        carried = {s.claim for s in part.sentences} & set(carriers)
        for claim_id in sorted(filter(None, carried)):
            link = carriers[claim_id]
            if part.link != link.id:
                found.append(block(f"{NAME}/outside-its-move", "a form outside the link move", start, end))
            elif reason := missing(link, reply):
                found.append(block(f"{NAME}/too-early", reason, start, end))
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


def _known(reply: Reply) -> frozenset[str]:
    """What the cited claims and the tenant's values say: where their addresses stand."""
    cited = (reply.bundle.claims[i] for i in reply.cited if i in reply.bundle.claims)
    held = (text for claim in cited for variants in claim.texts.values() for text in variants.values())
    return frozenset((*held, *reply.bundle.tenant.values.values()))
