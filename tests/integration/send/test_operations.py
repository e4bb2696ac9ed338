"""What operators do: it happens, it is audited in the same transaction, and two people are needed to start again."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from runtime.console import Console
from runtime.crypto import Vault
from runtime.messages import KillScope, Receipt, Send, SendClass, Sentence
from runtime.settings import Settings
from runtime.storage.desk import PgDesk
from runtime.storage.desk_values import typed_of
from runtime.storage.operations import NotPossible, PgOperations, clean
from runtime.storage.tenants import Tenants
from runtime.storage.wake import PgWake
from tests.integration.send.world import APPROVAL, BUNDLE, CLAIM, WEB, WHATSAPP, Person, World

ADA, BEN = "Ada Example", "Ben Sample"


def operations(firm: World, *, drain_within_s: float = 0.2) -> PgOperations:
    return PgOperations(firm.pools["desk"], firm.tenants, drain_within_s=drain_within_s)


def desk_audit(firm: World) -> list[dict[str, Any]]:
    return [
        row["header"]
        for row in firm.sql("select header from audit where stream like 'desk/%%' order by stream, n")
    ]


def typed(firm: World) -> list[str | None]:
    """What was written with each act, opened with the tenant's key."""
    rows = firm.sql(
        "select tenant_id, id as entry, body as typed from audit where stream like 'desk/%%' order by stream, n"
    )
    return [typed_of(row, firm.owner.keys) for row in rows if row["tenant_id"] == firm.tenant_id]


async def kill(firm: World, scope: KillScope = KillScope.MACHINE, *, of_all: bool = False) -> int:
    tenant = None if of_all else firm.tenant_id
    return await operations(firm).kill(tenant, scope, by=ADA, reason="wrong fee", now=firm.clock.now())


async def enable(firm: World, by: str, *, of_all: bool = False) -> str:
    return await operations(firm).enable(None if of_all else firm.tenant_id, by=by, now=firm.clock.now())


# ---- stop and start -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("of_all", [False, True])
async def test_a_kill_stops_the_next_look_and_the_epoch_tells_the_one_before(
    firm: World, of_all: bool
) -> None:
    before = await firm.look(firm.waiting(firm.person()))
    assert before is not None
    await kill(firm, of_all=of_all)
    assert await firm.outbox.kill_epoch(firm.tenant_id) != before.kill_epoch
    assert await firm.decided(firm.waiting(firm.person())) == ("defer", "R-KILL-1")
    (entry,) = desk_audit(firm)
    assert (entry["what"], entry["by"], entry["scope"], entry["all"]) == ("killed", ADA, "machine", of_all)
    assert typed(firm) == ["wrong fee"]


async def test_the_desk_reads_why_each_switch_was_thrown_under_its_own_tenants_key(firm: World) -> None:
    other = await firm.tenants.ensure("other", name="Other", organisation="other", now=firm.clock.now())
    desk = PgDesk(firm.pools["desk"], firm.tenants)
    await kill(firm, of_all=True)
    await operations(firm).kill(
        firm.tenant_id, KillScope.MACHINE, by=BEN, reason="ours alone", now=firm.clock.now()
    )
    assert [s.reason for s in await desk.switches(firm.tenant_id)] == ["ours alone", "wrong fee"]
    assert [s.reason for s in await desk.switches(other.tenant_id)] == [None, "wrong fee"]
    bodies = [bytes(row["body"]) for row in firm.sql("select body from audit where stream like 'desk/%%'")]
    assert len(set(bodies)) == 3
    assert not any(b"wrong" in body or b"alone" in body for body in bodies)


async def test_every_tenant_can_be_stopped_when_no_key_opens(firm: World) -> None:
    blind = Tenants(firm.pools["owner"], Vault(master=b"x" * 32, pepper=b"p" * 32))
    acts = PgOperations(firm.pools["desk"], blind, drain_within_s=0.2)
    await acts.kill(None, KillScope.EVERYTHING, by=ADA, reason="keys lost", now=firm.clock.now())
    assert await firm.decided(firm.waiting(firm.person(), "human")) == ("refuse", "R-KILL-2")
    assert desk_audit(firm)[0]["by"] == ADA


