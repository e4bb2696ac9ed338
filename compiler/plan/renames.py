"""Items that only got another id: the same content under a new name is one change, and what names them is none."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Sections whose items others name by id. What says where an item stands, or that it was approved, is not its content.
SECTIONS = ("claims", "prohibited", "links", "quick_replies", "campaigns", "connections")
ROUNDS = 8  # of items that name one another, whose renames show one after the other
NOT_CONTENT = frozenset({"id", "file", "line", "digest", "approvals", "approved"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Renames:
    """`found`: (section, old id, new id); `names`: old id to new id."""

    found: tuple[tuple[str, str, str], ...]
    names: Mapping[str, str]

    @staticmethod
    def between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Renames:
        """Every rename, also of items that name one another: looked for until no more are found."""
        found: dict[tuple[str, str], str] = {}
        for _ in range(ROUNDS):
            names = {old: new for (_, old), new in found.items()}
            more = dict(_pairs(before, after, names))
            if more == found:
                break
            found = more
        told = tuple((section, old, new) for (section, old), new in sorted(found.items()))
        return Renames(found=told, names={old: new for _, old, new in told})

    def applied(self, document: Mapping[str, Any]) -> Mapping[str, Any]:
        """The document with the new ids wherever the old ones were named."""
        if not self.names:
            return document
        return {
            key: value if key == "tenant" else _renamed(value, self.names) for key, value in document.items()
        }


def _pairs(
    before: Mapping[str, Any], after: Mapping[str, Any], names: Mapping[str, str]
) -> Iterator[tuple[tuple[str, str], str]]:
    for section in SECTIONS:
        old = {item["id"]: item for item in before.get(section, ())}
        new = {item["id"]: item for item in after.get(section, ())}
        come = {name: _content(new[name], {}) for name in sorted(new.keys() - old.keys())}
        for name in sorted(old.keys() - new.keys()):
            content = _content(old[name], names)
            same = [other for other, held in come.items() if held == content]
            if len(same) == 1:  # of two alike nobody knows which it became
                del come[same[0]]
                yield (section, name), same[0]


def _content(item: Mapping[str, Any], names: Mapping[str, str]) -> Any:
    return _renamed({key: value for key, value in item.items() if key not in NOT_CONTENT}, names)


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [_renamed(item, names) for item in value]
        case dict():
            return {names.get(key, key): _renamed(item, names) for key, item in value.items()}
        case _:
            return value
