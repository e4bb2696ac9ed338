"""Where a change stands: the file and line in head and in base, and whose file it is. Pure.

One field of a bundle may come of several files (the strictest of tenant, packs and organisation). The one that differs
between base and head is the one that was changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from compiler.plan.change import Change, Place
from compiler.source.model import Source
from compiler.source.tree import Map, Seq

# Where else a property may stand, by the beginning of its pointer.
_ELSEWHERE: Mapping[str, Sequence[str]] = {
    "guardrails/active": ("pack/guardrails",),
    "guardrails/handoff_words": ("pack/handoff_words",),
    "destinations/domains": ("pack/domains",),
    "persona/lines": ("pack/lines",),
    "consent/per_day": ("organisation/per_day",),
    "consent/per_30_days": ("organisation/per_30_days",),
    "signals": ("guardrails/categories",),
}


class Found(NamedTuple):
    """A value and its place, in a file of `owner`: the tenant, `_packs/<pack>` or `_organisations`."""

    owner: str
    place: Place
    value: Any


def located(
    change: Change, base: Source | None, head: Source | None
) -> tuple[str, Place | None, Place | None]:
    """(whose file changed, the place in head, the place in base). The owner is empty where nothing is found.

    What came or went stands on the other side where the list stands that it came into or went from.
    """
    old = {found.place.file: found for found in _all(change, base)}
    new = {found.place.file: found for found in _all(change, head)}
    files = sorted({*old, *new}, key=lambda file: (file.startswith("_"), file))
    differs = [f for f in files if f not in old or f not in new or old[f].value != new[f].value]
    if not files:
        return "", None, None
    file = (differs or files)[0]
    there = new[file] if file in new else old[file]
    around = _around(change)
    return there.owner, _place(file, new, around, head), _place(file, old, around, base)


def _place(file: str, found: Mapping[str, Found], around: Change, source: Source | None) -> Place | None:
    if file in found:
        return found[file].place
    return next((each.place for each in _all(around, source) if each.place.file == file), None)


def _around(change: Change) -> Change:
    """The list that the changed entry is one of."""
    return replace(change, pointer=change.pointer.removesuffix("/*"), ids=change.ids[:-1])


def _all(change: Change, source: Source | None) -> Iterator[Found]:
    """Every place in a tenant's files, and those it shares, where the changed property is written."""
    if source is None or not change.pointer:
        return
    for pointer in (change.pointer, *_also(change.pointer)):
        kind, *steps = pointer.split("/")
        for owner, root in _roots(source, kind):
            if change.kind == "pack" and owner != f"_packs/{change.id}":
                continue
            found = _down(root, steps, list(change.ids))
            if found is not None:
                place, value = found
                yield Found(owner, place, value)


def _also(pointer: str) -> Iterator[str]:
    for name, others in _ELSEWHERE.items():
        if pointer == name or pointer.startswith(f"{name}/"):
            for other in others:
                yield other + pointer.removeprefix(name)


def _roots(source: Source, kind: str) -> Iterator[tuple[str, Any]]:
    """Every file of a kind: the tenant's, then its packs' and its organisation's."""
    folders = [(source.slug, source.folder), *((f"_packs/{p.id}", p.folder) for p in source.packs)]
    for owner, folder in folders:
        for parsed in folder.of(kind):
            if isinstance(parsed.data, Map | Seq):
                yield owner, parsed.data
    if kind == "organisation" and source.organisation is not None:
        yield "_organisations", source.organisation


def _down(here: Any, steps: Sequence[str], ids: list[str]) -> tuple[Place, Any] | None:
    """The value at a pointer whose stars are these ids. An item that is not there is looked for no deeper."""
    file, line = here.file, here.at().line
    if isinstance(here, Map) and ids and here.get("language") == ids[0]:
        ids = ids[1:]  # a file of opt-out words is of one language
    for step in steps:
        if step == "*":
            if not ids or not isinstance(here, Seq):
                return None
            name = ids.pop(0)
            index = next((n for n, item in enumerate(here) if _called(item, name)), None)
            if index is None:
                return None
            line, here = here.item(index).line, here[index]
        elif isinstance(here, Map) and step in here:
            line, here = here.value(step).line, here[step]
        else:
            return None
    if ids and isinstance(here, Seq | Map):  # an entry of a list that a bundle holds by name
        return _entry(here, ids[0], file, line)
    return Place(file=file, line=line), here


def _entry(here: Seq | Map, name: str, file: str, line: int) -> tuple[Place, Any] | None:
    if isinstance(here, Map):
        return (Place(file=file, line=here.key(name).line), here[name]) if name in here else None
    index = next((n for n, item in enumerate(here) if _called(item, name)), None)
    return (Place(file=file, line=here.item(index).line), here[index]) if index is not None else None


def _called(item: Any, name: str) -> bool:
    if not isinstance(item, Mapping):
        return str(item) == name
    if "purpose" in item and "basis" in item:
        return f"{item['purpose']} {item['basis']}" == name
    band = item.get("from_pounds")  # by which a band of fees is known
    return name in (item.get("id"), item.get("name"), item.get("question"), item.get("date"), str(band))
