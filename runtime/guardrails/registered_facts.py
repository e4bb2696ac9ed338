"""registered-facts: every sentence is a claim that may be spoken now, word for word, or a `say` that was vouched for.

A choice is words too: the topic of a claim that may be spoken now, or an answer of the question asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from runtime.guardrails import Reply, Rule, block, cited_texts, forbid
from runtime.messages import Finding, Sentence
from schemas.bundle import Bundle, Claim
from schemas.polarity import turned_round
from schemas.statements import ASKED, STATEMENTS, TOLD
from schemas.text import normalise, visible

NAME = "registered-facts"

_SLOT = re.compile(r"\{([a-z_][a-z0-9_.:]*)\}")
_REF = "[A-Za-z0-9_-]{1,80}"  # what stands for {ref} in an address: opaque, one per person

# Own words that state something about the world, which only a claim may.
_WHO = (
    r"(lenders?|banks?|brokers?|suppliers?|dealers?|dealerships?|insurers?|finance (company|"
    r"companies|firms?)|energy (company|companies|firms?)|creditors?|"
    r"solicitors?|lawyers?|claims (firms?|companies|handlers?)|advisers?|advisors?|"
    r"agreements?|contracts?|commissions?|interest|fees?|costs?|claims?|cases?|complaints?|"
    r"schemes?|compensation|tariffs?|bills?|law|rules?|rulings?)"
)
_DOES = (
    r"(is|are|was|were|has|have|had|will|would|can|can'?t|could|may|might|must|should|"
    r"does|do|did|doesn'?t|don'?t|didn'?t|isn'?t|aren'?t|wasn'?t|won'?t|"
    r"never|always|usually|often|only|normally|generally|typically|gets?|got|takes?|"
    r"took|pays?|paid|gives?|gave|keeps?|kept|charges?|charged|owes?|owed|hid|hides?|"
    r"knows?|knew|makes?|made|goes|went|comes?|came|covers?|covered|includes?|included|"
    r"applies|starts?|started|ended|ends?|runs?|ran|steps?|stepped|works?|means?|banned|"
    r"handles?)"
)
RULES = (
    Rule(
        id="statement",
        says="states something about lenders, claims or the law, which only a claim may",
        pattern=(
            rf"\b((the|your|their|that|this|these|those|some|most|all|many|any|every|each|no|"
            rf"our|a|an) )?{_WHO} (\w+ly )?{_DOES}\b"
        ),
        unless=(
            ASKED,
            TOLD,
            # Of what is not a firm's: a firm in such a clause is `about-firms`.
            r"\b(if|once|when|whether|which|what|where|depends on|before|until|not sure|thanks|thank you|sorry|"
            r"i understand|i see)\b[^.!?;,]*",
            r"\b(the|these|those) rules? [^.!?;]{0,30}(can be|is|are) (confusing|complicated|tricky|hard|a lot)\b",
            (
                r"\b(your|the|that|this) (letter|bill|agreement|contract|statement|complaint|case|"
                r"claim)( \w+)? (is|has been|was) (saved|noted|logged|here|received|attached|recorded|"
                r"safe|open|clear|blurry|dark|cut off|readable|unreadable|hard to read|there)\b"
            ),
        ),
    ),
    *(Rule(id=each.id, says=each.says, pattern=each.pattern, unless=each.unless) for each in STATEMENTS),
)


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks sentences and choices that no sayable claim holds; for somebody's own text it says so without blocking."""
    if reply.free_text:
        return tuple(_unregistered(reply))
    said = forbid(NAME, reply, RULES) + tuple(
        block(f"{NAME}/{rule}", reason, start, start + len(sentence.text))
        for start, sentence in reply.sentences()
        for rule, reason in _refusal(reply, sentence)
    )
    return said + tuple(
        block(f"{NAME}/choice", f"a choice: {reason}")
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


def _refusal(reply: Reply, sentence: Sentence) -> Iterator[tuple[str, str]]:
    """(rule, reason) when a sentence may not be said."""
    if sentence.claim is None:
        key = _key(sentence.text)
        if sentence.text not in reply.vouched and key not in {_key(p) for p in reply.bundle.persona.phrases}:
            yield "unvouched", "words that no claim and no approved phrase stands behind"
        return
    claim = reply.bundle.claims.get(sentence.claim)
    if claim is None:
        yield "unknown", "a claim this bundle does not hold"
    elif sentence.digest != claim.digest:
        yield "version", "another version of the claim"
    elif (reason := _unsayable(reply, claim)) is not None:
        yield "unsayable", reason
    elif not _worded(reply, claim, sentence):
        yield "wording", "not the approved wording with its slots as they are on record"


def _worded(reply: Reply, claim: Claim, sentence: Sentence) -> bool:
    """Whether the sentence is the approved wording, every slot filled with what the bundle or the person's rows say."""
    text = wording(claim, reply.language, sentence.variant or "full")
    if text is None:
        return False
    values = tuple(_slot_pattern(reply, claim, slot) for slot in _SLOT.findall(text))
    return None not in values and _template(text, values).fullmatch(sentence.text) is not None


def _slot_pattern(reply: Reply, claim: Claim, slot: str) -> str | None:
    """What may stand in a slot, as a pattern; None where nothing may."""
    tenant = reply.bundle.tenant
    if slot not in claim.slots:
        return None
    values = [reply.slots.get(slot, "")]
    if slot.startswith("tenant."):  # never from rows: who speaks is what the bundle says
        named = {"tenant.hours": tenant.hours_text, "tenant.display_name": tenant.display_name}
        values = [
            tenant.values.get(slot.removeprefix("tenant."))
            or tenant.values.get(slot)
            or named.get(slot)
            or "",
            *(link.url for link in reply.bundle.links.values() if link.claim == claim.id),
        ]
    shown = [" ".join(visible(value).split()) for value in values]
    return "|".join(re.escape(value).replace(re.escape("{ref}"), _REF) for value in shown if value) or None


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
def _template(text: str, values: tuple[str | None, ...]) -> re.Pattern[str]:
    pieces = _SLOT.split(text)
    filled = iter(values)
    return re.compile(
        "".join(re.escape(p) if i % 2 == 0 else f"(?:{next(filled)})" for i, p in enumerate(pieces)), re.S
    )


def _unregistered(reply: Reply) -> list[Finding]:
    bundle = reply.bundle
    approved = {_key(text) for c in bundle.claims.values() for v in c.texts.values() for text in v.values()}
    approved |= {_key(phrase) for phrase in bundle.persona.phrases}
    found = [
        Finding(
            rule=f"{NAME}/not-approved",
            message="not an approved wording",
            severity="warn",
            start=start,
            end=start + len(sentence.text),
        )
        for start, sentence in reply.sentences()
        if _key(sentence.text) not in approved
    ]
    found += [
        block(f"{NAME}/turned-round", "says the reverse of what is cited", start + first, start + last)
        for start, text in reply.own_words()
        for first, last in turned_round(text, cited_texts(reply))
    ]
    for claim_id in reply.cited:
        if claim_id not in bundle.claims:
            found.append(block(f"{NAME}/cites", f"cites {claim_id}, which this bundle does not hold"))
    return found


def _key(text: str) -> str:
    return normalise(text).text.rstrip(".!? ")
