"""The desk as operators use it: over HTTP and in Chromium, on real tenants and a real database."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from uuid import UUID

import httpx2
import pytest
from playwright.sync_api import Browser, Page, expect

from runtime.messages import Identity, Receipt
from tests.acceptance.desk_world import DeskWorld, desk_world
from tests.acceptance.served import chromium, needs_chromium
from tests.conftest import Database

QUESTION = "Do I have to use you or can I do it myself?"
DANGER = "I can't go on any more, I want to end it all"
PAGES = ("", "/conversations", "/cases", "/queue", "/bundles", "/stop")
_numbers = itertools.count(200)


@pytest.fixture(scope="module")
def desk(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DeskWorld]:
    with desk_world(module_database, tmp_path_factory.mktemp("desk")) as world:
        yield world


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


def somebody() -> Identity:
    """A person nobody has met yet."""
    return Identity(kind="phone", value=f"+447700900{next(_numbers):03d}")


class Operator(httpx2.Client):
    """Somebody signed in, who fills in forms as their browser would."""

    def __init__(
        self, desk: DeskWorld, name: str = "Asha Example", role: str = "owner", *tenants: str
    ) -> None:
        super().__init__(base_url=desk.url, headers={"accept": "text/html"}, trust_env=False)
        link = desk.link(name, role, *tenants)
        assert self.post(link).headers["location"] == "/desk"

    def page(self, path: str, status: int = 200) -> str:
        answer = self.get(path)
        assert answer.status_code == status, (answer.status_code, path)
        return answer.text

    def fill(self, path: str, **fields: str) -> httpx2.Response:
        """Posts a form with the token of this session's own pages."""
        found = re.search(r'name="csrf" value="([0-9a-f]{64})"', self.page("/desk"))
        assert found is not None
        return self.post(path, data={"csrf": found[1], **fields})


def of(conversation: UUID, tenant: str = "dynamo-dave", act: str = "") -> str:
    return f"/desk/conversations/{conversation}{act}?tenant={tenant}"


# ---- the way in ---------------------------------------------------------------------------------------------------------


def test_looking_at_a_link_does_not_use_it_up_and_using_it_does(desk: DeskWorld) -> None:
    link = desk.link()
    with httpx2.Client(trust_env=False, headers={"accept": "text/html"}) as visitor:
        looks = [visitor.get(link) for _ in range(3)]
        entered = visitor.post(link)
        again = visitor.post(link)

    assert {look.status_code for look in looks} == {200}
    assert "Sign in as Asha Example" in looks[0].text
    assert entered.status_code == 303
    cookie = entered.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("httponly", "samesite=strict", "path=/desk", "max-age=43200"))
    assert again.status_code == 410
    assert "used already" in again.text and "convo desk link" in again.text
    assert "set-cookie" not in again.headers


def test_an_invented_link_says_so(desk: DeskWorld) -> None:
    answer = httpx2.get(f"{desk.url}/desk/in/invented", trust_env=False)

    assert answer.status_code == 410 and "not a link we gave" in answer.text


def test_who_signs_out_is_out(desk: DeskWorld) -> None:
    operator = Operator(desk)
    cookie = operator.cookies["convo_desk"]

    assert operator.fill("/desk/sign-out").headers["location"] == "/desk/sign-in"

    late = httpx2.get(f"{desk.url}/desk", cookies={"convo_desk": cookie}, trust_env=False)
    assert late.headers["location"] == "/desk/sign-in"


# ---- whose pages, and who may act ---------------------------------------------------------------------------------------


def test_another_tenants_pages_are_not_there(desk: DeskWorld) -> None:
    theirs = desk.says(QUESTION, connection="edward-wa-sandbox", person=somebody())
    operator = Operator(desk, "Cleo Example", "owner", "dynamo-dave")

    for path in (
        "/desk?tenant=edward-energy",
        f"/desk/conversations/{theirs}",
        of(theirs, "edward-energy"),
        of(theirs, "dynamo-dave"),
    ):
        operator.page(path, 404)
    refused = operator.fill(of(theirs, "edward-energy", "/take-over"), reason="I want to")
    assert refused.status_code == 404
    assert "Edward" not in operator.page("/desk")


