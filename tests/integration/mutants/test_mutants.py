"""The mutation gate: one table of what is undone, and of the check that must then go red."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings

from runtime.sender import Sender
from tests.conftest import Database, ManualClock
from tests.integration.crash import test_between as between
from tests.integration.crash import test_pairs as pairs
from tests.integration.crash.world import crash_world
from tests.integration.mutants.undo import Undo, python, sql
from tests.integration.send import test_outbox as outbox
from tests.integration.send import test_races as races
from tests.integration.send import test_redo as redo
from tests.integration.send import world as sending
from tests.integration.storage import test_ingest as ingest
from tests.integration.storage import test_queue_machine as machine
from tests.integration.storage import test_storm as storm
from tests.integration.storage import test_turns as turns


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check runs."""

    database: Database
    clock: ManualClock
    folder: Path


Check = Callable[[Place], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """`undone`: what stands no longer. `check`: what goes red."""

    undone: str
    by: Undo
    check: Check


# ---- checks: tests of the suite, as they stand ------------------------------------------------------------------------


def stored(test: Callable[[Database, ManualClock], Awaitable[None]]) -> Check:
    """A test of the storage functions."""
    return lambda place: asyncio.run(_awaited(test(place.database, place.clock)))


def sent(test: Callable[[Any], Awaitable[None]]) -> Check:
    """A test of the send functions, in its world of one firm."""

    async def run(place: Place) -> None:
        async with sending.world(place.database, place.clock) as firm:
            await test(firm)

    return lambda place: asyncio.run(run(place))


def modelled(place: Place) -> None:
    """The state machine against its model, without the shrinking of what it finds."""
    machine.run(place.database, settings(machine.MACHINE, phases=[Phase.generate], max_examples=100))


def crashed(test: Callable[..., None], *arguments: object) -> Check:
    """Real workers and senders that stop at named points."""

    def run(place: Place) -> None:
        with crash_world(place.database, place.folder) as world:
            test(world, *arguments)

    return run


async def _awaited(work: Awaitable[None]) -> None:
    await work


a_late_worker = stored(turns.test_a_worker_paused_past_its_lease_writes_nothing)
two_workers = crashed(pairs.pair, "worker.before_commit", "worker.before_commit", pairs.SLEEPS)
two_senders = crashed(pairs.pair, "sender.after_call", "sender.after_due", pairs.DIES)
a_late_sender = crashed(pairs.pair, "sender.after_look", "worker.after_claim", pairs.STANDS)

# ---- the table ----------------------------------------------------------------------------------------------------------

ONE_STATEMENT = (
    (
        "  perform from contact c where c.tenant_id = p_tenant and c.contact_id = o.contact_id for no key update;\n",
        "  select f0.* into f from contact c, lateral send_facts_v1(p_tenant, p_outbox, p_now) f0\n"
        "   where c.tenant_id = p_tenant and c.contact_id = o.contact_id for no key update of c;\n",
    ),
    ("  select * into f from send_facts_v1(p_tenant, p_outbox, p_now);\n", ""),
)
FROM_A_COPY = (
    ("q.last_seq >= p_upto\n  for no key update;", "q.last_seq >= p_upto;"),
    (
        "case when q.last_seq > v_done",
        "case when (select c.last_seq from conversation_queue c where c.conversation_id = p_conversation) > v_done",
    ),
)
MUTANTS = {
    "fence-commit": Mutant(
        undone="a worker commits under a fence that has moved on",
        by=sql("commit_turn_v1", ("and q.fence = p_fence", "")),
        check=a_late_worker,
    ),
    "fence-commit-in-a-storm": Mutant(
        undone="the same, found by four workers and two web processes at once",
        by=sql("commit_turn_v1", ("and q.fence = p_fence", "")),
        check=stored(lambda database, clock: storm.storm(database, clock, 1)),
    ),
    "fence-commit-in-two-workers": Mutant(
        undone="the same, found by two real workers, one of whose machines slept",
        by=sql("commit_turn_v1", ("and q.fence = p_fence", "")),
        check=two_workers,
    ),
    "fence-claim": Mutant(
        undone="taking a lease over leaves the fence where it was",
        by=sql("claim_v2", ("fence = q.fence + 1", "fence = q.fence")),
        check=a_late_worker,
    ),
    "fence-load": Mutant(
        undone="a worker reads a conversation that is another's",
        by=sql("load_v1", ("and x.fence = p_fence and", "and")),
        check=a_late_worker,
    ),
    "fence-fail": Mutant(
        undone="a worker gives up a turn that is another's",
        by=sql("fail_turn_v1", ("and x.fence = p_fence", "")),
        check=a_late_worker,
    ),
    "fence-redo": Mutant(
        undone="an answer is sent back, and the turn under way on the old state commits",
        by=sql("send_redo_v1", ("fence = q.fence + 1, owner = null", "owner = null")),
        check=sent(redo.test_a_turn_under_way_when_the_reply_is_sent_back_cannot_commit),
    ),
    "dedup": Mutant(
        undone="a webhook that comes again is stored again",
        by=sql("ingest_v1", ("if not found then\n      select s.seq", "if false then\n      select s.seq")),
        check=stored(ingest.test_the_same_webhook_twice_and_seven_days_later_is_stored_once),
    ),
    "dedup-in-any-order": Mutant(
        undone="the same, found by the state machine",
        by=sql("ingest_v1", ("if not found then\n      select s.seq", "if false then\n      select s.seq")),
        check=modelled,
    ),
    "unknown-sweep": Mutant(
        undone="a send that was interrupted is tried again at a provider that does not de-duplicate",
        by=sql("send_sweep_v1", ("then 'pending' else 'unknown' end", "then 'pending' else 'pending' end")),
        check=sent(outbox.test_the_sweep_takes_only_expired_sends_and_repeats_only_where_the_provider_deduplicates),
    ),
    "unknown-sweep-in-two-senders": Mutant(
        undone="the same, found by a sender that died after its call and one that followed",
        by=sql("send_sweep_v1", ("then 'pending' else 'unknown' end", "then 'pending' else 'pending' end")),
        check=two_senders,
    ),
    "unknown-receipt": Mutant(
        undone="a call that was never answered is made again",
        by=sql("send_record_v1", ("when p_result = 'unknown' then 'unknown'", "when p_result = 'unknown' then 'pending'")),
        check=sent(outbox.test_an_unanswered_call_is_unknown_not_shown_and_never_repeated),
    ),
    "two-step-look": Mutant(
        undone="the last look locks the person and reads the facts in one statement",
        by=sql("last_look_v1", *ONE_STATEMENT),
        check=sent(races.test_an_opt_out_whose_transaction_is_open_while_the_look_waits_stops_the_send),
    ),
    "own-row": Mutant(
        undone="a completion compares with a copy of the queue's row, taken before it had the lock",
        by=sql("commit_turn_v1", *FROM_A_COPY),
        check=stored(turns.test_a_message_that_is_being_stored_while_a_turn_commits_is_answered),
    ),
    "wake-up": Mutant(
        undone="a completion forgets what came in meanwhile",
        by=sql("commit_turn_v1", ("ready_at = case when q.last_seq > v_done then p_now end", "ready_at = null")),
        check=modelled,
    ),
    "lease": Mutant(
        undone="a message makes a leased conversation ready for another worker",
        by=sql("ingest_v1", ("coalesce(x.ready_at, r.received_at)", "r.received_at")),
        check=modelled,
    ),
    "owner-of-a-send": Mutant(
        undone="a sender settles a row that is another's",
        by=sql("send_record_v1", ("and x.state = 'sending' and x.owner = p_owner for", "and x.state = 'sending' for")),
        check=sent(outbox.test_only_the_owner_settles_or_puts_back_a_row),
    ),
    "head-of-line": Mutant(
        undone="a row overtakes an earlier one of its conversation",
        by=sql("send_blocked_v1", ("and e.n < p_row.n", "and false")),
        check=sent(outbox.test_the_head_of_a_conversation_goes_first),
    ),
    "deadline": Mutant(
        undone="a sender that was paused calls although its lease is over",
        by=python(Sender, "_deliver", "if call_began - began > self._lease_s / 2 or", "if"),
        check=a_late_sender,
    ),
    "kill-stale": Mutant(
        undone="a sender that was paused calls although there was a kill meanwhile",
        by=python(Sender, "_deliver", " or call_began - asked_at > EPOCH_FRESH_S", ""),
        check=crashed(between.test_a_sender_that_stood_still_just_before_its_call_asks_about_kills_again),
    ),
    "kill-epoch": Mutant(
        undone="a kill between the look and the call is not seen",
        by=python(
            Sender,
            "_deliver",
            "if await self._outbox.epoch_to_call(tenant_id, look.outbox_id) != look.kill_epoch:",
            "if False:",
        ),
        check=crashed(between.test_a_kill_between_the_look_and_the_call_holds_the_call_back),
    ),
}  # fmt: skip


@pytest.fixture
def place(database: Database, clock: ManualClock, tmp_path: Path) -> Place:
    return Place(database=database, clock=clock, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_check_goes_red_with_this_undone(
    name: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    mutant = MUTANTS[name]
    mutant.by(place.database, monkeypatch)
    with pytest.raises((AssertionError, ExceptionGroup)) as red:
        mutant.check(place)
    assert "no longer holds" not in str(red.value)


@pytest.mark.parametrize("name", ["fence-commit-in-two-workers", "unknown-sweep-in-two-senders", "deadline"])
def test_the_check_passes_with_nothing_undone(name: str, place: Place) -> None:
    """The other checks are tests of the suite by themselves."""
    MUTANTS[name].check(place)
