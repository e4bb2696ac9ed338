"""Every process is killed at every named point; whatever was acknowledged is answered once, and nothing is sent twice."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path

import pytest

from drills.plant import DAVE, KILLED, Plant, plant
from runtime.crash import POINTS

QUESTION = "Do I have to use you or can I do it myself?"
_people = itertools.count(100)


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Plant]:
    with plant(tmp_path_factory.mktemp("plant"), repository / "tenants") as made:
        yield made


@pytest.fixture
def plant_(standing: Plant) -> Plant:
    """The plant at work. Its processes stay from test to test."""
    for name in ("web", "worker", "sender"):
        standing.keep(name)
    return standing


@pytest.mark.parametrize("point", POINTS)
def test_a_process_killed_at_this_point_loses_nothing_and_repeats_nothing(plant_: Plant, point: str) -> None:
    victim = point.partition(".")[0]
    phone = f"447700900{next(_people)}"
    began = plant_.now()
    message = plant_.message(phone, QUESTION, id=f"wamid.{point}")
    healthy = plant_.keep(victim)
    if victim == "web":
        healthy.kill()
    else:
        healthy.pause()  # so that the message comes to the doomed

    doomed = plant_.start(victim, crash_at=point)
    if victim == "web":
        assert plant_.post(message) == 0
    else:
        plant_.bring(message)
    assert doomed.exit_code() == KILLED, f"{point} was never reached"

    if victim == "web":
        plant_.start("web")
        plant_.bring(message)  # the provider was not told 200, so it brings the message again
    else:
        healthy.resume()
    plant_.drain()

    plant_.check()
    texts = [line.text for line in plant_.phone(phone, DAVE)]
    assert len(texts) == len(set(texts))
    unknown = plant_.count(
        "select count(*) from outbox o join inbox x using (tenant_id, conversation_id) "
        "where o.state = 'unknown' and x.received_at >= %s",
        began,
    )
    assert texts or unknown, "the person was never answered"
