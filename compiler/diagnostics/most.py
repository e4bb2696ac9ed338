"""How many faults of one file are told: nobody reads the ten-thousandth, and a hostile file must not cost a gigabyte."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from compiler.diagnostics import Diagnostic

LISTED_PER_FILE = 1_000
FOUND_PER_FILE = 12_000  # of one pass: a file with more is not gone through to its end


def listed(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """Each once, by place; of a file with too many the first, errors before warnings, and how many more there are."""
    found = sorted(dict.fromkeys(diagnostics), key=lambda d: d.order)
    if len(found) <= LISTED_PER_FILE:
        return tuple(found)
    files: dict[str, list[Diagnostic]] = {}
    for d in found:
        files.setdefault(d.span.file, []).append(d)
    told = [d for held in files.values() for d in _of_one_file(held)]
    return tuple(sorted(told, key=lambda d: d.order))


def _of_one_file(found: list[Diagnostic]) -> list[Diagnostic]:
    if len(found) <= LISTED_PER_FILE:
        return found
    gravest = sorted(found, key=lambda d: not d.is_error)
    first, rest = gravest[:LISTED_PER_FILE], gravest[LISTED_PER_FILE:]
    more = f"{len(rest):,}" + (" or more" if len(found) >= FOUND_PER_FILE else "")
    about = f"{more} faults of this file are not listed; the next is: {rest[0].message}"
    return [*first, replace(rest[0], message=about, labels=(), fix=None)]
