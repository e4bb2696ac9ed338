"""With models in play, worker and litellm's process are killed in the middle; every accepted message is answered, once."""

from __future__ import annotations

import asyncio
import itertools
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from os import kill
from pathlib import Path
from typing import Any

import pytest

from drills.plant import DAVE, KILLED, Plant, Process, plant
from drills.sandbox.brain import Sensible
from drills.sandbox.models import ModelServer, model_server
from tests.bench.cpu import children_of

QUESTION = "Do I have to use you or can I do it myself?"
LATENCY_S = 0.4
LEASE_S = "8"  # half of it is a turn's time: two calls of a model fit in on a busy machine, too
START_WITHIN_S = 10.0


@dataclass
class Providers:
    """Three model providers on a loop of their own, in a thread of this process."""

    server: ModelServer | None = None
    _up: threading.Event = field(default_factory=threading.Event)
    _loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    _stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def serve(self) -> None:
        async with model_server(
            brain=Sensible(says="Happy to look at that with you."), latency_s=LATENCY_S
        ) as made:
            self.server = made
            self._up.set()
            await self._stop.wait()

    @contextmanager
    def running(self) -> Iterator[ModelServer]:
        thread = threading.Thread(target=self._loop.run_until_complete, args=(self.serve(),), daemon=True)
        thread.start()
        assert self._up.wait(START_WITHIN_S) and self.server is not None
        try:
            yield self.server
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(START_WITHIN_S)
            self._loop.close()


@dataclass(frozen=True)
class Standing:
    """The plant with its web and sender at work, and the providers its workers are told of."""

    plant: Plant
    models: ModelServer

    def worker(self, *, crash_at: str | None = None) -> Process:
        env: dict[str, Any] = {
            **{f"{name}_API_KEY": "key" for name in ("ANTHROPIC", "OPENAI", "GEMINI")},
            "CONVO_LEASE_S": LEASE_S,
            "CONVO_ANTHROPIC_URL": self.models.url_of("anthropic"),
            "CONVO_OPENAI_URL": self.models.url_of("openai"),
            "CONVO_GEMINI_URL": self.models.url_of("gemini"),
        }
        return self.plant.start("worker", crash_at=crash_at, **env)

    def asks(self, phone: str) -> int:
        """Brings a question. Returns how many requests the models had had before."""
        before = len(self.models.requests)
        self.plant.bring(self.plant.message(phone, QUESTION, id=f"wamid.killed.{phone}"))
        return before

    def asked(self, before: int) -> None:
        """Waits until a model works on something new."""
        self.plant.until(lambda: len(self.models.requests) > before, "a model to be asked")

    def answered_once(self, phone: str) -> None:
        """All promises hold, and nothing on the phone stands there twice."""
        self.plant.drain()
        self.plant.check()
        texts = [line.text for line in self.plant.phone(phone, DAVE)]
        assert texts, "the person was never answered"
        assert len(texts) == len(set(texts))


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, repository: Path) -> Iterator[Standing]:
    with (
        Providers().running() as models,
        plant(tmp_path_factory.mktemp("plant"), repository / "tenants") as made,
    ):
        made.start("web")
        made.start("sender")
        yield Standing(plant=made, models=models)


def test_a_worker_killed_between_its_models_answer_and_the_commit_loses_nothing_and_repeats_nothing(
    standing: Standing,
) -> None:
    doomed = standing.worker(crash_at="worker.before_commit")
    before = standing.asks("447700900351")
    assert doomed.exit_code() == KILLED
    standing.asked(before)
    again = len(standing.models.requests)
    healthy = standing.worker()
    try:
        standing.answered_once("447700900351")
        standing.asked(again)
    finally:
        healthy.kill()


def test_a_worker_killed_while_a_model_thinks_leaves_its_message_to_another(standing: Standing) -> None:
    doomed = standing.worker()
    before = standing.asks("447700900361")
    standing.asked(before)
    doomed.kill()
    again = len(standing.models.requests)
    healthy = standing.worker()
    try:
        standing.answered_once("447700900361")
        standing.asked(again)
    finally:
        healthy.kill()


def test_a_killed_process_of_litellm_costs_a_draft_and_no_message(standing: Standing) -> None:
    worker = standing.worker()
    try:
        before = standing.asks("447700900371")
        standing.asked(before)
        [asking] = children_of(worker.popen.pid)
        kill(asking, signal.SIGKILL)
        standing.answered_once("447700900371")

        standing.plant.until(
            lambda: set(children_of(worker.popen.pid)) not in (set(), {asking}), "another such process"
        )
        # Until it has imported litellm the register answers; then a model does again, and nobody started the worker anew.
        people, before = itertools.count(372), len(standing.models.requests)
        while len(standing.models.requests) == before:
            phone = f"447700900{next(people)}"
            standing.asks(phone)
            standing.answered_once(phone)
            assert phone < "447700900390", "no model was asked again"
        assert worker.alive
    finally:
        worker.kill()
