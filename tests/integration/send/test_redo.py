"""A turn that the last look sends back is taken again by the worker: same messages, new keys, and no late writer wins."""

from __future__ import annotations

from typing import Any

from runtime.messages import Lease, Outcome, Receipt, Send, SendClass, Sentence
from runtime.storage.operations import PgOperations
from runtime.storage.turns import PgTurns
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