def test_a_conversation_is_found_without_naming_its_tenant(desk: DeskWorld) -> None:
    theirs = desk.says(QUESTION, connection="edward-wa-sandbox", person=somebody())

    answer = Operator(desk).get(f"/desk/conversations/{theirs}")

    assert answer.headers["location"] == of(theirs, "edward-energy")


def test_a_viewer_sees_everything_and_is_offered_nothing(desk: DeskWorld) -> None:
    conversation = desk.says(DANGER, person=somebody())
    viewer = Operator(desk, "Vik Example", "viewer")

    for path in PAGES:
        page = viewer.page(f"/desk{path}")
        assert re.findall(r'<form[^>]*method="post"[^>]*action="([^"?]+)', page) == ["/desk/sign-out"]
        assert "Stop sending…" not in page
    assert "Take over" not in viewer.page(of(conversation))
    refused = viewer.fill(of(conversation, act="/take-over"), reason="I want to")
    assert refused.status_code == 403


def test_an_agent_cannot_stop_sending(desk: DeskWorld) -> None:
    agent = Operator(desk, "Alex Example", "agent")

    refused = agent.fill("/desk/stop", what="machine", reason="because", sure="DYNAMO DAVE")

    assert refused.status_code == 403
    assert "Nothing is stopped" in agent.page("/desk/stop")


@pytest.mark.parametrize(
    ("headers", "token"),
    [
        ({}, "0" * 64),
        ({}, None),
        ({"origin": "https://evil.example"}, ""),
        ({"sec-fetch-site": "cross-site"}, ""),
    ],
)
def test_a_form_of_another_page_changes_nothing(
    desk: DeskWorld, headers: dict[str, str], token: str | None
) -> None:
    operator = Operator(desk)
    found = re.search(r'name="csrf" value="([0-9a-f]{64})"', operator.page("/desk"))
    assert found is not None
    data = {"what": "machine", "reason": "because", "sure": "DYNAMO DAVE"}
    if token is not None:
        data["csrf"] = token or found[1]

    answer = operator.post("/desk/stop?tenant=dynamo-dave", data=data, headers=headers)

    assert answer.status_code == 403
    assert "Nothing is stopped" in operator.page("/desk/stop")


# ---- what one sees ------------------------------------------------------------------------------------------------------


def test_a_conversation_shows_each_message_with_what_decided_about_it(desk: DeskWorld) -> None:
    conversation = desk.says(QUESTION, person=somebody())

    page = Operator(desk).page(of(conversation))

    assert QUESTION in page
    assert "DD-D04" in page and "SP-FOS" in page, "the claims behind the answer"
    assert "Passed" in page and "checks" in page
    assert re.search(r"Last look.*Sent.*as a reply.*Nothing stood against it\.", page, re.S)
    assert desk.tenants["dynamo-dave"].compiled.digest in page


def test_why_leads_one_sentence_back_to_its_file_and_says_that_nobody_approved_it(desk: DeskWorld) -> None:
    conversation = desk.says(QUESTION, person=somebody())
    operator = Operator(desk)
    refs = re.findall(r"why=([0-9a-f-]{36}\.\d+)", operator.page(of(conversation)))

    page = operator.page(f"{of(conversation)}&why={refs[0]}")

    assert "Why did it say that?" in page
    assert re.search(r"tenants/[a-z_/-]+\.yaml:\d+", page)
    assert "Nobody has approved this wording: sandbox only." in page
    assert "Yes. Same words today" in page


def test_opening_a_conversation_is_recorded_and_the_page_says_so(desk: DeskWorld) -> None:
    conversation = desk.says(QUESTION, person=somebody())
    operator = Operator(desk, "Lou Example", "viewer")

    page = operator.page(of(conversation))
    part = operator.get(of(conversation), headers={"hx-request": "true", "hx-target": "live"})

    looks = desk.run(
        "select n, header from audit where stream like 'desk/%%' and header ->> 'what' = 'looked' and header ->> 'by' = %s",
        "Lou Example",
    )
    assert [look["header"]["conversation"] for look in looks] == [str(conversation)], (
        "a live page is one look"
    )
    assert f"entry {looks[0]['n']} of the desk" in page
    assert f"entry {looks[0]['n']} of the desk" in part.text


