"""The desk's words: times with their day, how long, masked numbers, and plain sentences for codes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from runtime.storage.desk_rows import Person
from schemas.bundle import Bundle
from schemas.sendtable import CLEAR, STATES

PENCE = 1_000_000  # micropence

CHANNELS = {
    "whatsapp_360dialog": "WhatsApp",
    "whatsapp_waha": "WhatsApp",
    "webchat": "Web chat",
    "email": "E-mail",
}
CLASSES = {
    "safety": "safety message",
    "confirmation": "confirmation",
    "reply": "reply",
    "human": "person’s message",
    "service": "service message",
    "proactive": "message we started",
}
EFFECTS = {
    "refuse": "refuse",
    "drop": "drop",
    "page": "open an urgent case",
    "case": "hand to a person",
    "redo": "compose again",
    "defer": "wait",
    "pause": "pause",
    "template": "send by template",
    "send": "send",
}
ROLES = {"owner": "Owner", "admin": "Admin", "agent": "Agent", "viewer": "Viewer"}
SCOPES = {"machine": "everything automated", "everything": "everything, people too"}
NOTHING_AGAINST = next(state.rule for state in STATES if state.id == CLEAR)
FACTS = {state.id: state.title for state in STATES} | {
    "earlier_part": "an earlier part of the answer may not have arrived"
}
# How a message went although its rule stands against most: what the rule is about, and what made it go.
MET = {
    "R-OPT-1": "they opted out, and this answers what they wrote since or their open case",
    "R-PECR-1": "no consent naming this sender, but they wrote first",
    "R-TURN-1": "something newer had arrived; the writer was warned",
    "R-WA-1": "the WhatsApp window was shut, so it went by template",
    "R-SPEND-1": "the day’s money was spent, so a cheaper way was taken",
    "R-PERIM-3": "a claim in it was withdrawn or had expired; the writer was warned",
}
CASES = {
    "handoff": "asked for a person",
    "send_failed": "a message was not delivered",
    "not_sent": "a message was held back",
    "no_answer": "no approved answer",
    "models_down": "no model answers, so the register does",
    "for_people": "written when the assistant was not to answer",
}
REASONS = {
    "human_owner": "a person has this conversation",
    "clear_winner": "one claim clearly answers it",
    "close_race": "several claims may answer it, so it asks which",
    "no_answer": "no approved claim answers it",
    "model": "its moves passed every check",
    "quick_reply": "a ready answer of the tenant fits",
    "several": "they asked several things, and each has its claim",
    "more": "they asked for more on the subject",
    "asked_again": "our question was not answered yet",
    "answered": "they answered our question",
    "again_in_short": "they had been told it, so it was said in short",
    "said_already": "they had been told it already",
    "no_words": "there were no words in it",
    "sign": "a sign alone wants no answer",
    "greeting": "they said hello",
    "thanks": "they said thank you",
    "declined": "they said no",
    "accepted": "they accepted the offer of a person",
    "already_opted_out": "they had opted out before",
    "no_safe_reply": "nothing that was composed passed every check",
    "screen_fault": "the screen failed, so a person looks at it",
    "opt_out": "they asked us to stop",
    "danger_now": "danger, now",
    "answered_by_person": "a person had answered it already",
    "people_answer": "here people answer, not the assistant",
    "no_keyword": "no word that wakes the assistant was in it",
    "off_hours": "it came outside the assistant’s hours",
    "known_contact": "the assistant answers new people only, and this person is known",
}

# Marks that would turn the text around them; the page isolates what people wrote, this is for our own one-line uses.
_BIDI = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def time_of(at: datetime, zone: ZoneInfo) -> str:
    """To the second, without its day: only where the day stands above."""
    return f"{at.astimezone(zone):%H:%M:%S}"


def moment(at: datetime, zone: ZoneInfo, day: date) -> str:
    """To the second on the day that stands above; with its day on any other."""
    local = at.astimezone(zone)
    return time_of(at, zone) if local.date() == day else f"{local:%a} {local.day} {local:%b %H:%M}"


def when(at: datetime, zone: ZoneInfo) -> str:
    """`Tue 24 Nov, 10:30`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b, %H:%M}"


