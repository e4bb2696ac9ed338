"""The chat page in a real browser: with and without its script, with and without a connection."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext, Page, Route, expect

from runtime.messages import InboundMessage
from tests.acceptance.served import Served, chromium, needs_chromium, served
from tests.unit.web.world import CHAT, World, world

pytestmark = needs_chromium

URL = f"/chat/{CHAT.id}"
QUESTION = "Would you like to complain yourself for free, get a link to our form, or stop here?"
OPTIONS = ("Complain myself, free", "Get the form link", "Stop here")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def w() -> World:
    return world()


@pytest.fixture
def site(w: World) -> Iterator[Served]:
    with served(lambda _: w.app) as server:
        yield server


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, reduced_motion="reduce")
    context.set_default_timeout(5000)
    yield context
    context.close()


def opened(context: BrowserContext, site: Served) -> Page:
    page = context.new_page()
    page.goto(site.url + URL)
    return page


def write(page: Page, text: str) -> None:
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()


def reply(w: World, site: Served, context: BrowserContext, text: str, **more: Any) -> None:
    """What worker and sender would do, and their hint."""
    token = next(c["value"] for c in context.cookies() if c.get("name") == f"convo_{CHAT.id}")

    def act() -> None:
        w.ingest.reply(token, text, **more)
        w.wake.notify("pages")

    site.do(act)


def stored(w: World) -> list[str]:
    return [a.event.text for a in w.ingest.stored if isinstance(a.event, InboundMessage)]


def test_a_question_is_shown_at_once_and_its_answer_arrives_by_itself(
    w: World, site: Served, context: BrowserContext
) -> None:
    page = opened(context, site)
    write(page, "do i have to use you")
    expect(page.locator("li.out .bubble")).to_have_text("do i have to use you")
    expect(page.get_by_label("Your message")).to_be_focused()
    expect(page.get_by_label("Your message")).to_have_value("")
    expect(page.locator("[data-typing]")).to_be_visible()
    reply(w, site, context, "You can complain yourself, for free.", claims=("DD-D04", "SP-FOS"))
    expect(page.locator("li.in .bubble").first).to_have_text(
        "You can complain yourself, for free.", timeout=1000
    )
    expect(page.locator(".cites")).to_have_text("DD-D04 SP-FOS")
    expect(page.locator("[data-typing]")).to_be_hidden()
    assert page.locator("li.out").count() == 1
    assert stored(w) == ["do i have to use you"]


def test_the_dots_show_only_while_a_reply_is_really_being_made(
    w: World, site: Served, context: BrowserContext
) -> None:
    page = opened(context, site)
    expect(page.locator("[data-typing]")).to_be_hidden()
    write(page, "hello")
    expect(page.locator("[data-typing]")).to_be_visible()
    next(iter(w.ingest.talks.values())).done_seq = 1  # answered with silence
    expect(page.locator("[data-typing]")).to_be_hidden()


def test_choices_are_buttons_and_the_one_pressed_is_sent(
    w: World, site: Served, context: BrowserContext
) -> None:
    page = opened(context, site)
    write(page, "hello")
    expect(page.locator("li.out[data-position]")).to_have_count(1)
    reply(w, site, context, QUESTION, options=OPTIONS)
    for option in OPTIONS:
        expect(page.get_by_role("button", name=option)).to_be_visible()
    page.get_by_role("button", name="Get the form link").click()
    expect(page.locator("li.out .bubble").last).to_have_text("Get the form link")
    expect(page.locator(".choices")).to_have_count(0)
    expect(page.locator("li.out[data-position]")).to_have_count(2)
    assert stored(w) == ["hello", "Get the form link"]


def test_addresses_in_our_words_are_links_and_in_theirs_are_not(
    w: World, site: Served, context: BrowserContext
) -> None:
    page = opened(context, site)
    write(page, "is https://evil.example yours?")
    expect(page.locator("li.out[data-position]")).to_have_count(1)
    reply(w, site, context, "No. Ours is https://example.com/form.")
    expect(page.locator(".bubble a")).to_have_attribute("href", "https://example.com/form")
    page.reload()
    expect(page.locator(".bubble a")).to_have_attribute("href", "https://example.com/form")


def test_a_person_can_be_asked_for_at_any_time(w: World, site: Served, context: BrowserContext) -> None:
    page = opened(context, site)
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.locator("li.out[data-position]")).to_have_count(1)
    assert stored(w) == ["HUMAN"]


def test_without_a_connection_the_message_is_kept_and_goes_by_itself_later(
    w: World, site: Served, context: BrowserContext
) -> None:
    page = opened(context, site)
    context.set_offline(True)
    write(page, "it was my dad’s car, does that matter")
    expect(page.locator("li.unsent")).to_contain_text("Kept, not sent yet")
    expect(page.get_by_role("alert")).to_contain_text("No connection. Your message is kept on this device")
    assert stored(w) == []
    context.set_offline(False)
    expect(page.locator("li.unsent")).to_have_count(0)
    expect(page.get_by_role("alert")).to_be_hidden()
    assert stored(w) == ["it was my dad’s car, does that matter"]


def test_a_kept_message_outlives_the_page(w: World, site: Served, context: BrowserContext) -> None:
    page = opened(context, site)
    w.ingest.away = True
    write(page, "kept over a reload")
    expect(page.get_by_role("alert")).to_contain_text("We can’t be reached right now. Your message is kept")
    page.close()
    w.ingest.away = False
    again = opened(context, site)
    expect(again.locator("li.out[data-position] .bubble")).to_have_text("kept over a reload")
    assert stored(w) == ["kept over a reload"]


def test_what_two_tabs_keep_is_kept_by_both(w: World, site: Served, context: BrowserContext) -> None:
    one, two = opened(context, site), opened(context, site)
    w.ingest.away = True
    for page, text in ((one, "from one"), (two, "from two")):
        write(page, text)
        expect(page.locator("li.unsent")).to_have_count(1)
    one.close()
    two.close()
    w.ingest.away = False
    opened(context, site)
    again = opened(context, site)
    expect(again.locator("li.out[data-position]")).to_have_count(2)
    assert sorted(stored(w)) == ["from one", "from two"]


def test_a_message_that_cannot_be_taken_says_so_and_is_not_tried_again(
    w: World, site: Served, context: BrowserContext
) -> None:
    page = opened(context, site)
    write(page, "x" * 4097)
    expect(page.locator("li.unsent")).to_contain_text("Not sent. A message has at most 4,096 characters")
    write(page, "shorter")
    expect(page.locator("li.out[data-position]")).to_have_count(1)
    assert stored(w) == ["shorter"]


def test_a_message_whose_answer_was_lost_is_sent_again_but_counts_once(
    w: World, site: Served, context: BrowserContext
) -> None:
    # Until it was sent again the page must not learn from its stream that the message is stored already.
    context.route("**/stream*", lambda route: route.abort() if w.ingest.calls < 2 else route.continue_())
    context.route("**/lines*", lambda route: route.abort() if w.ingest.calls == 1 else route.continue_())
    page = opened(context, site)
    lost: list[APIResponse] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(route.fetch())
            route.abort()

    page.route("**/messages", lose)
    write(page, "only once")
    expect(page.locator("li.out[data-position]")).to_have_count(1, timeout=15000)
    expect(page.get_by_role("alert")).to_be_hidden(timeout=15000)
    assert w.ingest.calls == 2
    assert stored(w) == ["only once"]
    assert page.locator("li.out").count() == 1


def test_a_restarted_server_is_found_again(w: World, site: Served, context: BrowserContext) -> None:
    page = opened(context, site)
    write(page, "before")
    expect(page.locator("li.out[data-position]")).to_have_count(1)
    site.stop()
    write(page, "meanwhile")
    expect(page.locator("li.unsent")).to_have_count(1)
    site.start()
    expect(page.locator("li.out[data-position]")).to_have_count(2, timeout=15000)
    reply(w, site, context, "Both arrived.")
    expect(page.locator("li.in .bubble").first).to_have_text("Both arrived.", timeout=15000)
    assert stored(w) == ["before", "meanwhile"]


def test_without_a_script_it_is_a_form_that_works(w: World, site: Served, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 740})
    page = opened(context, site)
    write(page, "hello")
    expect(page.locator("li.out .bubble")).to_have_text("hello")
    reply(w, site, context, QUESTION, options=OPTIONS)
    page.get_by_role("button", name="See new messages").click()
    page.get_by_role("button", name="Stop here").click()
    expect(page.locator("li.out .bubble").last).to_have_text("Stop here")
    page.get_by_role("button", name="Talk to a person").click()
    expect(page.locator("li.out .bubble").last).to_have_text("HUMAN")
    assert stored(w) == ["hello", "Stop here", "HUMAN"]
    context.close()


def test_what_a_screen_reader_needs_is_there(site: Served, context: BrowserContext) -> None:
    page = opened(context, site)
    write(page, "hello")
    log = page.get_by_role("log", name="Messages")
    expect(log).to_be_visible()
    expect(log.get_by_text("You said:")).to_be_attached()
    expect(page.get_by_role("status")).to_contain_text("Dave is answering")
    expect(page.get_by_role("heading", level=1)).to_have_text("EXAMPLE Dave")
    expect(page.get_by_text("AI assistant, not a person")).to_be_visible()
    assert page.locator("html").get_attribute("lang") == "en-GB"
    assert page.locator(".bubble:not([dir=auto]):not(.typing)").count() == 0


def test_the_page_says_who_answers_when_a_person_takes_over_and_when_they_hand_back(
    site: Served, w: World, context: BrowserContext
) -> None:
    page = opened(context, site)
    write(page, "hello")
    header = page.locator("[data-who]")
    reply(w, site, context, "I'm an automated assistant.")
    expect(header).to_have_text("AI assistant, not a person")
    reply(w, site, context, "Hello, Ann here.", author="person")
    expect(header).to_have_text("A person is answering")
    expect(page.locator("li.in", has_text="Ann here")).to_contain_text("Written by a person")
    page.reload()
    expect(header).to_have_text("A person is answering")
    expect(page.locator("li.in", has_text="Ann here")).to_contain_text("Written by a person")
    expect(page.get_by_text("Written by a person")).to_have_count(1)
    reply(w, site, context, "Back to me.")
    expect(header).to_have_text("AI assistant, not a person")


def test_words_from_right_to_left_run_from_right_to_left(site: Served, context: BrowserContext) -> None:
    page = opened(context, site)
    write(page, "هل يجب أن أستخدمكم")
    direction = page.locator("li.out .bubble").evaluate("line => getComputedStyle(line).direction")
    assert direction == "rtl"


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_wider_than_the_window(
    w: World, site: Served, context: BrowserContext, width: int
) -> None:
    page = opened(context, site)
    page.set_viewport_size({"width": width, "height": 568})
    write(page, "x" * 300)
    expect(page.locator("li.out[data-position]")).to_have_count(1)
    reply(w, site, context, QUESTION, options=OPTIONS, claims=("DD-Q05",))
    expect(page.get_by_role("button", name="Stop here")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    for button in page.get_by_role("button").all():
        box = button.bounding_box()
        assert box is not None
        assert box["height"] >= 44
    expect(page.get_by_role("button", name="Talk to a person")).to_be_in_viewport()
    expect(page.get_by_label("Your message")).to_be_in_viewport()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read_in_either_scheme(site: Served, browser: Browser, scheme: str) -> None:
    context = browser.new_context(color_scheme="light" if scheme == "light" else "dark")
    page = opened(context, site)
    write(page, "hello")
    for name in (".bubble", ".sandbox", ".main", ".small", "h1"):
        ratio = page.locator(name).first.evaluate(CONTRAST)
        assert ratio >= 4.5, f"{name} in {scheme}: {ratio:.1f}"
    context.close()


def test_nothing_breaks_a_rule_of_the_page_s_own_policy(site: Served, context: BrowserContext) -> None:
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    foreign: list[str] = []
    page.on("request", lambda r: foreign.append(r.url) if not r.url.startswith((site.url, "data:")) else None)
    page.goto(site.url + URL)
    write(page, "hello")
    expect(page.locator("li.out[data-position]")).to_have_count(1)
    assert complaints == []
    assert foreign == []


def test_the_sandbox_shows_a_clock_that_ticks(w: World, site: Served, context: BrowserContext) -> None:
    page = opened(context, site)
    expect(page.locator(".sandbox")).to_contain_text(
        "This is a sandbox. It speaks wording nobody has approved."
    )
    expect(page.locator("[data-clock]")).to_have_text("Tue 24 Nov 2026, 10:30")
    w.clock.at = w.clock.at.replace(minute=45)
    write(page, "hello")
    expect(page.locator("[data-clock]")).to_have_text("Tue 24 Nov 2026, 10:45")


def test_a_real_connection_has_neither_banner_nor_claim_ids(browser: Browser) -> None:
    w = world(replace(CHAT, stage="live"))
    with served(lambda _: w.app) as site:
        context = browser.new_context()
        page = opened(context, site)
        write(page, "hello")
        expect(page.locator("li.out[data-position]")).to_have_count(1)
        reply(w, site, context, "For free.", claims=("DD-D04",))
        expect(page.locator("li.in .bubble").first).to_have_text("For free.")
        expect(page.locator(".sandbox")).to_have_count(0)
        expect(page.locator(".cites")).to_have_count(0)
        context.close()


# Contrast of an element's text against the first opaque ground behind it (WCAG 2), drawn on a canvas so that the browser
# itself works light-dark() and color-mix() out.
CONTRAST = """element => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const pixel = colour => {
    canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  let behind = element, ground = [0, 0, 0, 0];
  while (behind && ground[3] < 255) { ground = pixel(getComputedStyle(behind).backgroundColor); behind = behind.parentElement; }
  const [a, b] = [luminance(pixel(getComputedStyle(element).color)), luminance(ground)].sort((x, y) => y - x);
  return (a + 0.05) / (b + 0.05);
}"""
