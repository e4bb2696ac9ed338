"""The queue: what waits by itself, and what will not move until somebody decides, each with replay and discard."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.responses import Response

from runtime.errors import ConvoError
from runtime.storage.desk_rows import Depth, Stuck
from runtime.web import pages
from runtime.web.desk import acts, words
from runtime.web.desk.frame import show
from runtime.web.desk.gate import Visit

# What lies behind one kind of stuck thing, for the reader: its heading, an empty list, and what a replay would do.
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """One kind of thing that can be stuck."""

    key: str
    title: str
    note: str
    empty: str
    replay: str  # what the button says
    warning: str  # what may go wrong when it is done again; '' for nothing
    rows: tuple[Row, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One stuck thing."""

    id: str
    who: str
    what: str
    why: str
    at: str
    ago: str
    conversation: str | None
    claims: tuple[str, ...]
    replay: str | None
    discard: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePage:
    """The context of desk/queue.html."""

    title: str
    depth: Depth
    oldest_turn: str
    oldest_send: str
    next_later: str
    sections: tuple[Section, ...]
    fault: str


async def queue(visit: Visit, *, fault: str = "", status: int = 200) -> Response:
    """Depth first, then each kind of stuck thing."""
    found = await visit.deps.desk.queue(visit.owner.tenant_id, now=visit.now)
    depth = found.depth
    page = QueuePage(
        title=_title(depth, len(found.stuck)),
        depth=depth,
        oldest_turn=words.long(visit.now - depth.oldest_turn) if depth.oldest_turn else "",
        oldest_send=words.long(visit.now - depth.oldest_send) if depth.oldest_send else "",
        next_later=words.when(depth.next_later, visit.zone) if depth.next_later else "",
        sections=_sections(visit, found.stuck),
        fault=fault,
    )
    return await show(visit, "desk/queue.html", page, title="Queue", current="/queue", status=status)


async def settle(visit: Visit) -> Response:
    """Replay or discard one thing, once the tick is there, and for a discard the reason: both are checked here again."""
    what, kind = visit.request.path_params["what"], visit.request.path_params["kind"]
    item: UUID = visit.request.path_params["item"]
    if what not in ("replay", "discard") or kind not in KINDS or not visit.may(what):
        return pages.plain_error(visit.request, 404, "There is no such page.")
    reason = acts.reason_of(visit.form)
    if what == "discard" and reason is None:
        return await queue(visit, fault=acts.NO_REASON, status=422)
    if visit.form.get("sure") != "yes":
        return await queue(visit, fault="Tick that you mean it. Nothing was changed.", status=422)
    operations, by = visit.deps.operations, visit.operator.name
    tenant = visit.owner.tenant_id
    try:
        if reason is None or what == "replay":
            done = await operations.replay(tenant, kind, item, by=by, now=visit.now)
        else:
            done = await operations.discard(tenant, kind, item, by=by, reason=reason, now=visit.now)
    except ConvoError as error:
        return await queue(visit, fault=str(error), status=409)
    acts.woken(visit, "turns", "sends", "pages")
    return visit.back("/queue", "gone" if not done else "replayed" if what == "replay" else "discarded")


KINDS = ("dead_letter", "outbox", "reject")


def _sections(visit: Visit, stuck: tuple[Stuck, ...]) -> tuple[Section, ...]:
    def rows(kind: str, *states: str) -> tuple[Row, ...]:
        return tuple(
            _row(visit, item) for item in stuck if item.kind == kind and (not states or item.reason in states)
        )

    return (
        Section(
            key="dead-letters",
            title="Dead letters",
            note="messages no answer could be made for",
            empty="A message lands here after its last try, and a case for a person is opened.",
            replay="Answer it again",
            warning="",
            rows=rows("dead_letter"),
        ),
        Section(
            key="unknown",
            title="Sends that may have gone",
            note="the provider took the call and did not answer",
            empty="One lands here when a provider takes a call and does not answer. It is never repeated by itself.",
            replay="Send it again",
            warning="The person may get it twice.",
            rows=rows("outbox", UNKNOWN),
        ),
        Section(
            key="failed",
            title="Messages not sent",
            note="refused by the provider, or stopped by a rule of the last look with a case",
            empty="One lands here when a provider refuses it for good, or when a person has to decide instead.",
            replay="Send it again",
            warning="",
            rows=rows("outbox", "dead", "failed"),
        ),
        Section(
            key="rejected",
            title="Events that could not be stored",
            note="kept as they came; only their sender can deliver them again",
            empty="One lands here when storing it alone fails; those that came with it are stored.",
            replay="",
            warning="",
            rows=rows("reject"),
        ),
    )


def _row(visit: Visit, item: Stuck) -> Row:
    act = f"/queue/{{}}/{item.kind}/{item.id}"
    tries = words.many(item.attempts, "try", "tries")
    match item.kind:
        case "dead_letter":
            what, why = "A message and its answer", f"{item.reason}, {tries}"
        case "outbox":
            sort = words.CLASSES.get(item.send_class or "", "message")
            what, why = sort.capitalize(), f"{_outcome(item)}, {tries}"
        case _:
            what, why = f"An event of kind {words.plain(item.send_class or '')}", item.reason
    return Row(
        id=str(item.id),
        who=words.who(item.person) if item.person else "",
        what=what,
        why=why,
        at=words.when(item.at, visit.zone),
        ago=words.long(visit.now - item.at),
        conversation=visit.url(f"/conversations/{item.conversation_id}") if item.conversation_id else None,
        claims=item.claims,
        replay=visit.url(act.format("replay")) if visit.may("replay") else None,
        discard=visit.url(act.format("discard")) if visit.may("discard") else None,
    )


def _outcome(item: Stuck) -> str:
    if item.effect not in (None, "send", "template"):
        return f"Not sent, by rule {item.rule}: {words.EFFECTS.get(item.effect, item.effect)}"
    if item.reason == UNKNOWN:
        return "No answer from the provider"
    return "Refused by the provider" + (f", code {item.code}" if item.code is not None else "")


def _title(depth: Depth, stuck: int) -> str:
    moving = depth.turns + depth.sends
    waits = f"{words.many(moving, 'message')} waiting" if moving else "Nothing is waiting"
    if not stuck:
        return f"{waits}, nothing is stuck"
    return f"{waits}, {words.many(stuck, 'thing')} {'wants' if stuck == 1 else 'want'} a decision"
