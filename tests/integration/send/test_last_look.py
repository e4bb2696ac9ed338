"""Each rule of the last look, on the real Postgres: what it stops, how, and what it leaves behind."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from tests.integration.send.world import BUNDLE, CLAIM, EMAIL, WAHA, WEB, WHATSAPP, Person, World

WA = "whatsapp_360dialog"
EVENING = datetime(2026, 11, 24, 21, 0, tzinfo=UTC)


async def test_a_reply_nothing_stands_against_is_sending_and_carries_its_words(firm: World) -> None:
    row = firm.waiting(firm.person())
    look = await firm.look(row)
    assert look is not None
    assert (look.effect, look.rule) == ("send", "R-CLEAR")
    assert look.message is not None
    assert look.message.text == "You can complain to your lender yourself, for free."
    assert (look.message.to.kind, look.message.connection_id) == ("phone", WHATSAPP)
    stored = firm.row(row)
    assert (stored["state"], stored["owner"], stored["attempts"]) == ("sending", "sender-1", 1)
    assert look.until == stored["lease_until"] == firm.clock.now() + timedelta(seconds=30)
    assert firm.facts(row)["facts"] == []


async def test_a_row_that_somebody_else_is_sending_is_not_looked_at_twice(firm: World) -> None:
    row = firm.waiting(firm.person())
    assert await firm.look(row) is not None
    assert await firm.look(row, owner="sender-2") is None
    assert firm.row(row)["owner"] == "sender-1"


async def test_a_row_that_is_not_due_is_left_alone(firm: World) -> None:
    row = firm.waiting(firm.person(), due=firm.clock.now() + timedelta(minutes=1))
    assert await firm.look(row) is None


async def test_every_decision_is_kept_with_its_facts_and_audited(firm: World) -> None:
    person = firm.person()
    firm.holds(person)
    row = firm.waiting(person)
    assert await firm.decided(row) == ("case", "R-COND-4")
    decision = firm.one("select * from outbox_decision where outbox_id = %s", [row])
    assert (decision["effect"], decision["rule"], decision["facts"]["facts"]) == (
        "case",
        "R-COND-4",
        ["hold"],
    )
    entry = firm.one("select * from audit where stream = %s", [f"send/{person.conversation}"])
    assert entry["header"]["what"] == "decision"
    assert entry["header"]["rule"] == "R-COND-4"


# ---- consent --------------------------------------------------------------------------------------------------------


async def test_a_campaign_goes_to_somebody_whose_consent_names_us(firm: World) -> None:
    row = firm.waiting(firm.person(), "proactive")
    assert (await firm.decided(row))[0] == "send"


@pytest.mark.parametrize("send_class", ["proactive", "service"])
async def test_without_consent_nothing_that_we_start_goes(firm: World, send_class: str) -> None:
    row = firm.waiting(firm.person(consent=False), send_class)
    assert await firm.decided(row) == ("drop", "R-PECR-1")
    assert firm.row(row)["state"] == "superseded"


async def test_a_consent_that_names_another_sender_purpose_or_channel_is_none(firm: World) -> None:
    for wrong in (
        {"sender": "Another EXAMPLE Firm"},
        {"purpose": "newsletter"},
        {"channel": "email"},
    ):
        person = firm.person(consent=False)
        firm.consent(person, at=firm.clock.now() - timedelta(days=1), **wrong)
        assert await firm.decided(firm.waiting(person, "proactive", purpose="claims")) == ("drop", "R-PECR-1")


@pytest.mark.parametrize("sender", ["EXAMPLE Ltd", " example LTD ", "Example-Firm", "EXAMPLE FIRM"])
async def test_a_consent_may_name_the_legal_entity_the_brand_or_its_short_name(
    firm: World, sender: str
) -> None:
    firm.policy(legal_entity="Example Ltd")
    person = firm.person(consent=False)
    firm.consent(person, at=firm.clock.now() - timedelta(days=1), sender=sender)
    assert (await firm.decided(firm.waiting(person, "proactive")))[0] == "send"


async def test_a_consent_that_names_a_former_legal_entity_or_nobody_is_none(firm: World) -> None:
    for entity, sender in (("Newer EXAMPLE Ltd", "EXAMPLE Ltd"), ("", ""), (None, "")):
        firm.policy(legal_entity=entity)
        person = firm.person(consent=False)
        firm.consent(person, at=firm.clock.now() - timedelta(days=1), sender=sender)
        assert await firm.decided(firm.waiting(person, "proactive")) == ("drop", "R-PECR-1")


async def test_the_consent_of_a_whole_channel_family_and_of_the_campaigns_purpose_is_enough(
    firm: World,
) -> None:
    person = firm.person(consent=False)
    firm.consent(person, at=firm.clock.now() - timedelta(days=1), purpose="claims", channel="whatsapp")
    assert (await firm.decided(firm.waiting(person, "proactive", purpose="claims")))[0] == "send"


async def test_a_consent_withdrawn_later_is_none_and_one_given_again_counts(firm: World) -> None:
    person, now = firm.person(), firm.clock.now()
    firm.consent(person, "withdrawn", at=now - timedelta(days=2), purpose="all")
    assert await firm.decided(firm.waiting(person, "proactive")) == ("drop", "R-PECR-1")
    firm.consent(person, at=now - timedelta(days=1))
    assert (await firm.decided(firm.waiting(person, "proactive")))[0] == "send"


@pytest.mark.parametrize(
    ("send_class", "purpose", "channel"),
    [("proactive", "claims", "any"), ("proactive", "proactive", "all"), ("service", "service", "whatsapp")],
)
async def test_a_consent_to_everything_does_not_cover_the_purpose_withdrawn_since(
    firm: World, send_class: str, purpose: str, channel: str
) -> None:
    person, yesterday = firm.person(), firm.clock.now() - timedelta(days=1)
    firm.consent(person, "withdrawn", at=yesterday, purpose=purpose, channel=channel)
    named = purpose if purpose == "claims" else None
    assert await firm.decided(firm.waiting(person, send_class, purpose=named)) == ("drop", "R-PECR-1")
    assert (await firm.decided(firm.waiting(person, send_class, purpose="newsletter")))[0] == "send"


async def test_a_consent_of_181_days_is_too_old_for_a_first_contact(firm: World) -> None:
    old = firm.clock.now() - timedelta(days=181)
    stranger = firm.person(EMAIL, consent=False, wrote=False)
    firm.consent(stranger, at=old)
    assert await firm.decided(firm.waiting(stranger, "proactive")) == ("drop", "R-PECR-1")
    correspondent = firm.person(EMAIL, consent=False)
    firm.consent(correspondent, at=old)
    assert (await firm.decided(firm.waiting(correspondent, "proactive")))[0] == "send"


async def test_an_agent_may_write_without_consent_only_to_somebody_who_wrote(firm: World) -> None:
    stranger = firm.person(EMAIL, consent=False, wrote=False)
    row = firm.waiting(stranger, "human")
    assert await firm.decided(row) == ("refuse", "R-PECR-1")
    assert firm.row(row)["state"] == "dead"
    assert (await firm.decided(firm.waiting(firm.person(EMAIL, consent=False), "human")))[0] == "send"


# ---- opt-out --------------------------------------------------------------------------------------------------------


async def test_a_stop_after_the_campaign_was_queued_stops_it(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person, "proactive")
    firm.writes(person, stop=True)
    firm.processed(person)
    assert await firm.decided(row) == ("drop", "R-OPT-1")
    assert firm.row(row)["state"] == "superseded"


async def test_an_opt_out_that_also_withdrew_consent_is_named_as_the_opt_out(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person, "proactive")
    firm.writes(person, stop=True)
    firm.consent(person, "withdrawn", purpose="all")
    firm.processed(person)
    assert await firm.decided(row) == ("drop", "R-OPT-1")


async def test_a_suppression_that_outlived_the_contact_stops_too(firm: World) -> None:
    person = firm.person()
    firm.sql(
        "insert into suppression select tenant_id, suppression_blind, 'import', %s from identity where contact_id = %s",
        [firm.clock.now(), person.contact],
    )
    assert await firm.decided(firm.waiting(person, "proactive")) == ("drop", "R-OPT-1")


async def test_a_stop_all_said_to_another_tenant_of_the_organisation_stops_here(firm: World) -> None:
    person = firm.person()
    other = await firm.tenants.ensure(
        "sister", name="EXAMPLE Sister", organisation="example-group", now=firm.clock.now()
    )
    firm.sql(
        "insert into organisation_suppression select t.organisation_id, i.organisation_blind, 'stop all', %s, %s "
        "from identity i join tenant t using (tenant_id) where i.contact_id = %s",
        [firm.clock.now(), other.tenant_id, person.contact],
    )
    assert await firm.decided(firm.waiting(person, "proactive")) == ("drop", "R-OPT-1")


async def test_one_confirmation_follows_an_opt_out_and_no_second(firm: World) -> None:
    person = firm.person()
    firm.writes(person, stop=True)
    firm.processed(person)
    first, second = firm.waiting(person, "confirmation"), firm.waiting(person, "confirmation")
    assert (await firm.decided(first))[0] == "send"
    await firm.outbox.put_back(firm.tenant_id, first, owner="sender-1", now=firm.clock.now())
    assert (await firm.decided(first))[0] == "send"
    firm.sql("update outbox set state = 'sent' where id = %s", [first])
    assert await firm.decided(second) == ("drop", "R-OPT-1")


async def test_a_question_after_the_opt_out_is_answered_without_link_or_question(firm: World) -> None:
    person = firm.person()
    firm.writes(person, stop=True)
    firm.clock.advance(60)
    firm.writes(person)
    firm.processed(person)
    assert (await firm.decided(firm.waiting(person)))[0] == "send"
    for row in (firm.waiting(person, has_link=True), firm.waiting(person, has_ask=True)):
        firm.sql("update outbox set state = 'sent' where state = 'sending'")
        assert await firm.decided(row) == ("drop", "R-OPT-1")


async def test_a_reply_to_what_came_before_the_stop_or_to_the_stop_itself_is_dropped(firm: World) -> None:
    person = firm.person()
    before = firm.waiting(person)
    stop = firm.writes(person, stop=True)
    firm.processed(person)
    assert await firm.decided(before) == ("drop", "R-OPT-1")
    assert await firm.decided(firm.waiting(person, answers=stop)) == ("drop", "R-OPT-1")


async def test_a_question_in_the_same_batch_as_the_stop_but_after_it_is_answered(firm: World) -> None:
    person = firm.person()
    firm.writes(person, stop=True)
    question = firm.writes(person)
    firm.processed(person)
    assert (await firm.decided(firm.waiting(person, answers=question)))[0] == "send"


async def test_after_an_opt_out_an_agent_needs_a_later_message_or_an_open_case(firm: World) -> None:
    person = firm.person()
    firm.writes(person, stop=True)
    firm.processed(person)
    assert await firm.decided(firm.waiting(person, "human")) == ("refuse", "R-OPT-1")
    case = {
        "tenant_id": firm.tenant_id,
        "id": uuid4(),
        "ref": "C-1",
        "contact_id": person.contact,
        "kind": "complaint",
        "reason": "complaint",
        "priority": 1,
        "page": False,
        "opened_at": firm.clock.now(),
        "opened_by": "bot",
    }
    firm.insert("case_file", case)
    assert (await firm.decided(firm.waiting(person, "human")))[0] == "send"


# ---- hold, people, order --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("send_class", "effect"),
    [
        ("safety", "send"),
        ("confirmation", "send"),
        ("reply", "case"),
        ("human", "send"),
        ("service", "drop"),
        ("proactive", "drop"),
    ],
)
async def test_a_hold_leaves_the_person_to_humans(firm: World, send_class: str, effect: str) -> None:
    person = firm.person()
    firm.holds(person)
    row = firm.waiting(person, send_class)
    assert (await firm.decided(row))[0] == effect
    if effect == "case":
        case = firm.one("select * from case_file where contact_id = %s", [person.contact])
        assert (case["kind"], case["reason"], case["page"]) == ("not_sent", "R-COND-4", False)


async def test_a_second_stopped_reply_does_not_open_a_second_case(firm: World) -> None:
    person = firm.person()
    firm.holds(person)
    for _ in range(2):
        assert (await firm.decided(firm.waiting(person)))[0] == "case"
    assert firm.one("select count(*) as n from case_file")["n"] == 1


async def test_a_lifted_hold_stops_nothing(firm: World) -> None:
    person = firm.person()
    firm.holds(person)
    firm.sql("update hold set cleared_at = %s, cleared_by = 'Ada Example'", [firm.clock.now()])
    assert (await firm.decided(firm.waiting(person)))[0] == "send"


async def test_the_bot_is_silent_once_somebody_has_taken_over(firm: World) -> None:
    person = firm.person()
    reply, campaign = firm.waiting(person), firm.waiting(person, "proactive")
    firm.taken_over(person)
    assert await firm.decided(reply) == ("drop", "R-WA-3")
    assert await firm.decided(campaign) == ("drop", "R-WA-3")
    assert (await firm.decided(firm.waiting(person, "human")))[0] == "send"


async def test_a_newer_message_supersedes_the_reply_and_the_turn_is_taken_again(firm: World) -> None:
    person = firm.person()
    firm.writes(person)
    firm.processed(person)
    part_one, part_two = firm.waiting(person), firm.waiting(person)
    before = firm.one("select * from conversation_queue where conversation_id = %s", [person.conversation])
    firm.writes(person)
    assert await firm.decided(part_one) == ("redo", "R-TURN-1")
    assert {firm.row(part_one)["state"], firm.row(part_two)["state"]} == {"superseded"}
    queue = firm.one("select * from conversation_queue where conversation_id = %s", [person.conversation])
    assert (queue["done_seq"], queue["last_seq"]) == (1, 3)
    assert queue["fence"] == before["fence"] + 1
    assert queue["ready_at"] == firm.clock.now()
    assert queue["owner"] is None


async def test_a_campaign_waits_while_any_conversation_of_the_person_has_an_unread_message(
    firm: World,
) -> None:
    person = firm.person()
    row = firm.waiting(person, "proactive")
    other = uuid4()
    firm.insert(
        "conversation",
        {
            "tenant_id": firm.tenant_id,
            "conversation_id": other,
            "contact_id": person.contact,
            "connection_id": EMAIL,
            "channel": "email",
            "created_at": firm.clock.now(),
        },
    )
    firm.insert("conversation_queue", {"tenant_id": firm.tenant_id, "conversation_id": other})
    elsewhere = Person(contact=person.contact, conversation=other, connection=EMAIL, key=person.key)
    firm.writes(elsewhere)
    assert await firm.decided(row) == ("defer", "R-TURN-1")
    firm.processed(elsewhere)
    firm.clock.advance(60)
    assert (await firm.decided(row))[0] == "send"


async def test_an_agents_message_goes_with_a_warning_when_something_newer_arrived(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person, "human")
    firm.writes(person)
    assert (await firm.decided(row))[0] == "send"
    assert firm.facts(row)["notes"] == ["warn"]


async def test_the_same_turn_is_not_redone_for_ever(firm: World) -> None:
    person = firm.person()
    firm.sql("delete from bundle_claim")
    effects = []
    for _ in range(7):
        firm.processed(person)
        effects.append((await firm.decided(firm.waiting(person)))[0])
        firm.clock.advance(1)
    assert effects == ["redo"] * 5 + ["case"] * 2


# ---- the clock ------------------------------------------------------------------------------------------------------


async def test_a_reply_on_whatsapp_in_the_evening_waits_until_nine(firm: World) -> None:
    person = firm.person()
    firm.clock.at = EVENING
    firm.writes(person)
    firm.processed(person)
    row = firm.waiting(person)
    assert await firm.decided(row) == ("defer", "R-TIME-1")
    assert firm.row(row)["due_at"] == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    firm.clock.at = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
    assert (await firm.decided(row))[0] == "send"


@pytest.mark.parametrize(
    ("evening", "nine"),
    [
        # Clocks go forward on Sunday 28 March 2027: nine in summer time is eight UTC.
        (datetime(2027, 3, 26, 21, 0, tzinfo=UTC), datetime(2027, 3, 27, 9, 0, tzinfo=UTC)),
        (datetime(2027, 3, 27, 21, 0, tzinfo=UTC), datetime(2027, 3, 28, 8, 0, tzinfo=UTC)),
        # And back on Sunday 25 October 2026.
        (datetime(2026, 10, 24, 20, 0, tzinfo=UTC), datetime(2026, 10, 25, 9, 0, tzinfo=UTC)),
        (datetime(2026, 10, 23, 20, 0, tzinfo=UTC), datetime(2026, 10, 24, 8, 0, tzinfo=UTC)),
    ],
)
async def test_nine_is_nine_by_the_tenants_clock_on_both_sides_of_a_clock_change(
    firm: World, evening: datetime, nine: datetime
) -> None:
    firm.policy(quiet_weekdays=[])
    firm.clock.at = evening
    row = firm.waiting(firm.person())
    assert await firm.decided(row) == ("defer", "R-TIME-1")
    assert firm.row(row)["due_at"] == nine


@pytest.mark.parametrize(
    ("moment", "effect"),
    [
        (datetime(2026, 11, 24, 8, 59, 59, tzinfo=UTC), "defer"),
        (datetime(2026, 11, 24, 9, 0, tzinfo=UTC), "send"),
        (datetime(2026, 11, 24, 19, 59, 59, tzinfo=UTC), "send"),
        (datetime(2026, 11, 24, 20, 0, tzinfo=UTC), "defer"),
        (datetime(2026, 7, 1, 8, 0, tzinfo=UTC), "send"),
        (datetime(2026, 7, 1, 19, 0, tzinfo=UTC), "defer"),
    ],
)
async def test_hours_begin_at_nine_and_end_before_eight(firm: World, moment: datetime, effect: str) -> None:
    firm.clock.at = moment
    assert (await firm.decided(firm.waiting(firm.person())))[0] == effect


@pytest.mark.parametrize(
    ("quiet_day", "opens"),
    [
        (datetime(2026, 11, 29, 12, 0, tzinfo=UTC), datetime(2026, 11, 30, 9, 0, tzinfo=UTC)),
        (datetime(2026, 12, 25, 12, 0, tzinfo=UTC), datetime(2026, 12, 26, 9, 0, tzinfo=UTC)),
    ],
)
async def test_sundays_and_bank_holidays_are_quiet(firm: World, quiet_day: datetime, opens: datetime) -> None:
    firm.clock.at = quiet_day
    row = firm.waiting(firm.person(), "proactive")
    assert await firm.decided(row) == ("defer", "R-TIME-2")
    assert firm.row(row)["due_at"] == opens


CHRISTMAS = [
    "2026-12-25",
    "2026-12-26",
    "2026-12-28",
    "2027-01-01",
]  # Boxing Day is a Saturday, made up for on Monday


@pytest.mark.parametrize("send_class", ["reply", "human", "service", "proactive"])
@pytest.mark.parametrize(
    ("moment", "weekdays", "opens"),
    [
        # Thursday evening, then Friday to Monday are quiet: holiday, holiday, Sunday, holiday made up for.
        (datetime(2026, 12, 24, 20, 0, tzinfo=UTC), [7], datetime(2026, 12, 29, 9, 0, tzinfo=UTC)),
        (datetime(2026, 12, 26, 3, 0, tzinfo=UTC), [7], datetime(2026, 12, 29, 9, 0, tzinfo=UTC)),
        (datetime(2026, 12, 28, 19, 59, tzinfo=UTC), [6, 7], datetime(2026, 12, 29, 9, 0, tzinfo=UTC)),
        # New Year's Eve, evening: Friday is a holiday, Saturday is quiet for one firm and not for the other.
        (datetime(2026, 12, 31, 21, 0, tzinfo=UTC), [7], datetime(2027, 1, 2, 9, 0, tzinfo=UTC)),
        (datetime(2026, 12, 31, 21, 0, tzinfo=UTC), [6, 7], datetime(2027, 1, 4, 9, 0, tzinfo=UTC)),
    ],
)
@pytest.mark.parametrize("connection", [WHATSAPP, EMAIL])
async def test_over_christmas_whatsapp_and_mail_wait_for_the_next_opening_replies_too(
    firm: World, connection: str, moment: datetime, weekdays: list[int], opens: datetime, send_class: str
) -> None:
    firm.policy(quiet_weekdays=weekdays, quiet_dates=CHRISTMAS)
    firm.clock.at = moment
    row = firm.waiting(firm.person(connection), send_class)
    assert (await firm.decided(row))[0] == "defer"
    assert firm.row(row)["due_at"] == opens
    firm.clock.at = opens
    assert (await firm.decided(row))[0] != "defer" or "window_shut" in firm.facts(row)["facts"]


async def test_a_danger_line_never_waits_for_the_morning_or_for_what_does(firm: World) -> None:
    person = firm.person()
    firm.clock.at = EVENING
    firm.writes(person)
    firm.processed(person)
    deferred, safety = firm.waiting(person), firm.waiting(person, "safety")
    assert (await firm.decided(deferred))[0] == "defer"
    assert (await firm.decided(safety))[0] == "send"


async def test_web_chat_answers_at_night_while_the_page_is_open_and_waits_once_it_is_closed(
    firm: World,
) -> None:
    person = firm.person(WEB)
    firm.clock.at = EVENING
    firm.writes(person)
    firm.processed(person)
    open_page, closed_page = firm.waiting(person), firm.waiting(person)
    assert await firm.decided(open_page) == ("send", "R-CLEAR")
    assert "quiet_page_open" in firm.facts(open_page)["facts"]
    firm.sql("update outbox set state = 'sent' where id = %s", [open_page])
    firm.clock.advance(300)
    assert await firm.decided(closed_page) == ("defer", "R-TIME-1")
    firm.sql("select page_seen_v1(%s, %s, %s)", [firm.tenant_id, person.conversation, firm.clock.now()])
    assert (await firm.decided(closed_page))[0] == "send"


async def test_a_web_chat_line_gets_its_place_on_the_page_when_it_becomes_visible(firm: World) -> None:
    person = firm.person(WEB)
    row = firm.waiting(person)
    assert firm.row(row)["position"] is None
    await firm.look(row)
    assert firm.row(row)["position"] == 2


# ---- WhatsApp's window ----------------------------------------------------------------------------------------------


async def test_a_shut_window_makes_a_case_unless_a_template_goes_with_it(firm: World) -> None:
    person = firm.person(wrote=False)
    firm.writes(person, at=firm.clock.now() - timedelta(hours=24))
    firm.processed(person)
    assert await firm.decided(firm.waiting(person)) == ("case", "R-WA-1")
    look = await firm.look(firm.waiting(person, template="reply_1"))
    assert look is not None
    assert look.effect == "send"
    assert look.message is not None
    assert look.message.template == "reply_1"


async def test_the_window_counts_from_the_messages_own_time(firm: World) -> None:
    person = firm.person(wrote=False)
    firm.writes(person, at=firm.clock.now() - timedelta(hours=23, minutes=59))
    firm.processed(person)
    row = firm.waiting(person)
    assert (await firm.decided(row))[0] == "send"


async def test_a_danger_line_in_a_shut_window_is_a_case_that_pages(firm: World) -> None:
    person = firm.person(WAHA, wrote=False)
    assert await firm.decided(firm.waiting(person, "safety")) == ("case", "R-WA-1")
    assert firm.one("select page, priority from case_file") == {"page": True, "priority": 0}


async def test_mail_and_web_chat_have_no_window(firm: World) -> None:
    for connection in (EMAIL, WEB):
        person = firm.person(connection, wrote=False)
        assert (await firm.decided(firm.waiting(person, "proactive")))[0] == "send"


# ---- strikes, frequency, money --------------------------------------------------------------------------------------


async def test_three_unanswered_messages_end_it_and_a_later_message_of_theirs_does_not_begin_it_again(
    firm: World,
) -> None:
    person = firm.person(EMAIL, wrote=False)
    for days in (50, 45, 40):
        firm.sent_before(person, timedelta(days=days))
    firm.consent(person, at=firm.clock.now() - timedelta(days=60))
    assert await firm.decided(firm.waiting(person, "proactive")) == ("drop", "R-FREQ-2")
    contact = firm.one("select * from contact where contact_id = %s", [person.contact])
    assert (contact["struck_out_at"], contact["strikes"]) == (firm.clock.now(), 3)
    firm.clock.advance(60)
    firm.writes(person)
    firm.processed(person)
    assert await firm.decided(firm.waiting(person, "proactive")) == ("drop", "R-FREQ-2")
    assert (await firm.decided(firm.waiting(person)))[0] == "send"


async def test_only_a_fresh_consent_lifts_the_end(firm: World) -> None:
    person = firm.person(EMAIL, wrote=False)
    for days in (50, 45, 40):
        firm.sent_before(person, timedelta(days=days))
    assert (await firm.decided(firm.waiting(person, "proactive")))[1] == "R-FREQ-2"
    firm.clock.advance(3600)
    firm.consent(person)
    assert (await firm.decided(firm.waiting(person, "proactive")))[0] == "send"


async def test_an_answer_in_between_breaks_the_row_of_strikes(firm: World) -> None:
    person = firm.person(EMAIL, wrote=False)
    for days in (50, 45, 40):
        firm.sent_before(person, timedelta(days=days))
    firm.writes(person, at=firm.clock.now() - timedelta(days=42))
    firm.processed(person)
    assert (await firm.decided(firm.waiting(person, "proactive")))[0] == "send"


async def test_one_campaign_message_a_day_and_the_next_waits_for_the_gap(firm: World) -> None:
    person = firm.person()
    firm.sent_before(person, timedelta(hours=1))
    row = firm.waiting(person, "proactive")
    assert await firm.decided(row) == ("defer", "R-FREQ-1")
    assert firm.row(row)["due_at"] == firm.clock.now() + timedelta(hours=23)


async def test_three_in_thirty_days_and_the_fourth_waits_for_the_first_to_age(firm: World) -> None:
    firm.policy(strikes=10)
    person = firm.person(EMAIL)
    for days in (20, 15, 10):
        firm.sent_before(person, timedelta(days=days))
    row = firm.waiting(person, "proactive")
    assert await firm.decided(row) == ("defer", "R-FREQ-1")
    assert firm.row(row)["due_at"] == firm.clock.now() + timedelta(days=10)


async def test_replies_are_not_counted_and_not_capped(firm: World) -> None:
    person = firm.person()
    for hours in (1, 2, 3, 4):
        firm.sent_before(person, timedelta(hours=hours), "reply")
    assert (await firm.decided(firm.waiting(person, "proactive")))[0] == "send"
    assert (await firm.decided(firm.waiting(firm.person())))[0] == "send"


async def test_campaign_messages_pause_when_the_days_money_is_spent_and_replies_go_on(firm: World) -> None:
    firm.policy(spend_pence_per_day=12)
    effects = [await firm.decided(firm.waiting(firm.person(), "proactive")) for _ in range(3)]
    assert effects == [("send", "R-CLEAR"), ("send", "R-CLEAR"), ("pause", "R-SPEND-1")]
    assert (await firm.decided(firm.waiting(firm.person())))[0] == "send"
    spent = firm.one(
        "select sum(spent_micropence) as spent, sum(granted_micropence) as granted from spend_shard"
    )
    assert spent["spent"] == 11_000_000
    assert spent["granted"] <= 12_000_000


@pytest.mark.parametrize(
    ("prices", "connection", "send_class", "cost"),
    [
        ({WA: {"proactive": 4_000_000, "reply": 100}}, WHATSAPP, "proactive", 4_000_000),
        ({WA: {"proactive": 4_000_000, "reply": 100}}, WHATSAPP, "reply", 100),
        ({WA: {"proactive": 4_000_000}}, WHATSAPP, "service", 5_500_000),
        ({"email": {"proactive": 40_000}}, EMAIL, "proactive", 40_000),
        ({"email": {"proactive": 40_000}}, WHATSAPP, "proactive", 5_500_000),
        ({WA: {"proactive": -1}}, WHATSAPP, "proactive", 0),
        ({}, WHATSAPP, "reply", 0),
        (None, WHATSAPP, "proactive", 5_500_000),
    ],
)
async def test_a_message_costs_its_price_and_without_one_as_much_as_the_dearest(
    firm: World, prices: dict[str, dict[str, int]] | None, connection: str, send_class: str, cost: int
) -> None:
    firm.policy(prices=prices)
    row = firm.waiting(firm.person(connection), send_class)
    assert (await firm.decided(row))[0] == "send"
    assert firm.row(row)["cost_micropence"] == cost
    spent = firm.one("select coalesce(sum(spent_micropence), 0) as n from spend_shard")["n"]
    assert spent == cost


async def test_a_channel_nobody_priced_is_dear(firm: World) -> None:
    asked = firm.one("select send_price_v1('{}', 'reply', 'pigeon') as price")
    assert asked["price"] == 5_500_000


async def test_a_paused_message_waits_for_the_next_day(firm: World) -> None:
    firm.policy(spend_pence_per_day=1)
    row = firm.waiting(firm.person(), "proactive")
    assert await firm.decided(row) == ("pause", "R-SPEND-1")
    assert firm.row(row)["due_at"] == datetime(2026, 11, 25, 9, 0, tzinfo=UTC)


async def test_one_persons_cap_stops_only_that_person(firm: World) -> None:
    firm.policy(spend_pence_per_contact_per_day=5)
    assert (await firm.decided(firm.waiting(firm.person(), "proactive"))) == ("pause", "R-SPEND-1")
    firm.policy(spend_pence_per_contact_per_day=6)
    assert (await firm.decided(firm.waiting(firm.person(), "proactive")))[0] == "send"


async def test_money_for_a_send_that_did_not_begin_goes_back(firm: World) -> None:
    row = firm.waiting(firm.person(), "proactive")
    await firm.look(row)
    await firm.outbox.put_back(firm.tenant_id, row, owner="sender-1", now=firm.clock.now())
    assert firm.row(row)["state"] == "pending"
    assert firm.one("select sum(spent_micropence) as n from spend_shard")["n"] == 0
    assert firm.one("select sum(spent_micropence) as n from spend_contact")["n"] == 0


# ---- the words ------------------------------------------------------------------------------------------------------


async def test_a_claim_withdrawn_while_the_reply_waited_is_composed_again(firm: World) -> None:
    person = firm.person()
    row = firm.waiting(person)
    firm.sql(
        "insert into claim_withdrawal values (%s, %s, 'Ada Example', %s, 1)",
        [firm.tenant_id, CLAIM, firm.clock.now()],
    )
    assert await firm.decided(row) == ("redo", "R-PERIM-3")
    queue = firm.one("select * from conversation_queue where conversation_id = %s", [person.conversation])
    assert (queue["done_seq"], queue["last_seq"]) == (0, 1)
    assert await firm.decided(firm.waiting(firm.person(), "proactive")) == ("drop", "R-PERIM-3")


@pytest.mark.parametrize(
    ("column", "day", "effect"),
    [
        ("expires", "2026-11-24", "redo"),
        ("expires", "2026-11-25", "send"),
        ("effective", "2026-11-25", "redo"),
        ("effective", "2026-11-24", "send"),
    ],
)
async def test_a_claim_is_sayable_from_its_first_day_until_the_day_it_expires(
    firm: World, column: str, day: str, effect: str
) -> None:
    firm.sql(f"update bundle_claim set {column} = %s", [day])
    assert (await firm.decided(firm.waiting(firm.person())))[0] == effect


async def test_a_claim_whose_wording_the_bundle_in_force_no_longer_has_is_composed_again(firm: World) -> None:
    firm.sql("update bundle_claim set claim_digest = %s", ["sha256:" + "d" * 64])
    assert await firm.decided(firm.waiting(firm.person())) == ("redo", "R-PERIM-3")


async def test_unapproved_wording_goes_out_on_a_sandbox_and_nowhere_else(firm: World) -> None:
    firm.sql("update policy set unapproved = true")
    assert (await firm.decided(firm.waiting(firm.person())))[0] == "send"
    firm.sql("update connection set stage = 'live'")
    firm.drilled(BUNDLE)
    firm.sql(
        "insert into bundle_pointer values (%s, 'live', 1, %s, 'test', %s)",
        [firm.tenant_id, BUNDLE, firm.clock.now()],
    )
    assert await firm.decided(firm.waiting(firm.person())) == ("refuse", "R-PERIM-3")
    assert await firm.decided(firm.waiting(firm.person(), "safety")) == ("refuse", "R-PERIM-3")
    assert firm.one("select count(*) filter (where page) as pages, count(*) as n from case_file") == {
        "pages": 1,
        "n": 2,
    }


@pytest.mark.parametrize(
    ("stage", "day", "effects"),
    [
        ("live", "2026-11-24", ["redo", "drop"]),
        ("live", "2026-11-25", ["send", "send"]),
        ("live", None, ["send", "send"]),
        ("sandbox", "2026-11-24", ["send", "send"]),
    ],
)
async def test_wording_is_said_to_real_people_until_the_day_its_last_approval_ends(
    firm: World, stage: str, day: str | None, effects: list[str]
) -> None:
    firm.sql("update bundle_claim set approved_until = %s", [day])
    firm.sql("update connection set stage = %s", [stage])
    firm.sql("update bundle_pointer set stage = %s", [stage])
    rows = [firm.waiting(firm.person(), c) for c in ("reply", "proactive")]
    assert [(await firm.decided(row))[0] for row in rows] == effects


# ---- kill -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", ["tenant", "platform"])
@pytest.mark.parametrize(
    ("scope", "effects"),
    [
        ("machine", ["page", "drop", "defer", "send", "defer", "pause"]),
        ("everything", ["page", "drop", "defer", "refuse", "defer", "pause"]),
    ],
)
async def test_a_kill_stops_its_classes_and_pages_for_danger(
    firm: World, table: str, scope: str, effects: list[str]
) -> None:
    firm.kill(scope, table=table)
    classes = ["safety", "confirmation", "reply", "human", "service", "proactive"]
    rows = [firm.waiting(firm.person(), c) for c in classes]
    assert [(await firm.decided(row))[0] for row in rows] == effects
    assert firm.one("select page, kind from case_file where page") == {"page": True, "kind": "not_sent"}
    assert firm.one("select data ->> 'reason' as reason from event where kind = 'alert'")[
        "reason"
    ].startswith("R-KILL")


async def test_what_waited_out_a_kill_is_composed_again(firm: World) -> None:
    row, campaign = firm.waiting(firm.person()), firm.waiting(firm.person(), "proactive")
    firm.kill("machine")
    assert (await firm.decided(row))[0] == "defer"
    assert (await firm.decided(campaign))[0] == "pause"
    firm.sql("update tenant set kill_scope = 'none', kill_epoch = kill_epoch + 1")
    firm.sql("update outbox set due_at = %s", [firm.clock.now()])
    assert await firm.decided(row) == ("redo", "R-KILL-3")
    assert (await firm.decided(campaign))[0] == "send"


async def test_the_epoch_of_the_look_changes_with_every_kill(firm: World) -> None:
    look = await firm.look(firm.waiting(firm.person()))
    assert look is not None
    assert await firm.outbox.kill_epoch(firm.tenant_id) == look.kill_epoch
    firm.kill("machine", table="platform")
    assert await firm.outbox.kill_epoch(firm.tenant_id) == look.kill_epoch + 1


# ---- fail closed ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "damage",
    [
        "delete from send_rule where state = 'clear'",
        "delete from send_rule",
        "delete from policy",
        "delete from connection",
        "delete from bundle_pointer",
        "update send_rule set effect = 'shrug' where state = 'clear'",
        "update send_rule set only_when = '{on_tuesdays}' where state = 'clear'",
        "update contact set wrapped_key = null",
        "delete from identity",
    ],
)
async def test_whatever_is_missing_or_unknown_refuses(firm: World, damage: str) -> None:
    row = firm.waiting(firm.person())
    firm.sql(damage)
    assert (await firm.decided(row))[0] == "refuse"
    assert firm.row(row)["state"] == "dead"


async def test_a_policy_without_a_number_never_means_unlimited(firm: World) -> None:
    firm.sql("update policy set body = body - 'proactive_per_day' - 'strikes' - 'spend_pence_per_day'")
    effect, _ = await firm.decided(firm.waiting(firm.person(), "proactive"))
    assert effect == "drop"


async def test_a_row_that_was_tampered_with_is_never_delivered(firm: World) -> None:
    person = firm.person()
    row, other = firm.waiting(person), firm.waiting(person)
    firm.sql("update outbox set body = (select body from outbox where id = %s) where id = %s", [other, row])
    assert await firm.decided(row) == ("refuse", "R-CRYPTO-1")
    assert [firm.row(r)["state"] for r in (row, other)] == ["failed", "superseded"]
    kinds = firm.sql("select kind from case_file order by kind")
    assert [case["kind"] for case in kinds] == ["not_sent", "send_failed"]  # the rest of the answer, and it
