"""Whatever holds at once: the facts the last look finds are those that hold, and it does what the table says about them."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import pytest

from schemas.sendtable import CLASSES, decide, default_rows, rows_of
from tests.integration.send.world import CLAIM, EMAIL, WEB, WHATSAPP, Person, World

ROWS = rows_of(default_rows())
Arrange = Callable[[World, Person, UUID], None]


def no_consent(firm: World, person: Person, _row: UUID) -> None:
    firm.consent(person, "withdrawn", purpose="all")


def opted_out(firm: World, person: Person, _row: UUID) -> None:
    firm.opts_out(person)


def hold(firm: World, person: Person, _row: UUID) -> None:
    firm.holds(person)


def human_owns(firm: World, person: Person, _row: UUID) -> None:
    firm.taken_over(person)


def newer_inbound(firm: World, person: Person, _row: UUID) -> None:
    firm.sql(
        "update conversation_queue set last_seq = last_seq + 1 where conversation_id = %s",
        [person.conversation],
    )


def window_shut(firm: World, person: Person, _row: UUID) -> None:
    firm.sql(
        "update conversation_queue set last_inbound_at = %s where conversation_id = %s",
        [firm.clock.now() - timedelta(hours=25), person.conversation],
    )


def three_strikes(firm: World, person: Person, _row: UUID) -> None:
    firm.sql(
        "update contact set struck_out_at = %s where contact_id = %s", [firm.clock.now(), person.contact]
    )


def frequency_cap(firm: World, person: Person, row: UUID) -> None:
    sent = firm.sent_before(person, timedelta(hours=2))
    firm.sql("update outbox set n = 0 where id = %s", [sent])
    assert row != sent


def claim_gone(firm: World, person: Person, row: UUID) -> None:
    firm.sql("update outbox set claim_digests = claim_digests || %s where id = %s", [["sha256:gone"], row])


def kill_lifted(firm: World, person: Person, row: UUID) -> None:
    firm.sql("update outbox set kill_waited = true where id = %s", [row])


ARRANGEMENTS: tuple[Arrange, ...] = (
    no_consent,
    opted_out,
    hold,
    human_owns,
    newer_inbound,
    window_shut,
    three_strikes,
    frequency_cap,
    claim_gone,
    kill_lifted,
)
SCOPES = {"none": set(), "machine": {"kill_machine"}, "everything": {"kill_everything"}}


@pytest.mark.parametrize("seed", range(4))
async def test_the_look_finds_what_holds_and_does_what_the_table_says(firm: World, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(60):
        chosen = chance.sample(ARRANGEMENTS, chance.choice([0, 1, 1, 2, 3, 5]))
        scope = chance.choice(["none", "none", "none", "machine", "everything"])
        send_class, connection = chance.choice(CLASSES), chance.choice([WHATSAPP, EMAIL, WEB])
        person = firm.person(connection)
        row = firm.waiting(
            person,
            send_class,
            has_link=chance.random() < 0.3,
            has_ask=chance.random() < 0.3,
            template=chance.choice([None, "t_1"]),
        )
        firm.sql("update tenant set kill_scope = %s", [scope])
        for arrange in chosen:
            arrange(firm, person, row)

        look = await firm.look(row)
        assert look is not None
        found = firm.facts(row)
        assert set(found["facts"]) == expected(chosen, scope, connection)
        said = decide(
            ROWS, frozenset(found["facts"]), send_class, firm.row(row)["channel"], frozenset(found["flags"])
        )
        assert look.rule == said.rule
        wanted = "send" if said.effect == "template" else said.effect
        # A message that no turn made cannot be composed again: a person has to look.
        assert look.effect == ("case" if wanted == "redo" and firm.row(row)["upto_seq"] is None else wanted)
        assert (firm.row(row)["state"] == "sending") == (look.effect == "send")


def expected(chosen: list[Arrange], scope: str, connection: str) -> set[str]:
    facts = {arrange.__name__ for arrange in chosen} | SCOPES[scope]
    if scope != "none":
        facts -= {"kill_lifted"}
    if connection != WHATSAPP:
        facts -= {"window_shut"}
    return facts


async def test_the_claim_of_these_worlds_is_sayable(firm: World) -> None:
    row = firm.waiting(firm.person())
    assert firm.row(row)["claim_digests"] == [CLAIM]
    assert (await firm.decided(row))[0] == "send"
