"""required-with: a claim goes out with all that must stand beside it, in one message, unless the person has seen it lately."""

from __future__ import annotations

from datetime import datetime, timedelta

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.bundle import Claim

NAME = "required-with"


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a message that holds a claim without its set, and own words between a claim and its disclosure."""
    found: list[Finding] = []
    for start, part in () if reply.free_text else reply.placed():
        end = start + len(part.text)
        here = [sentence.claim for sentence in part.sentences]
        for claim_id in filter(None, here):
            claim = reply.bundle.claims.get(claim_id)
            for needed in claim.required_with if claim else ():
                companion = reply.bundle.claims.get(needed)
                if needed not in here and (
                    companion is None or due(companion, reply.shown.get(needed), reply.now)
                ):
                    found.append(
                        block(
                            f"{NAME}/missing", f"{claim_id} goes with {needed}, which is missing", start, end
                        )
                    )
        found += _wedged(here, start, end)
    return tuple(found)


def due(claim: Claim, last_shown: datetime | None, now: datetime) -> bool:
    """Whether a claim must be shown (again): never seen, or seen longer ago than `repeat_after_days`."""
    if last_shown is None:
        return True
    if claim.repeat_after_days is None:
        return False
    return now - last_shown >= timedelta(days=claim.repeat_after_days)


def _wedged(here: list[str | None], start: int, end: int) -> list[Finding]:
    stated = [i for i, claim_id in enumerate(here) if claim_id is not None]
    if stated and None in here[stated[0] : stated[-1]]:
        return [block(f"{NAME}/between", "own words stand between claims", start, end)]
    return []
