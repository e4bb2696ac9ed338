"""What arrives is stored once, in order, encrypted; one bad row stops nobody else."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from runtime.errors import Overloaded
from runtime.messages import Arrival, Identity, Preference, StatusUpdate, Stop
from runtime.ports import DatabaseDown
from runtime.storage.ingest import PgIngest
from tests.conftest import Database, ManualClock
from tests.integration.storage.world import World, message, phone, words, world


async def test_a_message_is_stored_numbered_and_marked_ready(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        first, second = await w.arrive(
            message(dave, clock.now(), text="one"), message(dave, clock.now(), text="two")
        )
        assert (first.outcome, first.seq, second.outcome, second.seq) == ("stored", 1, "stored", 2)
        assert first.conversation_id == second.conversation_id
        assert await words(w, dave) == ["one", "two"]
        [queue] = await w.see("select last_seq, done_seq, ready_at, lines, audit_n from conversation_queue")
        assert queue == {"last_seq": 2, "done_seq": 0, "ready_at": clock.now(), "lines": 2, "audit_n": 2}


async def test_the_same_webhook_twice_and_seven_days_later_is_stored_once(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        same = message(dave, clock.now())
        [first] = await w.arrive(same)
        [second] = await w.arrive(same)
        clock.advance(timedelta(days=7).total_seconds())
        [third] = await w.arrive(same)
        assert [first.outcome, second.outcome, third.outcome] == ["stored", "duplicate", "duplicate"]
        assert third.conversation_id == first.conversation_id
        assert third.seq == 1
        assert len(await words(w, dave)) == 1


async def test_a_web_message_resent_after_midnight_is_a_duplicate(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        visitor = Identity(kind="visitor", value="v" * 22)
        outcomes = []
        for _ in range(2):
            [stored] = await w.arrive(
                message(dave, clock.now(), person=visitor, channel="webchat", provider_id="abc.1")
            )
            outcomes.append(stored.outcome)
            clock.advance(86_400)
        assert outcomes == ["stored", "duplicate"]


@pytest.mark.parametrize("year", [1, 1970, 9999])
async def test_a_message_dated_far_away_is_stored_with_a_clamped_time(
    database: Database, clock: ManualClock, year: int
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        odd = message(dave, datetime(year, 1, 2, tzinfo=UTC))
        assert [s.outcome for s in await w.arrive(odd, odd)] == ["stored", "duplicate"]
        [row] = await w.see("select sent_at, received_at from inbox")
        assert clock.now() - timedelta(days=30) <= row["sent_at"] <= clock.now() == row["received_at"]


async def test_a_message_older_than_its_predecessor_is_numbered_by_arrival(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await w.arrive(message(dave, clock.now(), text="said second"))
        await w.arrive(message(dave, clock.now() - timedelta(hours=1), text="said first"))
        assert await words(w, dave) == ["said second", "said first"]
        [queue] = await w.see("select last_inbound_at from conversation_queue")
        assert queue["last_inbound_at"] == clock.now()


async def test_one_poison_row_among_fifty_of_fifty_tenants_is_rejected_alone(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        tenants = [await w.tenant(f"tenant-{n}", organisation=f"org-{n}") for n in range(50)]
        batch = [
            message(t, clock.now(), kind="te\x00xt" if n == 31 else "text") for n, t in enumerate(tenants)
        ]
        stored = await asyncio.gather(*(w.arrive(arrival) for arrival in batch))
        outcomes = [s.outcome for [s] in stored]
        assert outcomes.count("stored") == 49
        assert outcomes[31] == "rejected"
        assert stored[31][0].reason == "DataError"
        [reject] = await w.see("select tenant_id, error, state, connection_id from ingest_reject")
        assert reject == {
            "tenant_id": tenants[31].tenant_id,
            "error": "DataError",
            "state": "open",
            "connection_id": "tenant-31-wa-sandbox",
        }
        assert (await w.see("select count(*) as n from inbox"))[0]["n"] == 49


async def test_a_poison_row_in_the_database_itself_is_found_too(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave, edward = await w.tenant(), await w.tenant("edward")
        async with w.owner.connection() as connection:
            await connection.execute("alter table inbox add check (kind <> 'cursed')")
        arrivals = [
            message(dave, clock.now(), text="good"),
            message(edward, clock.now(), kind="cursed"),
            message(edward, clock.now(), text="also good"),
        ]
        stored = await w.arrive(*arrivals)
        assert [s.outcome for s in stored] == ["stored", "rejected", "stored"]
        assert stored[1].reason == "CheckViolation"
        [again] = await w.arrive(arrivals[1])
        assert again.outcome == "rejected"
        assert (await w.see("select count(*) as n from ingest_reject"))[0]["n"] == 1


@pytest.mark.parametrize(
    "text", ["nul \x00 byte", "lone \ud83d surrogate", "bidi \u202e override", "😀" * 4096]
)
async def test_hard_text_comes_back_as_it_was(database: Database, clock: ManualClock, text: str) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        [stored] = await w.arrive(message(dave, clock.now(), text=text))
        assert stored.outcome == "stored"
        assert await words(w, dave) == [text]


async def test_two_processes_that_meet_a_person_at_once_agree_on_one_key(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as one, world(database, clock) as two:
        dave = await one.tenant()
        await two.tenants.every()
        stored = await asyncio.gather(
            *(w.arrive(message(dave, clock.now(), text=f"{n}")) for n in range(10) for w in (one, two))
        )
        assert {s.outcome for [s] in stored} == {"stored"}
        assert len({s.conversation_id for [s] in stored}) == 1
        assert sorted(s.seq or 0 for [s] in stored) == list(range(1, 21))
        assert sorted(await words(one, dave)) == sorted([f"{n}" for n in range(10)] * 2)
        assert (await one.see("select count(*) as n from contact"))[0]["n"] == 1


async def test_a_person_known_by_an_alias_is_the_same_person(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        alias = Identity(kind="bsuid", value="GB.1234567890")
        [first] = await w.arrive(message(dave, clock.now(), aliases=(alias,), text="by phone"))
        [second] = await w.arrive(message(dave, clock.now(), person=alias, text="by alias"))
        [third] = await w.arrive(
            message(
                dave, clock.now(), person=Identity(kind="lid", value="9@lid"), aliases=(alias,), text="new id"
            )
        )
        assert first.conversation_id == second.conversation_id == third.conversation_id
        assert await words(w, dave) == ["by phone", "by alias", "new id"]
        assert (await w.see("select count(*) as n from identity"))[0]["n"] == 3


async def test_a_stop_is_on_disk_with_its_message(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave, edward = await w.tenant(), await w.tenant("edward")
        await w.arrive(message(dave, clock.now()), message(edward, clock.now()))
        await w.arrive(message(dave, clock.now(), text="STOP", stop=Stop(scope="tenant", matched="stop")))
        contacts = await w.see("select tenant_id, ver, opted_out_at, opt_out_scope from contact order by 1")
        assert contacts == [
            {"tenant_id": dave.tenant_id, "ver": 2, "opted_out_at": clock.now(), "opt_out_scope": "tenant"},
            {"tenant_id": edward.tenant_id, "ver": 1, "opted_out_at": None, "opt_out_scope": None},
        ]
        assert len(await w.see("select 1 from suppression")) == 1
        [event] = await w.see("select kind, source from consent_event")
        assert event == {"kind": "withdrawn", "source": "message"}


async def test_stop_all_reaches_every_tenant_of_the_organisation_and_no_other(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave, edward = await w.tenant(), await w.tenant("edward")
        stranger = await w.tenant("stranger", organisation="elsewhere")
        await w.arrive(*(message(t, clock.now()) for t in (dave, edward, stranger)))
        await w.arrive(
            message(dave, clock.now(), text="STOP ALL", stop=Stop(scope="organisation", matched="x"))
        )
        contacts = await w.see("select tenant_id, ver, opt_out_scope from contact order by 1")
        assert [(c["ver"], c["opt_out_scope"]) for c in contacts] == [
            (2, "organisation"),
            (2, "organisation"),
            (1, None),
        ]


async def test_whoever_said_stop_all_is_opted_out_where_they_were_never_seen(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave, edward = await w.tenant(), await w.tenant("edward")
        await w.arrive(message(dave, clock.now(), stop=Stop(scope="organisation", matched="stop all")))
        clock.advance(60)
        await w.arrive(message(edward, clock.now()))
        [contact] = await w.see("select * from contact where tenant_id = %s", edward.tenant_id)
        assert contact["opt_out_scope"] == "organisation"
        assert contact["opted_out_at"] == clock.now() - timedelta(seconds=60)


async def test_a_stop_inside_the_channel_suppresses_and_wakes_nobody(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        stop = Preference(provider_id="pref.1", sender=phone(), value="stop", at=clock.now())
        arrival = Arrival(
            tenant_id=dave.tenant_id,
            connection_id="dave-wa",
            channel="whatsapp_360dialog",
            event=stop,
            stop=None,
        )
        assert [s.outcome for s in await w.arrive(arrival, arrival)] == ["stored", "duplicate"]
        [queue] = await w.see("select last_seq, ready_at from conversation_queue")
        assert queue == {"last_seq": 0, "ready_at": None}
        [contact] = await w.see("select opted_out_at from contact")
        assert contact["opted_out_at"] == clock.now()


def status(tenant_id: int, value: str, at: datetime, *, ref: str | None = None) -> Arrival:
    return Arrival(
        tenant_id=tenant_id,
        connection_id="dave-wa-sandbox",
        channel="whatsapp_360dialog",
        event=StatusUpdate(provider_id="wamid.out", status=value, at=at, client_ref=ref),  # type: ignore[arg-type]
        stop=None,
    )


async def outbox_row(w: World, tenant_id: int, *, state: str, key: str) -> None:
    async with w.owner.connection() as connection, connection.transaction():
        await connection.execute("select set_config('app.every', 'on', true)")
        await connection.execute(
            "insert into outbox (tenant_id, id, conversation_id, contact_id, connection_id, channel, n, key, part, "
            "send_class, state, due_at, body, claims, claim_digests, has_link, has_ask, bundle, created_at) values "
            "(%s, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'dave-wa-sandbox', 'whatsapp_360dialog', 1, "
            "%s, 1, 'reply', %s, %s, '', '{}', '{}', false, false, 'd', %s)",
            [tenant_id, key, state, w.clock.now(), w.clock.now()],
        )


async def test_statuses_merge_upwards_only(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await outbox_row(w, dave.tenant_id, state="sent", key="k1")
        seen = []
        for value in ("delivered", "sent", "failed", "read", "delivered"):
            await w.arrive(status(dave.tenant_id, value, clock.now(), ref="k1"))
            seen += [row["status"] for row in await w.see("select status from outbox")]
        assert seen == ["delivered", "delivered", "delivered", "read", "read"]
        assert (await w.see("select count(*) as n from delivery_status"))[0]["n"] == 4


@pytest.mark.parametrize(("said", "state"), [("delivered", "sent"), ("sent", "sent"), ("failed", "failed")])
async def test_a_status_settles_an_unknown_send(
    database: Database, clock: ManualClock, said: str, state: str
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await outbox_row(w, dave.tenant_id, state="unknown", key="k1")
        await w.arrive(status(dave.tenant_id, said, clock.now(), ref="k1"))
        [row] = await w.see(
            "select state, status, settled_at, provider_hmac is not null as known from outbox"
        )
        assert row == {"state": state, "status": said, "settled_at": clock.now(), "known": True}


async def test_a_resume_inside_the_channel_is_kept_and_lifts_no_opt_out(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        for value in ("stop", "resume"):
            event = Preference(provider_id=f"pref.{value}", sender=phone(), value=value, at=clock.now())
            [stored] = await w.arrive(
                Arrival(
                    tenant_id=dave.tenant_id,
                    connection_id="dave-wa",
                    channel="whatsapp_360dialog",
                    event=event,
                    stop=None,
                )
            )
            assert stored.outcome == "stored"
        events = await w.see("select kind from consent_event order by kind")
        assert [event["kind"] for event in events] == ["resumed", "withdrawn"]
        [contact] = await w.see("select opted_out_at from contact")
        assert contact["opted_out_at"] == clock.now()


async def test_a_status_finds_its_row_by_the_providers_id_where_our_key_is_not_echoed(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await outbox_row(w, dave.tenant_id, state="sent", key="k1")
        await w.arrive(status(dave.tenant_id, "sent", clock.now(), ref="k1"))
        await w.arrive(status(dave.tenant_id, "read", clock.now()))
        [row] = await w.see("select status from outbox")
        assert row["status"] == "read"


async def test_a_status_of_nothing_we_know_is_kept(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        [stored] = await w.arrive(status(dave.tenant_id, "read", clock.now()))
        assert stored.outcome == "stored"
        [row] = await w.see("select outbox_id from delivery_status")
        assert row["outbox_id"] is None


async def test_one_webhook_with_several_people_keeps_each_in_order(
    database: Database, clock: ManualClock
) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        batch = [message(dave, clock.now(), person=phone(n % 3), text=f"{n % 3}:{n}") for n in range(30)]
        batch.insert(5, status(dave.tenant_id, "read", clock.now()))
        stored = await w.arrive(*batch)
        assert [s.outcome for s in stored] == ["stored"] * 31
        by_person: dict[str, list[int]] = {}
        for text in await words(w, dave):
            person, number = text.split(":")
            by_person.setdefault(person, []).append(int(number))
        assert all(numbers == sorted(numbers) for numbers in by_person.values())


async def test_a_full_buffer_says_so_and_stores_nothing_of_it(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        async with PgIngest(w.web, w.tenants, clock, buffer_rows=3) as small:
            with pytest.raises(Overloaded):
                await small.store([message(dave, clock.now()) for _ in range(4)], now=clock.now())
            assert await words(w, dave) == []
            assert len(await small.store([message(dave, clock.now())], now=clock.now())) == 1


async def test_a_sender_that_is_no_text_is_rejected_alone(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        odd = Identity(kind="phone", value="+44\ud83d")
        stored = await w.arrive(message(dave, clock.now(), person=odd), message(dave, clock.now()))
        assert [(s.outcome, s.reason) for s in stored] == [
            ("rejected", "UnicodeEncodeError"),
            ("stored", None),
        ]


async def test_a_stopped_ingest_acknowledges_nothing_more(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        await w.ingest.__aexit__()
        waiting = asyncio.create_task(w.arrive(message(dave, clock.now())))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        await w.ingest.__aexit__()
        with pytest.raises(DatabaseDown):
            await waiting


async def test_a_held_conversation_holds_up_nobody_else(database: Database, clock: ManualClock) -> None:
    async with world(database, clock) as w:
        dave = await w.tenant()
        [held] = await w.arrive(message(dave, clock.now(), person=phone(0), text="first"))
        during = message(dave, clock.now(), person=phone(0), text="held")
        with psycopg.connect(database.url()) as holder:
            holder.execute("select set_config('app.every', 'on', true)")
            holder.execute("select 1 from conversation_queue for update")
            began = time.monotonic()
            others = [message(dave, clock.now(), person=phone(n)) for n in range(1, 20)]
            results = await asyncio.gather(
                *(w.arrive(arrival) for arrival in (*others, during)), return_exceptions=True
            )
            assert time.monotonic() - began < 5
            holder.rollback()
        assert isinstance(results.pop(), DatabaseDown)
        assert all(isinstance(stored, list) and stored[0].outcome == "stored" for stored in results)
        [again] = await w.arrive(during)
        assert (again.outcome, again.seq, again.conversation_id) == ("stored", 2, held.conversation_id)
