"""`convo uses ID`: where an id is defined, where it is used, and what that reaches through other ids. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from compiler.diagnostics import Span
from compiler.source.files import Folder, Parsed, Tree
from compiler.source.read import chosen
from compiler.source.tree import Map, Seq

Schema = Mapping[str, Any]
# What an item with an id is called, by the kind of its file and the list it stands in.
NAMED: Mapping[tuple[str, str], str] = {
    ("claims", ""): "claim",
    ("sources", ""): "source",
    ("signals", ""): "category",
    ("pack", "duties"): "duty",
    ("consent", "bases"): "purpose",
    ("journeys", "ask_flows"): "flow",
    ("journeys", "quick_replies"): "quick reply",
    ("journeys", "campaigns"): "campaign",
    ("journeys", "follow_ups"): "follow-up",
    ("destinations", "links"): "link",
    ("channels", "connections"): "connection",
    ("tenant", "approvers"): "approver",
}
ID_KEYS: Mapping[str, str] = {"purpose": "purpose", "approver": "name"}
OWN_KEYS = ("id", "purpose", "name")
SAME: Mapping[str, str] = {"question": "claim"}  # a question is a claim of that kind
APPROVER_KEYS = {"by", "author"}  # lines of approvals.yaml name people


@dataclass(frozen=True, slots=True, kw_only=True)
class Thing:
    """Something with an id. `owner` is the folder it belongs to."""

    kind: str
    id: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where an id stands. `inside` is the thing around it, `path` the keys that lead there; `through` how it is reached."""

    thing: Thing
    span: Span
    path: str
    inside: Thing | None = None
    through: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Uses:
    """`defined`, then the places that name it, then those that name what names it, nearest first."""

    defined: tuple[Place, ...]
    direct: tuple[Place, ...]
    indirect: tuple[Place, ...]
    tenants: tuple[str, ...]  # the tenants for which it is in force: its own, or all that take its pack
    known: tuple[str, ...]  # every id there is, for a did-you-mean


def uses(tree: Tree, schemas: Mapping[str, Schema], name: str) -> Uses:
    """Everything about an id, over all tenants and packs of a folder."""
    index = _Index(tree, schemas)
    defined = [place for place in index.defined if place.thing.id == name]
    direct = [place for place in index.used if place.thing.id == name]
    return Uses(
        defined=tuple(defined),
        direct=tuple(direct),
        indirect=(*_indirect(index, direct, name), *_of_packs(index, defined)),
        tenants=tuple(_tenants(tree, defined)),
        known=tuple(sorted({place.thing.id for place in index.defined})),
    )


def _indirect(index: _Index, direct: list[Place], name: str) -> Iterator[Place]:
    """Breadth first: who names the things that name it. Each place once, by its shortest way."""
    seen = {(place.span, place.thing.id) for place in direct}
    queue: list[tuple[Thing, tuple[str, ...]]] = [
        (place.inside, (place.inside.id,)) for place in direct if place.inside is not None
    ]
    done: set[Thing] = set()
    while queue:
        thing, way = queue.pop(0)
        if thing in done or thing.id == name:
            continue
        done.add(thing)
        for place in index.naming(thing):
            if (place.span, place.thing.id) in seen:
                continue
            seen.add((place.span, place.thing.id))
            yield replace(place, through=way)
            if place.inside is not None:
                queue.append((place.inside, (*way, place.inside.id)))


def _of_packs(index: _Index, defined: list[Place]) -> Iterator[Place]:
    """For a pack: every place outside of it that names something it defines."""
    packs = {place.thing.owner for place in defined if place.thing.kind == "pack"}
    theirs = [p.thing for p in index.defined if p.thing.owner in packs and p.thing.kind != "pack"]
    for thing in dict.fromkeys(theirs):
        for place in index.naming(thing):
            if place.thing.owner not in packs:
                yield replace(place, through=(thing.id,))