async def test_a_kill_waits_for_calls_that_are_out_and_counts_them(firm: World) -> None:
    row = firm.waiting(firm.person())
    await firm.look(row)
    killing = asyncio.create_task(
        operations(firm, drain_within_s=10).kill(
            firm.tenant_id, KillScope.MACHINE, by=ADA, reason="test", now=firm.clock.now()
        )
    )
    await asyncio.sleep(0.3)
    assert not killing.done()
    await firm.outbox.record(
        firm.tenant_id, row, Receipt(result="accepted"), owner="sender-1", now=firm.clock.now()
    )
    assert await asyncio.wait_for(killing, 5) == 1


async def test_a_call_that_does_not_come_back_is_listed_not_waited_for(firm: World) -> None:
    row = firm.waiting(firm.person())
    await firm.look(row)
    assert await kill(firm) == 1
    (left,) = await operations(firm).in_flight(firm.tenant_id)
    assert (left.id, left.channel, left.send_class) == (row, "whatsapp_360dialog", "reply")


async def test_a_machine_kill_lets_people_go_on_and_does_not_wait_for_them(firm: World) -> None:
    await firm.look(firm.waiting(firm.person(), "human"))
    assert await kill(firm) == 0
    assert (await firm.decided(firm.waiting(firm.person(), "human")))[0] == "send"
    assert await kill(firm, KillScope.EVERYTHING) == 2
    assert (await firm.decided(firm.waiting(firm.person(), "human")))[0] == "refuse"


async def test_a_second_weaker_kill_does_not_loosen_the_first(firm: World) -> None:
    await kill(firm, KillScope.EVERYTHING)
    await kill(firm, KillScope.MACHINE)
    assert firm.one("select kill_scope from tenant")["kill_scope"] == "everything"


async def test_two_people_start_again_and_one_person_twice_is_still_one(firm: World) -> None:
    await kill(firm)
    assert [await enable(firm, by) for by in (ADA, ADA, BEN)] == ["waiting", "waiting", "enabled"]
    assert firm.one("select kill_scope, kill_epoch from tenant") == {"kill_scope": "none", "kill_epoch": 2}
    assert [e["what"] for e in desk_audit(firm)] == [
        "killed",
        "asked to enable",
        "asked to enable",
        "enabled",
    ]
    assert await enable(firm, ADA) == "enabled"


@pytest.mark.parametrize(
    "again", ["mallory", " Mallory ", "MALLORY", "mallory\u00a0", "\uff4dallory"], ids=ascii
)
async def test_one_person_who_types_their_name_otherwise_is_still_one(firm: World, again: str) -> None:
    await kill(firm)
    assert [await enable(firm, by) for by in ("Mallory", again)] == ["waiting", "waiting"]
    assert await enable(firm, "Mallory Example") == "enabled"


async def test_a_name_from_another_login_is_still_the_same_person_and_the_audit_says_from_where(
    firm: World,
) -> None:
    await kill(firm)
    at_home, away = f"{ADA} (login ada@desk-1)", f"{ADA.upper()} (login root@desk-2)"
    assert [await enable(firm, by) for by in (at_home, away, ADA)] == ["waiting"] * 3
    assert await enable(firm, f"{BEN} (login ben@desk-1)") == "enabled"
    last = desk_audit(firm)[-1]
    assert (last["by"], last["asked_by"]) == (f"{BEN} (login ben@desk-1)", at_home)


async def test_a_new_kill_voids_a_request_that_stood_open(firm: World) -> None:
    await kill(firm)
    assert await enable(firm, ADA) == "waiting"
    await kill(firm)
    assert await enable(firm, BEN) == "waiting"
    assert await enable(firm, ADA) == "enabled"


async def test_two_people_at_the_same_moment_are_two(firm: World) -> None:
    await kill(firm)
    said = await asyncio.gather(enable(firm, ADA), enable(firm, BEN))
    assert sorted(said) == ["enabled", "waiting"]


