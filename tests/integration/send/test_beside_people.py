"""People beside the machine: who writes at the desk or from the phone silences it, and it knows when it is handed back."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from runtime.messages import Arrival, Identity, OperatorMessage, Receipt, Turn
from runtime.storage.audit import PgAudit
from runtime.storage.desk import PgDesk
from runtime.storage.ingest import PgIngest
from runtime.storage.operations import PgOperations
from runtime.storage.postgres import Pool
from schemas.bundle import Bundle
from tests.integration.send.test_redo import answer, claim, send_all, take, turns, waiting_rows
from tests.integration.send.world import CLAIM, WHATSAPP, Person, World

TYPING = timedelta(seconds=30)
PHONE = Identity(kind="phone", value="+447700900555")


def desk(firm: World) -> PgOperations:
    return PgOperations(firm.pools["desk"], firm.tenants)


async def types(firm: World, person: Person) -> None:
    assert await desk(firm).typing(firm.tenant_id, person.conversation, until=firm.clock.now() + TYPING)


async def hand_back(firm: World, person: Person) -> None:
    await desk(firm).hand_back(
        firm.tenant_id, person.conversation, by="Ada Example", reason="done", now=firm.clock.now()
    )


async def loaded(firm: World) -> Turn:
    bundle = Bundle.decode(firm.one("select data from bundle")["data"])
    lease = await claim(firm)
    turn = await turns(firm).load(lease, pinned=None, active=bundle, now=firm.clock.now())
    assert turn is not None
    return turn


async def ready(firm: World) -> int:
    return len(await turns(firm).claim(owner="worker-1", limit=9, lease_s=30, now=firm.clock.now()))


# ---- somebody is writing at the desk ----------------------------------------------------------------------------------


async def test_no_turn_begins_while_somebody_at_the_desk_writes_and_none_is_forgotten(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    await types(firm, person)
    assert await ready(firm) == 0
    firm.clock.advance(20)
    await types(firm, person)
    firm.clock.advance(20)
    assert await ready(firm) == 0
    firm.clock.advance(10)
    await take(firm, upto)


async def test_an_answer_waits_while_somebody_at_the_desk_writes_and_leaves_when_they_do_not(
    firm: World,
) -> None:
    person = firm.person()
    row = firm.waiting(person)
    await types(firm, person)
    assert await firm.decided(row) == ("defer", "R-WA-3")
    kept = firm.row(row)
    assert (kept["state"], kept["due_at"]) == ("pending", firm.clock.now() + TYPING)
    assert firm.facts(row)["facts"] == ["human_typing"]
    assert await firm.look(row) is None
    firm.clock.advance(30)
    assert (await firm.decided(row))[0] == "send"


async def test_what_was_about_to_be_said_is_dropped_once_the_person_at_the_desk_has_sent_theirs(
    firm: World,
) -> None:
    person = firm.person()
    row = firm.waiting(person)
    await types(firm, person)
    assert await firm.decided(row) == ("defer", "R-WA-3")
    firm.taken_over(person)
    firm.clock.advance(30)
    assert await firm.decided(row) == ("drop", "R-WA-3")


async def test_words_that_keep_somebody_safe_and_those_of_people_wait_for_nobody_who_writes(
    firm: World,
) -> None:
    person = firm.person()
    await types(firm, person)
    for send_class, author in (("safety", "bot"), ("confirmation", "bot"), ("human", "Ada Example")):
        row = firm.waiting(person, send_class, author=author)
        assert ((await firm.decided(row))[0], send_class) == ("send", send_class)
        await firm.outbox.record(
            firm.tenant_id, row, Receipt(result="accepted"), owner="sender-1", now=firm.clock.now()
        )


async def test_what_is_urgent_is_taken_up_though_somebody_writes(firm: World) -> None:
    person = firm.person()
    upto = firm.writes(person)
    await types(firm, person)
    firm.sql("update conversation_queue set urgent_seq = %s", [upto])
    assert await ready(firm) == 1


async def test_the_record_of_a_wait_holds(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person)
    await types(firm, person)
    await firm.look(row)
    found = await PgAudit(firm.pools["owner"]).verify(trusted={})
    assert [f for f in found.findings if f.kind != "unsealed"] == []
    (entry,) = firm.sql("select header from audit where header ->> 'rule' = 'R-WA-3'")
    assert entry["header"]["facts"] == ["human_typing"]


# ---- handed back ------------------------------------------------------------------------------------------------------


async def test_a_turn_knows_when_the_conversation_was_handed_back_and_which_lines_a_person_wrote(
    firm: World,
) -> None:
    person = firm.person()
    upto = firm.writes(person)
    await take(firm, upto)
    assert await send_all(firm, person) == ["send"]
    firm.taken_over(person)
    firm.clock.advance(60)
    firm.sent_before(person, timedelta(0), "human")
    firm.sql("update outbox set author = 'Ada Example' where send_class = 'human'")
    firm.clock.advance(60)
    await hand_back(firm, person)
    handed = firm.clock.now()
    firm.clock.advance(60)
    firm.writes(person)
    turn = await loaded(firm)
    assert (turn.handed_back_at, turn.human_owner, turn.started) == (handed, None, True)
    assert [line.by_person for line in turn.history if line.ours] == [False, True]


async def test_what_was_counted_before_a_person_dealt_with_it_counts_no_more(firm: World) -> None:
    person = firm.person()
    firm.writes(person)
    firm.insert(
        "signal_count",
        {"tenant_id": firm.tenant_id, "conversation_id": person.conversation, "category": "probe", "n": 3},
    )
    await hand_back(firm, person)
    assert (await loaded(firm)).counts.get("probe", 0) == 0


# ---- written from the phone -------------------------------------------------------------------------------------------


def echo(firm: World, text: str = "I'll ring you at four.", **more: Any) -> Arrival:
    fields: dict[str, Any] = {
        "provider_id": "wamid.phone-1",
        "to": PHONE,
        "aliases": (),
        "sent_at": firm.clock.now(),
        "kind": "text",
        "text": text,
    }
    return Arrival(
        tenant_id=firm.tenant_id,
        connection_id=WHATSAPP,
        channel="whatsapp_360dialog",
        event=OperatorMessage(**{**fields, **more}),
        stop=None,
    )


async def arrives(firm: World, *arrivals: Arrival) -> list[str]:
    async with (
        Pool(firm.database.url("ingest"), role="ingest") as pool,
        PgIngest(pool, firm.tenants, firm.clock) as ingest,
    ):
        return [stored.outcome for stored in await ingest.store(arrivals, now=firm.clock.now())]


async def test_a_line_from_the_phone_is_a_take_over_and_stands_in_the_conversation_once(firm: World) -> None:
    person = firm.person()
    firm.identity(person, "phone", PHONE.value)
    firm.writes(person)
    firm.processed(person)
    row = firm.waiting(person)
    assert await arrives(firm, echo(firm)) == ["stored"]
    assert await arrives(firm, echo(firm)) == ["duplicate"]
    assert firm.one("select human_owner from conversation")["human_owner"] == "the phone"
    assert await firm.decided(row) == ("drop", "R-WA-3")
    found = await PgDesk(firm.pools["desk"], firm.tenants).conversation(firm.tenant_id, person.conversation)
    assert found is not None
    lines = [(send.author, send.text, send.state) for send in found.sends if send.send_class == "human"]
    assert lines == [("the phone", "I'll ring you at four.", "sent")]


async def test_a_conversation_begun_from_the_phone_makes_the_person_known(firm: World) -> None:
    assert await arrives(firm, echo(firm)) == ["stored"]
    person = firm.one("select conversation_id, human_owner from conversation")
    assert person["human_owner"] == "the phone"
    assert firm.one("select count(*) as n from identity")["n"] == 1
    assert firm.sql("select 1 from inbox") == []


async def test_an_echo_of_what_we_sent_ourselves_takes_nothing_over(firm: World) -> None:
    person = firm.person()
    firm.identity(person, "phone", PHONE.value)
    row = firm.waiting(person)
    await firm.look(row)
    await firm.outbox.record(
        firm.tenant_id,
        row,
        Receipt(result="accepted", provider_id="wamid.phone-1"),
        owner="sender-1",
        now=firm.clock.now(),
    )
    assert await arrives(firm, echo(firm)) == ["stored"]
    assert firm.one("select human_owner from conversation")["human_owner"] is None
    assert firm.one("select count(*) as n from outbox")["n"] == 1


async def test_who_has_the_conversation_at_the_desk_keeps_it_when_the_phone_writes(firm: World) -> None:
    person = firm.person()
    firm.identity(person, "phone", PHONE.value)
    firm.taken_over(person)
    await arrives(firm, echo(firm))
    assert firm.one("select human_owner from conversation")["human_owner"] == "Ada Example"


async def test_after_the_phone_wrote_the_machine_answers_nothing_until_it_is_handed_back(firm: World) -> None:
    person = firm.person()
    firm.identity(person, "phone", PHONE.value)
    firm.writes(person)
    await arrives(firm, echo(firm))
    turn = await loaded(firm)
    assert turn.human_owner == "the phone"
    await hand_back(firm, person)
    assert waiting_rows(firm, person) == []
    assert firm.one("select human_owner, handed_back_at from conversation") == {
        "human_owner": None,
        "handed_back_at": firm.clock.now(),
    }


async def test_an_answer_under_way_when_the_phone_writes_is_not_sent(firm: World) -> None:
    person = firm.person()
    firm.identity(person, "phone", PHONE.value)
    upto = firm.writes(person)
    lease = await claim(firm)
    await arrives(firm, echo(firm))
    assert await turns(firm).commit(lease, answer(firm, lease, upto, CLAIM), now=firm.clock.now())
    assert await send_all(firm, person) == ["drop"]
