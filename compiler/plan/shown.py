"""A change in words: its values as a reader knows them, cut where nobody reads on. No escaping: that is for where they go."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from compiler.plan.change import ADDED, CHANGED, REMOVED, RENAMED, Change
from compiler.plan.covered import approvable
from compiler.plan.rules import APPROVE, NEVER, RULES, told

DAYS = ("", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MINUTES = ("open_minute", "close_minute")
# What an item is shown by, when it comes or goes as a whole: the first of these it has.
_SHOWN_BY = (
    "texts",
    "title",
    "url",
    "address",
    "says",
    "claims",
    "steps",
    "match",
    "patterns",
    "evidence",
    "key",
)


def subject(change: Change) -> str:
    """What it is about, in as few words as name it."""
    return change.id if change.kind == "claim" else f"{change.kind} {change.id}"


def owner_name(owner: str) -> str:
    """Whose it is: a tenant by its slug, `pack all`, or `the organisation`."""
    if owner.startswith("_packs/"):
        return f"pack {owner.removeprefix('_packs/')}"
    return "the organisation" if owner.startswith("_") else owner


def property_name(change: Change) -> str:
    """Which part of it: empty for a change of the whole."""
    whole = change.what in (ADDED, REMOVED, RENAMED, CHANGED)
    if whole or change.indirect:
        return ""
    words = change.what.removeprefix("texts ")
    if change.op in (ADDED, REMOVED):  # which entry it is stands with the change itself
        words = words.removesuffix(f" {change.op}").removesuffix(f" {''.join(values(change))}")
    return words.replace("_", " ")


def values(change: Change) -> tuple[str, str]:
    """Before and after as text; empty where there is none."""
    return _value(change, change.before), _value(change, change.after)


def is_text(change: Change) -> bool:
    """Whether it is a wording, whose words are worth comparing."""
    return (
        isinstance(change.before, str)
        and isinstance(change.after, str)
        and max(len(change.before), len(change.after)) > 24
        and change.op != RENAMED
    )


def summary(change: Change) -> str:
    """What changed, in a line without markup."""
    before, after = values(change)
    if change.indirect:
        return change.what
    if change.op == RENAMED:
        return f"renamed from {before}"
    if change.op == ADDED:
        return f"added: {after}" if after else "added"
    if change.op == REMOVED:
        return f"removed: {before}" if before else "removed"
    if not before and not after:
        return change.what
    return f"{before or 'nothing'} -> {after or 'nothing'}"


def way_through(change: Change, tenant: str) -> str:
    """What lets it through, or what would; empty where it needs nobody."""
    if change.covered:
        return change.covered
    if not change.open:
        return ""
    target = approvable(change)
    if target is not None:
        shared = tenant.startswith("_")
        return f"convo approve {'TENANT' if shared else tenant} {target}{' for each tenant' * shared}"
    way = RULES[change.rule].way
    if way == NEVER:
        return "can never be waived"
    return "needs approval" if way == APPROVE else "needs a waiver"


def counted(count: int, noun: str) -> str:
    """`1 change`, `2 changes`."""
    return f"{count:,} {noun}{'s' * (count != 1)}"


def cut(text: str, most: int) -> str:
    """The text, or its beginning and how much was left out."""
    return text if len(text) <= most else f"{text[:most]}… ({len(text) - most:,} characters more)"


def around(text: str, most: int) -> str:
    """The beginning and the end of a text, cut between words."""
    if len(text) <= most:
        return text
    half = most // 2
    head, tail = text[:half].rpartition(" ")[0] or text[:half], text[-half:].partition(" ")[2] or text[-half:]
    return f"{head} … {tail}"


def _value(change: Change, value: Any) -> str:
    if value is None:
        return ""
    if change.id in _MINUTES and isinstance(value, int):
        return f"{value // 60:02}:{value % 60:02}"
    if change.id == "quiet_weekdays" and isinstance(value, int) and 0 < value < len(DAYS):
        return DAYS[value]
    if isinstance(value, Mapping):
        key = next((name for name in _SHOWN_BY if value.get(name)), None)
        return " / ".join(_leaves(value[key])) if key is not None else told(value)
    return told(value)


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        named = value.get("match") or value.get("id")
        if isinstance(named, str):
            yield named
        else:
            for inner in value.values():
                yield from _leaves(inner)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        yield ", ".join(leaf for inner in value for leaf in _leaves(inner))
    else:
        yield told(value)
