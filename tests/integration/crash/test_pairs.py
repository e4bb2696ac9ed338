"""Every pair of crash points: whoever stops where, and whoever follows and stops where, each message is answered once."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from runtime.crash import POINTS
from runtime.messages import Identity
from tests.conftest import Database
from tests.integration.crash.world import LEASE_S, Actor, CrashWorld, crash_world

FIRST, SECOND = "Do I have to use you or can I do it myself?", "what do you charge"
ROUNDS = 6  # of a healthy worker and the second process, until the second has reached its point
CALLED = ("sender.after_look", "sender.before_call", "sender.after_call")
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Stop:
    """How a process stops: it dies; it stands and goes on; its whole machine stands, so that no clock in it moves."""

    name: str
    dies: bool = False
    sleeps: bool = False


DIES, STANDS, SLEEPS = Stop("dies", dies=True), Stop("stands"), Stop("sleeps", sleeps=True)


def kind_of(point: str) -> str:
    return point.partition(".")[0]


@pytest.fixture(scope="module")
def place(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[CrashWorld]:
    with crash_world(module_database, tmp_path_factory.mktemp("crash")) as made:
        yield made
        assert made.verified().ok


@pytest.mark.parametrize(
    ("first", "how"),
    [(p, how) for p in POINTS for how in (DIES, STANDS, SLEEPS) if how.dies or kind_of(p) != "web"],
    ids=lambda value: getattr(value, "name", value),
)
def test_whoever_stops_here_and_whoever_follows_and_stops_anywhere(
    place: CrashWorld, first: str, how: Stop
) -> None:
    for second in POINTS:
        # web has nothing that goes on afterwards: how it stops makes no difference.
        if how.dies or "web" not in {kind_of(first), kind_of(second)}:
            pair(place, first, second, how)


def pair(place: CrashWorld, first: str, second: str, how: Stop) -> None:
    """One person, two messages, and two processes that stop at `first` and at `second`."""
    place.opening_hours()
    person, n = place.somebody(), next(_numbers)
    one, two = place.actor("one"), place.actor("two")
    try:
        conversation = stops(place, one, first, how, person, FIRST, f"p{n}.1")
        if not how.sleeps:
            place.clock.advance(LEASE_S + 1)
        else:
            asleep(place, one, LEASE_S + 1)
        again = stops(place, two, second, how, person, SECOND, f"p{n}.2")
        assert conversation == again
        place.clock.advance(LEASE_S / 4)
        for late in (one, two):
            late.go_on()
            late.finish()
        place.settle(conversation)
        place.check(conversation, messages=2)
        if not how.sleeps:
            assert place.late_calls(conversation) == [], "called for a row whose lease was over"
        unknown = place.sql(
            "select 1 from outbox where conversation_id = %s and state = 'unknown'", conversation
        )
        assert not unknown or {first, second} & set(CALLED), "unknown, though no call was interrupted"
    except AssertionError as error:
        raise AssertionError(f"{first} then {second}, {how.name}: {error}") from error
    finally:
        one.go_on()
        two.go_on()


def asleep(place: CrashWorld, actor: Actor, seconds: float) -> None:
    """Time passes for everybody but one machine."""
    place.clock.advance(seconds)
    actor.clock.slept += seconds


def stops(
    place: CrashWorld, actor: Actor, point: str, how: Stop, person: Identity, text: str, id: str
) -> UUID:
    """A message arrives, and a process of the point's kind stops at it. Returns the conversation."""
    if kind_of(point) == "web":
        return brought_again(place, point, person, text, id)
    _, conversation = place.arrives(person, text, id=id)
    assert conversation is not None
    actor.born(point, dies=how.dies)
    if kind_of(point) == "worker":
        actor.start(actor.work)
        assert actor.stopped(), f"{point} was never reached"
        return conversation
    for _ in range(ROUNDS):
        place.answer()
        actor.start(actor.send)
        if actor.stopped():
            return conversation
        place.clock.advance(1)
    raise AssertionError(f"{point} was never reached")


def brought_again(place: CrashWorld, point: str, person: Identity, text: str, id: str) -> UUID:
    """web dies before or after it stored a message; the provider, who was never told 200, brings it again."""
    outcomes = []
    if point == "web.after_store":
        outcomes.append(place.arrives(person, text, id=id)[0])
    outcome, conversation = place.arrives(person, text, id=id)
    outcomes.append(outcome)
    assert outcomes[0] == "stored" and outcomes[1:] in ([], ["duplicate"])
    assert conversation is not None
    return conversation
