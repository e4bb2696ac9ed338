"""What comes between two steps of a sender or a worker: a kill, a stop, a status, a restart of the database."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest

from tests.conftest import Database
from tests.integration.crash.world import Actor, CrashWorld, crash_world

QUESTION = "Do I have to use you or can I do it myself?"
_ids = itertools.count(1)


@pytest.fixture(scope="module")
def world(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashWorld]:
    with crash_world(module_database, tmp_path_factory.mktemp("crash")) as made:
        yield made
        assert made.verified().ok


def standing_at(world: CrashWorld, point: str) -> tuple[Actor, UUID]:
    """A sender that stands at a point with the answer to somebody's question in its hands."""
    world.opening_hours()
    _, conversation = world.arrives(world.somebody(), QUESTION, id=f"b{next(_ids)}")
    assert conversation is not None
    world.answer()
    sender = world.actor("one")
    sender.born(point, dies=False)
    sender.start(sender.send)
    assert sender.stopped()
    return sender, conversation


def goes_on(sender: Actor) -> None:
    sender.go_on()
    sender.finish()


def rows(world: CrashWorld, conversation: UUID) -> list[dict[str, Any]]:
    return world.sql("select * from outbox where conversation_id = %s order by n", conversation)


def calls(world: CrashWorld, conversation: UUID) -> int:
    return len([call for call in world.calls if call.key.startswith(str(conversation))])


def test_a_kill_between_the_look_and_the_call_holds_the_call_back(world: CrashWorld) -> None:
    sender, conversation = standing_at(world, "sender.after_look")
    world.sql("update tenant set kill_scope = 'machine', kill_epoch = kill_epoch + 1")
    try:
        goes_on(sender)
        assert calls(world, conversation) == 0
        assert {row["state"] for row in rows(world, conversation)} == {"pending"}
    finally:
        world.sql("update tenant set kill_scope = 'none', kill_epoch = kill_epoch + 1")


def test_a_sender_that_stood_still_just_before_its_call_asks_about_kills_again(world: CrashWorld) -> None:
    sender, conversation = standing_at(world, "sender.before_call")
    world.sql("update tenant set kill_scope = 'machine', kill_epoch = kill_epoch + 1")
    world.clock.advance(2)
    try:
        goes_on(sender)
        assert calls(world, conversation) == 0
    finally:
        world.sql("update tenant set kill_scope = 'none', kill_epoch = kill_epoch + 1")


LOST = [
    ["before look"],
    ["after look"],
    ["after look", "before put_back", "after put_back"],
    ["before epoch"],
    ["before epoch", "before put_back", "after put_back"],
    ["before record"],
    ["after record"],
    ["before record", "after record"],
]


@pytest.mark.parametrize("lost", LOST, ids=" and ".join)
def test_a_database_that_is_away_for_a_moment_leaves_no_send_unknown(
    world: CrashWorld, lost: list[str]
) -> None:
    world.opening_hours()
    _, conversation = world.arrives(world.somebody(), QUESTION, id=f"b{next(_ids)}")
    assert conversation is not None
    world.answer()
    world.lost[:] = lost
    sender = world.actor("one")
    sender.born()
    sender.do(sender.send())
    world.settle(conversation)
    assert world.lost == []
    assert {row["state"] for row in rows(world, conversation)} == {"sent"}
    world.check(conversation, messages=1)
