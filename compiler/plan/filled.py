"""Sentences as a customer reads them: a claim's wordings with the tenant's own values filled in, before and after. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from compiler.plan.change import ADDED, REMOVED, Change

Document = Mapping[str, Any]
VALUES = "tenant/values/"
_SLOT = re.compile(r"\{tenant\.([a-z_][a-z0-9_.:]*)\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sentence:
    """A wording of a claim on either side; empty where there is none."""

    claim: str
    before: str
    after: str


def sentences(change: Change, before: Document, after: Document) -> tuple[Sentence, ...]:
    """What a change makes of sentences: those a value is filled into, or the wording itself where anything is filled in."""
    if change.pointer.startswith(VALUES):
        return tuple(_of_value(change.pointer.removeprefix(VALUES), before, after))
    if change.kind != "claim" or change.indirect:
        return ()
    if change.what.startswith("texts "):
        found = Sentence(
            claim=change.id, before=_filled(change.before, before), after=_filled(change.after, after)
        )
        same = (found.before, found.after) == (change.before or "", change.after or "")
        return () if same else (found,)
    if change.what in (ADDED, REMOVED) and "{tenant." in str((change.before or change.after)["texts"]):
        return tuple(_whole(change, before, after))
    return ()


def filled_by(slot: str, document: Document) -> tuple[str, ...]:
    """The claims a value of the tenant is filled into."""
    return tuple(claim["id"] for claim in document.get("claims", ()) if f"tenant.{slot}" in claim["slots"])


def _whole(change: Change, before: Document, after: Document) -> Iterator[Sentence]:
    """Of a claim that came or went, every wording."""
    for variants in (change.before or change.after)["texts"].values():
        for text in variants.values():
            was, now = (text, None) if change.after is None else (None, text)
            yield Sentence(claim=change.id, before=_filled(was, before), after=_filled(now, after))


def _of_value(slot: str, before: Document, after: Document) -> Iterator[Sentence]:
    old = {claim["id"]: claim for claim in before.get("claims", ())}
    for claim in after.get("claims", ()):
        if f"tenant.{slot}" not in claim["slots"]:
            continue
        was = old.get(claim["id"], {}).get("texts", {})
        for language, variants in claim["texts"].items():
            for variant, text in variants.items():
                yield Sentence(
                    claim=claim["id"],
                    before=_filled(was.get(language, {}).get(variant), before),
                    after=_filled(text, after),
                )


def _filled(text: Any, document: Document) -> str:
    values = document.get("tenant", {}).get("values", {})
    return _SLOT.sub(lambda slot: str(values.get(slot[1], slot[0])), text) if isinstance(text, str) else ""
