"""The opt-out words of a tenant: every pack's, merged by language."""

from __future__ import annotations

from compiler.source.model import Source

KEYS = ("exact", "contains", "unless", "stop_all")


def opt_out_words(source: Source) -> dict[str, dict[str, list[str]]]:
    """`{language: {exact, contains, unless, stop_all}}`, sorted. Words only ever add up: no pack can unsay another's."""
    merged: dict[str, dict[str, list[str]]] = {}
    for raw in [optout for pack in source.packs for optout in pack.optouts]:
        entry = merged.setdefault(raw["language"], {key: [] for key in KEYS})
        for key in KEYS:
            entry[key] = sorted({*entry[key], *raw[key]})
    return merged
