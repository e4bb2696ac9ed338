"""Texts as vectors by a provider's model, asked through the same process as the models of the ladder."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from runtime.models.call import CallFailed
from runtime.models.caller import Caller
from runtime.models.prices import embedding_rate
from runtime.ports import Embedder, EmbedderDown
from runtime.settings import PROVIDERS, SettingsError
from runtime.telemetry import MODEL_CALLS, MODEL_COST, MODEL_TOKENS

DIMENSIONS = 256  # of the newer models; they are made to be cut short
QUESTION_WITHIN_S = 1.0  # a person waits: without vectors in time, words alone find claims
BATCH_WITHIN_S = 30.0
BATCH = 64  # texts a request
SHORTENED = ("text-embedding-3-small", "text-embedding-3-large", "gemini-embedding-001", "gemini-embedding-2")

Opened = Callable[[], AbstractAsyncContextManager[Caller]]


def for_the_occasion(key_of: Callable[[str], str], urls: Mapping[str, str]) -> Callable[[str], Embedder]:
    """What makes an embedder for a command: its process is started for a batch, and ended with it."""

    @asynccontextmanager
    async def opened() -> AsyncIterator[Caller]:
        async with Caller(key_of, urls) as caller:
            await caller.ready()
            yield caller

    return lambda chosen: RemoteEmbedder(chosen, opened)


class RemoteEmbedder:
    """Implements ports.Embedder. `chosen`: <provider>/<model>. `opened` gives a caller: a worker's own, or one for the occasion.

    Raises SettingsError for a model that cannot be had in DIMENSIONS.
    """

    def __init__(self, chosen: str, opened: Opened) -> None:
        self._provider, _, self._model = chosen.partition("/")
        if self._provider not in PROVIDERS or self._model not in SHORTENED:
            raise SettingsError(
                f"CONVO_EMBEDDER is {chosen!r}: it must be none, local, or one of a provider's {', '.join(SHORTENED)}"
            )
        self._opened = opened
        self.name = f"{chosen}-{DIMENSIONS}"
        self.dimensions = DIMENSIONS

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        async with self._opened() as caller:
            found: list[Sequence[float]] = []
            for start in range(0, len(texts), BATCH):
                found += await self._batch(caller, texts[start : start + BATCH])
            return found

    async def _batch(self, caller: Caller, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        within_s = QUESTION_WITHIN_S if len(texts) == 1 else BATCH_WITHIN_S
        try:
            vectors, tokens = await caller.embed(
                self._provider,
                self._model,
                [text or " " for text in texts],
                timeout_s=within_s,
                dimensions=self.dimensions,
            )
        except CallFailed as failure:
            MODEL_CALLS.labels(provider=self._provider, model=self._model, result=failure.result).inc()
            raise EmbedderDown(failure.result) from None
        most = (
            sum(len(text.encode()) for text in texts) + len(texts) * 8
        )  # a token is a byte at least, and some begin a text
        believed = type(tokens) is int and 0 < tokens <= most
        self._spent(tokens if believed and tokens is not None else most // 2 + 1)
        if any(len(vector) != self.dimensions for vector in vectors):
            raise EmbedderDown("vectors of another length")
        return vectors

    def _spent(self, tokens: int) -> None:
        MODEL_CALLS.labels(provider=self._provider, model=self._model, result="answered").inc()
        MODEL_TOKENS.labels(provider=self._provider, model=self._model, kind="in").inc(tokens)
        cost = tokens * embedding_rate(self._provider, self._model)
        MODEL_COST.labels(provider=self._provider, model=self._model).inc(cost)