def test_a_part_fetched_without_its_page_is_a_look_as_well(desk: DeskWorld) -> None:
    conversation = desk.says(QUESTION, person=somebody())

    Operator(desk, "Kit Example").get(of(conversation), headers={"hx-request": "true", "hx-target": "live"})

    looks = desk.run(
        "select 1 from audit where header ->> 'what' = 'looked' and header ->> 'by' = 'Kit Example'"
    )
    assert len(looks) == 1


def test_a_reply_that_a_stop_overtook_is_shown_in_its_place_with_the_rule(desk: DeskWorld) -> None:
    person = somebody()
    desk.says("what do you charge", person=person, settle=False)
    desk.answer()
    conversation = desk.says("STOP", person=person)

    page = Operator(desk).page(of(conversation))

    assert "unsent" in page
    assert re.search(
        r"STOP.*Not sent\.</b> Rule <code>R-OPT-1</code>: reply, WhatsApp, opted out.*It never left\.",
        page,
        re.S,
    )
    assert "Opt-out." in page and "was on disk before the message was acknowledged" in page


def test_a_reply_at_night_says_until_when_it_waits_and_the_queue_counts_it_as_kept(desk: DeskWorld) -> None:
    before = desk.clock.at
    desk.clock.at = before.replace(hour=22)
    try:
        conversation = desk.says(QUESTION, connection="edward-wa-sandbox", person=somebody())
        operator = Operator(desk)

        page = operator.page(of(conversation, "edward-energy"))
        queue = operator.page("/desk/queue?tenant=edward-energy")
    finally:
        desk.clock.at = before

    assert re.search(r"Waits until Wed 25 Nov, 09:00\.</b> Rule <code>R-TIME-1</code>", page)
    assert re.search(r"To be sent now</h3><p class=\"big\">0 ", queue)
    assert "The next goes Wed 25 Nov, 09:00" in queue


def test_numbers_are_masked_and_the_list_holds_no_words(desk: DeskWorld) -> None:
    person = Identity(kind="phone", value="+447700900777")
    conversation = desk.says("a very particular sentence of mine", person=person)
    operator = Operator(desk)

    lists = [operator.page(f"/desk{path}") for path in PAGES]
    page = operator.page(of(conversation))

    assert "07700 900•77" in lists[1] and "07700 900•77" in page
    assert not any("a very particular sentence" in shown for shown in lists)
    assert not any("900777" in shown for shown in (*lists, page))


def test_what_people_write_is_shown_as_text_and_turns_nothing_around(desk: DeskWorld) -> None:
    conversation = desk.says("<script>alert(1)</script>\u202e gnihtyna", person=somebody())

    page = Operator(desk).page(of(conversation))

    assert "<script>alert" not in page
    assert re.search(r'<p class="bubble" dir="auto">&lt;script&gt;alert\(1\)', page)


def test_the_list_filters_by_what_stands_in_the_address(desk: DeskWorld) -> None:
    person = Identity(kind="phone", value="+447700900888")
    desk.says(QUESTION, person=person)
    desk.says("please stop messaging me", person=person)
    operator = Operator(desk)

    assert "900•88" in operator.page("/desk/conversations?show=held")
    assert "900•88" in operator.page("/desk/conversations?claim=DD-D04")
    assert "900•88" not in operator.page("/desk/conversations?channel=webchat")
    assert "Nothing fits this filter." in operator.page("/desk/conversations?claim=NO-SUCH-CLAIM")
    assert "900•88" in operator.page("/desk/conversations?show=%27%3Bdrop&channel=x"), (
        "unknown filters filter nothing"
    )


def test_the_overview_says_in_its_title_that_somebody_needs_a_person_now(desk: DeskWorld) -> None:
    desk.says(DANGER, connection="edward-wa-sandbox", person=somebody())

    page = Operator(desk).page("/desk?tenant=edward-energy")

    assert re.search(
        r"<h1[^>]*>Answering normally\. \d+ (person needs|people need) somebody now\.</h1>", page
    )
    assert "Danger:" in page


