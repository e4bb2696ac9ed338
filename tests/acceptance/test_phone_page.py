"""The sandbox phone in a real browser, talking to a web process through webhooks and back through its sends."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from drills.sandbox.dialog360 import Number, Options, build
from runtime.channels import client
from runtime.channels.dialog360 import Dialog360
from runtime.messages import Identity, InboundMessage, OutboundMessage, Receipt, StatusUpdate
from tests.acceptance.served import Served, chromium, needs_chromium, served
from tests.unit.web.world import HOOK_SECRET, PHONE, SetClock, World, world

pytestmark = needs_chromium

SAM = Identity(kind="phone", value="+447700900123")
QUESTION = "Would you like to complain yourself for free, get a link to our form, or stop here?"
OPTIONS = ("Complain myself", "Get the form link", "Stop here")


@dataclass(frozen=True)
class Both:
    """convo's web process and the 360dialog-shaped server, each on its port."""

    w: World
    web: Served
    provider: Served

    def send(self, text: str, *, key: str = "key-1", options: tuple[str, ...] = ()) -> Receipt:
        """What the sender would do."""
        connection = replace(PHONE, base_url=self.provider.url)
        message = OutboundMessage(key=key, connection_id=PHONE.id, to=SAM, text=text, options=options)

        async def call() -> Receipt:
            async with client() as http:
                return await Dialog360(http).send(connection, {"api": "example-key"}, message, deadline_s=1)

        return self.web.wait_for(call())

    def heard(self) -> list[str]:
        return [a.event.text for a in self.w.ingest.stored if isinstance(a.event, InboundMessage)]

    def statuses(self, receipt: Receipt) -> list[str]:
        found = [a.event for a in self.w.ingest.stored if isinstance(a.event, StatusUpdate)]
        return [status.status for status in found if status.provider_id == receipt.provider_id]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def both() -> Iterator[Both]:
    w = world()
    with served(lambda _: w.app) as web:
        number = Number(
            connection=PHONE.id,
            label="EXAMPLE Dave",
            number="447700900001",
            phone_number_id="4242",
            api_key="example-key",
            secret=HOOK_SECRET,
            webhook=f"{web.url}/hooks/{PHONE.id}",
        )
        options = Options(numbers=(number,), clock=SetClock(), shifted=True)
        with served(lambda _: build(options)) as provider:
            yield Both(w, web, provider)


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": 1000, "height": 760})
    context.set_default_timeout(5000)
    yield context
    context.close()


def opened(context: BrowserContext, both: Both) -> Page:
    page = context.new_page()
    page.goto(f"{both.provider.url}/phone/{PHONE.id}")
    return page


def write(page: Page, text: str) -> None:
    page.get_by_label("Message from Sam Example").fill(text)
    page.get_by_role("button", name="Send").click()


def test_what_sam_writes_reaches_convo_and_convo_s_answer_reaches_sam(
    both: Both, context: BrowserContext
) -> None:
    page = opened(context, both)
    write(page, "do i have to use you")
    expect(page.locator("li.out .ticks.delivered")).to_be_visible()
    assert both.heard() == ["do i have to use you"]
    receipt = both.send("You can complain yourself, for free.")
    expect(page.locator("li.in .words")).to_have_text("You can complain yourself, for free.")
    expect(page.locator("li.out .ticks.read")).to_be_visible()
    page.wait_for_timeout(1000)
    assert sorted(both.statuses(receipt)) == ["delivered", "read", "sent"]


def test_a_button_is_pressed_and_heard(both: Both, context: BrowserContext) -> None:
    page = opened(context, both)
    both.send(QUESTION, options=OPTIONS)
    page.get_by_role("button", name="Get the form link").click()
    expect(page.locator("li.out .ticks.delivered")).to_be_visible()
    assert both.heard() == ["Get the form link"]


def test_a_voice_note_is_heard_as_one(both: Both, context: BrowserContext) -> None:
    page = opened(context, both)
    page.get_by_role("button", name="Voice note").click()
    expect(page.locator("li.out .ticks.delivered")).to_be_visible()
    heard = [a.event for a in both.w.ingest.stored if isinstance(a.event, InboundMessage)]
    assert [(event.kind, event.text) for event in heard] == [("audio", "")]


def test_while_convo_is_away_a_message_waits_and_then_arrives_once(
    both: Both, context: BrowserContext
) -> None:
    page = opened(context, both)
    both.w.ingest.away = True
    write(page, "are you there")
    expect(page.locator("li.out .ticks.waiting")).to_have_text("· waiting")
    both.w.ingest.away = False
    expect(page.locator("li.out .ticks.delivered")).to_be_visible()
    assert both.heard() == ["are you there"]


def test_a_webhook_that_comes_twice_is_one_message(both: Both, context: BrowserContext) -> None:
    page = opened(context, both)
    page.get_by_role("button", name="Bring my next message twice").click()
    expect(page.get_by_text("Waiting to happen")).to_be_visible()
    write(page, "only once")
    expect(page.locator("li.out .ticks.delivered")).to_be_visible()
    expect(page.locator(".faults [aria-pressed]")).to_have_count(0)
    page.wait_for_timeout(300)
    assert both.w.ingest.calls == 2
    assert both.heard() == ["only once"]


def test_a_provider_that_takes_a_message_and_never_answers_has_still_delivered_it(
    both: Both, context: BrowserContext
) -> None:
    page = opened(context, both)
    page.get_by_role("button", name="Take the next message, never answer").click()
    expect(page.get_by_text("Waiting to happen")).to_be_visible()
    receipt = both.send("You can complain yourself, for free.", key="key-lost")
    assert (receipt.result, receipt.retry) == ("unknown", False)
    expect(page.locator("li.in .words")).to_have_text("You can complain yourself, for free.")
    refs = {a.event.client_ref for a in both.w.ingest.stored if isinstance(a.event, StatusUpdate)}
    assert refs == {"key-lost"}  # how an unknown is settled later


def test_the_phone_of_another_person_is_another_phone(both: Both, context: BrowserContext) -> None:
    page = opened(context, both)
    write(page, "this is sam")
    expect(page.locator("li.out")).to_have_count(1)
    page.get_by_role("link", name="Jo Specimen").click()
    expect(page.locator("li.out")).to_have_count(0)
    expect(page.get_by_label("Message from Jo Specimen")).to_be_visible()


def test_the_phone_says_that_it_is_a_sandbox_and_shows_its_clock(both: Both, context: BrowserContext) -> None:
    page = opened(context, both)
    expect(page.locator(".sandbox")).to_contain_text(
        "This is a sandbox. It speaks wording nobody has approved"
    )
    expect(page.locator("[data-clock]")).to_have_text("Tue 24 Nov 2026, 10:30")


@pytest.mark.parametrize("width", [320, 1000])
def test_nothing_is_wider_than_the_window_or_breaks_the_page_s_policy(
    both: Both, context: BrowserContext, width: int
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": width, "height": 700})
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{both.provider.url}/phone/{PHONE.id}")
    write(page, "x" * 300)
    expect(page.get_by_text("x" * 300)).to_be_visible()
    both.send(QUESTION, options=OPTIONS)
    expect(page.get_by_role("button", name="Stop here")).to_be_visible(timeout=15_000)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert complaints == []
