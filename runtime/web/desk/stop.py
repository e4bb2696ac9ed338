"""The kill switches: what to stop, why, and the typed name; and starting again, which takes two people."""

from __future__ import annotations

from dataclasses import dataclass

from starlette.responses import Response

from runtime.errors import ConvoError
from runtime.messages import KillScope
from runtime.storage.desk_rows import Switch
from runtime.web.desk import acts, words
from runtime.web.desk.frame import show
from runtime.web.desk.gate import Visit

SCOPES = {"machine": KillScope.MACHINE, "everything": KillScope.EVERYTHING}


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A switch that is on. `mine`: the reader asked first, so another must confirm. `enable` None: not from here."""

    whose: str
    scope: str
    by: str
    since: str
    reason: str
    asked_by: str
    asked_at: str
    mine: bool
    enable: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flying:
    """A send on its way."""

    what: str
    channel: str
    since: str
    conversation: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stop:
    """The context of desk/stop.html. `typed` is what must be typed to stop."""

    title: str
    bot: str
    in_force: tuple[InForce, ...]
    flying: tuple[Flying, ...]
    typed: str
    action: str
    may_kill: bool
    fault: str
    reason: str
    what: str


async def stop(visit: Visit, *, fault: str = "", status: int = 200) -> Response:
    """What is stopped, what is on its way, and the form."""
    switches = await visit.deps.desk.switches(visit.owner.tenant_id)
    flying = await visit.deps.desk.in_flight(visit.owner.tenant_id)
    on = tuple(_in_force(visit, switch) for switch in switches if switch.scope != "none")
    page = Stop(
        title="Sending is stopped" if on else "Nothing is stopped",
        bot=words.bot(visit.bundle),
        in_force=on,
        flying=tuple(
            Flying(
                what=words.CLASSES.get(flight.send_class, flight.send_class),
                channel=words.channel(flight.channel),
                since=words.long(visit.now - flight.since),
                conversation=visit.url(f"/conversations/{flight.conversation_id}"),
            )
            for flight in flying
        ),
        typed=typed_name(visit),
        action=visit.url("/stop"),
        may_kill=visit.may("kill"),
        fault=fault,
        reason=visit.form.get("reason", ""),
        what=visit.form.get("what", ""),
    )
    return await show(visit, "desk/stop.html", page, title="Stop sending", current="/stop", status=status)


async def kill(visit: Visit) -> Response:
    """Stops sending for this tenant. All three things are checked here again."""
    scope = SCOPES.get(visit.form.get("what", ""))
    reason = acts.reason_of(visit.form)
    if scope is None:
        return await stop(visit, fault="Choose what to stop. Nothing was stopped.", status=422)
    if reason is None:
        return await stop(visit, fault="Write why, in a few words. Nothing was stopped.", status=422)
    if visit.form.get("sure", "").strip() != typed_name(visit):
        return await stop(visit, fault=f"Type {typed_name(visit)} exactly. Nothing was stopped.", status=422)
    try:
        await visit.deps.operations.kill(
            visit.owner.tenant_id, scope, by=visit.operator.name, reason=reason, now=visit.now
        )
    except ConvoError as error:
        return await stop(visit, fault=str(error), status=409)
    acts.woken(visit, "sends", "pages")
    return visit.back("/stop", "stopped")


async def enable(visit: Visit) -> Response:
    """The first of two asks, the second confirms; the same person twice is still the first."""
    if visit.form.get("sure", "").strip() != typed_name(visit):
        return await stop(visit, fault=f"Type {typed_name(visit)} exactly. Nothing was changed.", status=422)
    try:
        outcome = await visit.deps.operations.enable(
            visit.owner.tenant_id, by=visit.operator.name, now=visit.now
        )
    except ConvoError as error:
        return await stop(visit, fault=str(error), status=409)
    acts.woken(visit, "turns", "sends", "pages")
    return visit.back("/stop", "enabled" if outcome == "enabled" else "waiting")


def typed_name(visit: Visit) -> str:
    """What must be typed: the tenant's name in capitals."""
    return visit.owner.name.upper()


def _in_force(visit: Visit, switch: Switch) -> InForce:
    asked = switch.requested_at
    return InForce(
        whose="every tenant" if switch.of_all else visit.owner.name,
        scope=words.SCOPES.get(switch.scope, switch.scope),
        by=switch.by or "",
        since=words.when(switch.at, visit.zone) if switch.at else "",
        reason=switch.reason or "",
        asked_by=switch.requested_by or "",
        asked_at=words.when(asked, visit.zone) if asked else "",
        mine=switch.requested_by == visit.operator.name,
        enable=visit.url("/start") if visit.may("enable") and not switch.of_all else None,
    )
