"""The rules of a plan: what each kind of change is called, what it means, and which of them nobody may waive.

A rule's name says what must not happen unseen (CAP_NOT_LOOSENED) or what did (CLAIM_REWORDED). Names are never used again
for something else: waivers are bound to them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from compiler.plan.change import ADDED, LOOSENED, REMOVED, RENAMED, TIGHTENED

APPROVE, NEVER, WAIVE = "approve", "never", "waive"
SAFETY = "SAFETY_SIGNAL_NOT_LOOSENED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """`way`: what lets such a change through where it needs letting through: `approve`, `waive`, or `never`: no waiver."""

    id: str
    says: str
    way: str = WAIVE


def _rule(id_: str, says: str, way: str = WAIVE) -> Rule:
    return Rule(id=id_, says=says, way=way)


RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        # What the bot says. Approvals let it through, of exactly these words.
        _rule("CLAIM_ADDED", "The bot may say something it could not say before.", APPROVE),
        _rule("CLAIM_REMOVED", "The bot no longer says something, also to those who were promised it."),
        _rule("CLAIM_REWORDED", "The bot says the same thing in other words.", APPROVE),
        _rule("CLAIM_RENAMED", "The same words under another id; an approval is of an id too.", APPROVE),
        _rule("CLAIM_TERMS_CHANGED", "When, where or on what ground a claim is said has changed.", APPROVE),
        _rule("CLAIM_APPROVAL_CHANGED", "Who approved a claim, or whether it is approved, has changed."),
        _rule("CLAIM_FOUND_DIFFERENTLY", "A claim answers other questions; its words are the same.", APPROVE),
        _rule(
            "WRONG_WORDING_KEPT", "A wording known to be wrong is no longer, or newly, listed with a claim."
        ),
        _rule("PERSONA_CHANGED", "Its name, its opening or its own sentences have changed.", APPROVE),
        _rule("VOICE_CHANGED", "How it speaks has changed, within what was approved."),
        _rule("LINE_REPLACED", "Another claim is said on a fixed occasion."),
        _rule("QUICK_REPLY_CHANGED", "A ready answer was added or changed.", APPROVE),
        _rule("CAMPAIGN_CHANGED", "A message we start was added or changed.", APPROVE),
        _rule("QUICK_REPLY_REMOVED", "A ready answer is gone."),
        _rule("CAMPAIGN_REMOVED", "A message we started is gone."),
        _rule("SLOT_VALUE_CHANGED", "A value that claims fill in, such as an address, has changed."),
        # Where it leads and speaks.
        _rule("DESTINATION_ADDED", "People may be sent to an address they could not be sent to before."),
        _rule("DESTINATION_REMOVED", "A link is no longer given."),
        _rule("DESTINATION_CHANGED", "A link leads elsewhere, or is given with other words."),
        _rule("LINK_CONDITION_NOT_DROPPED", "Something no longer has to be said or answered before a link."),
        _rule("LINK_CONDITION_ADDED", "Something more has to be said or answered before a link."),
        _rule("CHANNEL_ADDED", "The tenant speaks on one more connection."),
        _rule("CHANNEL_REMOVED", "People who write to a connection reach nobody."),
        _rule("CHANNEL_CHANGED", "A connection changed: its address, provider, secrets or options."),
        _rule("CHANNEL_NOT_OPENED", "A connection may start conversations, or more pages may show it."),
        _rule("CHANNEL_NARROWED", "A connection may do less than before."),
        # What stops it.
        _rule("OPT_OUT_NOT_WEAKENED", "Words that stopped everything no longer do.", NEVER),
        _rule("OPT_OUT_WIDENED", "More words stop everything."),
        _rule(
            SAFETY,
            "A signal that somebody is in danger does less, or nobody can say that it does not.",
            NEVER,
        ),
        _rule("SEND_TABLE_NOT_LOOSENED", "A message goes out where it was stopped.", NEVER),
        _rule("SEND_TABLE_TIGHTENED", "A message is stopped where it went out."),
        _rule("SIGNAL_NOT_LOOSENED", "What somebody may tell us is heard less, or has lesser consequences."),
        _rule("SIGNAL_TIGHTENED", "What somebody may tell us is heard more, or has graver consequences."),
        _rule("ESCALATION_CHANGED", "Who is called, or where complaints go, has changed."),
        _rule("SIGNAL_CHANGED", "A signal's reply, case or pattern changed."),
        _rule("GUARDRAIL_REMOVED", "A check of what the bot says is gone.", NEVER),
        _rule("GUARDRAIL_ADDED", "What the bot says is checked for one thing more."),
        _rule("PROHIBITION_NOT_LOOSENED", "A wording that was forbidden may be said."),
        _rule("PROHIBITION_TIGHTENED", "A wording that could be said is forbidden."),
        _rule("PROHIBITION_CHANGED", "A prohibition is explained or founded differently."),
        _rule("HANDOFF_NOT_HARDER", "A word that brought a person no longer does."),
        _rule("HANDOFF_EASIER", "One more word brings a person."),
        # When and how often it writes.
        _rule("CONSENT_NOT_WEAKENED", "We start conversations on less consent, or on older consent.", NEVER),
        _rule("CONSENT_STRENGTHENED", "We ask for more consent before we start a conversation."),
        _rule("CONSENT_CHANGED", "Consent is asked for differently."),
        _rule("HOURS_NOT_EXTENDED", "We send at an hour or on a day that was quiet."),
        _rule("HOURS_SHORTENED", "We are quiet at an hour or on a day when we sent."),
        _rule("FREQUENCY_NOT_RAISED", "We write to the same person more often."),
        _rule("FREQUENCY_LOWERED", "We write to the same person less often."),
        _rule("CAP_NOT_LOOSENED", "An upper limit on money or rate is higher."),
        _rule("CAP_TIGHTENED", "An upper limit on money or rate is lower."),
        _rule("LIMIT_CHANGED", "A limit that has no direction changed."),
        _rule("FOLLOW_UP_NOT_INCREASED", "We write again to somebody who did not answer, or sooner."),
        _rule("FOLLOW_UP_REDUCED", "We write again less, or later."),
        _rule("JOURNEY_CHANGED", "How conversations begin or go on has changed."),
        # Who it is and who answers for it.
        _rule("TENANT_ADDED", "A tenant that was not there before: all it says is approved first.", APPROVE),
        _rule("SETTING_FIRST_SEEN", "A setting of a tenant with which nothing can be compared."),
        _rule(
            "BASE_DOES_NOT_COMPILE",
            "What the tenant was does not compile: nobody can say what changes.",
            NEVER,
        ),
        _rule("TENANT_REMOVED", "A tenant that is no longer there: it answers nobody."),
        _rule("IDENTITY_CHANGED", "Who speaks, for which firm, under whose law."),
        _rule(
            "LOOKS_CHANGED", "Something about its looks or its account, which no customer's rights hang on."
        ),
        _rule("PACK_DROPPED", "The rules of a pack no longer hold.", NEVER),
        _rule("PACK_TAKEN", "The rules of one more pack hold."),
        _rule("DUTY_NOT_DROPPED", "A pack no longer obliges the tenant to say something."),
        _rule("DUTY_ADDED", "A pack obliges the tenant to say something more."),
        _rule("DUTY_CHANGED", "A duty, or the order of the opening, reads differently."),
        _rule("PACK_FLOOR_NOT_LOWERED", "A pack asks less of its tenants, whether or not one does less yet."),
        _rule("PACK_FLOOR_RAISED", "A pack asks more of its tenants, whether or not one did less."),
        _rule("PACK_FLOOR_CHANGED", "A pack asks something else of its tenants."),
        _rule("RETENTION_CHANGED", "Records are kept longer or shorter."),
        _rule("PERIMETER_CHANGED", "The permission or opinion under which the tenant speaks has changed."),
        _rule("APPROVER_ENROLLED", "Somebody more may approve, or may approve more."),
        _rule("APPROVER_WITHDRAWN", "Somebody may no longer approve."),
        _rule("APPROVER_CHANGED", "An approver's key, role or account changed."),
        _rule("REVIEW_KEY_ENROLLED", "One more key of CI may sign what it read from reviews."),
        _rule("REVIEW_KEY_WITHDRAWN", "A key of CI may no longer sign."),
        _rule("REVIEW_KEY_CHANGED", "A key of CI, or what it may read, changed."),
        _rule("DATA_NOT_SPREAD", "Personal data goes to one more processor or region."),
        _rule("DATA_KEPT_CLOSER", "Personal data goes to one processor or region fewer."),
        _rule("DATA_HANDLING_CHANGED", "Where personal data lies, or under which agreement, has changed."),
        _rule("ORGANISATION_CHANGED", "The group, its tenants or its owners changed."),
        _rule("GO_LIVE_NOT_EASIER", "Going live asks for less, or for older, evidence."),
        _rule("GO_LIVE_STRICTER", "Going live asks for more, or for fresher, evidence."),
        _rule("GO_LIVE_CHANGED", "Going live asks for other evidence."),
        _rule("EVIDENCE_CHANGED", "Evidence for going live was added, removed or changed."),
        _rule("WAIVERS_CHANGED", "A waiver was added, removed or changed."),
        _rule("DRILLS_CHANGED", "A drill was added, removed or changed."),
        _rule("SCRIPT_APPROVAL_CHANGED", "Who approved a script has changed."),
        _rule("SOURCE_CHANGED", "What claims rest on was added, removed or described differently."),
        # What has no name of its own.
        _rule("AFFECTED", "It did not change itself; something it names did."),
        _rule("LOOSENED", "A property without a rule of its own lets more through."),
        _rule("TIGHTENED", "A property without a rule of its own lets less through."),
        _rule("CHANGED", "A property without a rule of its own changed."),
        _rule(
            "NOT_COMPARABLE",
            "The base is a bundle of an older compiler that lacks this section; compare from source.",
        ),
        _rule("ENTRY_RENAMED", "The same content under another id."),
    )
}

# By the beginning of the schema's pointer, the longest that fits: the rule of a loosening, of a tightening, of the rest.
_FAMILIES: Mapping[str, tuple[str, str, str]] = {
    "claims": ("CLAIM_TERMS_CHANGED", "CLAIM_TERMS_CHANGED", "CLAIM_TERMS_CHANGED"),
    "claims/*/questions": ("CLAIM_FOUND_DIFFERENTLY",) * 3,
    "claims/*/never_say": ("WRONG_WORDING_KEPT",) * 3,
    "persona": ("VOICE_CHANGED",) * 3,
    "persona/name": ("PERSONA_CHANGED",) * 3,
    "persona/display_name": ("PERSONA_CHANGED",) * 3,
    "persona/opening": ("PERSONA_CHANGED",) * 3,
    "persona/phrases": ("PERSONA_CHANGED",) * 3,
    "persona/lines": ("LINE_REPLACED",) * 3,
    "journeys/quick_replies": ("QUICK_REPLY_CHANGED",) * 3,
    "journeys/campaigns": ("CAMPAIGN_CHANGED",) * 3,
    "journeys/follow_ups": ("FOLLOW_UP_NOT_INCREASED", "FOLLOW_UP_REDUCED", "JOURNEY_CHANGED"),
    "journeys": ("JOURNEY_CHANGED",) * 3,
    "tenant/values": ("SLOT_VALUE_CHANGED",) * 3,
    "destinations/links": ("DESTINATION_ADDED", "DESTINATION_REMOVED", "DESTINATION_CHANGED"),
    "destinations/links/*/requires": (
        "LINK_CONDITION_NOT_DROPPED",
        "LINK_CONDITION_ADDED",
        "DESTINATION_CHANGED",
    ),
    "destinations/links/*/answers": (
        "LINK_CONDITION_NOT_DROPPED",
        "LINK_CONDITION_ADDED",
        "DESTINATION_CHANGED",
    ),
    "destinations/domains": ("DESTINATION_ADDED", "DESTINATION_REMOVED", "DESTINATION_CHANGED"),
    "destinations/escalation": ("ESCALATION_CHANGED",) * 3,
    "channels": ("CHANNEL_NOT_OPENED", "CHANNEL_NARROWED", "CHANNEL_CHANGED"),
    "optout": ("OPT_OUT_NOT_WEAKENED", "OPT_OUT_WIDENED", "OPT_OUT_WIDENED"),
    "consent/opt_out": ("OPT_OUT_NOT_WEAKENED", "OPT_OUT_WIDENED", "OPT_OUT_WIDENED"),
    "send_table": ("SEND_TABLE_NOT_LOOSENED", "SEND_TABLE_TIGHTENED", "SEND_TABLE_TIGHTENED"),
    "signals": ("SIGNAL_NOT_LOOSENED", "SIGNAL_TIGHTENED", "SIGNAL_CHANGED"),
    "guardrails/active": ("GUARDRAIL_REMOVED", "GUARDRAIL_ADDED", "GUARDRAIL_REMOVED"),
    "guardrails/handoff_words": ("HANDOFF_NOT_HARDER", "HANDOFF_EASIER", "HANDOFF_NOT_HARDER"),
    "consent": ("CONSENT_NOT_WEAKENED", "CONSENT_STRENGTHENED", "CONSENT_CHANGED"),
    **dict.fromkeys(
        ("consent/open_from", "consent/open_until", "consent/quiet_weekdays", "calendar"),
        ("HOURS_NOT_EXTENDED", "HOURS_SHORTENED", "HOURS_NOT_EXTENDED"),
    ),
    **dict.fromkeys(
        (
            "consent/per_day",
            "consent/per_30_days",
            "consent/min_gap_hours",
            "consent/strikes",
            "organisation/per_day",
            "organisation/per_30_days",
        ),
        ("FREQUENCY_NOT_RAISED", "FREQUENCY_LOWERED", "FREQUENCY_NOT_RAISED"),
    ),
    "caps": ("CAP_NOT_LOOSENED", "CAP_TIGHTENED", "LIMIT_CHANGED"),
    "tenant": ("IDENTITY_CHANGED",) * 3,
    "tenant/accent": ("LOOKS_CHANGED",) * 3,
    "tenant/account": ("LOOKS_CHANGED",) * 3,
    "tenant/packs": ("PACK_DROPPED", "PACK_TAKEN", "PACK_DROPPED"),
    "tenant/retention_days": ("RETENTION_CHANGED",) * 3,
    "pack/retention_days": ("RETENTION_CHANGED",) * 3,
    "tenant/perimeter": ("PERIMETER_CHANGED",) * 3,
    "tenant/approvers": ("APPROVER_ENROLLED", "APPROVER_WITHDRAWN", "APPROVER_CHANGED"),
    "tenant/review_keys": ("REVIEW_KEY_ENROLLED", "REVIEW_KEY_WITHDRAWN", "REVIEW_KEY_CHANGED"),
    "tenant/processors": ("DATA_NOT_SPREAD", "DATA_KEPT_CLOSER", "DATA_HANDLING_CHANGED"),
    "tenant/residency": ("DATA_NOT_SPREAD", "DATA_KEPT_CLOSER", "DATA_HANDLING_CHANGED"),
    "pack": ("LOOSENED", "TIGHTENED", "CHANGED"),
    "pack/duties": ("DUTY_NOT_DROPPED", "DUTY_ADDED", "DUTY_CHANGED"),
    "pack/opening_order": ("DUTY_CHANGED",) * 3,
    "organisation": ("ORGANISATION_CHANGED",) * 3,
    "checklist": ("GO_LIVE_NOT_EASIER", "GO_LIVE_STRICTER", "GO_LIVE_CHANGED"),
    "sources": ("SOURCE_CHANGED",) * 3,
}
# A whole item that came or went, where that has a name of its own.
_WHOLE: Mapping[tuple[str, str], str] = {
    ("claims", ADDED): "CLAIM_ADDED",
    ("claims", REMOVED): "CLAIM_REMOVED",
    ("claims", RENAMED): "CLAIM_RENAMED",
    ("journeys/campaigns", REMOVED): "CAMPAIGN_REMOVED",
    ("journeys/quick_replies", REMOVED): "QUICK_REPLY_REMOVED",
    ("channels/connections", ADDED): "CHANNEL_ADDED",
    ("channels/connections", REMOVED): "CHANNEL_REMOVED",
}
_FLOOR = ("PACK_FLOOR_NOT_LOWERED", "PACK_FLOOR_RAISED", "PACK_FLOOR_CHANGED")
_PROHIBITED = ("PROHIBITION_NOT_LOOSENED", "PROHIBITION_TIGHTENED", "PROHIBITION_CHANGED")


def families() -> Mapping[str, tuple[str, str, str]]:
    """The table from pointers to rules, for the documentation and for tests."""
    return _FAMILIES


def rule_of(pointer: str, path: str, op: str, direction: str | None, *, urgent: bool = False) -> str:
    """The name of a change. `path` is the bundle's: an entry of the register may forbid instead of say.

    `urgent`: it is about a signal that somebody needs a human now.
    """
    section = pointer.removesuffix("/*")
    if path.startswith("prohibited"):
        return (
            _PROHIBITED[0]
            if op == REMOVED
            else _PROHIBITED[1]
            if op == ADDED
            else _directed(_PROHIBITED, direction)
        )
    if path.startswith("record/packs"):
        return _directed(_FLOOR, direction)
    if (section, op) in _WHOLE:
        return _WHOLE[section, op]
    if op == RENAMED:
        return "ENTRY_RENAMED"
    if path.startswith("claims/*/texts"):
        return "CLAIM_REWORDED"
    if path in ("claims/*/approvals", "claims/*/approved"):
        return "CLAIM_APPROVAL_CHANGED"
    names = next(
        (_FAMILIES[name] for name in sorted(_FAMILIES, key=len, reverse=True) if _within(pointer, name)), None
    )
    found = _directed(names or ("LOOSENED", "TIGHTENED", "CHANGED"), direction)
    unsafe = found in ("SIGNAL_NOT_LOOSENED", "SIGNAL_CHANGED")
    return SAFETY if urgent and unsafe else found


def _within(pointer: str, name: str) -> bool:
    return pointer == name or pointer.startswith(f"{name}/")


def _directed(names: tuple[str, str, str], direction: str | None) -> str:
    return names[0] if direction == LOOSENED else names[1] if direction == TIGHTENED else names[2]


def waivable(rule: str) -> bool:
    """Whether a waiver may let such a change through."""
    return rule in RULES and RULES[rule].way == WAIVE


def told(value: Any) -> str:
    """A value as one word or line of text."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "yes" if value else "no"
        case str() | int():
            return str(value)
        case list() | tuple():
            return ", ".join(told(item) for item in value) or "none"
        case dict():
            return "; ".join(f"{key}: {told(item)}" for key, item in value.items()) or "none"
        case _:
            return str(value)
