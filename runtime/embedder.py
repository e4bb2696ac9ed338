"""Which embedder a deployment has: none, the local word vectors of the extra `embed`, or a provider behind the model port."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from runtime.ports import Embedder, EmbedderDown
from runtime.settings import SettingsError

NONE, LOCAL = "none", "local"
PACKAGE = "wordllama"
DIMENSIONS = 256
MANY = 64  # texts from which a batch is worked off beside the loop; one question takes some 40 µs

Remote = Callable[[str], Embedder]


class LocalEmbedder:
    """Implements ports.Embedder with word vectors carried in the wheel: no network, no file of ours, loaded at first use."""

    def __init__(self) -> None:
        self._model: Any = None
        self.name = f"{PACKAGE}-{DIMENSIONS}@{version(PACKAGE)}"
        self.dimensions = DIMENSIONS

    async def embed(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        if self._model is None or len(texts) > MANY:
            return await asyncio.to_thread(self._embedded, texts)
        return self._embedded(texts)

    def _embedded(self, texts: Sequence[str]) -> Sequence[Sequence[float]]:
        try:
            if self._model is None:
                self._model = _loaded()
            found: Sequence[Sequence[float]] = self._model.embed(
                [t or " " for t in texts], norm=True
            ).tolist()
        except Exception as error:
            raise EmbedderDown(type(error).__name__) from error
        return found


def local_available() -> bool:
    """Whether the extra `embed` is installed."""
    try:
        return find_spec(PACKAGE) is not None and bool(version(PACKAGE))
    except PackageNotFoundError:
        return False


def embedder_of(chosen: str | None, *, remote: Remote | None = None) -> Embedder | None:
    """The embedder that CONVO_EMBEDDER names; unset, the local one where its extra is installed. Raises SettingsError.

    `remote` makes one of a provider from `<provider>/<model>`.
    """
    if chosen == NONE or (chosen is None and not local_available()):
        return None
    if chosen in (None, LOCAL):
        if not local_available():
            raise SettingsError("CONVO_EMBEDDER is local, and the extra `embed` is not installed")
        return _local()
    assert chosen is not None
    if "/" not in chosen:
        raise SettingsError(f"CONVO_EMBEDDER is {chosen!r}: it must be none, local or <provider>/<model>")
    if remote is None:
        raise SettingsError(f"CONVO_EMBEDDER is {chosen!r}, and this process can ask no provider")
    return remote(chosen)


async def warmed(chosen: str | None, *, remote: Remote | None = None) -> Embedder | None:
    """The same, loaded before the first question waits for it."""
    embedder = embedder_of(chosen, remote=remote)
    if isinstance(embedder, LocalEmbedder):
        with suppress(EmbedderDown):  # every search will try again, and say so
            await embedder.embed(["ready"])
    return embedder


@cache
def _local() -> LocalEmbedder:
    """One for the process: the vectors take 20 MB."""
    return LocalEmbedder()


def _loaded() -> Any:
    """The vectors out of the package's own folder; it is told to look nowhere else."""
    import wordllama

    folder = Path(wordllama.__file__).parent
    return wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
