"""A turn waits for the next message where people write in bits, and never with what is urgent."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field

import pytest

from runtime.messages import Arrival, Identity, InboundMessage, Preference, Stop
from runtime.web import bursts
from runtime.web.bursts import OTHERWISE_S, Bursts, wake
from tests.unit.engine.world import NOW, bundle, category, pattern

PHONE = Identity(kind="phone", value="+447700900123")


def arrival(text: str, *, channel: str = "whatsapp_360dialog", stop: Stop | None = None) -> Arrival:
    event = InboundMessage(provider_id="wamid.1", sender=PHONE, sent_at=NOW, kind="text", text=text)
    return Arrival(tenant_id=1, connection_id="tess-wa", channel=channel, event=event, stop=stop)


def patient(text: str, **more: object) -> tuple[float, bool]:
    (one,) = Bursts().patient([arrival(text, **more)], bundle())  # type: ignore[arg-type]
    return one.wait_s, one.urgent


@pytest.mark.parametrize("text", ["hello", "what do you charge", "", "👍", "I'm at my wits end"])
def test_what_may_be_followed_by_more_waits_a_moment(text: str) -> None:
    assert patient(text) == (OTHERWISE_S, False)


def test_a_page_is_answered_at_once() -> None:
    assert patient("hello", channel="webchat") == (0.0, False)


@pytest.mark.parametrize(
    "text",
    ["I want to die", "i wnat to die. i want to d1e", "human", "can I speak to a person", "real person"],
)
@pytest.mark.parametrize("channel", ["webchat", "whatsapp_360dialog"])
def test_danger_and_a_wish_for_a_person_are_urgent_on_every_channel(text: str, channel: str) -> None:
    assert patient(text, channel=channel) == (0.0, True)


def test_a_stop_is_urgent() -> None:
    assert patient("STOP", stop=Stop(scope="tenant", matched="stop")) == (0.0, True)


def test_a_preference_is_no_message_and_waits_with_nothing() -> None:
    event = Preference(provider_id="p", sender=PHONE, value="resume", at=NOW)
    (one,) = Bursts().patient(
        [Arrival(tenant_id=1, connection_id="c", channel="whatsapp_360dialog", event=event, stop=None)],
        bundle(),
    )
    assert not one.urgent


def test_words_that_cannot_be_screened_do_not_wait() -> None:
    broken = bundle(categories=[category("danger_now", 0, pattern("broken", "(unclosed"))])
    (one,) = Bursts().patient([arrival("hello")], broken)
    assert one.urgent


def test_each_bundle_is_looked_at_by_its_own_words() -> None:
    one = Bursts()
    calm = bundle(categories=[])
    assert one.patient([arrival("I want to die")], bundle())[0].urgent
    assert not one.patient([arrival("I want to die")], calm)[0].urgent


@dataclass
class Hints:
    at: list[str] = field(default_factory=list)

    def notify(self, topic: str) -> None:
        self.at.append(topic)

    async def wait(self, topic: str, timeout_s: float) -> bool:
        return False


async def test_workers_are_told_when_the_wait_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bursts, "OTHERWISE_S", 0.03)
    hints = Hints()
    wake(hints, Bursts().patient([arrival("hello")], bundle()))
    assert hints.at == []
    for _ in range(200):
        if hints.at:
            break
        await asyncio.sleep(0.01)
    assert hints.at == ["turns"]


async def test_workers_are_told_at_once_of_what_is_urgent() -> None:
    hints = Hints()
    wake(hints, Bursts().patient([arrival("human")], bundle()))
    assert hints.at == ["turns"]
