"""The child process that reads a PDF: bytes in on stdin, a JSON object with the text of each page out on stdout.

Runs nothing that is in the file: only its text is taken. Memory and computing time are limited before a byte is read.
"""

from __future__ import annotations

import io
import json
import logging
import resource
import sys

MEMORY_BYTES = 768 << 20
SECONDS = 20
MAX_PAGES = 200
MAX_CHARS = 400_000


def main() -> None:
    """Reads stdin, writes stdout."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    logging.disable(logging.CRITICAL)
    sys.stdout.write(json.dumps(_read(sys.stdin.buffer.read())))


def _read(data: bytes) -> dict[str, object]:
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        return {"refused": "reading PDFs needs the extra `documents`: pip install 'convo-engine[documents]'"}
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            return {"refused": "it is encrypted; save it without a password"}
        if len(reader.pages) > MAX_PAGES:
            return {"refused": f"more than {MAX_PAGES} pages; give the part that matters"}
        pages: list[str] = []
        for page in reader.pages:
            pages.append(page.extract_text() or "")
            if sum(map(len, pages)) > MAX_CHARS:
                return {"refused": f"more than {MAX_CHARS:,} characters; give the part that matters"}
    except (
        PyPdfError,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
        IndexError,
        OSError,
        RecursionError,
    ) as error:
        return {"refused": f"it is damaged: {type(error).__name__}"}
    except MemoryError:
        return {"refused": "it needs more memory than a document may"}
    return {"pages": pages}
