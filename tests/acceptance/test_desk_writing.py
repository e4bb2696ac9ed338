"""Writing to a person from the desk, and why the bot said what it said: over HTTP and in Chromium."""

from __future__ import annotations

import re
from collections.abc import Iterator
from uuid import UUID

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.acceptance.desk_world import DeskWorld, desk_world
from tests.acceptance.served import chromium, needs_chromium
from tests.acceptance.test_desk import QUESTION, Operator, of, somebody
from tests.conftest import Database

PLAIN = "Hello, this is Asha. Shall I ring you this afternoon?"


@pytest.fixture(scope="module")
def desk(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    with desk_world(module_database, tmp_path_factory.mktemp("desk")) as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def asked(desk: DeskWorld) -> UUID:
    return desk.says(QUESTION, person=somebody())


def held_until(desk: DeskWorld, conversation: UUID) -> object:
    (row,) = desk.run("select typing_until from conversation_queue where conversation_id = %s", conversation)
    return row["typing_until"]


def owner_of(desk: DeskWorld, conversation: UUID) -> object:
    (row,) = desk.run("select human_owner from conversation where conversation_id = %s", conversation)
    return row["human_owner"]


def taken_over(desk: DeskWorld, conversation: UUID) -> list[str]:
    """Who took it over, as the audit has it, in order."""
    rows = desk.run(
        "select header ->> 'by' as by from audit where header ->> 'what' = 'taken over' "
        "and header ->> 'conversation' = %s order by n",
        str(conversation),
    )
    return [row["by"] for row in rows]


def written(desk: DeskWorld, conversation: UUID) -> list[tuple[str, str]]:
    rows = desk.run(
        "select author, state from outbox where conversation_id = %s and send_class = 'human' order by n",
        conversation,
    )
    return [(row["author"], row["state"]) for row in rows]


def test_what_an_agent_sends_reaches_the_person_and_makes_the_conversation_theirs(desk: DeskWorld) -> None:
    conversation = asked(desk)
    sent = Operator(desk, "Asha Example", "agent").fill(of(conversation, act="/say"), text=PLAIN, sure="yes")
    assert sent.status_code == 303, sent.text[-400:]
    desk.settle()
    assert desk.provider.delivered[-1].text == PLAIN
    assert written(desk, conversation) == [("Asha Example", "sent")]
    assert owner_of(desk, conversation) == "Asha Example"
    assert desk.verified().ok


def test_typing_keeps_the_bot_quiet_for_half_a_minute(desk: DeskWorld) -> None:
    person = somebody()
    conversation = desk.says(QUESTION, person=person)
    operator = Operator(desk, "Asha Example", "agent")
    assert operator.fill(of(conversation, act="/typing")).status_code == 204
    before = len(desk.provider.delivered)
    desk.says("and what does it cost?", person=person, settle=False)
    desk.settle()
    assert len(desk.provider.delivered) == before
    desk.clock.advance(31)
    desk.settle()
    assert len(desk.provider.delivered) > before


def test_a_viewer_may_neither_type_nor_send(desk: DeskWorld) -> None:
    conversation = asked(desk)
    viewer = Operator(desk, "Vic Example", "viewer")
    assert viewer.fill(of(conversation, act="/typing")).status_code == 403
    assert viewer.fill(of(conversation, act="/say"), text=PLAIN).status_code == 403
    assert "Write to" not in viewer.page(of(conversation))
    assert held_until(desk, conversation) is None


def test_words_that_are_forbidden_are_refused_and_stay_in_the_form(desk: DeskWorld) -> None:
    conversation = asked(desk)
    promise = "We guarantee you will get £2,000 back."
    refused = Operator(desk, "Asha Example", "agent").fill(
        of(conversation, act="/say"), text=promise, sure="yes"
    )
    assert refused.status_code == 422
    assert "guarantee you will get" in refused.text and "Refused" in refused.text
    assert 'name="override"' not in refused.text
    assert written(desk, conversation) == []
    assert owner_of(desk, conversation) is None


def test_an_agent_cannot_overrule_and_an_admin_can_with_a_reason(desk: DeskWorld) -> None:
    conversation = asked(desk)
    promise, why = "We guarantee you will get £2,000 back.", "The court has ordered it"
    agent = Operator(desk, "Asha Example", "agent").fill(
        of(conversation, act="/say"), text=promise, override=why
    )
    assert agent.status_code == 422
    admin = Operator(desk, "Ben Example", "admin")
    bare = admin.fill(of(conversation, act="/say"), text=promise)
    assert bare.status_code == 422 and 'name="override"' in bare.text
    assert admin.fill(of(conversation, act="/say"), text=promise, override=why).status_code == 303
    desk.settle()
    assert desk.provider.delivered[-1].text == promise
    page = admin.page(of(conversation))
    assert why in page and "Overruled" in page


def test_an_overruling_stands_in_the_audit_with_who_did_it_and_once_for_each_time(desk: DeskWorld) -> None:
    conversation = asked(desk)
    agent, admin = Operator(desk, "Asha Example", "agent"), Operator(desk, "Ben Example", "admin")
    assert agent.fill(of(conversation, act="/say"), text=PLAIN, sure="yes").status_code == 303
    assert taken_over(desk, conversation) == ["Asha Example"]
    for text in ("We guarantee it.", "Act now, time is running out."):
        answer = admin.fill(of(conversation, act="/say"), text=text, override="The court has ordered it")
        assert answer.status_code == 303
    assert taken_over(desk, conversation) == ["Asha Example", "Ben Example", "Ben Example"]
    page = admin.page(of(conversation))
    assert "promises/guarantee" in page and "no-pressure/hurry" in page and "prohibited/" in page
    assert desk.verified().ok


def test_words_that_are_only_unapproved_are_sent_once_somebody_stands_by_them(desk: DeskWorld) -> None:
    conversation = asked(desk)
    agent = Operator(desk, "Asha Example", "agent")
    warned = agent.fill(of(conversation, act="/say"), text=PLAIN)
    assert warned.status_code == 422
    assert "Read what was noticed" in warned.text and PLAIN in warned.text
    assert written(desk, conversation) == []
    assert agent.fill(of(conversation, act="/say"), text=PLAIN, sure="yes").status_code == 303
    assert [author for author, _ in written(desk, conversation)] == ["Asha Example"]


@pytest.mark.parametrize("text", ["", "   ", "x" * 4_001])
def test_nothing_and_too_much_are_not_sent(desk: DeskWorld, text: str) -> None:
    conversation = asked(desk)
    answer = Operator(desk, "Asha Example", "agent").fill(of(conversation, act="/say"), text=text)
    assert answer.status_code == 422
    assert written(desk, conversation) == []


def test_another_tenants_person_cannot_be_written_to(desk: DeskWorld) -> None:
    theirs = desk.says(QUESTION, connection="edward-wa-sandbox", person=somebody())
    only_dave = Operator(desk, "Cleo Example", "owner", "dynamo-dave")
    assert only_dave.fill(of(theirs, act="/say"), text=PLAIN, sure="yes").status_code == 404
    assert only_dave.fill(of(theirs, act="/typing")).status_code == 404
    assert held_until(desk, theirs) is None


# ---- why ----------------------------------------------------------------------------------------------------------------


def test_a_sentence_opens_how_the_reply_came_about(desk: DeskWorld) -> None:
    conversation = asked(desk)
    operator = Operator(desk)
    page = operator.page(of(conversation))
    found = re.search(r'href="([^"]*why=[^"]*)#why"', page)
    assert found is not None
    shown = operator.page(found[1].replace("&amp;", "&"))
    for words in (
        "Why did it say that?",
        "How the reply came about",
        "Chosen",
        "the register, without a model",
    ):
        assert words in shown
    assert "claims/" in shown and "Moves" in shown


def test_an_outage_of_the_models_is_told_once_on_the_overview_and_ends(desk: DeskWorld) -> None:
    tenant = desk.tenants["dynamo-dave"].activation.tenant_id
    for _ in range(3):
        desk.run("select models_down_v1(%s, '2026-11-24T10:30Z')", tenant)
    operator = Operator(desk)
    page = operator.page("/desk?tenant=dynamo-dave")
    assert page.count("No model answers, so the register does") >= 1
    assert desk.run("select count(*) as n from case_file where kind = 'models_down'") == [{"n": 1}]
    assert "No model has failed." in page
    desk.run("select models_up_v1(%s, '2026-11-24T10:40Z')", tenant)
    assert "No model answers" not in operator.page("/desk?tenant=dynamo-dave")


def test_a_model_that_is_left_alone_stands_on_the_overview(desk: DeskWorld) -> None:
    desk.run(
        "insert into model_breaker (provider, model, failures, opened_at, changed_at) "
        "values ('openai', 'example-mini', 3, %s, %s)",
        desk.clock.now(),
        desk.clock.now(),
    )
    desk.clock.advance(2)  # breakers are read once a second
    page = Operator(desk).page("/desk?tenant=dynamo-dave")
    assert "openai example-mini" in page and "not asked, after 3 failures in a row" in page


# ---- in a browser -------------------------------------------------------------------------------------------------------


@needs_chromium
def test_typing_in_the_page_silences_the_bot_and_sending_hands_it_over(
    desk: DeskWorld, browser: Browser
) -> None:
    conversation = asked(desk)
    page = browser.new_page()
    try:
        enter(page, desk)
        page.goto(desk.url + of(conversation))
        with page.expect_response(lambda r: r.url.split("?")[0].endswith("/typing")) as told:
            page.get_by_label("Write to").press_sequentially("Hello")
        assert told.value.status == 204
        assert held_until(desk, conversation) is not None
        page.get_by_label("Write to").fill(PLAIN)
        page.get_by_role("button", name="Send").click()
        if page.get_by_text("I stand by my words").count():
            page.get_by_text("I stand by my words").click()
            page.get_by_role("button", name="Send").click()
        expect(page.get_by_text("this conversation is yours")).to_be_visible()
    finally:
        page.close()


@needs_chromium
@pytest.mark.parametrize("width", [320, 768, 1440])
def test_the_composer_and_the_explanation_fit_every_width(
    desk: DeskWorld, browser: Browser, width: int
) -> None:
    conversation = asked(desk)
    page = browser.new_page(viewport={"width": width, "height": 900})
    try:
        enter(page, desk)
        page.goto(desk.url + of(conversation))
        page.locator("a.cite").first.click()
        expect(page.get_by_role("heading", name="How the reply came about")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    finally:
        page.close()


def enter(page: Page, desk: DeskWorld) -> None:
    page.goto(desk.link())
    page.get_by_role("button", name="Sign in as Asha Example").click()
    page.wait_for_url(re.compile(r"/desk$"))
