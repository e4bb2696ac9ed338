"""Each rule of the last look, on the real Postgres: what it stops, how, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.integration.send.world import World


async def test_a_reply_nothing_stands_against_is_sending_and_carries_its_words(firm: World) -> None:
    row = firm.waiting(firm.person())
    look = await firm.look(row)
    assert look is not None
    assert look.effect == "send"
    assert look.rule == "R-CLEAR"
    assert look.message is not None
    assert look.message.text == "You can complain to your lender yourself, for free."
    assert look.message.to.kind == "phone"
    stored = firm.row(row)
    assert (stored["state"], stored["owner"], stored["attempts"]) == ("sending", "sender-1", 1)
    assert look.until == stored["lease_until"] == firm.clock.now() + timedelta(seconds=30)
