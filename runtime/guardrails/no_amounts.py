"""no-amounts: no number, money, percentage or date but those of the claims a text rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.amounts import amounts

NAME = "no-amounts"


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks every amount in own words that none of the cited claims holds, and in a choice that its own claim does not.

    A reply's `say` cites none.
    """
    allowed = _held(reply, reply.cited) if reply.free_text else frozenset()
    own = tuple(
        block(NAME, f"an amount or date that no cited claim holds ({token})", start + first, start + last)
        for start, text in reply.own_words()
        for token, first, last in amounts(text)
        if token not in allowed
    )
    return own + tuple(
        block(NAME, f"an amount or date in a choice, which its claim does not hold ({token})")
        for text, claim in reply.choices()
        for token, _, _ in amounts(text)
        if token not in _held(reply, [claim.id] if claim is not None else [])
    )


def _held(reply: Reply, claims: Iterable[str]) -> frozenset[str]:
    return frozenset(token for text in _texts(reply, claims) for token, _, _ in amounts(text))


def _texts(reply: Reply, claims: Iterable[str]) -> Iterator[str]:
    for claim_id in claims:
        claim = reply.bundle.claims.get(claim_id)
        if claim is not None:
            yield from (text for variants in claim.texts.values() for text in variants.values())
            yield from (
                reply.bundle.tenant.values.get(slot.removeprefix("tenant."), "") for slot in claim.slots
            )
