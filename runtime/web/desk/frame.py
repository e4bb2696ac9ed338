"""What stands around every page of the desk: whose desk it is, where one may go, who one is, the clock, and what is stopped."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import HTMLResponse, Response

from runtime.storage.desk_rows import Switch
from runtime.web import pages
from runtime.web.desk import words
from runtime.web.desk.gate import Visit

# What an act came to, by the key in the address: a sentence for the reader, never text from the address itself.
DONE = {
    "closed": "The case is closed.",
    "replayed": "It is in the queue again.",
    "discarded": "Discarded. The record keeps it, with your reason.",
    "gone": "Somebody else was quicker: it was settled already.",
    "stopped": "Sending is stopped.",
    "waiting": "Your request is recorded. Another owner or admin must confirm before sending starts again.",
    "enabled": "Sending goes on.",
    "taken": "You have this conversation. The bot is silent in it until you hand it back.",
    "said": "Your message is on its way, and this conversation is yours.",
    "handed": "The bot answers in this conversation again.",
    "lifted": "The hold is lifted.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NavLink:
    """One link of the rail. `key`: it has a number beside it, kept fresh under that name; `count` '' while that is nought."""

    name: str
    url: str
    current: bool
    key: str = ""
    count: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Links under one heading of the rail."""

    title: str
    links: tuple[NavLink, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """The rail, the foot of it, and the notices above a page."""

    title: str
    tenant_name: str
    tenant_note: str
    tenants: tuple[NavLink, ...]
    groups: tuple[Group, ...]
    stop: NavLink | None
    operator: str
    role: str
    leave: str
    csrf: str
    clock: str
    shifted: bool
    notice: str  # what everybody must know: sandbox, unapproved wording, nothing to serve
    stopped: str  # a kill in force, in words; '' for none
    stop_page: str
    done: str
    stream: str
    accent: str
    here: str  # this page's own address, for its live part


async def show(
    visit: Visit, template: str, page: object, *, title: str, current: str, status: int = 200
) -> Response:
    """A page in its frame, or its block `live` alone when that is what is asked for."""
    context = {
        "lang": "en-GB",
        "tenant": visit.owner.slug,
        "frame": await frame(visit, title=title, current=current),
        "page": page,
        "csrf": visit.csrf,
    }
    if not visit.partial:
        return pages.render(template, context, status=status)
    found = pages.environment().get_template(template)
    counts = pages.environment().get_template("desk/counts.html").render(context)
    part = "".join(found.blocks["live"](found.new_context(context))) + counts
    return HTMLResponse(part, status_code=status, headers={"cache-control": "no-store", "vary": "hx-request"})


async def frame(visit: Visit, *, title: str, current: str) -> Frame:
    """Everything around the page. `current` is the path of the link that leads here."""
    desk, owner = visit.deps.desk, visit.owner
    counts = await desk.counts(owner.tenant_id)
    switches = await desk.switches(owner.tenant_id)

    def link(name: str, path: str, count: int | None = None) -> NavLink:
        return NavLink(
            name=name,
            url=visit.url(path),
            current=path == current,
            key=path.strip("/") if count is not None else "",
            count=f"{count:,}" if count else "",
        )

    query = visit.request.url.query
    return Frame(
        title=title,
        tenant_name=owner.name,
        tenant_note=_note(visit),
        tenants=tuple(
            NavLink(name=o.name, url=f"/desk?tenant={o.slug}", current=o.slug == owner.slug)
            for o in visit.owners
        ),
        groups=(
            Group(
                title="Work",
                links=(
                    link("Conversations", "/conversations", counts.waiting),
                    link("Cases", "/cases", counts.cases),
                ),
            ),
            Group(title="Rules", links=(link("Bundles", "/bundles"),)),
            Group(title="Running", links=(link("Overview", ""), link("Queue", "/queue", counts.stuck))),
        ),
        stop=link("Stop sending…", "/stop") if visit.may("kill") else None,
        operator=visit.operator.name,
        role=words.ROLES.get(visit.operator.role, visit.operator.role),
        leave=visit.url("/sign-out"),
        csrf=visit.csrf,
        clock=words.clock(visit.now, visit.zone),
        shifted=visit.deps.clock_shifted,
        notice=_notice(visit),
        stopped=_stopped(visit, switches),
        stop_page=visit.url("/stop"),
        done=DONE.get(visit.request.query_params.get("done", ""), ""),
        stream=visit.url("/stream"),
        accent=visit.url("/accent.css", v=visit.bundle.digest[-12:] if visit.bundle else None),
        here=visit.request.url.path + (f"?{query}" if query else ""),
    )


def _note(visit: Visit) -> str:
    bundle = visit.bundle
    parts = ["EXAMPLE firm" if bundle is not None and bundle.tenant.example else "", visit.deps.stage]
    return ", ".join(part for part in parts if part)


def _notice(visit: Visit) -> str:
    bundle = visit.bundle
    if bundle is None:
        return "No bundle is in force, so nothing is answered. Messages are stored; publish and activate one."
    if visit.deps.stage == "sandbox":
        speaks = (
            "It speaks wording nobody has approved." if bundle.unapproved else "Nobody real is written to."
        )
        return f"This is a sandbox. {speaks}"
    return ""


def _stopped(visit: Visit, switches: tuple[Switch, ...]) -> str:
    found = [s for s in switches if s.scope != "none"]
    if not found:
        return ""
    worst = next((s for s in found if s.scope == "everything"), found[0])
    whose = "every tenant" if worst.of_all else visit.owner.name
    since = f" since {words.when(worst.at, visit.zone)}" if worst.at else ""
    return f"Sending is stopped for {whose}: {words.SCOPES[worst.scope]}, by {worst.by}{since}."
