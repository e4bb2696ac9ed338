"""Which embedder there is, and that the local one asks nobody."""

from __future__ import annotations

import json
import math
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from runtime import embedder
from runtime.embedder import DIMENSIONS, LocalEmbedder, embedder_of, local_available
from runtime.ports import EmbedderDown
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
    local = LocalEmbedder()
    texts = [f"question number {n}" for n in range(100)]
    together = await local.embed(texts)
    [alone] = await local.embed(texts[7:8])
    assert all(math.isclose(a, b, abs_tol=1e-4) for a, b in zip(together[7], alone, strict=True))


async def test_the_vectors_are_those_of_the_packages_own_loader() -> None:
    """Vectors that a database holds under this name were made by it, and stay good."""
    package = pytest.importorskip("wordllama")
    theirs = package.WordLlama.load(cache_dir=Path(package.__file__).parent, disable_download=True)
    texts = ["what do you charge", "a", " ", "żółć, ćma", "ਪੰਜਾਬੀ 😀", "x" * 3_000, "fees? " * 400]
    for ours, text in zip(await LocalEmbedder().embed(texts), texts, strict=True):
        for mine, other in zip(ours, theirs.embed([text], norm=True)[0], strict=True):
            assert math.isclose(mine, float(other), abs_tol=1e-6)


def test_the_packages_own_code_is_not_loaded_and_its_table_is_not_copied() -> None:
    """It brings an HTTP client, sets up the logging of everybody, and keeps the table twice."""
    asked = (
        "import asyncio, sys; from runtime.embedder import LocalEmbedder; made = LocalEmbedder(); "
        "asyncio.run(made.embed(['what do you charge'])); import numpy; "
        "assert isinstance(made._model._matrix, numpy.memmap); "
        "print([name for name in ('wordllama', 'requests', 'safetensors') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "header",
    [
        {"w": {"dtype": "F32", "shape": [1, 256], "data_offsets": [0, 1024]}},
        {"w": {"dtype": "F16", "shape": [1, 128], "data_offsets": [0, 256]}},
        {"w": {"dtype": "F16", "shape": [1, 256], "data_offsets": [8, 520]}},
        {},
    ],
    ids=["wider", "shorter", "elsewhere", "nothing"],
)
async def test_a_table_that_is_laid_out_otherwise_is_an_embedder_that_is_down(
    header: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "table.safetensors"
    text = json.dumps(header).encode()
    file.write_bytes(len(text).to_bytes(8, "little") + text + bytes(2_048))
    monkeypatch.setattr(embedder, "_loaded", lambda: embedder._matrix(file, pytest.importorskip("numpy")))
    with pytest.raises(EmbedderDown):
        await LocalEmbedder().embed(["what do you charge"])


def test_a_vector_is_written_as_the_database_reads_it() -> None:
    assert as_text((0.5, -0.25, 1e-09)) == "[0.5,-0.25,1e-09]"


def _dot(one: object, other: object) -> float:
    return sum(a * b for a, b in zip(one, other, strict=True))  # type: ignore[call-overload]
