"""A conversation is leased once, answered once, and never forgotten."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import psycopg
import pytest

from runtime.crypto import KeyErased
from runtime.embedded import SUPERUSER
from runtime.messages import (
    CountSignal,
    Effect,
    Identity,
    Lease,
    OpenCase,
    Outcome,
    RecordAnswer,
    Send,
    SendClass,
    Sentence,
    SetHold,
    SetLanguage,
    Stop,
    StopBot,
    Suppress,
    Turn,
)
from schemas.bundle import Bundle
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, bundle_bytes, message, phone, world

LEASE_S = 30.0


def reply(text: str = "Good question.", *, part: int = 1, **more: Any) -> Send:
    said = Sentence(text=text, claim="D-1", variant="full", digest="sha256:d1")
    return Send(part=part, send_class=SendClass.REPLY, sentences=(said,), **more)


def outcome(
    turn: Turn, *sends: Send, effects: tuple[Effect, ...] = (), disposition: str = "reply", cost: int = 0
) -> Outcome:
    return Outcome(
        tenant_id=turn.tenant_id,
        conversation_id=turn.conversation_id,
        upto_seq=turn.pending[-1].seq,
        disposition=disposition,
        sends=sends,
        effects=effects,
        audit={"verdict": "calm", "heard": [p.text for p in turn.pending]},
        bundle=turn.active.digest,
        pinned=turn.pinned.digest,
        cost_micropence=cost,
    )


async def claim(w: World, *, limit: int = 10, owner: str = "worker-1") -> list[Lease]:
    return list(await w.turns.claim(owner=owner, limit=limit, lease_s=LEASE_S, now=w.clock.now()))


async def begin(w: World, bundle: Bundle) -> tuple[Lease, Turn]:
    [lease] = await claim(w)
    turn = await w.turns.load(lease, pinned=None, active=bundle, now=w.clock.now())
    assert turn is not None
    return lease, turn


async def test_a_turn_holds_everything_and_its_answer_is_committed_whole(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now(), text="hello"), message(dave, clock.now(), text="fees?"))
        lease, turn = await begin(w, bundle)
        assert [p.text for p in turn.pending] == ["hello", "fees?"]
        assert (turn.sandbox, turn.channel, turn.language) == (True, "whatsapp_360dialog", "en-GB")
        assert turn.slots["consent.source_line"] == "you wrote to us on 24 November 2026"
        clock.advance(1)
        assert await w.turns.commit(
            lease,
            outcome(
                turn,
                reply(answers_seq=2, has_ask=True, asks="Q-1"),
                reply("More.", part=2),
                effects=(
                    SetHold(category="danger", priority=0),
                    OpenCase(kind="danger", reason="said so", priority=0, sla_minutes=15, page=True),
                    StopBot(reason="danger"),
                    RecordAnswer(question="Q-0", answer="Yes \ud83d"),
                    CountSignal(category="danger"),
                    CountSignal(category="danger"),
                    SetLanguage(language="cy"),
                ),
                cost=7,
            ),
            now=clock.now(),
        )
        [queue] = await w.see("select * from conversation_queue")
        assert (queue["done_seq"], queue["ready_at"], queue["attempts"], queue["owner"]) == (2, None, 0, None)
        rows = await w.see("select n, part, state, answers_seq, claims, key, due_at from outbox order by n")
        assert [(r["n"], r["part"], r["state"]) for r in rows] == [(1, 1, "pending"), (2, 2, "pending")]
        assert rows[0]["claims"] == ["D-1"]
        assert rows[0]["key"] == f"{lease.conversation_id}:2:1:{lease.fence}"
        [case] = await w.see("select ref, kind, page, due_at from case_file")
        assert case["ref"] == turn.slots["case.ref"]
        assert case["due_at"] == clock.now() + timedelta(minutes=15)
        [contact] = await w.see("select ver, language from contact")
        assert contact == {"ver": 2, "language": "cy"}
        [spent] = await w.see("select spent_micropence from spend_contact")
        assert spent["spent_micropence"] == 7
        [event] = await w.see("select kind, data from event")
        assert event == {"kind": "turn", "data": {"disposition": "reply", "messages": 2, "sends": 2}}

        await w.arrive(message(dave, clock.now(), text="still there?"))
        _, later = await begin(w, bundle)
        assert [line.text for line in later.history] == ["hello", "fees?"]
        assert later.answers == {"Q-0": "Yes \ud83d"}
        assert later.counts == {"danger": 2}
        assert later.holds == ("danger",)
        assert later.open_cases == ("danger",)
        assert later.asked == "Q-1"
        assert later.language == "cy"
        assert later.human_owner == "nobody yet"


async def interrupted_commit(w: World) -> dict[str, Any]:
    """The queue row after a commit that waited for an ingest: it holds the row, uncommitted, when the commit comes."""
    bundle = await w.publish(bundle_bytes())
    dave = await w.tenant()
    await w.arrive(message(dave, w.clock.now()))
    lease, turn = await begin(w, bundle)
    with psycopg.connect(w.database.url()) as ingest:
        ingest.execute("select set_config('app.every', 'on', true)")
        ingest.execute(
            "update conversation_queue set last_seq = last_seq + 1, ready_at = coalesce(ready_at, now())"
        )
        committing = asyncio.create_task(w.turns.commit(lease, outcome(turn), now=w.clock.now()))
        await until_waiting(w)
        ingest.commit()
    assert await committing
    [queue] = await w.see("select last_seq, done_seq, ready_at from conversation_queue")
    return queue


async def test_a_message_that_is_being_stored_while_a_turn_commits_is_answered(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        assert await interrupted_commit(w) == {"last_seq": 2, "done_seq": 1, "ready_at": clock.now()}
        assert len(await claim(w)) == 1


async def until_waiting(w: World) -> None:
    """Until some backend waits for a lock."""
    with psycopg.connect(w.database.url(SUPERUSER), autocommit=True) as admin:
        for _ in range(150):
            if admin.execute(
                "select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            ).fetchone():
                return
            await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")


async def test_a_worker_paused_past_its_lease_writes_nothing(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now()))
        old, turn = await begin(w, bundle)
        assert await claim(w, owner="worker-2") == []
        clock.advance(LEASE_S)
        [new] = await claim(w, owner="worker-2")
        assert (new.fence, new.attempts) == (old.fence + 1, 2)
        assert not await w.turns.commit(old, outcome(turn, reply()), now=clock.now())
        assert await w.turns.fail(old, "Late", now=clock.now(), max_attempts=1) == "lost"
        assert await w.turns.load(old, pinned=None, active=bundle, now=clock.now()) is None
        assert await w.see("select 1 from outbox") == []
        assert await w.turns.commit(new, outcome(turn, reply()), now=clock.now())
        assert not await w.turns.commit(new, outcome(turn, reply()), now=clock.now())
        assert len(await w.see("select 1 from outbox")) == 1
        assert len(await w.see("select 1 from turn")) == 1


async def test_a_late_commit_before_anybody_took_over_still_counts(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now()))
        lease, turn = await begin(w, bundle)
        clock.advance(LEASE_S * 2)
        assert await w.turns.commit(lease, outcome(turn, reply()), now=clock.now())
        assert await claim(w) == []


async def test_a_failing_turn_backs_off_and_at_last_becomes_a_dead_letter_with_a_case(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now()))
        waits: list[float] = []
        results: list[str] = []
        for attempt in range(1, 4):
            [lease] = await claim(w)
            if attempt == 3:
                await w.arrive(message(dave, clock.now(), text="after the lease"))
            results.append(await w.turns.fail(lease, "Boom", now=clock.now(), max_attempts=3))
            [queue] = await w.see("select ready_at, done_seq, fence from conversation_queue")
            assert queue["fence"] == lease.fence + 1
            if results[-1] == "retry":
                waits.append((queue["ready_at"] - clock.now()).total_seconds())
                assert await claim(w) == []
                clock.advance(waits[-1])
        assert waits == [2.0, 4.0]
        assert results == ["retry", "retry", "dead"]
        [letter] = await w.see("select from_seq, upto_seq, error, attempts, state from dead_letter")
        assert letter == {"from_seq": 0, "upto_seq": 1, "error": "Boom", "attempts": 3, "state": "open"}
        [case] = await w.see("select kind, reason, page, due_at from case_file")
        assert case == {
            "kind": "dead_letter",
            "reason": "Boom",
            "page": True,  # nobody has screened those words: they may tell of danger
            "due_at": clock.now() + timedelta(minutes=15),
        }
        [alert] = await w.see("select data ->> 'reason' as reason from event where kind = 'alert'")
        assert alert == {"reason": "Boom"}
        _, turn = await begin(w, bundle)
        assert [p.text for p in turn.pending] == ["after the lease"]


async def test_a_quiet_tenant_is_served_beside_a_noisy_one(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        noisy, quiet = await w.tenant("noisy"), await w.tenant("quiet")
        await w.arrive(*(message(noisy, clock.now(), person=phone(n)) for n in range(40)))
        clock.advance(60)
        await w.arrive(message(quiet, clock.now()))
        first = await claim(w, limit=8)
        assert len(first) == 8
        assert [lease.tenant_id for lease in first].count(quiet.tenant_id) == 1
        assert len(await claim(w, limit=100)) == 33


async def test_many_workers_never_hold_the_same_conversation(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        tenants = [await w.tenant(f"t{n}") for n in range(3)]
        await w.arrive(*(message(t, clock.now(), person=phone(n)) for t in tenants for n in range(20)))
        taken = await asyncio.gather(*(claim(w, limit=5, owner=f"worker-{n}") for n in range(12)))
        conversations = [lease.conversation_id for leases in taken for lease in leases]
        assert len(conversations) == len(set(conversations))
        conversations += [lease.conversation_id for lease in await claim(w, limit=100)]
        assert len(set(conversations)) == 60


async def test_a_conversation_stays_pinned_until_it_rests_or_grows_old(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        pins = []
        for pause_h in (0, 23, 23, 25, *(20,) * 9):
            clock.advance(pause_h * 3600)
            await w.arrive(message(dave, clock.now()))
            lease, turn = await begin(w, bundle)
            pins.append((await w.turns.pin(lease))[0] is not None)
            assert await w.turns.commit(lease, outcome(turn), now=clock.now())
        # new, pinned twice, a day's rest, then pinned for seven days (8 x 20 h), then anew
        assert pins == [False, True, True, False, *(True,) * 8, False]


async def test_a_stop_found_in_the_turn_suppresses_as_one_at_the_door(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave, edward = await w.tenant(), await w.tenant("edward")
        await w.arrive(message(dave, clock.now()))
        lease, turn = await begin(w, bundle)
        await w.arrive(message(edward, clock.now()))
        effects = (Suppress(reason="asked"), Suppress(reason="asked", scope="organisation"))
        assert await w.turns.commit(lease, outcome(turn, effects=effects), now=clock.now())
        contacts = await w.see("select opt_out_scope, opted_out_at from contact")
        assert contacts == [{"opt_out_scope": "organisation", "opted_out_at": clock.now()}] * 2


async def test_the_words_that_stopped_come_with_the_turn(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now(), text="STOP", stop=Stop(scope="tenant", matched="stop")))
        _, turn = await begin(w, bundle)
        assert turn.pending[0].stop == Stop(scope="tenant", matched="stop")
        assert turn.opted_out_at == clock.now()


async def test_a_connection_that_is_in_force_nowhere_is_no_sandbox(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now(), connection="gone"))
        _, turn = await begin(w, bundle)
        assert turn.sandbox is False


async def test_a_long_backlog_is_answered_in_several_turns(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(*(message(dave, clock.now(), text=str(n)) for n in range(150)))
        heard = []
        for _ in range(2):
            lease, turn = await begin(w, bundle)
            heard += [p.text for p in turn.pending]
            assert await w.turns.commit(lease, outcome(turn), now=clock.now())
        assert heard == [str(n) for n in range(150)]
        assert await claim(w) == []


async def test_a_turn_done_again_keeps_its_case_and_its_place(database: Database, clock: ManualClock) -> None:
    """As the last look asks for it: done_seq goes back, the fence on."""
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now()))
        case = OpenCase(kind="complaint", reason="said so", priority=1, sla_minutes=60, page=False)
        for _ in range(2):
            lease, turn = await begin(w, bundle)
            assert await w.turns.commit(lease, outcome(turn, reply(), effects=(case,)), now=clock.now())
            async with w.owner.connection() as connection, connection.transaction():
                await connection.execute("select set_config('app.every', 'on', true)")
                await connection.execute(
                    "update conversation_queue set done_seq = 0, fence = fence + 1, ready_at = %s",
                    [clock.now()],
                )
        assert len(await w.see("select 1 from case_file")) == 1
        assert [r["n"] for r in await w.see("select n from outbox order by n")] == [1, 2]
        assert len(await w.see("select 1 from turn")) == 1


async def test_an_erased_persons_words_cannot_be_loaded(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now()))
        async with w.owner.connection() as connection, connection.transaction():
            await connection.execute("select set_config('app.every', 'on', true)")
            await connection.execute("update contact set wrapped_key = null")
        [lease] = await claim(w)
        with pytest.raises(KeyErased):
            await w.turns.load(lease, pinned=None, active=bundle, now=clock.now())
        # and whoever writes from that number now is somebody new
        [stored] = await w.arrive(message(dave, clock.now()))
        assert stored.outcome == "stored"
        assert stored.conversation_id != lease.conversation_id


async def test_the_audit_of_a_conversation_is_one_unbroken_chain(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        for _ in range(3):
            await w.arrive(message(dave, clock.now()))
            lease, turn = await begin(w, bundle)
            assert await w.turns.commit(lease, outcome(turn, reply()), now=clock.now())
        rows = await w.see(
            "select n, prev, hash, audit_hash_v1(prev, tenant_id, stream, n, id, at, header, body) as should "
            "from audit where stream like 'conv/%%' order by n"
        )
        assert [row["n"] for row in rows] == [1, 2, 3, 4, 5, 6]
        assert all(row["hash"] == row["should"] for row in rows)
        assert [row["prev"] for row in rows] == [b"", *(row["hash"] for row in rows[:-1])]
        [head] = await w.see("select audit_n, audit_hash from conversation_queue")
        assert head == {"audit_n": 6, "audit_hash": rows[-1]["hash"]}


async def test_what_a_visitor_sees_is_in_order_and_only_theirs(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        one = message(
            dave, clock.now(), channel="webchat", connection="dave-web-sandbox", text="hi", provider_id="p.1"
        )
        sender = one.event.sender  # type: ignore[union-attr]
        await w.arrive(one)
        lease, turn = await begin(w, bundle)
        assert (
            await w.ingest.answering(dave.tenant_id, "dave-web-sandbox", sender.value) is False
        )  # a phone, no visitor
        assert await w.turns.commit(lease, outcome(turn, reply("Hello.")), now=clock.now())
        assert await w.ingest.visitor_lines(dave.tenant_id, "dave-web-sandbox", "nobody", after=0) == []
        visitor = uuid4().hex
        await w.arrive(
            message(
                dave,
                clock.now(),
                channel="webchat",
                connection="dave-web-sandbox",
                person=Identity(kind="visitor", value=visitor),
                text="mine",
                provider_id="p.2",
            )
        )
        [line] = await w.ingest.visitor_lines(dave.tenant_id, "dave-web-sandbox", visitor, after=0)
        assert (line.text, line.ours, line.position, line.client_id) == ("mine", False, 1, "p.2")
        assert await w.ingest.answering(dave.tenant_id, "dave-web-sandbox", visitor) is True
        assert await w.ingest.visitor_lines(dave.tenant_id, "dave-web-sandbox", visitor, after=1) == []


async def test_our_lines_appear_to_the_visitor_when_they_are_being_sent(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        bundle = await w.publish(bundle_bytes())
        dave = await w.tenant()
        visitor = Identity(kind="visitor", value=uuid4().hex)
        connection = "dave-web-sandbox"
        await w.arrive(
            message(dave, clock.now(), person=visitor, channel="webchat", connection=connection, text="hi")
        )
        lease, turn = await begin(w, bundle)
        sends = (reply("Hello.", options=("Yes", "No")), reply("Not yet.", part=2))
        assert await w.turns.commit(lease, outcome(turn, *sends), now=clock.now())

        async def page(after: int = 0) -> list[tuple[int, bool, str, tuple[str, ...], tuple[str, ...]]]:
            lines = await w.ingest.visitor_lines(dave.tenant_id, connection, visitor.value, after=after)
            return [(line.position, line.ours, line.text, line.options, line.claims) for line in lines]

        assert await page() == [(1, False, "hi", (), ())]
        async with w.owner.connection() as owner, owner.transaction():  # as the last look does
            await owner.execute("select set_config('app.every', 'on', true)")
            await owner.execute("update conversation_queue set lines = lines + 1")
            await owner.execute(
                "update outbox set state = 'sending', sending_at = %s, position = 2 where part = 1",
                [clock.now()],
            )
        assert await page(after=1) == [(2, True, "Hello.", ("Yes", "No"), ("D-1",))]
        await w.arrive(
            message(dave, clock.now(), person=visitor, channel="webchat", connection=connection, text="yes")
        )
        assert [line[:3] for line in await page(after=2)] == [(3, False, "yes")]
        async with w.owner.connection() as owner, owner.transaction():  # as if an agent had written it
            await owner.execute("select set_config('app.every', 'on', true)")
            await owner.execute("update outbox set author = 'Ann Example' where part = 1")
        lines = await w.ingest.visitor_lines(dave.tenant_id, connection, visitor.value, after=0)
        assert [line.author for line in lines if line.ours] == ["person"]
