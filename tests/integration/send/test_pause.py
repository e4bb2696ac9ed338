"""Somebody who asked to be left alone for a while is not started with until then, and is answered all the same."""

from __future__ import annotations

from datetime import timedelta

from tests.integration.send.world import World


async def test_a_start_waits_for_the_end_of_a_pause_and_says_so(firm: World) -> None:
    person = firm.person()
    until = firm.clock.now() + timedelta(days=30)
    firm.sql("update contact set paused_until = %s where contact_id = %s", [until, person.contact])
    row = firm.waiting(person, "proactive")

    assert await firm.decided(row) == ("defer", "R-FREQ-1")
    assert firm.row(row)["due_at"] == until
    assert firm.facts(row)["facts"] == ["paused"]

    firm.clock.advance(timedelta(days=30, seconds=1).total_seconds())
    look = await firm.look(row)
    assert look is not None
    assert look.rule != "R-FREQ-1"


async def test_a_reply_does_not_wait_for_a_pause(firm: World) -> None:
    person = firm.person()
    firm.sql(
        "update contact set paused_until = %s where contact_id = %s",
        [firm.clock.now() + timedelta(days=30), person.contact],
    )
    assert (await firm.decided(firm.waiting(person, "reply")))[0] == "send"
