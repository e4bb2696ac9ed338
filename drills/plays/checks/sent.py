"""Checks on what left, and when: hours, stops, races, how often, the first words, the link's gates, the cost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from drills.plays.log import GONE, Log, waits_until

AT_ONCE = timedelta(seconds=10)
MICROPENCE = 1_000_000
ALWAYS = ("safety", "human")


def disclosed_first(log: Log, *, claim: str) -> Iterator[str]:
    """In the first message of the bot's; the safety line and the one neutral confirmation stand alone."""
    wanted = log.claim(claim)
    first = next((o for o in log.outcomes if any(s.send_class.value == "reply" for s in o.sends)), None)
    if wanted is None or first is None:
        return
    said = {s.claim for send in first.sends for s in send.sentences}
    before = {row.campaign for row in log.rows if row.send_class == "proactive" and row.state in GONE}
    if wanted.id not in said and not before:
        yield f"{wanted.id} is not in the first message"


def quiet_after_suppression(log: Log) -> Iterator[str]:
    """After the stop: one confirmation, safety, people, and answers to what was written later, without link or question."""
    heading = log.conversation.heading if log.conversation else None
    if heading is None or heading.opted_out_at is None or log.conversation is None:
        return
    at = {said.seq: said.received_at for said in log.conversation.said}
    for row in log.sent:
        if row.sending_at is None or row.sending_at < heading.opted_out_at or row.send_class in ALWAYS:
            continue
        if row.send_class == "confirmation":
            continue
        later = (
            row.answers_seq is not None
            and at.get(row.answers_seq, heading.opted_out_at) >= heading.opted_out_at
        )
        if row.send_class != "reply" or not later:
            yield f"a {row.send_class} left after the stop"
    yield from one_confirmation_at_most(log)


def one_confirmation_at_most(log: Log) -> Iterator[str]:
    line = log.bundle.lines.opt_out_confirmation
    said = sum(s.claim == line for row in log.sent for s in row.sentences)
    if said > 1:
        yield f"the stop was confirmed {said} times"


def quiet_outside_hours(log: Log) -> Iterator[str]:
    policy = log.bundle.policy
    for row in log.sent:
        if row.sending_at is None or row.send_class in ALWAYS:
            continue
        here = log.local(row.sending_at)
        minute = here.hour * 60 + here.minute
        shut = here.isoweekday() in policy.quiet_weekdays or here.date().isoformat() in policy.quiet_dates
        if shut or not policy.open_minute <= minute < policy.close_minute:
            yield f"a {row.send_class} left at {here:%A %H:%M}"


def window_follows_local_time(log: Log) -> Iterator[str]:
    """What was written in the night of a clock change was put off to the opening minute of the local clock."""
    waited = [look.until for row in log.rows for look in row.looks if look.effect == "defer" and look.until]
    if not waited:
        yield "nothing was put off"
    for until in waited:
        here = log.local(until)
        if here.hour * 60 + here.minute != log.bundle.policy.open_minute:
            yield f"it waited until {here:%H:%M} local time"


def reply_queued_until(log: Log, *, at: str) -> Iterator[str]:
    waiting = [row for row in log.new_rows if row.state == "pending"]
    left = [row for row in log.new_rows if row.state in GONE and row.send_class == "reply"]
    if left or not any(row.looks for row in waiting):
        yield "the reply does not wait"
    for row in waiting:  # one that was not looked at waits behind one that was
        if row.looks and f"{log.local(waits_until(row)):%H:%M}" != at:
            yield f"it waits until {log.local(waits_until(row)):%H:%M}"


def safety_reply_sent_now(log: Log) -> Iterator[str]:
    rows = [row for row in log.sent if row.send_class == "safety"]
    if not rows:
        yield "no safety message left"
    received = {said.seq: said.received_at for said in (log.conversation.said if log.conversation else ())}
    for row in rows:
        written = received.get(row.answers_seq or 0)
        if written is None or row.sending_at is None or row.sending_at - written > AT_ONCE:
            yield "the safety message left late"


def link_only_after_gates(log: Log) -> Iterator[str]:
    shown: set[str | None] = set()
    answered: dict[str, str] = {}
    for outcome in log.outcomes:
        answered |= {
            e.question: e.answer for e in outcome.effects if hasattr(e, "question") and hasattr(e, "answer")
        }
        for send in outcome.sends:
            here = {s.claim for s in send.sentences}
            for link in log.bundle.links.values() if send.has_link else ():
                if link.claim not in here:
                    continue
                if missing := [c for c in link.requires if c not in shown | here]:
                    yield f"the link {link.id} came before {', '.join(missing)}"
                if missing := [
                    q for q, a in link.answers.items() if answered.get(q, "").casefold() != a.casefold()
                ]:
                    yield f"the link {link.id} came without {', '.join(missing)}"
            shown |= here


def answered_once(log: Log) -> Iterator[str]:
    """No message got two answers."""
    parts = Counter(
        (row.answers_seq, row.part, row.send_class)
        for row in log.sent
        if row.author == "bot" and row.answers_seq
    )
    for (seq, part, _), times in parts.items():
        if times > 1:
            yield f"part {part} of the answer to message {seq} left {times} times"


def replies_sent(log: Log, *, n: int) -> Iterator[str]:
    turns = {row.upto_seq for row in log.sent if row.send_class == "reply"}
    if len(turns) != n:
        yield f"{len(turns)} replies left"


def max_bot_turns(log: Log, *, n: int) -> Iterator[str]:
    turns = {
        row.upto_seq
        for row in log.sent
        if row.author == "bot" and row.send_class in ("reply", "confirmation")
    }
    if len(turns) > n:
        yield f"{len(turns)} turns of the bot"


def cost_under(log: Log, *, pence: int) -> Iterator[str]:
    spent = sum(outcome.cost_micropence for outcome in log.outcomes)
    if spent >= pence * MICROPENCE:
        yield f"{spent / MICROPENCE:.2f} pence"


def no_call_after_stop(log: Log) -> Iterator[str]:
    """Of a start that raced with a stop: no call of the provider began once the stop was on disk."""
    if log.stop_stored is None:
        yield "the race was not run"
        return
    late = sum(call.began > log.stop_stored for call in log.calls)
    confirmed = sum(row.send_class == "confirmation" for row in log.sent)
    if late > confirmed or any(row.send_class == "proactive" for row in log.sent):
        yield f"{late - confirmed} calls began after the stop was on disk"


def no_call_after_strikes(log: Log) -> Iterator[str]:
    struck = log.conversation.heading.struck_out_at if log.conversation else None
    if struck is None:
        return
    if any(
        row.sending_at is not None and row.sending_at > struck
        for row in log.sent
        if row.send_class == "proactive"
    ):
        yield "a start left after the third strike"
    if not log.refusals:
        yield "no later start was tried"


CHECKS = (
    disclosed_first, quiet_after_suppression, one_confirmation_at_most, quiet_outside_hours, window_follows_local_time,
    reply_queued_until, safety_reply_sent_now, link_only_after_gates, answered_once, replies_sent, max_bot_turns, cost_under,
    no_call_after_stop, no_call_after_strikes,
)  # fmt: skip
