"""Pages that are written from code stay what the code says."""

from __future__ import annotations

from docs.generate import PAGE, page


def test_the_reference_of_tenant_files_is_what_the_schemas_say() -> None:
    assert PAGE.read_text("utf-8") == page(), "run: python -m docs.generate"