def test_a_tenant_without_a_bundle_has_every_page_and_says_what_that_means(desk: DeskWorld) -> None:
    with httpx2.Client(base_url=desk.url, trust_env=False, headers={"accept": "text/html"}) as operator:
        operator.post(desk.link_of_a_tenant_without_a_bundle())
        shown = {path: operator.get(f"/desk{path}") for path in (*PAGES, "/accent.css")}

    assert {answer.status_code for answer in shown.values()} == {200}
    assert "Nothing is answered: no bundle is in force." in shown[""].text
    assert "No bundle was ever put in force." in shown["/bundles"].text


def test_bundles_show_what_is_in_force_and_that_nobody_approved_it(desk: DeskWorld) -> None:
    page = Operator(desk).page("/desk/bundles")

    assert desk.tenants["dynamo-dave"].compiled.digest in page
    assert "In force" in page and "Unapproved" in page and "Rae Example" in page


# ---- what one does ------------------------------------------------------------------------------------------------------


def test_a_case_is_closed_with_a_note_and_not_without(desk: DeskWorld) -> None:
    conversation = desk.says("please can I talk to a person", person=somebody())
    operator = Operator(desk)
    close = re.search(r"/desk/cases/[0-9a-f-]+/close", operator.page(of(conversation)))
    assert close is not None

    empty = operator.fill(f"{close[0]}?tenant=dynamo-dave", note=" ")
    done = operator.fill(f"{close[0]}?tenant=dynamo-dave", note="Rang her back.")
    again = operator.fill(f"{close[0]}?tenant=dynamo-dave", note="Rang her back.")

    assert empty.status_code == 422 and "still open" in empty.text
    assert "done=closed" in done.headers["location"] and "done=gone" in again.headers["location"]
    page = operator.page(of(conversation))
    assert "Case closed." in page and "Rang her back." in page
    assert close[0] not in page


def test_a_person_takes_over_and_hands_back_and_both_are_on_the_record(desk: DeskWorld) -> None:
    person = somebody()
    conversation = desk.says(QUESTION, person=person)
    agent = Operator(desk, "Alex Example", "agent")

    unexplained = agent.fill(of(conversation, act="/take-over"), reason="")
    agent.fill(of(conversation, act="/take-over"), reason="She sounds upset")
    desk.says("what do you charge", person=person)
    taken = agent.page(of(conversation))
    agent.fill(of(conversation, act="/hand-back"), reason="All clear now")

    assert unexplained.status_code == 422
    assert "Alex Example</b> has this conversation" in taken
    assert "a person has this conversation" in taken, "the bot was silent, and says why"
    page = agent.page(of(conversation))
    assert "She sounds upset" in page and "All clear now" in page
    assert "has this conversation. Dave" not in page


def test_a_hold_is_lifted_by_a_named_person_with_a_reason(desk: DeskWorld) -> None:
    conversation = desk.says(DANGER, person=somebody())
    operator = Operator(desk)

    assert "Lift the hold" in operator.page(of(conversation))
    operator.fill(of(conversation, act="/lift-hold"), reason="Spoke with her and her sister")

    page = operator.page(of(conversation))
    assert "Hold lifted." in page and "By Asha Example: Spoke with her and her sister" in page
    assert "Lift the hold" not in page


def test_danger_during_a_kill_is_not_sent_and_stands_at_the_top_of_the_overview(desk: DeskWorld) -> None:
    desk.run(
        "update tenant set kill_scope = 'machine', kill_epoch = kill_epoch + 1 where slug = 'dynamo-dave'"
    )
    try:
        desk.says("I want to end it all", person=somebody())
    finally:
        desk.run(
            "update tenant set kill_scope = 'none', kill_epoch = kill_epoch + 1 where slug = 'dynamo-dave'"
        )
    operator = Operator(desk)
    listed, overview = operator.page("/desk/queue"), operator.page("/desk")

    assert "Messages not sent" in listed and "Not sent, by rule R-KILL-1: open an urgent case" in listed
    assert "message not sent" in overview and "A message was held back" in overview


