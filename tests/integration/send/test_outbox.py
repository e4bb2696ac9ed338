"""Around the call: which row is next, what the provider's answer makes of it, and what an interrupted send becomes."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from runtime.messages import Arrival, Receipt, Send, SendClass, SendState, Sentence, StatusUpdate
from runtime.storage.ingest import PgIngest
from runtime.storage.outbox import PgOutbox
from runtime.storage.postgres import Pool
from tests.conftest import Database, ManualClock
from tests.integration.send.world import CHANNELS, CLAIM, EMAIL, WEB, WHATSAPP, World, world

ACCEPTED = Receipt(result="accepted", provider_id="wamid.EXAMPLE")


async def sending(firm: World, send_class: str = "reply", connection: str = WHATSAPP) -> UUID:
    row = firm.waiting(firm.person(connection), send_class)
    look = await firm.look(row)
    assert look is not None
    assert look.effect == "send"
    return row


async def record(firm: World, row: UUID, receipt: Receipt, owner: str = "sender-1") -> SendState | None:
    return await firm.outbox.record(firm.tenant_id, row, receipt, owner=owner, now=firm.clock.now())


async def test_an_accepted_send_is_sent_and_the_person_has_been_shown_its_claims(firm: World) -> None:
    row = await sending(firm)
    assert await record(firm, row, ACCEPTED) == SendState.SENT
    stored = firm.row(row)
    assert (stored["state"], stored["owner"], stored["lease_until"]) == ("sent", None, None)
    shown = firm.one("select * from shown")
    assert (shown["claim_id"], shown["claim_digest"], shown["outbox_id"]) == ("DD-D04", CLAIM, row)


async def test_the_providers_id_is_kept_as_ciphertext_and_found_by_its_hmac(firm: World) -> None:
    row = await sending(firm)
    await record(firm, row, ACCEPTED)
    stored = firm.row(row)
    assert b"wamid" not in stored["provider_id"]
    assert stored["provider_hmac"] == firm.owner.keys.blind_index("provider_id", "wamid.EXAMPLE")
    other_sender = PgOutbox(
        dispatch=firm.pools["dispatch"], tenant=firm.pools["tenant"], tenants=firm.tenants
    )
    again = await sending(firm)
    await other_sender.record(firm.tenant_id, again, ACCEPTED, owner="sender-1", now=firm.clock.now())
    assert firm.row(again)["provider_id"] is not None


async def test_nothing_is_shown_before_it_left(firm: World) -> None:
    await sending(firm)
    assert firm.sql("select * from shown") == []


async def test_a_refusal_that_may_pass_is_tried_again_later_and_later(firm: World) -> None:
    row = await sending(firm)
    waits = []
    for _ in range(3):
        assert await record(firm, row, Receipt(result="refused", retry=True, code=500)) == SendState.PENDING
        waits.append((firm.row(row)["due_at"] - firm.clock.now()).total_seconds())
        firm.clock.at = firm.row(row)["due_at"]
        assert await firm.look(row) is not None
    assert waits[0] < waits[1] < waits[2]
    assert firm.sql("select * from shown") == []


async def test_a_provider_that_says_when_is_not_asked_sooner(firm: World) -> None:
    row = await sending(firm)
    await record(firm, row, Receipt(result="refused", retry=True, code=429, retry_after_s=120.0))
    assert firm.row(row)["due_at"] >= firm.clock.now() + timedelta(seconds=120)


async def test_a_refusal_repeated_eight_times_fails_with_a_case(firm: World) -> None:
    row = await sending(firm)
    firm.sql("update outbox set attempts = 8")
    assert await record(firm, row, Receipt(result="refused", retry=True, code=500)) == SendState.FAILED
    assert firm.one("select kind from case_file")["kind"] == "send_failed"


async def test_a_final_refusal_fails_with_a_case_and_gives_the_money_back(firm: World) -> None:
    row = await sending(firm)
    refused = Receipt(result="refused", code=131026, detail="unreachable")
    assert await record(firm, row, refused) == SendState.FAILED
    case = firm.one("select * from case_file")
    assert (case["kind"], case["reason"]) == ("send_failed", "unreachable")
    campaign = await sending(firm, "proactive")
    await record(firm, campaign, refused)
    assert firm.one("select sum(spent_micropence) as n from spend_shard")["n"] == 0
    assert firm.one("select count(*) as n from case_file")["n"] == 1


async def test_a_key_that_the_provider_rejects_pages_somebody(firm: World) -> None:
    row = await sending(firm)
    await record(firm, row, Receipt(result="refused", code=401, detail="key", retry=True))
    assert firm.one("select page, reason from case_file where kind = 'connection_down'") == {
        "page": True,
        "reason": WHATSAPP,
    }


async def test_a_person_who_stopped_us_at_the_provider_is_suppressed(firm: World) -> None:
    person = firm.person()
    row, later = firm.waiting(person, "proactive"), firm.waiting(person, "proactive")
    await firm.look(row)
    stopped = Receipt(result="refused", code=131050, detail="stopped", person_stopped=True)
    assert await record(firm, row, stopped) == SendState.FAILED
    assert firm.one("select opted_out_at from contact")["opted_out_at"] == firm.clock.now()
    assert firm.one("select count(*) as n from suppression")["n"] == 1
    assert await firm.decided(later) == ("drop", "R-OPT-1")


UNCLEAR = Receipt(result="unknown", detail="timeout")


async def test_an_unanswered_call_is_unknown_not_shown_and_never_repeated(firm: World) -> None:
    row = await sending(firm)
    assert await record(firm, row, UNCLEAR) == SendState.UNKNOWN
    assert firm.sql("select * from shown") == []
    firm.clock.advance(86_400)
    assert await firm.outbox.sweep(now=firm.clock.now()) == 0
    assert await firm.outbox.due(limit=10, now=firm.clock.now()) == []
    assert await firm.look(row) is None


async def test_an_answer_comes_too_late_for_a_row_that_was_swept(firm: World) -> None:
    row = await sending(firm)
    firm.clock.advance(31)
    assert await firm.outbox.sweep(now=firm.clock.now()) == 1
    assert await record(firm, row, ACCEPTED) is None
    assert firm.row(row)["state"] == "unknown"


async def test_what_was_swept_as_unknown_was_not_shown(firm: World) -> None:
    row = await sending(firm)
    firm.clock.advance(31)
    await firm.outbox.sweep(now=firm.clock.now())
    assert firm.row(row)["state"] == "unknown"
    assert firm.sql("select * from shown") == []


async def test_what_was_unknown_has_been_shown_once_a_status_says_it_arrived(firm: World) -> None:
    row = await sending(firm)
    await record(firm, row, UNCLEAR)
    said = StatusUpdate(
        provider_id="wamid.EXAMPLE",
        status="delivered",
        at=firm.clock.now(),
        client_ref=firm.row(row)["key"],
        error_code=None,
    )
    arrival = Arrival(
        tenant_id=firm.tenant_id, connection_id=WHATSAPP, channel=CHANNELS[WHATSAPP], event=said, stop=None
    )
    async with (
        Pool(firm.database.url("ingest"), role="ingest") as pool,
        PgIngest(pool, firm.tenants, firm.clock) as ingest,
    ):
        await ingest.store([arrival], now=firm.clock.now())
    assert firm.row(row)["state"] == "sent"
    assert firm.one("select outbox_id, shown_at from shown") == {"outbox_id": row, "shown_at": said.at}


REFUSED_FOR_GOOD = Receipt(result="refused", code=131026)


@pytest.mark.parametrize("receipt", [UNCLEAR, REFUSED_FOR_GOOD], ids=["unknown", "failed"])
async def test_the_rest_of_an_answer_does_not_go_ahead_of_a_part_that_may_not_have_arrived(
    firm: World, receipt: Receipt
) -> None:
    person = firm.person()
    first = firm.waiting(person)
    second, danger = firm.waiting(person, part=1), firm.waiting(person, "safety", part=2)
    assert (await firm.decided(first))[0] == "send"
    await record(firm, first, receipt)
    assert firm.row(second)["state"] == "superseded"
    assert await firm.look(second) is None
    assert firm.facts(second)["facts"] == ["earlier_part"]
    assert firm.row(danger)["state"] == "pending"
    (case,) = firm.sql("select * from case_file where kind = 'not_sent'")
    assert (case["conversation_id"], case["reason"]) == (person.conversation, "R-PART-1")


async def test_the_rest_of_an_answer_does_not_go_ahead_of_a_part_that_was_swept(firm: World) -> None:
    person = firm.person()
    first, second = firm.waiting(person), firm.waiting(person, part=1)
    await firm.decided(first)
    firm.clock.advance(31)
    await firm.outbox.sweep(now=firm.clock.now())
    assert [firm.row(r)["state"] for r in (first, second)] == ["unknown", "superseded"]
    assert firm.one("select count(*) as n from case_file where kind = 'not_sent'")["n"] == 1


async def test_the_rest_of_an_answer_does_not_go_without_a_part_that_the_last_look_stopped(
    firm: World,
) -> None:
    person = firm.person()
    gone = firm.waiting(
        person, claim_digests=["sha256:" + "d" * 64], upto_seq=0
    )  # no turn to compose it again
    rest = firm.waiting(person, part=1, upto_seq=0)
    assert (await firm.decided(gone))[0] == "case"
    assert await firm.look(rest) is None
    assert [firm.row(r)["state"] for r in (gone, rest)] == ["dead", "superseded"]
    assert firm.one("select count(*) as n from case_file")["n"] == 1


async def test_an_answer_to_a_later_message_goes_although_an_earlier_one_may_not_have_arrived(
    firm: World,
) -> None:
    person = firm.person()
    first = firm.waiting(person)
    await firm.decided(first)
    firm.writes(person)
    firm.processed(person)
    later = firm.waiting(person)
    await record(firm, first, UNCLEAR)
    assert await firm.decided(later) == ("send", firm.row(later)["decided_rule"])
    assert firm.sql("select * from case_file") == []


async def test_only_the_owner_settles_or_puts_back_a_row(firm: World) -> None:
    row = await sending(firm)
    assert await record(firm, row, ACCEPTED, owner="sender-2") is None
    await firm.outbox.put_back(firm.tenant_id, row, owner="sender-2", now=firm.clock.now())
    assert firm.row(row)["state"] == "sending"


async def test_the_sweep_takes_only_expired_sends_and_repeats_only_where_the_provider_deduplicates(
    firm: World,
) -> None:
    lost, keyed = await sending(firm), await sending(firm, connection=EMAIL)
    outbox = PgOutbox(
        dispatch=firm.pools["dispatch"],
        tenant=firm.pools["tenant"],
        tenants=firm.tenants,
        deduplicating=frozenset({"email"}),
    )
    assert await outbox.sweep(now=firm.clock.now()) == 0
    firm.clock.advance(31)
    fresh = await sending(firm)
    assert await outbox.sweep(now=firm.clock.now()) == 2
    assert [firm.row(r)["state"] for r in (lost, keyed, fresh)] == ["unknown", "pending", "sending"]


async def test_what_a_visitor_has_seen_is_not_taken_back_because_its_sender_died(firm: World) -> None:
    row = await sending(firm, connection=WEB)
    firm.clock.advance(31)
    await firm.outbox.sweep(now=firm.clock.now())
    assert firm.row(row)["state"] == "sent"
    assert firm.one("select count(*) as n from shown")["n"] == 1


async def test_a_send_that_a_status_has_failed_is_known_to_have_failed(firm: World) -> None:
    swept, answered = await sending(firm), await sending(firm)
    firm.sql("update outbox set status = 'failed'")
    assert await record(firm, answered, Receipt(result="unknown", detail="timeout")) == SendState.FAILED
    firm.clock.advance(31)
    await firm.outbox.sweep(now=firm.clock.now())
    assert firm.row(swept)["state"] == "failed"
    assert firm.one("select count(*) as n from case_file where kind = 'send_failed'")["n"] == 2
    assert firm.one("select count(*) as n from shown")["n"] == 0


async def test_a_send_that_a_status_has_confirmed_is_swept_as_sent(firm: World) -> None:
    row = await sending(firm)
    firm.sql("update outbox set status = 'delivered'")
    firm.clock.advance(31)
    await firm.outbox.sweep(now=firm.clock.now())
    assert firm.row(row)["state"] == "sent"


async def test_strikes_are_counted_as_campaign_messages_leave(firm: World) -> None:
    firm.policy(min_gap_hours=0, proactive_per_day=9, proactive_per_30_days=9)
    person = firm.person(EMAIL)
    for n in (1, 2):
        row = firm.waiting(person, "proactive")
        await firm.look(row)
        await record(firm, row, ACCEPTED)
        contact = firm.one("select * from contact")
        assert (contact["strikes"], contact["last_proactive_at"]) == (n, firm.clock.now())
        firm.clock.advance(60)


async def test_a_question_that_left_is_the_one_that_is_open(firm: World) -> None:
    row = firm.waiting(firm.person(), asks="DD-Q03", has_ask=True)
    await firm.look(row)
    await record(firm, row, ACCEPTED)
    assert firm.one("select asked from conversation")["asked"] == "DD-Q03"


# ---- which row is next ----------------------------------------------------------------------------------------------


async def test_the_head_of_a_conversation_goes_first(firm: World) -> None:
    person = firm.person()
    first, second = firm.waiting(person), firm.waiting(person)
    assert await firm.outbox.due(limit=10, now=firm.clock.now()) == [(firm.tenant_id, first)]
    assert await firm.look(second) is None
    await firm.look(first)
    assert await firm.outbox.due(limit=10, now=firm.clock.now()) == []
    await record(firm, first, ACCEPTED)
    assert await firm.outbox.due(limit=10, now=firm.clock.now()) == [(firm.tenant_id, second)]


@pytest.mark.parametrize(
    ("waiting", "later", "may_go"),
    [
        ("proactive", "reply", True),
        ("reply", "safety", True),
        ("reply", "human", True),
        ("reply", "proactive", False),
        ("safety", "reply", False),
        ("human", "reply", False),
    ],
)
async def test_a_row_waits_only_for_what_is_at_least_as_urgent(
    firm: World, waiting: str, later: str, may_go: bool
) -> None:
    person = firm.person()
    firm.waiting(person, waiting, due=firm.clock.now() + timedelta(hours=10))
    row = firm.waiting(person, later)
    assert ((await firm.look(row)) is not None) == may_go


async def test_a_tenant_with_a_long_queue_does_not_keep_the_others_waiting(
    firm: World, database: Database, clock: ManualClock
) -> None:
    for _ in range(40):
        firm.waiting(firm.person(), due=clock.now() - timedelta(hours=1))
    async with world(database, clock, "quiet-firm") as quiet:
        row = quiet.waiting(quiet.person())
        due = await firm.outbox.due(limit=8, now=clock.now())
        assert (quiet.tenant_id, row) in due
        assert len(due) == 8


async def test_tenants_with_nothing_due_before_tomorrow_hide_nobody(firm: World) -> None:
    crowd = firm.waiting(firm.person(), due=firm.clock.now() + timedelta(days=1))
    columns = [c["name"] for c in firm.sql("select attname as name from pg_attribute "
               "where attrelid = 'outbox'::regclass and attnum > 0 and attname not in ('tenant_id', 'id')")]  # fmt: skip
    listed = ", ".join(columns)
    firm.sql(
        f"insert into outbox (tenant_id, id, {listed}) select g, gen_random_uuid(), {listed} from outbox, "
        "generate_series(100, 400) g where id = %s",
        [crowd],
    )
    firm.sql("update outbox set due_at = %s where tenant_id = 250", [firm.clock.now()])
    for _ in range(20):  # a tenant whose queue is always full of older rows
        firm.waiting(firm.person(), due=firm.clock.now() - timedelta(hours=1))
    met = [await firm.outbox.due(limit=4, now=firm.clock.now()) for _ in range(6)]
    assert any(tenant == 250 for batch in met for tenant, _ in batch)
    assert all(len(batch) == 4 for batch in met)


async def test_rows_of_another_tenant_cannot_be_touched(firm: World) -> None:
    row = firm.waiting(firm.person())
    other = await firm.tenants.ensure("other", name="Other", organisation="other", now=firm.clock.now())
    assert (
        await firm.outbox.last_look(other.tenant_id, row, owner="x", lease_s=30, now=firm.clock.now()) is None
    )
    await firm.look(row)
    assert (
        await firm.outbox.record(other.tenant_id, row, ACCEPTED, owner="sender-1", now=firm.clock.now())
        is None
    )


async def test_the_connection_and_bundle_of_a_row(firm: World) -> None:
    row = firm.waiting(firm.person())
    connection, digest = await firm.outbox.connection_of(firm.tenant_id, row)
    assert (connection, digest) == (WHATSAPP, firm.row(row)["bundle"])
    with pytest.raises(LookupError):
        await firm.outbox.connection_of(firm.tenant_id, uuid4())


# ---- what we start --------------------------------------------------------------------------------------------------


def campaign(name: str = "winter") -> Send:
    return Send(
        part=0,
        send_class=SendClass.PROACTIVE,
        sentences=(Sentence(text="You asked us to write.", claim="DD-D04", variant="full", digest=CLAIM),),
        campaign=name,
        template="winter_1",
    )


async def queue(firm: World, contact: UUID, send: Send) -> UUID | None:
    return await firm.outbox.queue_proactive(firm.tenant_id, contact, WHATSAPP, send, now=firm.clock.now())


async def test_a_campaign_message_is_queued_audited_and_goes_under_its_purpose(firm: World) -> None:
    person = firm.person()
    row = await queue(firm, person.contact, campaign())
    assert row is not None
    assert firm.row(row)["purpose"] == "claims"
    entry = firm.one("select header from audit where stream like 'send/%%'")["header"]
    assert (entry["what"], entry["campaign"], entry["outbox"]) == ("queued", "winter", str(row))
    look = await firm.look(row)
    assert look is not None
    assert look.message is not None
    assert (look.message.text, look.message.template) == ("You asked us to write.", "winter_1")


async def test_a_first_message_to_somebody_makes_their_conversation(firm: World) -> None:
    person = firm.person()
    firm.sql("delete from conversation")
    firm.sql("delete from conversation_queue")
    row = await queue(firm, person.contact, campaign())
    assert row is not None
    assert firm.one("select contact_id from conversation")["contact_id"] == person.contact


async def test_nothing_is_queued_for_strangers_the_opted_out_or_the_erased(firm: World) -> None:
    assert await queue(firm, uuid4(), campaign()) is None
    stopped, erased = firm.person(), firm.person()
    firm.opts_out(stopped)
    firm.sql("update contact set wrapped_key = null where contact_id = %s", [erased.contact])
    assert await queue(firm, stopped.contact, campaign()) is None
    assert await queue(firm, erased.contact, campaign()) is None
    assert await queue(firm, firm.person().contact, campaign("summer")) is None
    assert firm.sql("select * from outbox") == []


async def test_a_row_that_a_look_deferred_while_the_kill_was_being_lifted_does_not_wait_for_its_hour(
    firm: World,
) -> None:
    row = firm.waiting(firm.person(), "reply")
    firm.sql("update tenant set kill_scope = 'machine', kill_epoch = kill_epoch + 1")
    look = await firm.look(row)
    assert look is not None
    assert look.effect == "defer"
    firm.sql(
        "update tenant set kill_scope = 'none', kill_epoch = kill_epoch + 1"
    )  # and `enable` never saw the row

    await firm.outbox.sweep(now=firm.clock.now())

    assert firm.row(row)["due_at"] <= firm.clock.now()


async def test_a_row_deferred_by_a_kill_stays_deferred_while_the_kill_lasts(firm: World) -> None:
    row = firm.waiting(firm.person(), "reply")
    firm.sql("update tenant set kill_scope = 'machine', kill_epoch = kill_epoch + 1")
    await firm.look(row)
    await firm.outbox.sweep(now=firm.clock.now())
    assert firm.row(row)["due_at"] > firm.clock.now()
