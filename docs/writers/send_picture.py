"""docs/reference/send-table.svg, the default grid as a picture."""

from __future__ import annotations

from compiler.page.picture import picture
from schemas.sendtable import default_rows, rows_of

NAME = "send-table.svg"


def page() -> str:
    """The picture."""
    return picture(rows_of(default_rows()), title="The send table")
