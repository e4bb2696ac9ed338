"""Parsed files -> typed values: one Source per tenant, from whatever could be read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from compiler.source.files import Folder, Parsed, Tree
from compiler.source.model import (
    PROHIBITED,
    Category,
    Claim,
    Connection,
    Duty,
    Link,
    Pack,
    Packs,
    Pattern,
    Source,
    texts_of,
)
from compiler.source.tree import Map, Seq

ALWAYS = "all"  # the pack every tenant takes
DEFAULT_LANGUAGE = "en-GB"
SECTIONS = ("tenant", "persona", "consent", "caps", "destinations", "channels", "guardrails", "journeys")
PACK_SECTIONS = ("pack", "consent", "calendar")
T = TypeVar("T")


def read(tree: Tree) -> dict[str, Source]:
    """Every tenant's Source by slug. Cross-references may still dangle; the link pass says so."""
    shared = read_shared(tree)
    return {slug: read_tenant(slug, folder, shared) for slug, folder in tree.tenants.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """What several tenants read: the packs by id and the organisations by slug."""

    packs: Mapping[str, Pack]
    groups: Mapping[str, Map]
    together: dict[tuple[str, ...], Packs] = field(default_factory=dict)

    def taken(self, names: tuple[str, ...]) -> Packs:
        """Those of these packs that there are, the very same for every tenant that takes them."""
        if names not in self.together:
            self.together[names] = Packs(self.packs[name] for name in names if name in self.packs)
        return self.together[names]


def read_shared(tree: Tree) -> Shared:
    """The packs and organisations, from whatever of them could be read."""
    return Shared(
        packs={name: _pack(name, folder) for name, folder in tree.packs.items()},
        groups={
            f.data["slug"]: f.data
            for f in tree.organisations.of("organisation")
            if isinstance(f.data, Map) and f.whole
        },
    )


def demanding(shared: Shared) -> tuple[Pack, ...]:
    """The packs that are obligatory for somebody."""
    return tuple(
        pack for _, pack in sorted(shared.packs.items()) if "required_for" in pack.sections.get("pack", {})
    )


def chosen(tenant: Map | None) -> tuple[str, ...]:
    """The packs a tenant takes: `all`, then the ones it names."""
    named = tenant.get("packs", ()) if tenant is not None else ()
    return tuple(dict.fromkeys([ALWAYS, *(p for p in named if isinstance(p, str))]))


def items(parsed: Parsed) -> Iterator[tuple[int, Map]]:
    """The items of a list file that the schema accepted."""
    if isinstance(parsed.data, Seq) and None not in parsed.bad:
        for index, item in enumerate(parsed.data):
            if index not in parsed.bad and isinstance(item, Map):
                yield index, item


def _section(folder: Folder, kind: str) -> Map | None:
    return next((f.data for f in folder.of(kind) if isinstance(f.data, Map) and not f.bad), None)


def _sections(folder: Folder, kinds: tuple[str, ...]) -> dict[str, Map]:
    found = {kind: _section(folder, kind) for kind in kinds}
    return {kind: data for kind, data in found.items() if data is not None}


def _pack(name: str, folder: Folder) -> Pack:
    owner = folder.prefix
    sections = _sections(folder, PACK_SECTIONS)
    return Pack(
        id=name,
        folder=folder,
        sections=sections,
        claims=tuple(_all(folder, "claims", lambda raw: _claim(raw, owner, DEFAULT_LANGUAGE))),
        duties=tuple(_duty(raw, owner) for raw in _list(sections, "pack", "duties")),
        categories=tuple(_all(folder, "signals", lambda raw: _category(raw, owner))),
        optouts=tuple(f.data for f in folder.of("optout") if isinstance(f.data, Map) and not f.bad),
        checklist=tuple(_all(folder, "checklist", lambda raw: raw)),
    )


def read_tenant(slug: str, folder: Folder, shared: Shared) -> Source:
    """One tenant's Source."""
    sections = _sections(folder, SECTIONS)
    tenant = sections.get("tenant")
    taken = shared.taken(chosen(tenant))
    language = tenant["language"] if tenant is not None else DEFAULT_LANGUAGE
    broken = folder.broken()
    for pack in taken:
        broken |= pack.folder.broken()
    own = _all(folder, "claims", lambda raw: _claim(raw, slug, language))
    claims = [claim for pack in taken for claim in pack.claims] + list(own)
    return Source(
        slug=slug,
        folder=folder,
        sections=sections,
        packs=taken,
        claims={claim.id: claim for claim in reversed(claims)},  # of two, the first: the pack's
        links=tuple(_link(raw, slug) for raw in _list(sections, "destinations", "links")),
        connections=tuple(_connection(raw, slug) for raw in _list(sections, "channels", "connections")),
        categories=tuple(_category(raw, slug) for raw in _list(sections, "guardrails", "categories")),
        approvals=tuple(_all(folder, "approvals", lambda raw: raw)),
        evidence=tuple(_all(folder, "golive", lambda raw: raw)),
        waivers=tuple(_all(folder, "waivers", lambda raw: raw)),
        documents=folder.documents,
        organisation=shared.groups.get(tenant["organisation"]) if tenant is not None else None,
        others=tuple(pack for pack in demanding(shared) if pack not in taken),
        broken=frozenset(broken),
    )


def _all(folder: Folder, kind: str, make: Callable[[Map], T]) -> Iterator[T]:
    for parsed in folder.of(kind):
        for _, raw in items(parsed):
            yield make(raw)


def _list(sections: Mapping[str, Map], kind: str, key: str) -> tuple[Map, ...]:
    held: Any = sections[kind].get(key) if kind in sections else None
    return tuple(held or ())


def _strings(raw: Map, key: str) -> tuple[str, ...]:
    return tuple(raw.get(key, ()))


def _claim(raw: Map, owner: str, language: str) -> Claim:
    kind = raw["kind"]
    return Claim(
        id=raw["id"],
        raw=raw,
        owner=owner,
        kind=kind,
        texts={} if kind == PROHIBITED else texts_of(raw, language),
        when=raw.get("when", ""),
        slots=_strings(raw, "slots"),
        required_with=_strings(raw, "required_with"),
        covers=_strings(raw, "covers"),
        channels=_strings(raw, "channels"),
        audience=_strings(raw, "audience"),
        match=_strings(raw, "match"),
        allow=_strings(raw, "allow"),
        effective=raw["effective"],
        expires=raw.get("expires"),
        review_by=raw.get("review_by"),
    )


def _link(raw: Map, owner: str) -> Link:
    return Link(
        id=raw["id"],
        raw=raw,
        owner=owner,
        url=raw["url"],
        claim=raw["claim"],
        slot=raw["slot"],
        tracking_ref=raw["tracking_ref"],
        requires=_strings(raw, "requires"),
        answers=tuple(raw["answers"]),
    )


def _connection(raw: Map, owner: str) -> Connection:
    return Connection(
        id=raw["id"],
        raw=raw,
        owner=owner,
        channel=raw["channel"],
        stage=raw["stage"],
        address=raw["address"],
        outreach=raw["outreach"],
    )


def _category(raw: Map, owner: str) -> Category:
    patterns = tuple(_pattern(p, owner) for p in raw.get("patterns", ()))
    return Category(id=raw["id"], raw=raw, owner=owner, reply=raw.get("reply"), patterns=patterns)


def _pattern(raw: Map, owner: str) -> Pattern:
    examples: Any = raw["examples"]
    return Pattern(
        id=raw["id"],
        raw=raw,
        owner=owner,
        match=raw["match"],
        lang=raw.get("lang", "any"),
        unless=_strings(raw, "unless"),
        hits=_strings(examples, "hits"),
        misses=_strings(examples, "misses"),
    )


def _duty(raw: Map, owner: str) -> Duty:
    return Duty(id=raw["id"], raw=raw, owner=owner, says=raw["says"], when=raw["when"])
