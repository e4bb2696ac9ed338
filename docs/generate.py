"""Writes the pages of docs/reference/ that come from code: `python -m docs.generate`."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from docs.writers import (
    commands,
    diagnostics,
    guardrails,
    metrics,
    rules_table,
    send_picture,
    send_table,
    settings_env,
    settings_homes,
    storage_tables,
    tenant_files,
)

REFERENCE = Path(__file__).parent / "reference"


class Writer(Protocol):
    """What a module of docs/writers holds."""

    NAME: str

    def page(self) -> str: ...


WRITERS: tuple[Writer, ...] = (
    commands,
    diagnostics,
    guardrails,
    metrics,
    rules_table,
    send_picture,
    send_table,
    settings_env,
    settings_homes,
    storage_tables,
    tenant_files,
)


def main() -> None:
    """Writes every page."""
    for writer in WRITERS:
        (REFERENCE / writer.NAME).write_text(writer.page(), "utf-8")
    (REFERENCE / diagnostics.FOLDER).mkdir(exist_ok=True)
    for name, text in diagnostics.pages():
        (REFERENCE / name).write_text(text, "utf-8")


if __name__ == "__main__":
    main()
