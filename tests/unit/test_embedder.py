"""Which embedder there is, and that the local one asks nobody."""

from __future__ import annotations

import math
import socket

import pytest

from runtime.embedder import DIMENSIONS, LocalEmbedder, embedder_of, local_available
from runtime.settings import SettingsError
from runtime.storage.embeddings import as_text

pytestmark = pytest.mark.skipif(not local_available(), reason="the extra `embed` is not installed")


def test_none_is_none_and_unset_is_the_local_one_where_it_is_installed() -> None:
    assert embedder_of("none") is None
    assert isinstance(embedder_of(None), LocalEmbedder)
    assert embedder_of("local") is embedder_of(None), "the vectors are loaded once"


@pytest.mark.parametrize("chosen", ["lokal", "openai", ""])
def test_a_name_that_is_no_embedder_is_refused(chosen: str) -> None:
    with pytest.raises(SettingsError, match="none, local or <provider>/<model>"):
        embedder_of(chosen)


def test_a_provider_is_asked_for_only_where_one_can_be_asked() -> None:
    with pytest.raises(SettingsError, match="can ask no provider"):
        embedder_of("openai/text-embedding-3-small")
    made: list[str] = []

    def remote(name: str) -> LocalEmbedder:
        made.append(name)
        return LocalEmbedder()

    assert embedder_of("openai/text-embedding-3-small", remote=remote) is not None
    assert made == ["openai/text-embedding-3-small"]


async def test_the_local_one_gives_unit_vectors_without_a_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_network(*_: object) -> None:
        raise AssertionError("a connection was opened")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    texts = ["what do you charge", "how much is your fee", "my dog likes the rain", ""]
    fee, same, other, empty = await LocalEmbedder().embed(texts)
    assert len(fee) == DIMENSIONS
    assert math.isclose(_dot(fee, fee), 1.0, abs_tol=1e-3)
    assert _dot(fee, same) > _dot(fee, other) + 0.1
    assert len(empty) == DIMENSIONS


async def test_many_texts_at_once_are_the_same_vectors_as_one_by_one() -> None:
    embedder = LocalEmbedder()
    texts = [f"question number {n}" for n in range(100)]
    together = await embedder.embed(texts)
    [alone] = await embedder.embed(texts[7:8])
    assert all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(together[7], alone, strict=True))


def test_a_vector_is_written_as_the_database_reads_it() -> None:
    assert as_text((0.5, -0.25, 1e-09)) == "[0.5,-0.25,1e-09]"


def _dot(one: object, other: object) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))  # type: ignore[call-overload]
