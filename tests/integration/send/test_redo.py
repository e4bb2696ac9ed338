"""A turn that the last look sends back is taken again by the worker: same messages, new keys, and no late writer wins."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from uuid import UUID

from runtime.messages import CountSignal, Lease, Outcome, Receipt, Send, SendClass, Sentence
from runtime.storage.desk import PgDesk
from runtime.storage.operations import PgOperations
from runtime.storage.turns import PgTurns
from schemas.bundle import Bundle
from tests.integration.send.world import BUNDLE, CLAIM, Person, World

NEW_WORDING = "sha256:" + "e" * 64


def turns(firm: World) -> PgTurns:
    return PgTurns(firm.pools["dispatch"], firm.pools["tenant"], firm.tenants)


async def claim(firm: World) -> Lease:
    (lease,) = await turns(firm).claim(owner="worker-1", limit=1, lease_s=30, now=firm.clock.now())
    return lease


def answer(firm: World, lease: Lease, upto: int, *digests: str) -> Outcome:
    """An outcome that sends one part for each digest."""
    sends = tuple(
        Send(
            part=part,
            send_class=SendClass.REPLY,
            sentences=(Sentence(text=f"Part {part}.", claim="DD-D04", variant="full", digest=digest),),
            answers_seq=upto,
        )
        for part, digest in enumerate(digests)
    )
    return Outcome(
        tenant_id=firm.tenant_id,
        conversation_id=lease.conversation_id,
        upto_seq=upto,
        disposition="reply",
        sends=sends,
        effects=(),
        audit={},
        bundle=BUNDLE,
        pinned=BUNDLE,
    )


def counting(outcome: Outcome, *categories: str) -> Outcome:
    return replace(outcome, effects=tuple(CountSignal(category=c) for c in categories))


def counted(firm: World) -> dict[str, int]:
    return {row["category"]: row["n"] for row in firm.sql("select category, n from signal_count where n > 0")}


async def pending(firm: World, lease: Lease) -> list[int]:
    """The numbers of the messages that a turn under this lease would answer."""
    bundle = Bundle.decode(firm.one("select data from bundle")["data"])
    turn = await turns(firm).load(lease, pinned=None, active=bundle, now=firm.clock.now())
    assert turn is not None
    return [p.seq for p in turn.pending]


async def die(firm: World) -> UUID:
    """The next turn fails for good. Returns its dead letter."""
    lease = await claim(firm)
    assert await turns(firm).fail(lease, "ValueError", now=firm.clock.now(), max_attempts=1) == "dead"
    return UUID(str(firm.one("select id from dead_letter order by from_seq desc limit 1")["id"]))


async def take(firm: World, *expected: int) -> None:
    """Take one turn; it must answer just these messages."""
    lease = await claim(firm)
    assert await pending(firm, lease) == list(expected)
    assert await turns(firm).commit(lease, answer(firm, lease, expected[-1], CLAIM), now=firm.clock.now())


async def replay(firm: World, letter: UUID) -> None:
    acts = PgOperations(firm.pools["desk"], firm.tenants)
    assert await acts.replay(firm.tenant_id, "dead", letter, by="Ada Example", now=firm.clock.now())


async def send_all(firm: World, person: Person) -> list[str]:
    """Look at and send whatever waits, in order. Returns the effects."""
    effects = []
    for row in waiting_rows(firm, person):
        effects.append((await firm.decided(row["id"]))[0])
        if effects[-1] == "send":
            await firm.outbox.record(
                firm.tenant_id, row["id"], Receipt(result="accepted"), owner="sender-1", now=firm.clock.now()
            )
    return effects


def waiting_rows(firm: World, person: Person) -> list[dict[str, Any]]:
    return firm.sql(
        "select id, key, part from outbox where conversation_id = %s and state = 'pending' order by n",
        [person.conversation],
    )


async def test_a_reply_whose_claim_was_withdrawn_is_composed_and_sent_again(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    lease = await claim(firm)
    assert await turns(firm).commit(lease, answer(firm, lease, upto, CLAIM, CLAIM), now=firm.clock.now())
    first, second = [row["id"] for row in waiting_rows(firm, person)]
    await firm.look(first)
    await firm.outbox.record(
        firm.tenant_id, first, Receipt(result="accepted"), owner="sender-1", now=firm.clock.now()
    )

    await PgOperations(firm.pools["desk"], firm.tenants).withdraw(
        firm.tenant_id, CLAIM, by="Ada Example", reason="wrong", now=firm.clock.now()
    )
    assert await firm.decided(second) == ("redo", "R-PERIM-3")
    firm.sql("update bundle_claim set claim_digest = %s", [NEW_WORDING])
    again = await claim(firm)
    assert again.fence > lease.fence
    assert await turns(firm).commit(again, answer(firm, again, upto, NEW_WORDING), now=firm.clock.now())
    (row,) = waiting_rows(firm, person)
    keys = [
        r["key"] for r in firm.sql("select key from outbox where conversation_id = %s", [person.conversation])
    ]
    assert len(set(keys)) == 3
    assert (await firm.decided(row["id"]))[0] == "send"
    assert firm.one("select done_seq, last_seq from conversation_queue") == {
        "done_seq": upto,
        "last_seq": upto,
    }


async def test_a_turn_under_way_when_the_reply_is_sent_back_cannot_commit(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    lease = await claim(firm)
    await turns(firm).commit(lease, answer(firm, lease, upto, CLAIM), now=firm.clock.now())
    (row,) = waiting_rows(firm, person)
    newer = firm.writes(person)
    late = await claim(firm)
    assert await firm.decided(row["id"]) == ("redo", "R-TURN-1")
    assert not await turns(firm).commit(late, answer(firm, late, newer, CLAIM), now=firm.clock.now())
    assert waiting_rows(firm, person) == []
    again = await claim(firm)
    assert await turns(firm).commit(again, answer(firm, again, newer, CLAIM), now=firm.clock.now())
    turn = firm.one("select from_seq, upto_seq from turn where upto_seq = %s", [newer])
    assert (turn["from_seq"], turn["upto_seq"]) == (upto - 1, newer)


async def test_somebody_who_writes_on_while_answers_leave_gets_one_answer_and_no_case(firm: World) -> None:
    person = firm.person()
    seen = [firm.writes(person)]
    for _ in range(8):
        lease = await claim(firm)
        assert await turns(firm).commit(lease, answer(firm, lease, seen[-1], CLAIM), now=firm.clock.now())
        seen.append(firm.writes(person))
        (row,) = waiting_rows(firm, person)
        assert await firm.decided(row["id"]) == ("redo", "R-TURN-1")
        firm.clock.advance(5)
    await take(firm, *seen)
    assert await send_all(firm, person) == ["send"]
    assert firm.sql("select kind from case_file") == []
    assert firm.sql("select 1 from outbox where state in ('sent', 'sending', 'dead')") == [{"?column?": 1}]


async def test_what_the_person_wrote_on_does_not_use_up_the_tries_of_a_withdrawn_claim(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    effects = []
    for newer in (True, True, True, True, True, True, False, False, False, False, False, False):
        firm.sql("update bundle_claim set claim_digest = %s", [CLAIM])
        lease = await claim(firm)
        await turns(firm).commit(lease, answer(firm, lease, upto, CLAIM), now=firm.clock.now())
        if newer:
            upto = firm.writes(person)
        else:
            firm.sql("update bundle_claim set claim_digest = %s", [NEW_WORDING])
        (row,) = waiting_rows(firm, person)
        effects.append((await firm.decided(row["id"]))[0])
        firm.clock.advance(5)
    assert effects == ["redo"] * 11 + ["case"]


async def test_each_time_they_write_on_the_turn_begins_a_little_later_and_never_much(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    waited = []
    for _ in range(7):
        lease = await claim(firm)
        await turns(firm).commit(lease, answer(firm, lease, upto, CLAIM), now=firm.clock.now())
        upto = firm.writes(person)
        (row,) = waiting_rows(firm, person)
        await firm.decided(row["id"])
        ready = firm.one("select ready_at from conversation_queue")["ready_at"]
        waited.append((ready - firm.clock.now()).total_seconds())
        firm.clock.advance(5)
    assert waited == [0, 1, 2, 3, 4, 4, 4]


# ---- what a turn counted --------------------------------------------------------------------------------------------


async def test_a_turn_that_is_taken_again_counts_its_signals_once(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    lease = await claim(firm)
    made = counting(answer(firm, lease, upto, CLAIM), "distress", "distress", "anger")
    await turns(firm).commit(lease, made, now=firm.clock.now())
    assert counted(firm) == {"distress": 2, "anger": 1}

    newer = firm.writes(person)
    (row,) = waiting_rows(firm, person)
    assert await firm.decided(row["id"]) == ("redo", "R-TURN-1")
    assert counted(firm) == {}
    again = await claim(firm)
    assert await pending(firm, again) == [upto, newer]
    made = counting(answer(firm, again, newer, CLAIM), "distress", "distress", "distress", "anger")
    await turns(firm).commit(again, made, now=firm.clock.now())
    assert counted(firm) == {"distress": 3, "anger": 1}


async def test_a_turn_sent_back_twice_takes_its_signals_back_once(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    for _ in range(3):
        firm.sql("update bundle_claim set claim_digest = %s", [CLAIM])
        lease = await claim(firm)
        await turns(firm).commit(
            lease, counting(answer(firm, lease, upto, CLAIM), "anger"), now=firm.clock.now()
        )
        assert counted(firm) == {"anger": 1}
        firm.sql("update bundle_claim set claim_digest = %s", [NEW_WORDING])
        (row,) = waiting_rows(firm, person)
        assert (await firm.decided(row["id"]))[0] == "redo"
        assert counted(firm) == {}
        firm.clock.advance(10)


# ---- what came after a dead letter stays answered -------------------------------------------------------------------


async def test_a_replayed_dead_letter_answers_its_own_messages_and_no_later_one(firm: World) -> None:
    person = firm.person(wrote=False)
    firm.writes(person)
    letter = await die(firm)
    firm.writes(person)
    firm.writes(person)
    await take(firm, 2, 3)
    assert await send_all(firm, person) == ["send"]

    await replay(firm, letter)
    (shown,) = await PgDesk(firm.pools["desk"], firm.tenants).conversations(firm.tenant_id)
    assert shown.waiting == 1
    await take(firm, 1)
    assert firm.one("select done_seq, last_seq, answered, ready_at from conversation_queue") == {
        "done_seq": 3,
        "last_seq": 3,
        "answered": None,
        "ready_at": None,
    }
    assert await send_all(firm, person) == ["send"]


async def test_two_letters_and_a_new_message_are_answered_together_and_what_lies_between_is_not(
    firm: World,
) -> None:
    person = firm.person(wrote=False)
    firm.writes(person)
    first = await die(firm)
    firm.writes(person)
    await take(firm, 2)
    firm.writes(person)
    second = await die(firm)
    firm.writes(person)
    await take(firm, 4)

    await replay(firm, second)
    await replay(firm, first)
    firm.writes(person)
    await take(firm, 1, 3, 5)
    assert firm.one("select done_seq, answered from conversation_queue") == {"done_seq": 5, "answered": None}


async def test_a_replay_that_fails_again_is_a_letter_of_the_same_messages(firm: World) -> None:
    person = firm.person(wrote=False)
    firm.writes(person)
    letter = await die(firm)
    firm.writes(person)
    await take(firm, 2)
    await replay(firm, letter)
    firm.writes(person)
    await die(firm)
    letters = firm.sql("select from_seq, upto_seq from dead_letter where state = 'open'")
    assert letters == [{"from_seq": 0, "upto_seq": 1}]
    await take(firm, 3)


async def test_a_reply_that_waits_while_an_older_message_is_tried_again_is_not_sent_back(firm: World) -> None:
    person = firm.person(wrote=False)
    firm.writes(person)
    letter = await die(firm)
    firm.writes(person)
    await take(firm, 2)
    await replay(firm, letter)
    assert await send_all(firm, person) == ["send"]
    firm.writes(person)
    late = firm.waiting(person, answers=2, upto_seq=2)
    assert await firm.decided(late) == ("redo", "R-TURN-1")


async def test_a_replayed_reply_that_is_sent_back_does_not_bring_back_what_left_after_it(firm: World) -> None:
    person = firm.person(wrote=False)
    firm.writes(person)
    letter = await die(firm)
    firm.writes(person)
    await take(firm, 2)
    assert await send_all(firm, person) == ["send"]
    await replay(firm, letter)
    await take(firm, 1)
    firm.sql("update bundle_claim set claim_digest = %s", [NEW_WORDING])
    assert await send_all(firm, person) == ["redo"]
    await take(firm, 1)
