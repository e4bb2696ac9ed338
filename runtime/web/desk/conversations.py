"""The list of conversations: who, what is going on, and since when. No words of anybody's stand in a list."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from runtime.storage.desk_rows import Summary
from runtime.web.desk import words
from runtime.web.desk.frame import NavLink, show
from runtime.web.desk.gate import Visit

SHOWS = {
    "all": "All",
    "waiting": "Waiting",
    "person": "With a person",
    "held": "Held or stopped",
    "trouble": "Not delivered",
}
EMPTY = {
    "all": ("Nobody has written yet.", "A conversation appears here by itself as soon as somebody writes."),
    "waiting": (
        "Nobody waits.",
        "Every message has been answered, or decided on. New ones appear by themselves.",
    ),
    "person": (
        "No conversation is with a person.",
        "One lands here when somebody asks for a person, or must have one.",
    ),
    "held": ("Nobody is on hold, and nobody has opted out.", "Both land here at once when they happen."),
    "trouble": (
        "Everything written was delivered or refused on purpose.",
        "What could not be delivered lands here.",
    ),
}
CLAIM_CHARS = 40


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A word with its tone."""

    text: str
    tone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One conversation of the list."""

    url: str
    who: str
    channel: str
    state: str
    state_tone: str
    tags: tuple[Tag, ...]
    claims: tuple[str, ...]
    at: str
    ago: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Conversations:
    """The context of desk/conversations.html."""

    title: str
    rows: tuple[Row, ...]
    tabs: tuple[NavLink, ...]
    channels: tuple[NavLink, ...]
    show: str
    channel: str
    claim: str
    empty: tuple[str, str]


async def conversations(visit: Visit) -> Response:
    """The latest hundred that fit the filter, which stands in the address."""
    query = visit.request.query_params
    shown = query.get("show", "all") if query.get("show") in SHOWS else "all"
    channel = query.get("channel") if query.get("channel") in words.CHANNELS else None
    claim = (query.get("claim") or "").strip()[:CLAIM_CHARS] or None
    found = await visit.deps.desk.conversations(
        visit.owner.tenant_id, show=shown, channel=channel, claim=claim
    )
    page = Conversations(
        title=_title(found, shown, filtered=bool(channel or claim)),
        rows=tuple(_row(visit, summary) for summary in found),
        tabs=tuple(
            NavLink(
                name=name,
                url=visit.url("/conversations", show=key, channel=channel, claim=claim),
                current=key == shown,
            )
            for key, name in SHOWS.items()
        ),
        channels=tuple(
            NavLink(
                name=name,
                url=visit.url("/conversations", show=shown, channel=key, claim=claim),
                current=key == channel,
            )
            for key, name in (
                (None, "Every channel"),
                ("whatsapp_360dialog", "WhatsApp"),
                ("webchat", "Web chat"),
            )
        ),
        show=shown,
        channel=channel or "",
        claim=claim or "",
        empty=("Nothing fits this filter.", "Take the claim or the channel out to see more.")
        if channel or claim
        else EMPTY[shown],
    )
    return await show(visit, "desk/conversations.html", page, title="Conversations", current="/conversations")


def _title(found: tuple[Summary, ...], shown: str, *, filtered: bool) -> str:
    if filtered or shown != "all":
        return f"{words.many(len(found), 'conversation')}: {SHOWS[shown].lower()}"
    waiting = sum(1 for summary in found if summary.waiting)
    if not found:
        return "No conversations yet"
    kept = sum(1 for summary in found if summary.send_state == "pending" and not summary.waiting)
    state = f"{words.many(waiting, 'person', 'people')} waiting for an answer" if waiting else "nobody waits"
    if kept and not waiting:
        state = f"{words.many(kept, 'message')} kept for later"
    return f"{words.many(len(found), 'conversation')}, {state}"


def _row(visit: Visit, summary: Summary) -> Row:
    state, tone = _state(visit, summary)
    return Row(
        url=visit.url(f"/conversations/{summary.conversation_id}"),
        who=words.who(summary.person),
        channel=words.channel(summary.channel),
        state=state,
        state_tone=tone,
        tags=tuple(_tags(summary)),
        claims=summary.claims if summary.send_state in ("sent", "sending", "unknown") else (),
        at=words.when(summary.active_at, visit.zone),
        ago=words.long(visit.now - summary.active_at),
    )


def _tags(summary: Summary) -> list[Tag]:
    tags = []
    if summary.human_owner:
        tags.append(Tag(text=f"With {summary.human_owner}", tone="own"))
    elif summary.stopped:
        tags.append(Tag(text="Needs a person", tone="danger"))
    if summary.opted_out:
        tags.append(Tag(text="Opted out", tone="hold"))
    tags += [Tag(text=f"Held: {words.plain(hold)}", tone="hold") for hold in summary.holds]
    tags += [Tag(text=f"Case: {words.case(case)}") for case in dict.fromkeys(summary.cases)]
    return tags


def _state(visit: Visit, summary: Summary) -> tuple[str, str]:
    """What is going on, in one line, and its tone."""
    if summary.dead:
        return "No answer could be made; a dead letter is open.", "danger"
    if summary.waiting and not (summary.human_owner or summary.stopped):
        since = words.long(visit.now - summary.waiting_since) if summary.waiting_since else ""
        return f"{words.many(summary.waiting, 'message')} waiting{f', {since}' if since else ''}.", "own"
    if summary.send_state is None:
        return "Nothing written to them yet.", ""
    sort = (
        "A person’s message"
        if summary.by_person
        else words.CLASSES.get(summary.send_class or "", "message").capitalize()
    )
    rule = f", rule {summary.rule}" if summary.rule else ""
    match summary.send_state:
        case "sent":
            return f"{sort} sent.", "ok"
        case "sending":
            return f"{sort} on its way.", "own"
        case "pending":
            return f"{sort} waits{rule}.", "hold"
        case "unknown":
            return f"{sort} may have gone; the provider did not answer.", "danger"
        case "failed":
            return f"{sort} not delivered.", "danger"
        case "dead":
            return f"{sort} not sent{rule}.", "danger"
        case _:
            return f"{sort} not sent{rule}.", "hold"
