"""The copy of the roots that lies outside the database: one JSON line a root, appended and never rewritten."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from runtime.storage.sealing import Root


def exported_roots(file: Path) -> dict[int, str]:
    """Root number -> hash (hex). A last line that a crash cut short does not count and is written again."""
    found: dict[int, str] = {}
    if file.exists():
        for line in file.read_text(encoding="utf-8").splitlines():
            try:
                document = json.loads(line)
            except ValueError:
                continue
            found[document["n"]] = document["hash"]
    return found


def append_roots(file: Path, roots: Sequence[Root]) -> None:
    """One JSON line a root, at the end of the file."""
    lines = [
        json.dumps(
            {
                "n": root.n,
                "at_us": root.at_us,
                "root": root.root.hex(),
                "prev": root.prev.hex(),
                "hash": root.hash.hex(),
                "leaves": root.leaves,
                "key_id": root.key_id,
                "signature": root.signature.hex(),
            }
        )
        for root in roots
    ]
    with file.open("a", encoding="utf-8") as out:
        if out.tell():
            out.write("\n")  # ends a line that a crash cut short; an empty line says nothing
        out.write("\n".join(lines) + "\n")