def day_of(at: datetime, zone: ZoneInfo) -> str:
    """`Tue 24 Nov 2026`."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y}"


def clock(at: datetime, zone: ZoneInfo) -> str:
    """`Tue 24 Nov 2026, 10:30 London time`: the one place on a page where the zone stands."""
    return f"{day_of(at, zone)}, {at.astimezone(zone):%H:%M} {zone_name(zone)}"


def zone_name(zone: ZoneInfo) -> str:
    """`London time`."""
    return f"{zone.key.rpartition('/')[2].replace('_', ' ')} time"


def long(span: timedelta) -> str:
    """How long, in the largest unit that still tells: `4 s`, `14 min`, `3 h 14`, `25 days`."""
    seconds = max(int(span.total_seconds()), 0)
    if seconds < 60:
        return f"{seconds} s"
    if seconds < 3600:
        return f"{seconds // 60} min"
    if seconds < 48 * 3600:
        hours, minutes = seconds // 3600, seconds % 3600 // 60
        return f"{hours} h {minutes:02}" if minutes else f"{hours} h"
    return f"{seconds // 86400} days"


def seconds(value: float) -> str:
    """`1.6 s`, or longer units past a minute."""
    return f"{value:.1f} s" if value < 60 else long(timedelta(seconds=value))


def money(micropence: int) -> str:
    """`£18.42`; what is less than a penny but not nothing says so."""
    pence = micropence // PENCE
    if 0 < micropence < PENCE:
        return "under 1p"
    return f"£{pence // 100:,}.{pence % 100:02}"


def short(digest: str) -> str:
    """`3f9a0c…c21e` of `sha256:<64 hex>`."""
    plain = digest.removeprefix("sha256:")
    return f"{plain[:6]}…{plain[-4:]}" if len(plain) > 12 else plain


def pattern(text: str) -> str:
    """A form field's pattern that only this very text meets. Such patterns allow no needless escapes."""
    return re.sub(r"([\\^$.*+?()\[\]{}|/\-])", r"\\\1", text)


def many(n: int, one: str, more: str | None = None) -> str:
    """`1 message`, `3 messages`."""
    return f"{n:,} {one if n == 1 else more or one + 's'}"


def listed(items: Sequence[str]) -> str:
    """`a, b and c`."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def channel(name: str | None) -> str:
    return CHANNELS.get(name or "", name or "")


def plain(name: str) -> str:
    """A code as words: `asked_for_person` becomes `asked for person`."""
    return name.replace("_", " ").replace("-", " ")


def case(kind: str) -> str:
    """What a case is about: `handoff` is somebody who asked for a person."""
    return CASES.get(kind, plain(kind))


def reason(code: str) -> str:
    """Why a turn came to what it came to."""
    return REASONS.get(code, plain(code))


def bot(bundle: Bundle | None) -> str:
    """The bot's first name: `Dave` of `Dave (automated assistant)`."""
    return bundle.persona.display_name.partition(" (")[0] if bundle else "The bot"


def facts(names: Sequence[str]) -> str:
    """The facts of a decision as words; `nothing against it` for none."""
    return listed([FACTS.get(name, plain(name)) for name in names]) or "nothing against it"


def met(rule: str, send_class: str) -> str:
    """What there is to say about a message that went by this rule; nothing when nothing stood against it."""
    if rule == NOTHING_AGAINST:
        return ""
    if (rule, send_class) == ("R-OPT-1", "confirmation"):
        return "they opted out, and this confirms it, once"
    titles = [state.title for state in STATES if state.rule == rule]
    return MET.get(rule) or listed(titles) or "allowed by this rule"


def who(person: Person | None) -> str:
    """How the desk names a person: a confirmed first name and the masked number, or what kind of visitor they are."""
    if person is None:
        return "Nobody in particular"
    shown = masked(person)
    return f"{clean(person.given_name)}, {shown}" if person.given_name else shown


def masked(person: Person) -> str:
    """A phone as `07700 900•41`, an e-mail as `t•••@example.com`, a visitor by three letters of their own."""
    match person.kind, person.value:
        case _, None:
            return "Erased person" if person.kind else "Unknown person"
        case "phone", value:
            return masked_phone(value)
        case "email", value:
            name, _, host = clean(value).rpartition("@")
            return f"{name[:1]}•••@{host}"
        case "visitor", value:
            return f"Visitor {hashlib.sha256(value.encode()).hexdigest()[:4]}"
        case _, value:
            return f"Person {hashlib.sha256(value.encode()).hexdigest()[:4]}"


def masked_phone(value: str) -> str:
    """One figure of an E.164 number hidden, in the country's own writing for the United Kingdom."""
    digits = re.sub(r"\D", "", value)
    if len(digits) < 7:
        return "•" * len(digits)
    if digits.startswith("44"):
        national = "0" + digits[2:]
        return f"{national[:5]} {national[5:-3]}•{national[-2:]}"
    return f"+{digits[:-5]} {digits[-5:-3]}•{digits[-2:]}"


def clean(text: str | None) -> str:
    """Without marks that turn the direction of what stands around."""
    return _BIDI.sub("", text or "")