async def test_what_waited_is_due_when_sending_starts_again_and_is_composed_anew(firm: World) -> None:
    row = firm.waiting(firm.person())
    await kill(firm, of_all=True)
    assert (await firm.decided(row))[0] == "defer"
    assert await firm.outbox.due(limit=5, now=firm.clock.now()) == []
    await enable(firm, ADA, of_all=True)
    await enable(firm, BEN, of_all=True)
    assert await firm.outbox.due(limit=5, now=firm.clock.now()) == [(firm.tenant_id, row)]
    assert await firm.decided(row) == ("redo", "R-KILL-3")


async def test_a_tenants_own_kill_outlives_the_platforms(firm: World) -> None:
    await kill(firm)
    await kill(firm, of_all=True)
    for by in (ADA, BEN):
        await enable(firm, by, of_all=True)
    assert (await firm.decided(firm.waiting(firm.person())))[0] == "defer"


async def test_a_kill_of_nothing_and_an_act_by_nobody_are_refused(firm: World) -> None:
    with pytest.raises(NotPossible):
        await kill(firm, KillScope.NONE)
    with pytest.raises(Exception, match="somebody"):
        await operations(firm).kill(
            firm.tenant_id, KillScope.MACHINE, by=" ", reason="", now=firm.clock.now()
        )
    assert firm.one("select kill_scope from tenant")["kill_scope"] == "none"


# ---- withdraw -------------------------------------------------------------------------------------------------------


async def test_a_withdrawn_claim_is_not_sent_by_what_already_waits(firm: World) -> None:
    row = firm.waiting(firm.person())
    await operations(firm).withdraw(
        firm.tenant_id, CLAIM, by=ADA, reason="the fee changed", now=firm.clock.now()
    )
    assert await firm.decided(row) == ("redo", "R-PERIM-3")
    assert desk_audit(firm)[0]["claim"] == CLAIM
    found = await operations(firm).why(firm.tenant_id, str(row))
    assert found is not None
    assert [(w["claim"], w["by"], w["reason"]) for w in found["withdrawn"]] == [
        (CLAIM, ADA, "the fee changed")
    ]


# ---- what is stuck --------------------------------------------------------------------------------------------------


async def unknown(firm: World) -> UUID:
    row = firm.waiting(firm.person())
    await firm.look(row)
    await firm.outbox.record(
        firm.tenant_id, row, Receipt(result="unknown"), owner="sender-1", now=firm.clock.now()
    )
    return row


async def test_an_unknown_send_is_repeated_under_its_key_only_when_a_person_says_so(firm: World) -> None:
    row = await unknown(firm)
    key = firm.row(row)["key"]
    assert await operations(firm).replay(firm.tenant_id, "outbox", row, by=ADA, now=firm.clock.now())
    look = await firm.look(row)
    assert look is not None
    assert look.message is not None
    assert look.message.key == key
    (entry,) = desk_audit(firm)
    assert (entry["what"], entry["by"], entry["item"]) == ("unknown send repeated", ADA, str(row))
    assert not await operations(firm).replay(firm.tenant_id, "outbox", row, by=ADA, now=firm.clock.now())


async def test_a_repeated_send_passes_the_last_look_like_any_other(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person, "proactive", state="unknown", settled_at=firm.clock.now())
    firm.opts_out(person)
    assert await operations(firm).replay(firm.tenant_id, "unknown", row, by=ADA, now=firm.clock.now())
    assert await firm.decided(row) == ("drop", "R-OPT-1")


async def test_a_discarded_send_stays_what_it_was_and_is_nobodys_work_any_more(firm: World) -> None:
    row = await unknown(firm)
    acts = operations(firm)
    assert [(s.kind, s.id) for s in await acts.stuck(firm.tenant_id)] == [("outbox", row)]
    assert await acts.discard(
        firm.tenant_id, "outbox", row, by=ADA, reason="seen on the phone", now=firm.clock.now()
    )
    assert await acts.stuck(None) == []
    stored = firm.row(row)
    assert (stored["state"], stored["discarded_by"]) == ("unknown", ADA)
    assert not await acts.replay(firm.tenant_id, "outbox", row, by=ADA, now=firm.clock.now())
    assert typed(firm) == ["seen on the phone"]


