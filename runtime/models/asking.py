"""One rung's turn at one prompt: what is sent, how long it may take, and the attempt that what comes of it makes."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace

from runtime.models.call import Answer, CallFailed, Request
from runtime.models.presets import Rung
from runtime.models.prices import PICTURE_TOKENS_AT_WORST
from runtime.models.shape import fits
from runtime.ports import Attempt, ModelOrder, Prompt

RESERVED = 0.45  # of the time left is kept for the next rung ...
FAILOVER_S = 0.7  # ... where that is enough to answer in; else the one that is asked gets it all
THINKING_TOKENS = 1_024  # a model that thinks takes these before it writes
WRAPPING_TOKENS = 2_048  # a provider's own words around a prompt and its schema, at most


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """`left_s`: seconds left of the whole order. `more`: somebody could be asked after this rung. `spent_micropence`: by the
    rungs before it."""

    prompt: Prompt
    order: ModelOrder
    rung: Rung
    left_s: float
    more: bool
    spent_micropence: int = 0

    @property
    def give_s(self) -> float:
        """This rung's time: its own limit, and never so much that a failover no longer fits."""
        kept = self.left_s * RESERVED if self.more else 0.0
        return min(self.rung.timeout_s, self.left_s - (kept if kept >= FAILOVER_S else 0.0))

    @property
    def affordable(self) -> bool:
        """Whether the order's money holds for the worst that this attempt can come to. What a provider may claim to have
        counted, and is believed, is no more than that."""
        most = self.order.most_micropence
        return most is None or self.spent_micropence + self._most() <= most

    @property
    def max_tokens(self) -> int:
        """What the prompt allows, or less where the preset does; a tenant's own limit is for drafts and wins there."""
        wanted, own = self.prompt.max_tokens, self.rung.max_tokens
        if self.order.purpose != "check":
            wanted = own if "max_tokens" in self.order.overrides else min(wanted, own)
        return wanted + (THINKING_TOKENS if self.rung.price.thinks else 0)

    @property
    def request(self) -> Request:
        price = self.rung.price
        percent = 0 if self.order.purpose == "check" else self.rung.temperature_percent
        return Request(
            provider=self.rung.provider,
            model=self.rung.model,
            system=self.prompt.system,
            turn=self.prompt.turn,
            pictures=self.prompt.pictures,
            schema=self.prompt.schema,
            max_tokens=self.max_tokens,
            timeout_s=self.give_s,
            temperature=percent / 100 if price.temperature else None,
            effort=price.effort,
            # Writing to the cache costs more than plain tokens: only for a prefix that is long enough to be kept.
            cached=len(self.prompt.system.encode()) // 4 >= price.cache_min,
        )

    def skipped(self, result: str) -> Attempt:
        """It was not asked."""
        avoided = self.order.purpose == "check" and self.rung.provider == self.order.avoid
        return Attempt(
            rung=self.rung.name,
            provider=self.rung.provider,
            model=self.rung.model,
            result=result,
            independent=not avoided,
        )

    def answered(self, answer: Answer, latency_ms: int) -> Attempt:
        """It answered: what was asked for, or something else, or that it would not."""
        result = "refused"
        if answer.text is not None:
            result = "answered" if fits(answer.text, self.prompt.schema) else "malformed"
        return replace(self._counted(answer, result), latency_ms=latency_ms)

    def failed(self, failure: CallFailed, latency_ms: int) -> Attempt:
        """It did not. What may have been billed is counted as if it had been, at the worst."""
        made = self._worst(failure.result) if failure.billed else self.skipped(failure.result)
        return replace(made, latency_ms=latency_ms)

    def _counted(self, answer: Answer, result: str) -> Attempt:
        tokens_in, tokens_out = answer.tokens_in, answer.tokens_out
        if tokens_in is None or tokens_out is None or not self._possible(answer):
            return self._worst(result)
        return replace(
            self.skipped(result),
            tokens_in=tokens_in,
            tokens_out=tokens_out,
            cached_tokens=answer.read,
            cost_micropence=self.rung.price.cost(
                tokens_in=tokens_in,
                tokens_out=tokens_out,
                read=answer.read,
                written=answer.written,
            ),
        )

    def _possible(self, answer: Answer) -> bool:
        """Whether the provider's counts can be true: a token is a byte of what was sent at least, and none is less than none."""
        counts = (answer.tokens_in, answer.tokens_out, answer.read, answer.written)
        if not all(type(count) is int and count >= 0 for count in counts):
            return False
        tokens_in, tokens_out, read, written = (int(count or 0) for count in counts)
        return (
            0 < tokens_in <= self._most_tokens_in()
            and tokens_out <= self.max_tokens
            and read + written <= tokens_in
        )

    def _most(self) -> int:
        price, tokens_in = self.rung.price, self._most_tokens_in()
        return max(
            price.cost(tokens_in=tokens_in, tokens_out=self.max_tokens),
            price.cost(tokens_in=tokens_in, tokens_out=self.max_tokens, written=tokens_in),
        )

    def _most_tokens_in(self) -> int:
        pictures = len(self.prompt.pictures) * PICTURE_TOKENS_AT_WORST
        return sent_bytes(self.prompt) + pictures + WRAPPING_TOKENS

    def _worst(self, result: str) -> Attempt:
        tokens_in, tokens_out, cost = self.rung.price.worst(
            sent_bytes=sent_bytes(self.prompt),
            pictures=len(self.prompt.pictures),
            max_tokens=self.max_tokens,
        )
        return replace(self.skipped(result), tokens_in=tokens_in, tokens_out=tokens_out, cost_micropence=cost)


def sent_bytes(prompt: Prompt) -> int:
    """Bytes of everything a provider counts as prompt: the texts and the schema as they stand in the request."""
    return len(json.dumps([prompt.system, prompt.turn, prompt.schema]).encode())
