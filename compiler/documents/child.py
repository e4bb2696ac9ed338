"""The process in which a document is read: its bytes in on stdin, its passages out on stdout as JSON.

Memory, computing time and written files are limited before a byte is read, so that whatever is in a document ends here.
"""

from __future__ import annotations

import json
import resource
import sys
from dataclasses import asdict

from compiler.documents.markdown import markdown
from compiler.documents.pdf import pdf
from compiler.documents.refused import DocumentRefused
from compiler.documents.web import html
from compiler.propose import Passage

MEMORY_BYTES = 768 << 20
MAX_CHARS = 400_000


def main(kind: str, seconds: int) -> None:
    """Reads stdin, writes stdout, within so many seconds of computing."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        found = [asdict(passage) for passage in _read(kind, sys.stdin.buffer.read())]
    except DocumentRefused as refused:
        sys.stdout.write(json.dumps({"refused": str(refused)}))
    except (MemoryError, RecursionError) as error:
        sys.stdout.write(
            json.dumps({"refused": f"it needs more than a document may: {type(error).__name__}"})
        )
    else:
        sys.stdout.write(json.dumps({"passages": found}))


def _read(kind: str, data: bytes) -> list[Passage]:
    found: list[Passage] = []
    chars = 0
    for passage in (
        pdf(data) if kind == "pdf" else html(_text(data)) if kind == "html" else markdown(_text(data))
    ):
        found.append(passage)
        chars += len(passage.text)
        if chars > MAX_CHARS:
            raise DocumentRefused(f"more than {MAX_CHARS:,} characters; give the part that matters")
    return found


def _text(data: bytes) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise DocumentRefused(f"byte {error.start} is not UTF-8; save it as UTF-8") from None
    if "\x00" in text:
        raise DocumentRefused("it holds NUL characters, so it is no text")
    return text
