"""A firm's file -> its text with the place of each line: PDF, Markdown and HTML. Hostile and huge files are refused. I/O."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from compiler.documents.markdown import markdown
from compiler.documents.pdf import pdf
from compiler.documents.refused import DocumentRefused
from compiler.documents.web import html
from compiler.propose import Document

__all__ = ["DocumentRefused", "Kept", "normalised", "read_document"]

MAX_BYTES = 1 << 20  # as for every file of a tenant
MAX_CHARS = 400_000
KINDS = {".pdf": "pdf", ".md": "markdown", ".markdown": "markdown", ".html": "html", ".htm": "html"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A document as it was read: its bytes, their digest, and the text found in them."""

    data: bytes
    digest: str
    document: Document


def read_document(path: Path) -> Kept:
    """Read one file. Raises DocumentRefused."""
    kind = KINDS.get(path.suffix.lower())
    if kind is None:
        raise DocumentRefused(f"{path.name}: only {', '.join(sorted(KINDS))} are read")
    data = _bytes(path)
    name = f"documents/{normalised(path)}"
    match kind:
        case "pdf":
            passages = list(pdf(path.name, data))
        case "html":
            passages = list(html(path.name, _decoded(path.name, data)))
        case _:
            passages = list(markdown(_decoded(path.name, data)))
    if sum(len(p.text) for p in passages) > MAX_CHARS:
        raise DocumentRefused(f"{path.name}: more than {MAX_CHARS:,} characters; give the part that matters")
    if not passages:
        raise DocumentRefused(f"{path.name}: no text in it; a scan has to be turned into text first")
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    return Kept(data=data, digest=digest, document=Document(name=name, passages=tuple(passages)))


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


def _decoded(name: str, data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"{name}: byte {error.start} is not UTF-8; save it as UTF-8") from None
    if "\x00" in text:
        raise DocumentRefused(f"{name}: it holds NUL characters, so it is no text")
    return text
