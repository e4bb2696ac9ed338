"""PDF -> passages by page. A child process with limits of its own on memory and time reads it: whatever is in it ends there."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from compiler.documents.markdown import passages
from compiler.documents.paragraph import LINE_END
from compiler.documents.refused import DocumentRefused
from compiler.propose import Passage

PATIENCE_S = 40  # seconds of the clock; the child has its own limit of computing time


def pdf(name: str, data: bytes) -> Iterator[Passage]:
    if not data.startswith(b"%PDF-"):
        raise DocumentRefused(f"{name}: not a PDF")
    for number, text in enumerate(_pages(name, data), 1):
        yield from passages(enumerate(LINE_END.split(text), 1), markup=False, page=number)


def _pages(name: str, data: bytes) -> list[str]:
    """The text of each page, from a child process that may use so much and no more."""
    root = str(Path(__file__).resolve().parents[2])
    code = f"import sys; sys.path.insert(0, {root!r}); from compiler.documents.pdf_child import main; main()"
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-c", code],
            input=data,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
            env={},
        )
    except subprocess.TimeoutExpired:
        raise DocumentRefused(f"{name}: it takes longer than {PATIENCE_S} seconds to read") from None
    try:
        said = json.loads(done.stdout)
    except ValueError:
        raise DocumentRefused(f"{name}: it cannot be read within the limits on time and memory") from None
    if "refused" in said:
        raise DocumentRefused(f"{name}: {said['refused']}")
    pages: list[str] = said["pages"]
    return pages
