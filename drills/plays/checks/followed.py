"""Checks on what followed: cases, holds, suppression, the state somebody is left in."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta

from drills.plays.log import GONE, Log
from runtime.messages import Pause

AT_INGEST = "inbound message"  # the reason under which a stop that was matched on arrival is kept


def escalated(
    log: Log, *, category: Sequence[str] = (), priority: Sequence[int] = (), after_attempts: int = 0
) -> Iterator[str]:
    """A case was opened: for a category the screen saw, of a priority, when it was seen so often."""
    if category and not set(category) & log.seen:
        yield f"the screen saw {', '.join(sorted(log.seen)) or 'nothing'}, none of {', '.join(category)}"
        return
    seen = sum(s["category"] in category for o in log.outcomes for s in o.audit["verdict"]["signals"])
    if after_attempts and seen < after_attempts:
        yield f"seen {seen} times, not {after_attempts}"
    kinds = {c.case for c in log.bundle.categories if c.id in set(category) & log.seen}
    cases = [
        case
        for case in log.cases
        if (not category or case.kind in kinds) and (not priority or case.priority in priority)
    ]
    if not cases:
        found = ", ".join(f"{case.kind} P{case.priority}" for case in log.cases)
        wanted = " or ".join(sorted(kind for kind in kinds if kind)) or "any kind"
        of = f" of priority {list(priority)}" if priority else ""
        yield f"no case {wanted}{of} is open ({found or 'none is'})"


def no_escalation(log: Log, *, but: Sequence[str] = ()) -> Iterator[str]:
    for case in log.cases:
        if case.kind not in but:
            yield f"a case {case.kind} was opened"


def case_open(log: Log, *, kind: str) -> Iterator[str]:
    if not any(case.kind == kind and case.state == "open" for case in log.cases):
        yield f"no case {kind} is open"


def hold_set(log: Log, *, category: str | None = None) -> Iterator[str]:
    holds = [h.category for h in (log.conversation.holds if log.conversation else ()) if h.cleared_at is None]
    if not holds or (category is not None and category not in holds):
        yield f"no hold{f' {category}' if category else ''} is in force ({', '.join(holds) or 'none is'})"


def suppressed(log: Log, *, reason: Sequence[str]) -> Iterator[str]:
    if "opt_out" in reason:
        reason = [*reason, AT_INGEST]
    if not set(log.opt_out_reasons) & set(reason):
        yield f"not suppressed for {' or '.join(reason)} ({', '.join(log.opt_out_reasons) or 'not at all'})"


def struck_out(log: Log) -> Iterator[str]:
    if log.conversation is None or log.conversation.heading.struck_out_at is None:
        yield "three messages without an answer, and no strike-out"


def needs_new_consent(log: Log) -> Iterator[str]:
    """What was tried after the person came back was refused, and by the strikes."""
    if "three_strikes" not in " ".join(log.refusals):
        yield f"a later start was not refused for the strikes ({', '.join(log.refusals) or 'not refused'})"


def pause_recorded(log: Log, *, days_max: int) -> Iterator[str]:
    """They asked to be left alone for a while: an effect with its end, within the limit."""
    ends = [e.until for o in log.outcomes for e in o.effects if isinstance(e, Pause)]
    if not ends or log.conversation is None:
        yield "no pause with an end was recorded"
        return
    last = max(said.received_at for said in log.conversation.said)
    if max(ends) > last + timedelta(days=days_max):
        yield f"the pause lasts until {max(ends):%d %B %Y}"


def proactive_stopped(log: Log, *, paused: bool = False) -> Iterator[str]:
    """A start of ours was tried after the last they wrote, and kept back for good. `paused`: for as long as they asked for."""
    last = max(
        (said.received_at for said in (log.conversation.said if log.conversation else ())), default=None
    )
    if not log.refusals and not any(row.send_class == "proactive" for row in log.rows):
        yield "no start of ours was tried"
    for row in log.rows:
        if row.send_class != "proactive":
            continue
        if row.state == "pending" and not (paused and row.looks and "paused" in row.looks[-1].facts):
            yield "a message of ours still waits to be sent"
        if row.sending_at is not None and last is not None and row.sending_at > last:
            yield "a message of ours left all the same"


def nothing_waiting(log: Log) -> Iterator[str]:
    """No message that we start waits to be sent to them."""
    for row in log.rows:
        if row.send_class == "proactive" and row.state == "pending":
            yield "a message of ours waits to be sent"


def bot_silent(log: Log) -> Iterator[str]:
    if any(outcome.sends for outcome in log.fresh):
        yield f"the bot wrote on: `{log.text[:80]}`"


def bot_replied(log: Log) -> Iterator[str]:
    if not any(row.state in GONE and row.send_class == "reply" for row in log.new_rows):
        yield "nothing was answered"


def no_error(log: Log) -> Iterator[str]:
    if log.dead:
        yield f"{log.dead} dead letters"
    if log.conversation is None or log.conversation.heading.waiting:
        yield "a message was not processed"


CHECKS = (
    escalated, no_escalation, case_open, hold_set, suppressed, struck_out, needs_new_consent, pause_recorded,
    proactive_stopped, nothing_waiting, bot_silent, bot_replied, no_error,
)  # fmt: skip