async def test_what_a_kill_stopped_is_listed_as_not_sent_with_its_rule(firm: World) -> None:
    await kill(firm)
    row = firm.waiting(firm.person(), "safety")
    assert await firm.decided(row) == ("page", "R-KILL-1")
    async with PgWake(firm.database.url("owner")) as wake:
        console = Console(
            settings=Settings.from_env({}),
            clock=firm.clock,
            owner=firm.pools["owner"],
            desk=firm.pools["desk"],
            tenants=firm.tenants,
            wake=wake,
        )
        (listed,) = await console.stuck(None)
    assert (listed["kind"], listed["id"], listed["state"], listed["reason"]) == (
        "outbox",
        row,
        "not_sent",
        "R-KILL-1",
    )


def dead_letter(firm: World, person: Person) -> UUID:
    row = uuid4()
    firm.insert(
        "dead_letter",
        {
            "tenant_id": firm.tenant_id,
            "id": row,
            "conversation_id": person.conversation,
            "from_seq": 0,
            "upto_seq": 1,
            "error": "ValueError",
            "attempts": 5,
            "version": "0",
            "at": firm.clock.now(),
        },
    )
    return row


async def test_a_replayed_dead_letter_makes_its_messages_unprocessed_once(firm: World) -> None:
    person = firm.person()
    item = dead_letter(firm, person)
    acts = operations(firm)
    done = [
        await acts.replay(firm.tenant_id, "dead_letter", item, by=ADA, now=firm.clock.now()) for _ in range(2)
    ]
    assert done == [True, False]
    queue = firm.one("select done_seq, fence, ready_at, attempts from conversation_queue")
    assert queue == {"done_seq": 0, "fence": 1, "ready_at": firm.clock.now(), "attempts": 0}


async def test_a_discarded_dead_letter_is_settled(firm: World) -> None:
    item = dead_letter(firm, firm.person())
    acts = operations(firm)
    assert await acts.discard(firm.tenant_id, "dead", item, by=ADA, reason="spam", now=firm.clock.now())
    assert firm.one("select state, settled_by from dead_letter") == {"state": "discarded", "settled_by": ADA}
    assert await acts.stuck(firm.tenant_id) == []


async def test_a_rejected_event_cannot_be_replayed_and_nothing_of_another_kind_or_tenant_can(
    firm: World,
) -> None:
    acts, row = operations(firm), await unknown(firm)
    with pytest.raises(NotPossible):
        await acts.replay(firm.tenant_id, "reject", uuid4(), by=ADA, now=firm.clock.now())
    other = await firm.tenants.ensure("other", name="Other", organisation="other", now=firm.clock.now())
    assert not await acts.replay(other.tenant_id, "outbox", row, by=ADA, now=firm.clock.now())
    assert not await acts.replay(firm.tenant_id, "nonsense", row, by=ADA, now=firm.clock.now())
    assert not await acts.discard(firm.tenant_id, "nonsense", row, by=ADA, reason="x", now=firm.clock.now())
    assert desk_audit(firm) == []


# ---- people and conversations ---------------------------------------------------------------------------------------


async def test_a_person_takes_over_and_hands_back(firm: World) -> None:
    person, acts = firm.person(), operations(firm)
    reply = firm.waiting(person)
    await acts.take_over(firm.tenant_id, person.conversation, by=ADA, reason="asked", now=firm.clock.now())
    assert await firm.decided(reply) == ("drop", "R-WA-3")
    firm.writes(person)
    await acts.hand_back(firm.tenant_id, person.conversation, by=ADA, reason="done", now=firm.clock.now())
    conversation = firm.one("select human_owner, mode from conversation")
    assert conversation == {"human_owner": None, "mode": "bot"}
    assert firm.one("select ready_at from conversation_queue")["ready_at"] is not None
    assert [e["what"] for e in desk_audit(firm)] == ["taken over", "handed back"]
    with pytest.raises(NotPossible):
        await acts.take_over(firm.tenant_id, uuid4(), by=ADA, reason="x", now=firm.clock.now())


