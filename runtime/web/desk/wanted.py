"""What wants a look, and nothing else: switches that are on, people who need somebody, what is stuck, stale or ends soon."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from runtime.storage.desk_rows import Now, Stuck
from runtime.web.desk import bundles, cases, words
from runtime.web.desk.gate import Visit

READ_AGAIN_SOON = timedelta(days=30)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One thing that wants a look."""

    tag: str
    tone: str
    text: str
    link: str
    link_text: str
    clock: str


def wanted(visit: Visit, now: Now) -> tuple[Wanted, ...]:
    """The most urgent first."""
    return (
        *_stopped(visit, now),
        *_urgent(visit, now),
        *_stuck(visit, now.queue.stuck),
        *_stale(visit, now),
        *_read_again(visit),
    )


def _stopped(visit: Visit, now: Now) -> Iterator[Wanted]:
    for switch in now.switches:
        if switch.scope == "none":
            continue
        whose = "every tenant" if switch.of_all else visit.owner.name
        asked = f" {switch.requested_by} asked to start again; a second person must confirm."
        yield Wanted(
            tag="Stopped",
            tone="danger",
            text=f"{whose}: {words.SCOPES[switch.scope]}, by {switch.by}.{asked if switch.requested_by else ''}",
            link=visit.url("/stop"),
            link_text="Open the switches",
            clock=words.long(visit.now - switch.at) if switch.at else "",
        )


def _urgent(visit: Visit, now: Now) -> Iterator[Wanted]:
    for case in now.cases:
        late = case.due_at is not None and case.due_at < visit.now
        urgent = case.priority == 0 or case.page
        if not urgent and not late:
            continue
        path = f"/conversations/{case.conversation_id}" if case.conversation_id else "/cases"
        yield Wanted(
            tag="Now" if urgent else "Late",
            tone="danger",
            text=f"{words.case(case.kind).capitalize()}: {words.who(case.person)}, case {case.ref}.",
            link=visit.url(path),
            link_text="Open the conversation" if case.conversation_id else "Open the cases",
            clock=cases.row_of(visit, case).due,
        )


def _stuck(visit: Visit, found: tuple[Stuck, ...]) -> Iterator[Wanted]:
    unknown = [s for s in found if s.kind == "outbox" and s.reason == "unknown"]
    failed = [s for s in found if s.kind == "outbox" and s.reason != "unknown"]
    for items, one, more in (
        ([s for s in found if s.kind == "dead_letter"], "message got no answer", "messages got no answer"),
        (unknown, "send may have gone", "sends may have gone"),
        (failed, "message not sent", "messages not sent"),
        ([s for s in found if s.kind == "reject"], "event could not be stored", "events could not be stored"),
    ):
        if items:
            yield Wanted(
                tag="Stuck",
                tone="hold",
                text=f"{words.many(len(items), one, more)}. It takes a decision.",
                link=visit.url("/queue"),
                link_text="Open the queue",
                clock=words.long(visit.now - min(s.at for s in items)),
            )


def _stale(visit: Visit, now: Now) -> Iterator[Wanted]:
    for seen in now.bundled.seen:
        if bundles.stale(seen) or seen.error:
            late = f"still holds another bundle: {seen.error or 'it is being fetched'}"
            yield Wanted(
                tag="Stale" if bundles.stale(seen) else "Refused",
                tone="hold",
                text=f"{seen.process} {late if bundles.stale(seen) else f'does not serve all: {seen.error}'}.",
                link=visit.url("/bundles"),
                link_text="Open bundles",
                clock=words.long(visit.now - seen.at),
            )


def _read_again(visit: Visit) -> Iterator[Wanted]:
    """Claims that run out soon: they are said until then, and not after."""
    bundle = visit.bundle
    if bundle is None:
        return
    today = visit.now.astimezone(visit.zone).date()
    soon = (today + READ_AGAIN_SOON).isoformat()
    ending = sorted(
        c.id for c in bundle.claims.values() if c.expires and today.isoformat() <= c.expires <= soon
    )
    if ending:
        yield Wanted(
            tag="Soon",
            tone="hold",
            text=f"{words.listed(ending)} must be read again, or {words.bot(bundle)} stops saying it.",
            link=visit.url("/bundles"),
            link_text="Open bundles",
            clock="within 30 days",
        )