def _tenants(tree: Tree, defined: list[Place]) -> Iterator[str]:
    owners = {place.thing.owner for place in defined}
    for slug, folder in sorted(tree.tenants.items()):
        tenant = next((file.data for file in folder.of("tenant") if isinstance(file.data, Map)), None)
        if slug in owners or any(
            tree.packs[name].prefix in owners for name in chosen(tenant) if name in tree.packs
        ):
            yield slug


class _Index:
    """Every definition and every reference of a tree."""

    def __init__(self, tree: Tree, schemas: Mapping[str, Schema]) -> None:
        self.defined: list[Place] = []
        self.used: list[Place] = []
        for folder in tree.folders():
            for document in folder.documents:
                place = Span(file=f"{folder.prefix}/{document}")
                thing = Thing(kind="document", id=document, owner=folder.prefix)
                self.defined.append(Place(thing=thing, span=place, path=""))
            for file in folder.files:
                self._file(folder, file, schemas[file.kind])
        for name, folder in tree.packs.items():
            thing = Thing(kind="pack", id=name, owner=folder.prefix)
            self.defined.append(Place(thing=thing, span=Span(file=folder.prefix), path=""))

    def naming(self, thing: Thing) -> Iterator[Place]:
        """The places that name a thing: those of its own folder, or of any when it belongs to a pack."""
        for place in self.used:
            same = place.thing.id == thing.id and place.thing.kind == thing.kind
            if same and (thing.owner.startswith("_") or place.thing.owner in (thing.owner, "")):
                yield place

    def _file(self, folder: Folder, file: Parsed, schema: Schema) -> None:
        here = _File(folder.prefix, file.kind, schema)
        self._walk(here, file.data, schema, _Spot((), None))

    def _walk(self, file: _File, data: Any, here: Schema, spot: _Spot) -> None:
        place = _resolved(here, file.schema)
        match data:
            case Map():
                spot = _Spot(spot.path, self._define(file, data, spot.path) or spot.inside)
                known = place.get("properties", {})
                for key, value in data.items():
                    inner = _resolved(known.get(key, {}), file.schema)
                    at = _Spot((*spot.path, key), spot.inside)
                    if isinstance(value, str):
                        self._use(file, _kind(inner, file.kind, key), value, data.value(key), at)
                    else:
                        self._walk(file, value, inner, at)
            case Seq():
                items = _resolved(place.get("items", {}), file.schema)
                for index, value in enumerate(data):
                    if isinstance(value, str):
                        self._use(file, items.get("x-convo-ref"), value, data.item(index), spot)
                    else:
                        self._walk(file, value, items, spot)
            case _:
                return

    def _define(self, file: _File, data: Map, path: tuple[str, ...]) -> Thing | None:
        kind = NAMED.get((file.kind, path[-1] if path else ""))
        key = ID_KEYS.get(kind or "", "id")
        if kind is None or not isinstance(data.get(key), str):
            return None
        thing = Thing(kind=kind, id=data[key], owner=file.owner)
        self.defined.append(Place(thing=thing, span=data.value(key), path=".".join(path)))
        return thing

    def _use(self, file: _File, kind: str | None, name: str, span: Span, spot: _Spot) -> None:
        own = spot.inside is not None and spot.inside.id == name and spot.path[-1] in OWN_KEYS
        if kind is not None and not own:
            thing = Thing(kind=SAME.get(kind, kind), id=name, owner=file.owner)
            self.used.append(Place(thing=thing, span=span, path=".".join(spot.path), inside=spot.inside))


@dataclass(frozen=True, slots=True)
class _File:
    owner: str
    kind: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class _Spot:
    """Where a walk is: the keys that led there, and the thing around it."""

    path: tuple[str, ...]
    inside: Thing | None


def _kind(inner: Schema, file_kind: str, key: str) -> str | None:
    if file_kind == "approvals" and key in APPROVER_KEYS:
        return "approver"
    named: str | None = inner.get("x-convo-ref")
    return named


def _resolved(here: Schema, root: Schema) -> Schema:
    while "$ref" in here:
        name = str(here["$ref"]).removeprefix("#/$defs/")
        here = {**root["$defs"][name], **{k: v for k, v in here.items() if k != "$ref"}}
    return here
