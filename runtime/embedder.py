"""Which embedder a deployment has: none, the local word vectors of the extra `embed`, or a provider behind the model port."""

from __future__ import annotations

import asyncio
import json
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
MODEL = "l2_supercat"
DIMENSIONS = 256
MANY = 64  # texts from which a batch is worked off beside the loop; one question takes some 40 µs

Remote = Callable[[str], Embedder]


class LocalEmbedder:
    """Implements ports.Embedder with word vectors carried in the wheel: no network, no file of ours, loaded at first use."""

    def __init__(self) -> None:
        self._model: Vectors | None = None
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
            return [self._model.of(text or " ") for text in texts]
        except Exception as error:
            raise EmbedderDown(type(error).__name__) from error


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
    """One for the process."""
    return LocalEmbedder()


class Vectors:
    """The package's word vectors, read by us: its own loader keeps them twice as wide and brings 50 MB of what nobody here calls.

    The matrix stays in its file, half as wide as a float, and only the rows of words that were ever asked for take memory, which
    the processes of a machine share. A text is the mean of its words, of length 1.
    """

    def __init__(self, folder: Path) -> None:
        import numpy
        from tokenizers import Tokenizer

        self._numpy: Any = numpy
        self._words: Any = Tokenizer.from_file(str(folder / "tokenizers" / f"{MODEL}_tokenizer_config.json"))
        self._words.no_truncation()
        self._words.no_padding()
        self._matrix: Any = _matrix(folder / "weights" / f"{MODEL}_{DIMENSIONS}.safetensors", numpy)

    def of(self, text: str) -> Sequence[float]:
        """Its vector; all zeros for a text without a word."""
        ids = self._words.encode(text, add_special_tokens=False).ids
        if not ids:
            return [0.0] * DIMENSIONS
        mean = self._matrix[ids].sum(axis=0, dtype=self._numpy.float32) / self._numpy.float32(len(ids))
        found: Sequence[float] = (mean / self._numpy.linalg.norm(mean)).tolist()
        return found


def _matrix(file: Path, numpy: Any) -> Any:
    """The one table of a safetensors file, mapped: eight bytes of length, a header in JSON, the numbers. Raises ValueError."""
    with file.open("rb") as opened:
        length = int.from_bytes(opened.read(8), "little")
        (table,) = (
            entry for name, entry in json.loads(opened.read(length)).items() if name != "__metadata__"
        )
    rows, columns = table["shape"]
    if table["dtype"] != "F16" or columns != DIMENSIONS or table["data_offsets"][0] != 0:
        raise ValueError(f"{file.name} is not laid out as expected")
    return numpy.memmap(file, dtype="<f2", mode="r", offset=8 + length, shape=(rows, columns))


def _loaded() -> Vectors:
    """The vectors out of the package's own folder, which is not imported: it would set up everybody's logging."""
    spec = find_spec(PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError(PACKAGE)
    return Vectors(Path(spec.submodule_search_locations[0]))
