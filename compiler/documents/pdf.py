"""PDF -> passages by page. Only its text is taken: nothing that is in it runs."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

from compiler.documents.markdown import passages
from compiler.documents.paragraph import LINE_END, Placed
from compiler.documents.refused import DocumentRefused
from compiler.propose import Passage

MAX_PAGES = 200


def pdf(data: bytes) -> Iterator[Passage]:
    """The passages of a PDF. Raises DocumentRefused."""
    for number, text in enumerate(_pages(data), 1):
        lines = (Placed.on(line, n) for n, line in enumerate(LINE_END.split(text), 1))
        yield from passages(lines, markup=False, page=number)


def _pages(data: bytes) -> Iterator[str]:
    try:
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    except ImportError:
        raise DocumentRefused(
            "reading PDFs needs the extra `documents`: pip install 'convo-engine[documents]'"
        ) from None
    if not data.startswith(b"%PDF-"):
        raise DocumentRefused("not a PDF")
    logging.getLogger("pypdf").disabled = True
    try:
        reader = PdfReader(io.BytesIO(data), strict=False)
        if reader.is_encrypted:
            raise DocumentRefused("it is encrypted; save it without a password")
        if len(reader.pages) > MAX_PAGES:
            raise DocumentRefused(f"more than {MAX_PAGES} pages; give the part that matters")
        for page in reader.pages:
            yield page.extract_text() or ""
    except (
        PyPdfError,
        ArithmeticError,
        LookupError,
        ValueError,
        TypeError,
        AttributeError,
        OSError,
    ) as error:
        raise DocumentRefused(f"it is damaged: {type(error).__name__}") from None
