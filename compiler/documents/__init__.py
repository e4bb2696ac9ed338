"""A firm's file -> its text with the place of each line: PDF, Markdown and HTML. Hostile and huge files are refused. I/O.

A process with limits of its own reads the file, so that whatever is in it costs ten seconds at most, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from compiler.documents.refused import DocumentRefused
from compiler.propose import Document, Passage

__all__ = ["DocumentRefused", "Kept", "normalised", "read_document"]

MAX_BYTES = 1 << 20  # as for every file of a tenant
SECONDS = 10  # of computing
PATIENCE_S = 60  # of the clock
KINDS = {".pdf": "pdf", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A document as it was read: its bytes, their digest, and the text found in them."""

    data: bytes
    digest: str
    document: Document


def read_document(path: Path, *, seconds: int = SECONDS) -> Kept:
    """Read one file, within so many seconds of computing. Raises DocumentRefused."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise DocumentRefused(f"{path.name}: only {', '.join(sorted(KINDS))} are read")
    data = _bytes(path)
    name = f"documents/{normalised(path)}"
    passages = tuple(_passages(path.name, kind, data, seconds))
    if all(passage.left_out for passage in passages):
        raise DocumentRefused(f"{path.name}: no text in it; a scan has to be turned into text first")
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return Kept(data=data, digest=digest, document=Document(name=name, passages=passages))


def normalised(path: Path) -> str:
    """The file's name as it may stand under documents/."""
    ascii_ = unicodedata.normalize("NFKD", path.stem).encode("ascii", "ignore").decode()
    stem = re.sub(r"[^a-z0-9]+", "-", ascii_.lower()).strip("-")[:60].strip("-") or "document"
    suffix = {".markdown": ".md", ".htm": ".html"}.get(path.suffix.lower(), path.suffix.lower())
    return stem + suffix


def _bytes(path: Path) -> bytes:
    try:
        if path.is_symlink() or not path.is_file():
            raise DocumentRefused(f"{path}: not a plain file")
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise DocumentRefused(f"{path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise DocumentRefused(f"{path.name}: larger than 1 MiB, the most a document of a tenant may have")
    return data


def _passages(name: str, kind: str, data: bytes, seconds: int) -> list[Passage]:
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from compiler.documents.child import main; main({kind!r}, {seconds})"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            input=data,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            env={},
        )
        said = json.loads(done.stdout)
    except subprocess.TimeoutExpired:
        raise DocumentRefused(f"{name}: it takes longer than {PATIENCE_S} seconds to read") from None
    except ValueError:
        raise DocumentRefused(f"{name}: it cannot be read within the limits on time and memory") from None
    if "refused" in said:
        raise DocumentRefused(f"{name}: {said['refused']}")
    return [_passage(found) for found in said["passages"]]


def _passage(found: dict[str, Any]) -> Passage:
    places = tuple((offset, line, column) for offset, line, column in found["places"])
    lead = _passage(found["lead"]) if found["lead"] else None
    return Passage(**{**found, "places": places, "lead": lead})