async def test_a_lifted_hold_names_who_lifted_it(firm: World) -> None:
    person, acts = firm.person(), operations(firm)
    firm.holds(person)
    await acts.lift_hold(firm.tenant_id, person.contact, by=ADA, reason="spoke to them", now=firm.clock.now())
    assert firm.one("select cleared_by from hold")["cleared_by"] == ADA
    assert (await firm.decided(firm.waiting(person)))[0] == "send"
    with pytest.raises(NotPossible):
        await acts.lift_hold(firm.tenant_id, person.contact, by=ADA, reason="again", now=firm.clock.now())


async def test_a_case_is_closed_once_with_a_note(firm: World) -> None:
    person, acts = firm.person(), operations(firm)
    firm.holds(person)
    await firm.look(firm.waiting(person))
    case = firm.one("select id from case_file")["id"]
    closed = [
        await acts.close_case(firm.tenant_id, case, by=ADA, note="called back", now=firm.clock.now())
        for _ in range(2)
    ]
    assert closed == [True, False]
    assert firm.one("select state, closed_by from case_file") == {"state": "closed", "closed_by": ADA}
    shown = await PgDesk(firm.pools["desk"], firm.tenants).conversation(firm.tenant_id, person.conversation)
    assert shown is not None
    assert [c.resolution for c in shown.cases] == ["called back"]
    assert [e.body["typed"] for e in shown.desk] == ["called back"]


async def test_an_agents_message_goes_through_the_outbox_under_their_name(firm: World) -> None:
    person = firm.person(WEB)
    send = Send(
        part=0,
        send_class=SendClass.HUMAN,
        sentences=(Sentence(text="Hello, Ada here.", claim=None, variant=None, digest=None),),
    )
    row = await operations(firm).say(firm.tenant_id, person.contact, WEB, send, by=ADA, now=firm.clock.now())
    assert row is not None
    assert firm.row(row)["author"] == ADA
    look = await firm.look(row)
    assert look is not None
    assert look.message is not None
    assert look.message.text == "Hello, Ada here."


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("rang +44 7700 900123 twice", "rang [number] twice"),
        ("07700 900123, no answer", "[number], no answer"),
        ("wrote to sam@example.com", "wrote to [address]"),
        ("fee of 30% from 2024 was wrong", "fee of 30% from 2024 was wrong"),
    ],
)
def test_a_reason_on_the_record_holds_no_number_or_address(said: str, kept: str) -> None:
    assert clean(said) == kept


# ---- why ------------------------------------------------------------------------------------------------------------


async def test_why_tells_the_sentence_the_consent_the_decision_and_the_clock(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person)
    await firm.look(row)
    await firm.outbox.record(
        firm.tenant_id,
        row,
        Receipt(result="accepted", provider_id="wamid.EXAMPLE"),
        owner="sender-1",
        now=firm.clock.now(),
    )
    acts = operations(firm)
    found = await acts.why(firm.tenant_id, str(row))
    assert found is not None
    assert found["message"]["connection"] == WHATSAPP
    assert found["message"]["bundle"] == BUNDLE
    assert found["sentences"][0]["text"] == "You can complain to your lender yourself, for free."
    assert found["sentences"][0]["claim"] == "DD-D04"
    assert found["sentences"][0]["approvals"] == [APPROVAL]
    assert found["decisions"][0]["rule"] == "R-CLEAR"
    assert found["consent"][0]["kind"] == "granted"
    assert found["turn"]["upto"] == 1
    assert found["clock"]["sending"] is not None
    assert [entry["n"] for entry in found["audit"]] == [1, 2]
    assert await acts.why(firm.tenant_id, "wamid.EXAMPLE") == found
    assert await acts.why(firm.tenant_id, firm.row(row)["key"]) == found


async def test_why_knows_nothing_of_another_tenants_message_and_nothing_of_the_erased(firm: World) -> None:
    row = firm.waiting(firm.person())
    other = await firm.tenants.ensure("other", name="Other", organisation="other", now=firm.clock.now())
    acts = operations(firm)
    assert await acts.why(other.tenant_id, str(row)) is None
    assert await acts.why(firm.tenant_id, "wamid.OTHER") is None
    firm.sql("update contact set wrapped_key = null")
    found = await acts.why(firm.tenant_id, str(row))
    assert found is not None
    assert found["sentences"][0]["text"] is None
