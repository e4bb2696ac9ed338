"""Open cases: who waits for a person, why, and how long there is. A case is closed with a note."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from starlette.responses import Response

from runtime.errors import ConvoError
from runtime.storage.desk_rows import CaseRow
from runtime.web.desk import acts, words
from runtime.web.desk.frame import show
from runtime.web.desk.gate import Visit

PRIORITIES = {0: "Now", 1: "Priority 1", 2: "Priority 2", 3: "Priority 3"}
TONES = {0: "danger", 1: "hold"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One open case."""

    id: str
    ref: str
    priority: str
    tone: str
    kind: str
    reason: str
    who: str
    channel: str
    conversation: str | None
    opened: str
    due: str
    late: bool
    owner: str
    close: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Cases:
    """The context of desk/cases.html."""

    title: str
    rows: tuple[Row, ...]
    fault: str


async def cases(visit: Visit, *, fault: str = "", status: int = 200) -> Response:
    """Open cases, most serious and soonest due first."""
    found = await visit.deps.desk.cases(visit.owner.tenant_id)
    page = Cases(title=_title(visit, found), rows=tuple(row_of(visit, case) for case in found), fault=fault)
    return await show(visit, "desk/cases.html", page, title="Cases", current="/cases", status=status)


async def close(visit: Visit) -> Response:
    """Closes one case; the note goes on the record."""
    note = acts.reason_of(visit.form, "note")
    if note is None:
        return await cases(
            visit, fault="Write what was done, in a few words. The case is still open.", status=422
        )
    case: UUID = visit.request.path_params["case"]
    try:
        closed = await visit.deps.operations.close_case(
            visit.owner.tenant_id, case, by=visit.operator.name, note=note, now=visit.now
        )
    except ConvoError as error:
        return await cases(visit, fault=str(error), status=409)
    acts.woken(visit, "pages")
    return visit.back("/cases", "closed" if closed is not False else "gone")


def row_of(visit: Visit, case: CaseRow) -> Row:
    """One case as it is listed."""
    late = case.due_at is not None and case.due_at < visit.now
    if case.due_at is None:
        due = "no clock"
    elif late:
        due = f"{words.long(visit.now - case.due_at)} late"
    else:
        due = f"due {words.when(case.due_at, visit.zone)}"
    return Row(
        id=str(case.id),
        ref=case.ref,
        priority=PRIORITIES.get(case.priority, f"Priority {case.priority}"),
        tone=TONES.get(case.priority, ""),
        kind=words.case(case.kind).capitalize(),
        reason=words.reason(case.reason),
        who=words.who(case.person),
        channel=words.channel(case.channel),
        conversation=visit.url(f"/conversations/{case.conversation_id}") if case.conversation_id else None,
        opened=words.when(case.opened_at, visit.zone),
        due=due,
        late=late,
        owner=case.owner or "Nobody yet",
        close=visit.url(f"/cases/{case.id}/close") if visit.may("close_case") else None,
    )


def _title(visit: Visit, found: tuple[CaseRow, ...]) -> str:
    if not found:
        return "Nobody is waiting for a person"
    late = sum(1 for case in found if case.due_at is not None and case.due_at < visit.now)
    now = sum(1 for case in found if case.priority == 0)
    parts = [words.many(len(found), "open case")]
    if now:
        parts.append(f"{now} for a person now")
    if late:
        parts.append(f"{late} late")
    return ", ".join(parts)
