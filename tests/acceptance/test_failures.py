"""What goes wrong, through HTTP and on the whole plant: hostile input, repeats, outages, pauses and kills."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from drills.plant import DAVE, EDWARD, Plant, plant

QUESTION = "Do I have to use you or can I do it myself?"
PROCESSES = ("web", "worker", "sender")
SEVEN_DAYS_S = 7 * 86_400.0
PEOPLE_IN_BACKLOG, MESSAGES_EACH = 100, 100
_people = itertools.count(300)
_ids = itertools.count(1)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Plant]:
    with plant(tmp_path_factory.mktemp("plant"), repository / "tenants") as made:
        yield made


@pytest.fixture
def running(standing: Plant) -> Iterator[Plant]:
    """web, worker and sender at work. They stay from test to test, unless a test has changed who runs."""
    three = [standing.keep(name) for name in PROCESSES]
    yield standing
    if standing.processes != three or not all(process.alive for process in three):
        standing.stop_all()


def somebody() -> str:
    return f"447700900{next(_people)}"


def fresh() -> str:
    return f"wamid.F{next(_ids)}"


def raw(plant: Plant, body: bytes, *, secret: str | None = None, connection: str = DAVE) -> httpx2.Response:
    number = plant.numbers[DAVE]
    headers = {number.header: number.secret if secret is None else secret} if secret != "" else {}
    return httpx2.post(
        f"{plant.web}/hooks/{connection}", content=body, headers=headers, timeout=10, trust_env=False
    )


def stored(plant: Plant) -> int:
    return plant.count("select count(*) from inbox")


def answered(plant: Plant, phone: str, connection: str = DAVE) -> None:
    plant.until(lambda: bool(plant.phone(phone, connection)), f"{phone} to be answered")


def test_the_same_webhook_twice_and_seven_days_later_is_stored_once(running: Plant) -> None:
    phone = somebody()
    message = running.message(phone, QUESTION, id=fresh())
    before = stored(running)
    assert running.post(message) == 200
    assert running.post(message) == 200
    answered(running, phone)
    running.drain()
    lines = len(running.phone(phone))
    running.stop_all()

    running.later_s += SEVEN_DAYS_S
    for name in PROCESSES:
        running.start(name)
    assert running.post(message) == 200
    running.drain()

    assert stored(running) == before + 1
    assert len(running.phone(phone)) == lines
    running.check()


def test_a_batch_of_messages_and_statuses_for_several_people_is_taken_apart(running: Plant) -> None:
    first, second = somebody(), somebody()
    before = stored(running)
    status = {"id": "wamid.nobody", "status": "delivered", "timestamp": "1795516200", "recipient_id": first}
    messages = [
        running.message(first, QUESTION, id=fresh()),
        running.message(second, "hello", id=fresh()),
        running.message(first, "and is it free?", id=fresh()),
    ]
    assert running.post(*messages, statuses=[status]) == 200
    answered(running, first)
    answered(running, second)
    running.drain()
    assert stored(running) == before + 3
    running.check()


@pytest.mark.parametrize(
    "at",
    [datetime(1970, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)],
    ids=["1970", "2099"],
)
def test_a_message_with_an_impossible_date_is_kept_and_harms_no_other(running: Plant, at: datetime) -> None:
    odd, normal = somebody(), somebody()
    before = stored(running)
    messages = [
        running.message(odd, QUESTION, id=fresh(), at=at),
        running.message(normal, QUESTION, id=fresh()),
    ]
    assert running.post(*messages) == 200
    assert stored(running) == before + 2
    answered(running, normal)
    running.drain()
    running.check()


def test_a_message_older_than_its_predecessor_follows_it_in_the_order_of_arrival(running: Plant) -> None:
    phone = somebody()
    now = running.now()
    assert running.post(running.message(phone, "second", id=fresh(), at=now)) == 200
    assert running.post(running.message(phone, "first", id=fresh(), at=now - timedelta(minutes=5))) == 200
    running.drain()
    running.check()


def test_without_the_right_secret_nothing_is_stored(running: Plant) -> None:
    body = json.dumps({"object": "whatsapp_business_account", "entry": []}).encode()
    before = stored(running)
    assert raw(running, body, secret="wrong").status_code == 401
    assert raw(running, body, secret="").status_code == 401
    assert stored(running) == before


def test_malformed_oversized_and_misdirected_webhooks_are_refused_with_a_reason(running: Plant) -> None:
    before = stored(running)
    malformed = raw(running, b"{ not json")
    assert malformed.status_code == 400 and malformed.json()["error"]
    assert raw(running, b" " * (2 << 20)).status_code == 413
    assert raw(running, b"{}", connection="nobody").status_code == 404
    assert stored(running) == before


@pytest.mark.parametrize(
    "text",
    ["a\x00b", "lone \ud800 surrogate", "\u202eegassem sdrawkcab\u202c", "🛑🙂" * 2048],
    ids=["nul", "surrogate", "bidi", "emoji"],
)
def test_hostile_characters_are_stored_and_answered(running: Plant, text: str) -> None:
    phone = somebody()
    before = stored(running)
    assert running.post(running.message(phone, text, id=fresh())) == 200
    assert stored(running) == before + 1
    running.drain()
    running.check()


def test_whoever_sends_a_voice_note_or_a_picture_is_told_that_it_cannot_be_opened(running: Plant) -> None:
    for kind in ("audio", "image"):
        phone = somebody()
        sent = running.message(phone, "", id=fresh()) | {"type": kind, kind: {"id": "media-1"}}
        assert running.post(sent) == 200

        def told(phone: str = phone) -> bool:
            return any(
                "can't open pictures, recordings or files" in line.text for line in running.phone(phone)
            )

        running.until(told, "the line about files")
    running.check()


def test_a_killed_tenant_stores_and_stays_silent_and_danger_still_pages(running: Plant) -> None:
    phone, in_danger = somebody(), somebody()
    running.sql(
        "update tenant set kill_scope = 'machine', kill_epoch = kill_epoch + 1 where slug = 'edward-energy'"
    )
    try:
        assert running.post(running.message(phone, QUESTION, id=fresh()), connection=EDWARD) == 200
        danger = running.message(in_danger, "I can't go on any more, I want to end it all", id=fresh())
        assert running.post(danger, connection=EDWARD) == 200
        running.until(
            lambda: (
                running.count("select count(*) from case_file where page and priority = 0 and state = 'open'")
                > 0
            ),
            "a human to be paged",
        )
        running.until(
            lambda: running.count("select count(*) from conversation_queue where last_seq > done_seq") == 0,
            "both to have an outcome",
        )
        time.sleep(1)
        assert running.phone(phone, EDWARD) == []
        assert running.phone(in_danger, EDWARD) == []
    finally:
        running.sql(
            "update tenant set kill_scope = 'none', kill_epoch = kill_epoch + 1 where slug = 'edward-energy'"
        )


def test_while_postgres_is_away_web_says_so_at_once_and_takes_everything_when_it_is_back(
    running: Plant,
) -> None:
    phone = somebody()
    running.bring(running.message(phone, "hello", id=fresh()))
    running.drain()
    message = running.message(phone, QUESTION, id=fresh())
    running.server.crash()
    began = time.monotonic()
    assert running.post(message) == 503
    assert time.monotonic() - began < 2
    assert running.acked[message["id"]] == 0
    running.server.restart()
    running.bring(message)
    answered(running, phone)
    running.drain()
    running.check()


def test_a_worker_paused_past_its_lease_cannot_answer_a_second_time(running: Plant) -> None:
    phone = somebody()
    worker = running.keep("worker")
    worker.pause()
    assert running.post(running.message(phone, QUESTION, id=fresh())) == 200
    worker.resume()
    time.sleep(0.02)
    worker.pause()  # somewhere in the middle, with or without the lease
    other = running.start("worker")
    running.drain()
    worker.resume()
    time.sleep(1)
    assert worker.alive and other.alive
    texts = [line.text for line in running.phone(phone)]
    assert len(texts) == len(set(texts))
    running.check()


def test_a_provider_that_accepts_and_never_says_so_is_not_called_again(running: Plant) -> None:
    phone = somebody()
    running.provider.faults[DAVE] = "timeout"
    assert running.post(running.message(phone, "STOP", id=fresh())) == 200
    running.until(lambda: bool(running.phone(phone)), "the provider to take it")
    running.drain()
    time.sleep(2)
    assert len(running.phone(phone)) == 1
    running.check()


def test_a_stop_behind_ten_thousand_messages_is_on_disk_before_it_is_acknowledged(running: Plant) -> None:
    worker = running.keep("worker")
    worker.pause()
    crowd = [f"4477009{number:05d}" for number in range(10_000, 10_000 + PEOPLE_IN_BACKLOG)]
    for _ in range(MESSAGES_EACH):
        assert running.post(*(running.message(one, "hello", id=fresh()) for one in crowd)) == 200
    phone = somebody()
    opted_out = "select count(*) from contact where opted_out_at is not null"
    before = running.count(opted_out)

    assert running.post(running.message(phone, "stop messaging me", id=fresh())) == 200

    assert running.count(opted_out) == before + 1
    backlog = running.count("select coalesce(sum(last_seq - done_seq), 0) from conversation_queue")
    assert backlog == PEOPLE_IN_BACKLOG * MESSAGES_EACH + 1
    worker.resume()
    running.drain(within_s=120)
    running.check()