def test_an_unknown_send_waits_for_a_decision_and_a_discard_needs_its_reason(desk: DeskWorld) -> None:
    desk.provider.answer = Receipt(result="unknown", detail="timeout")
    try:
        desk.says(QUESTION, person=Identity(kind="phone", value="+447700900666"))
    finally:
        desk.provider.answer = Receipt(result="accepted", provider_id="wamid.EXAMPLE")
    operator = Operator(desk)
    listed = operator.page("/desk/queue")
    act = re.search(r"/desk/queue/discard/outbox/[0-9a-f-]+", listed)
    assert act is not None and "900•66" in listed and "The person may get it twice." in listed

    unexplained = operator.fill(f"{act[0]}?tenant=dynamo-dave", sure="yes")
    unticked = operator.fill(f"{act[0]}?tenant=dynamo-dave", reason="She called us")
    done = operator.fill(f"{act[0]}?tenant=dynamo-dave", sure="yes", reason="She called us")

    assert (unexplained.status_code, unticked.status_code) == (422, 422)
    assert "done=discarded" in done.headers["location"]
    assert act[0] not in operator.page("/desk/queue")


def test_an_unknown_send_is_repeated_only_by_decision(desk: DeskWorld) -> None:
    person = somebody()
    desk.provider.answer = Receipt(result="unknown", detail="timeout")
    try:
        desk.says(QUESTION, person=person)
    finally:
        desk.provider.answer = Receipt(result="accepted", provider_id="wamid.EXAMPLE")
    desk.settle()
    before = [m for m in desk.provider.delivered if m.to == person]
    operator = Operator(desk)
    act = re.search(r"/desk/queue/replay/outbox/[0-9a-f-]+", operator.page("/desk/queue"))
    assert act is not None

    done = operator.fill(f"{act[0]}?tenant=dynamo-dave", sure="yes")
    desk.settle()

    assert "done=replayed" in done.headers["location"]
    assert len([m for m in desk.provider.delivered if m.to == person]) > len(before)
    assert act[0] not in operator.page("/desk/queue")


def test_a_thing_that_nobody_knows_cannot_be_settled(desk: DeskWorld) -> None:
    operator = Operator(desk)
    item = UUID(int=1)

    assert operator.fill(f"/desk/queue/erase/outbox/{item}", sure="yes", reason="because").status_code == 404
    assert (
        operator.fill(f"/desk/queue/discard/tenant/{item}", sure="yes", reason="because").status_code == 404
    )
    gone = operator.fill(f"/desk/queue/discard/outbox/{item}", sure="yes", reason="because")
    assert "done=gone" in gone.headers["location"]


def test_stopping_takes_all_three_and_starting_again_takes_two_people(desk: DeskWorld) -> None:
    asha, ben = Operator(desk), Operator(desk, "Ben Sample", "admin")
    stop, start = "/desk/stop?tenant=edward-energy", "/desk/start?tenant=edward-energy"
    whole = {"what": "everything", "reason": "A wrong fee went out", "sure": "EDWARD ENERGY"}

    for missing in whole:
        partly = asha.fill(stop, **{name: value for name, value in whole.items() if name != missing})
        assert partly.status_code == 422 and "Nothing was stopped" in partly.text
    assert "done=stopped" in asha.fill(stop, **whole).headers["location"]
    assert "Everything is stopped, people too." in ben.page("/desk?tenant=edward-energy")
    assert "A wrong fee went out" in ben.page(stop)
    assert "Nothing is stopped" in ben.page("/desk/stop?tenant=dynamo-dave")

    unnamed = asha.fill(start, sure="edward")
    first, same = asha.fill(start, sure="EDWARD ENERGY"), asha.fill(start, sure="EDWARD ENERGY")
    assert unnamed.status_code == 422
    assert "done=waiting" in first.headers["location"] and "done=waiting" in same.headers["location"]
    assert "Asha Example asked to start again" in ben.page(stop)
    assert "somebody else must confirm" in asha.page(stop)
    assert "done=enabled" in ben.fill(start, sure="EDWARD ENERGY").headers["location"]
    assert "Nothing is stopped" in asha.page(stop)


