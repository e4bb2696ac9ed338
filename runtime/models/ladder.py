"""The model rungs: ask one after the other, once each, by our own time, past what is broken, counting what each cost.

Implements ports.Model and ports.Checker. Cost: tokens the provider reported, at the price table's rates. Where it reported none,
or more than can be, or the call may have been worked on and never answered (time ran out, the connection broke): a token for
every two bytes that were sent, nothing from a cache, and every token of the answer that was allowed. An error the provider
itself answered with costs nothing: it did no work.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Coroutine, Sequence
from typing import Any, Literal

from runtime.models.asking import Asking
from runtime.models.call import Answer, Call, CallFailed, Keys
from runtime.models.presets import Rung, rungs_of
from runtime.ports import Attempt, Breakers, Clock, ModelDown, ModelOrder, ModelReply, Prompt
from runtime.telemetry import MODEL_CALLS, MODEL_COST, MODEL_SECONDS, MODEL_TOKENS, error_fields, log

LEAST_S = 0.3  # with less left no model is asked: it would cost money and answer too late
FAIR_S = 1.0  # who was given less time than this and did not answer has not failed
NOT_ASKED = ("no_key", "no_time", "no_money", "breaker_open")


class Ladder:
    """Asks the rungs of an order's preset. One for all tenants of a process; holds no state but what it was given."""

    def __init__(self, *, call: Call, keys: Keys, breakers: Breakers, clock: Clock) -> None:
        self._call = call
        self._keys = keys
        self._breakers = breakers
        self._clock = clock

    async def ask(self, prompt: Prompt, order: ModelOrder) -> ModelReply:
        """The first answer of the wanted shape, within `order.deadline_s` in all. Raises ModelDown with every attempt."""
        trail: list[Attempt] = []
        try:
            return await self._climbed(prompt, order, trail)
        except ModelDown:
            raise
        except (
            Exception
        ) as error:  # a fault of ours: no turn is lost by it, and its words may quote the prompt
            log().error("model ladder broke", **error_fields(error))
            raise ModelDown("no model answered in time", tuple(trail)) from None

    async def _climbed(self, prompt: Prompt, order: ModelOrder, trail: list[Attempt]) -> ModelReply:
        began = self._clock.monotonic()
        waiting = list(rungs_of(order))
        while waiting:
            rung = waiting.pop(0)
            asking = Asking(
                prompt=prompt,
                order=order,
                rung=rung,
                left_s=order.deadline_s - (self._clock.monotonic() - began),
                more=self._able(waiting),
                spent_micropence=sum(attempt.cost_micropence for attempt in trail),
            )
            attempt, text = await self._unbroken(asking)
            trail.append(attempt)
            _measured(attempt)
            if text is not None:
                return _reply(text, trail, self._ms_since(began))
        raise ModelDown("no model answered in time", tuple(trail))

    def _able(self, rungs: Sequence[Rung]) -> bool:
        """Whether anybody could be asked after this one."""
        return any(rung.provider in self._keys for rung in rungs)

    async def _unbroken(self, asking: Asking) -> tuple[Attempt, str | None]:
        """The rung, or what a fault of ours leaves of it: it may have been asked, so it is paid for, and the next one is."""
        began = self._clock.monotonic()
        try:
            return await self._rung(asking)
        except Exception as error:
            log().error("model rung broke", **error_fields(error))
            broke = CallFailed("unreachable", billed=True, counts=False)
            return asking.failed(broke, self._ms_since(began)), None

    async def _rung(self, asking: Asking) -> tuple[Attempt, str | None]:
        """What came of it, and the text if it answered as it should."""
        rung = asking.rung
        if rung.provider not in self._keys:
            return asking.skipped("no_key"), None
        if asking.left_s < LEAST_S:
            return asking.skipped("no_time"), None
        if not asking.affordable:
            return asking.skipped("no_money"), None
        told = await self._breakers.admit(rung.provider, rung.model, now=self._clock.now())
        if told is None:
            return asking.skipped("breaker_open"), None
        said: Literal["answered", "failed", "unsaid"] = "unsaid"
        began = self._clock.monotonic()
        try:
            answer = await _within(self._call(asking.request), asking.give_s)
            said = "answered"
        except CallFailed as failure:
            unfair = failure.result == "timeout" and asking.give_s < FAIR_S
            said = "failed" if failure.counts and not unfair else "unsaid"
            return asking.failed(failure, self._ms_since(began)), None
        finally:  # also when the whole turn is given up: who holds the trial must let go of it
            await self._report(rung, said, trial=told == "trial")
        attempt = asking.answered(answer, self._ms_since(began))
        return attempt, answer.text if attempt.result == "answered" else None

    async def _report(
        self, rung: Rung, said: Literal["answered", "failed", "unsaid"], *, trial: bool
    ) -> None:
        now = self._clock.now()
        if said != "unsaid" or trial:
            await asyncio.shield(self._breakers.report(rung.provider, rung.model, said, trial=trial, now=now))

    def _ms_since(self, began: float) -> int:
        return round((self._clock.monotonic() - began) * 1000)


async def _within(calling: Coroutine[Any, Any, Answer], seconds: float) -> Answer:
    """The call's answer, or CallFailed("timeout") after `seconds`, whether or not the call lets itself be cancelled."""
    task = asyncio.create_task(calling)
    try:
        done, _ = await asyncio.wait((task,), timeout=seconds)
        if not done:
            raise CallFailed("timeout", billed=True)
        try:
            return task.result()
        except CallFailed:
            raise
        except (
            Exception
        ) as error:  # a fault of ours: said by its class and place, for its words may quote the prompt
            log().error("model call broke", **error_fields(error))
            raise CallFailed("unreachable", billed=True, counts=False) from None
    finally:
        if not task.done():
            task.cancel()
            task.add_done_callback(_forgotten)


def _forgotten(task: asyncio.Task[Answer]) -> None:
    with contextlib.suppress(asyncio.CancelledError):
        task.exception()  # looked at, so that nobody logs it


def _reply(text: str, trail: Sequence[Attempt], latency_ms: int) -> ModelReply:
    last = trail[-1]
    return ModelReply(
        json_text=text,
        provider=last.provider,
        model=last.model,
        tokens_in=sum(a.tokens_in for a in trail),
        tokens_out=sum(a.tokens_out for a in trail),
        latency_ms=latency_ms,
        rung=last.rung,
        cost_micropence=sum(a.cost_micropence for a in trail),
        cached_tokens=sum(a.cached_tokens for a in trail),
        attempts=tuple(trail),
    )


def _measured(attempt: Attempt) -> None:
    provider, model = attempt.provider, attempt.model
    MODEL_CALLS.labels(provider=provider, model=model, result=attempt.result).inc()
    if attempt.result not in NOT_ASKED:
        MODEL_SECONDS.labels(provider=provider, model=model).observe(attempt.latency_ms / 1000)
    kinds = {"in": attempt.tokens_in, "out": attempt.tokens_out, "cached": attempt.cached_tokens}
    for kind, count in kinds.items():
        MODEL_TOKENS.labels(provider=provider, model=model, kind=kind).inc(count)
    MODEL_COST.labels(provider=provider, model=model).inc(attempt.cost_micropence)
    if attempt.result not in ("answered", "no_key"):
        log().warning(
            "model rung gave nothing",
            rung=attempt.rung,
            provider=provider,
            model=model,
            result=attempt.result,
            latency_ms=attempt.latency_ms,
        )
