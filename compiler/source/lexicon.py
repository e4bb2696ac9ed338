"""The opt-out words of a tenant: every pack's, merged by language."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from compiler.source.model import Pack
from compiler.source.once import once

KEYS = ("exact", "contains", "unless", "stop_all")


def opt_out_words(packs: Iterable[Pack]) -> dict[str, dict[str, list[str]]]:
    """`{language: {exact, contains, unless, stop_all}}`, sorted. Words only ever add up: no pack can unsay another's."""
    return dict(_merged(packs))


@once
def _merged(packs: Iterable[Pack]) -> Iterator[tuple[str, dict[str, list[str]]]]:
    merged: dict[str, dict[str, list[str]]] = {}
    for raw in [optout for pack in packs for optout in pack.optouts]:
        entry = merged.setdefault(raw["language"], {key: [] for key in KEYS})
        for key in KEYS:
            entry[key] = sorted({*entry[key], *raw[key]})
    yield from merged.items()