def test_the_record_of_all_that_was_done_here_is_whole(desk: DeskWorld) -> None:
    checked = desk.verified()

    assert checked.ok, checked.findings
    assert checked.entries > 50


# ---- in a browser -------------------------------------------------------------------------------------------------------


def signed_in(desk: DeskWorld, browser: Browser, **how: object) -> tuple[Page, list[str]]:
    """A page on the overview, and everything its console says."""
    page = browser.new_context(**how).new_page()  # type: ignore[arg-type]
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(desk.link())
    page.get_by_role("button", name="Sign in as Asha Example").click()
    page.wait_for_url("**/desk")
    return page, said


@needs_chromium
def test_every_page_keeps_to_its_policy_and_fits_a_phone(desk: DeskWorld, browser: Browser) -> None:
    conversation = desk.says(DANGER, person=somebody())
    for width in (320, 1280):
        page, said = signed_in(desk, browser, viewport={"width": width, "height": 800})
        for path in (*PAGES, f"/conversations/{conversation}"):
            page.goto(f"{desk.url}/desk{path}")
            expect(page.locator("[data-live]")).to_have_text("Live.")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (
                f"{path} at {width} px"
            )
        assert said == []
        page.context.close()


@needs_chromium
def test_a_new_conversation_appears_by_itself(desk: DeskWorld, browser: Browser) -> None:
    page, _ = signed_in(desk, browser)
    page.goto(f"{desk.url}/desk/conversations")
    expect(page.locator("[data-live]")).to_have_text("Live.")

    desk.says(QUESTION, person=Identity(kind="phone", value="+447700900999"))

    expect(page.get_by_text("07700 900•99")).to_be_visible(timeout=8000)
    before = page.locator("#count-cases").inner_text()
    desk.says("please can I talk to a person", person=Identity(kind="phone", value="+447700900999"))
    expect(page.locator("#count-cases")).not_to_have_text(before, timeout=8000)
    page.context.close()


@needs_chromium
def test_a_conversation_grows_while_it_is_open_and_a_form_in_use_is_left_alone(
    desk: DeskWorld, browser: Browser
) -> None:
    person = somebody()
    conversation = desk.says(QUESTION, person=person)
    page, _ = signed_in(desk, browser)
    page.goto(f"{desk.url}{of(conversation)}")
    expect(page.locator("[data-live]")).to_have_text("Live.")
    page.get_by_text("Take over…").click()
    page.get_by_label("Why, for the record").first.fill("half a reas")

    desk.says("and what does that cost", person=person)

    expect(page.get_by_text("and what does that cost")).to_be_visible(timeout=8000)
    expect(page.get_by_label("Why, for the record").first).to_have_value("half a reas")
    page.context.close()


@needs_chromium
def test_why_opens_from_the_keyboard_beside_the_record(desk: DeskWorld, browser: Browser) -> None:
    conversation = desk.says(QUESTION, person=somebody())
    page, said = signed_in(desk, browser)
    page.goto(f"{desk.url}{of(conversation)}")
    expect(page.locator("[data-live]")).to_have_text("Live.")

    page.locator("a.cite").first.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", name="Why did it say that?")).to_be_visible()
    expect(page.locator("#why")).to_be_focused()
    expect(page.locator(".asked")).to_have_count(1)
    assert "why=" in page.url
    assert said == []
    page.context.close()


@needs_chromium
def test_the_stop_button_wakes_when_all_three_are_there(desk: DeskWorld, browser: Browser) -> None:
    page, _ = signed_in(desk, browser)
    page.get_by_role("link", name="Stop sending…").click()
    ready = "document.querySelector('#stop form').matches(':valid')"

    assert page.evaluate(ready) is False
    page.get_by_label("Everything automated.").check()
    page.get_by_label("Why, for the record").fill("a drill")
    page.get_by_label("Type DYNAMO DAVE").fill("dynamo dave")
    assert page.evaluate(ready) is False
    page.get_by_label("Type DYNAMO DAVE").fill("DYNAMO DAVE")
    assert page.evaluate(ready) is True
    page.context.close()
