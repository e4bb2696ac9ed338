"""What happens while the last look waits for a lock is seen by it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import closing
from datetime import timedelta

import psycopg

from runtime.embedded import SUPERUSER
from runtime.messages import Look
from tests.integration.send.world import WHATSAPP, Person, World, world


async def waiting_for_a_lock(firm: World, looking: asyncio.Task[Look | None]) -> None:
    """Returns once a statement waits for a lock; fails if the look ended without waiting."""
    for _ in range(200):
        if firm.sql("select pid from pg_locks where not granted"):
            return
        assert not looking.done(), "the look did not wait for the open transaction"
        await asyncio.sleep(0.01)
    raise AssertionError("nothing waited")


async def effect_of_what_commits_during_the_look(
    firm: World, during: Callable[[psycopg.Connection, Person], None], send_class: str = "proactive"
) -> str:
    """Opens a transaction, starts the look, waits until the look waits for it, commits, and returns what the look did."""
    person = firm.person()
    row = firm.waiting(person, send_class)
    url = firm.database.server.url(SUPERUSER, firm.database.name)
    with closing(psycopg.connect(url)) as other:
        during(other, person)
        looking = asyncio.create_task(firm.look(row))
        await waiting_for_a_lock(firm, looking)
        other.commit()
    look = await looking
    assert look is not None
    return look.effect


def opt_out(other: psycopg.Connection, person: Person) -> None:
    """As ingest does it: the person's row and the suppression list, in one transaction."""
    other.execute(
        "update contact set opted_out_at = '2026-11-24T10:30Z', ver = ver + 1 where contact_id = %s",
        [person.contact],
    )
    other.execute(
        "insert into suppression select tenant_id, suppression_blind, 'stop', '2026-11-24T10:30Z' "
        "from identity where contact_id = %s",
        [person.contact],
    )


def hold(other: psycopg.Connection, person: Person) -> None:
    other.execute("update contact set ver = ver + 1 where contact_id = %s", [person.contact])
    other.execute(
        "insert into hold (tenant_id, id, contact_id, category, priority, set_by, set_at) "
        "select tenant_id, gen_random_uuid(), contact_id, 'distress', 1, 'bot', created_at from contact where contact_id = %s",
        [person.contact],
    )


def message(other: psycopg.Connection, person: Person) -> None:
    other.execute(
        "update conversation_queue set last_seq = last_seq + 1 where conversation_id = %s",
        [person.conversation],
    )


async def test_an_opt_out_whose_transaction_is_open_while_the_look_waits_stops_the_send(firm: World) -> None:
    assert await effect_of_what_commits_during_the_look(firm, opt_out) == "drop"


async def test_a_hold_that_commits_while_the_look_waits_stops_the_reply(firm: World) -> None:
    assert await effect_of_what_commits_during_the_look(firm, hold, "reply") == "case"


async def test_a_message_that_commits_while_the_look_waits_supersedes_the_reply(firm: World) -> None:
    assert await effect_of_what_commits_during_the_look(firm, message, "reply") == "redo"


async def test_an_opt_out_that_is_rolled_back_while_the_look_waits_stops_nothing(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person, "proactive")
    with closing(psycopg.connect(firm.database.server.url(SUPERUSER, firm.database.name))) as other:
        opt_out(other, person)
        looking = asyncio.create_task(firm.look(row))
        await waiting_for_a_lock(firm, looking)
        other.rollback()
    look = await looking
    assert look is not None
    assert look.effect == "send"


async def test_an_open_transaction_on_the_tenant_row_delays_no_look(firm: World) -> None:
    row = firm.waiting(firm.person())
    with closing(psycopg.connect(firm.database.server.url(SUPERUSER, firm.database.name))) as other:
        other.execute("update tenant set kill_scope = 'machine', kill_epoch = kill_epoch + 1")
        look = await asyncio.wait_for(firm.look(row), 5)
        other.commit()
    assert look is not None
    assert look.effect == "send"
    assert await firm.outbox.kill_epoch(firm.tenant_id) == look.kill_epoch + 1


async def test_of_two_tenants_of_an_organisation_that_write_first_at_once_one_waits_its_day(
    firm: World,
) -> None:
    async with world(firm.database, firm.clock, "sister") as sister:
        looking: list[asyncio.Task[Look | None]] = []
        with closing(psycopg.connect(firm.database.server.url(SUPERUSER, firm.database.name))) as other:
            for each in (firm, sister):
                person = each.person()
                each.identity(person, "phone", "+447700900123")  # the same person to both
                row = each.waiting(person, "proactive")
                if each is sister:
                    for table in ("conversation", "outbox"):
                        each.sql(
                            f"update {table} set connection_id = %s where tenant_id = %s",
                            [f"sister-{WHATSAPP}", each.tenant_id],
                        )
                else:  # this look has decided, and waits to write it down
                    other.execute(
                        "insert into audit_stream values (%s, %s, 0, '')",
                        [each.tenant_id, f"send/{person.conversation}"],
                    )
                looking.append(asyncio.create_task(each.look(row)))
                await (waiting_for_a_lock(firm, looking[0]) if each is firm else asyncio.sleep(0.5))
            other.rollback()
        looks = await asyncio.gather(*looking)
    assert [look.effect for look in looks if look is not None] == ["send", "defer"]


async def test_two_senders_never_both_get_a_row(firm: World) -> None:
    for _ in range(10):
        row = firm.waiting(firm.person())
        looks = await asyncio.gather(*(firm.look(row, owner=f"sender-{n}") for n in range(4)))
        assert len([look for look in looks if look is not None]) == 1


async def test_a_stop_that_commits_between_the_look_and_the_call_keeps_the_call_from_beginning(
    firm: World,
) -> None:
    person = firm.person()
    row = firm.waiting(person, "proactive")
    look = await firm.look(row)
    assert look is not None
    assert await firm.outbox.epoch_to_call(firm.tenant_id, row) == look.kill_epoch

    firm.opts_out(person)

    assert await firm.outbox.epoch_to_call(firm.tenant_id, row) is None
    await firm.outbox.put_back(firm.tenant_id, row, owner="sender-1", now=firm.clock.now())
    assert (await firm.decided(row))[0] == "drop"


async def test_an_answer_after_a_stop_that_the_look_knew_of_is_not_kept_back(firm: World) -> None:
    person = firm.person()
    firm.opts_out(person)
    firm.writes(person, at=firm.clock.now() + timedelta(seconds=1))
    firm.processed(person)
    row = firm.waiting(person, "reply")
    look = await firm.look(row)
    assert look is not None
    assert look.effect == "send"
    assert await firm.outbox.epoch_to_call(firm.tenant_id, row) == look.kill_epoch


async def test_the_safety_line_and_an_agents_words_do_not_wait_for_a_stop(firm: World) -> None:
    for send_class, author in (("safety", "bot"), ("human", "Ada Example")):
        person = firm.person()
        row = firm.waiting(person, send_class, author=author)
        look = await firm.look(row)
        assert look is not None
        firm.opts_out(person)
        assert await firm.outbox.epoch_to_call(firm.tenant_id, row) == look.kill_epoch
