"""registered-facts: every sentence is a claim that may be spoken now, word for word, or a `say` that was vouched for.

A choice is words too: the topic of a claim that may be spoken now, or an answer of the question asked.
"""

from __future__ import annotations

import re
from collections.abc import Set
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from runtime.guardrails import Reply, block
from runtime.messages import Finding, Sentence
from schemas.bundle import Bundle, Claim
from schemas.text import normalise

NAME = "registered-facts"

_SLOT = re.compile(r"\{([a-z_][a-z0-9_.:]*)\}")


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks sentences and choices that no sayable claim holds; for somebody's own text it says so without blocking."""
    if reply.free_text:
        return tuple(_unregistered(reply))
    said = tuple(
        block(NAME, reason, start, start + len(sentence.text))
        for start, sentence in reply.sentences()
        if (reason := _refusal(reply, sentence)) is not None
    )
    return said + tuple(
        block(NAME, f"a choice: {reason}")
        for _, claim in reply.choices()
        if (reason := _unsayable(reply, claim) if claim is not None else "no claim's words") is not None
    )


def sayable(
    claim: Claim,
    bundle: Bundle,
    *,
    now: datetime,
    channel: str,
    language: str,
    sandbox: bool,
    withdrawn: Set[str],
    audience: Set[str] = frozenset(),
) -> bool:
    """Whether a claim may be spoken here and now. The one place that decides it."""
    reason = why_not(
        claim,
        bundle,
        now=now,
        channel=channel,
        language=language,
        sandbox=sandbox,
        withdrawn=withdrawn,
        audience=audience,
    )
    return reason is None


def why_not(
    claim: Claim,
    bundle: Bundle,
    *,
    now: datetime,
    channel: str,
    language: str,
    sandbox: bool,
    withdrawn: Set[str],
    audience: Set[str] = frozenset(),
) -> str | None:
    """Why a claim may not be spoken here and now, or None when it may. Days are the tenant's own."""
    today = local_time(now, bundle.tenant.timezone).date().isoformat()
    if not claim.approved and not sandbox:
        return "not approved"
    if claim.digest in withdrawn:
        return "withdrawn"
    if today < claim.effective:
        return f"not effective before {claim.effective}"
    if claim.expires is not None and today >= claim.expires:
        return f"expired on {claim.expires}"
    if not sandbox and claim.approvals and all(_over(a.expires, today) for a in claim.approvals):
        return "its approval has expired"
    if claim.channels and channel not in claim.channels:
        return f"not for {channel}"
    if claim.audience and not (set(claim.audience) & set(audience)):
        return "not for this audience"
    if wording(claim, language, "full") is None:
        return f"no approved wording in {language}"
    return None


def _over(expires: str | None, today: str) -> bool:
    return expires is not None and today >= expires


def wording(claim: Claim, language: str, variant: str) -> str | None:
    """The approved text in this language (its exact tag, else the same language elsewhere); None when there is none."""
    main = language.split("-", maxsplit=1)[0]
    for tag in (language, main, *sorted(claim.texts)):
        if tag.split("-")[0] == main and variant in claim.texts.get(tag, {}):
            return claim.texts[tag][variant]
    return None


def local_time(now: datetime, timezone: str) -> datetime:
    """The time at the tenant's place."""
    return now.astimezone(_zone(timezone))


@lru_cache(maxsize=64)
def _zone(timezone: str) -> ZoneInfo:
    return ZoneInfo(timezone)


def _refusal(reply: Reply, sentence: Sentence) -> str | None:
    if sentence.claim is None:
        key = _key(sentence.text)
        if sentence.text in reply.vouched or key in {_key(p) for p in reply.bundle.persona.phrases}:
            return None
        return "words that no claim and no approved phrase stands behind"
    claim = reply.bundle.claims.get(sentence.claim)
    if claim is None:
        return "a claim this bundle does not hold"
    if sentence.digest != claim.digest:
        return "another version of the claim"
    reason = _unsayable(reply, claim)
    if reason is not None:
        return reason
    text = wording(claim, reply.language, sentence.variant or "full")
    if text is None or not _template(text).fullmatch(sentence.text):
        return "not the approved wording"
    return None


def _unsayable(reply: Reply, claim: Claim) -> str | None:
    return why_not(
        claim,
        reply.bundle,
        now=reply.now,
        channel=reply.channel,
        language=reply.language,
        sandbox=reply.sandbox,
        withdrawn=reply.withdrawn,
        audience=reply.audience,
    )


@lru_cache(maxsize=4_096)
def _template(text: str) -> re.Pattern[str]:
    pieces = _SLOT.split(text)
    return re.compile(
        "".join(re.escape(p) if i % 2 == 0 else ".{1,400}?" for i, p in enumerate(pieces)), re.S
    )


def _unregistered(reply: Reply) -> list[Finding]:
    bundle = reply.bundle
    approved = {_key(text) for c in bundle.claims.values() for v in c.texts.values() for text in v.values()}
    approved |= {_key(phrase) for phrase in bundle.persona.phrases}
    found = [
        Finding(
            rule=NAME,
            message="not an approved wording",
            severity="warn",
            start=start,
            end=start + len(sentence.text),
        )
        for start, sentence in reply.sentences()
        if _key(sentence.text) not in approved
    ]
    for claim_id in reply.cited:
        if claim_id not in bundle.claims:
            found.append(block(NAME, f"cites {claim_id}, which this bundle does not hold"))
    return found


def _key(text: str) -> str:
    return normalise(text).text.rstrip(".!? ")
