"""Every process is killed at every named point; whatever was acknowledged is answered once, and nothing is sent twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from runtime.crash import POINTS
from tests.acceptance.plant import DAVE, KILLED, Plant, plant

QUESTION = "Do I have to use you or can I do it myself?"
_people = itertools.count(100)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Plant]:
    with plant(tmp_path_factory.mktemp("plant"), repository / "tenants") as made:
        yield made


@pytest.fixture
def plant_(standing: Plant) -> Iterator[Plant]:
    """The plant without processes: each test starts those it needs, and they end with it."""
    yield standing
    standing.stop_all()


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_this_point_loses_nothing_and_repeats_nothing(plant_: Plant, point: str) -> None:
    victim = point.partition(".")[0]
    phone = f"447700900{next(_people)}"
    message = plant_.message(phone, QUESTION, id=f"wamid.{point}")
    others = [name for name in ("worker", "sender") if name != victim]
    if victim != "web":
        plant_.start("web")
    for name in others:
        plant_.start(name)

    doomed = plant_.start(victim, crash_at=point)
    if victim == "web":
        assert plant_.post(message) == 0
    else:
        plant_.bring(message)
    assert doomed.exit_code() == KILLED, f"{point} was never reached"

    if victim == "web":
        plant_.start("web")
        plant_.bring(message)  # the provider was not told 200, so it brings the message again
    plant_.drain()

    plant_.check()
    texts = [line.text for line in plant_.phone(phone, DAVE)]
    assert len(texts) == len(set(texts))
    sent_maybe = plant_.count("select count(*) from outbox where state = 'unknown'")
    assert texts or sent_maybe, "the person was never answered"
