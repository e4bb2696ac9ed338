"""The typed values the rules and the builder read: claims, packs, links, connections, and a whole tenant's `Source`.

Each keeps the `Map` it was read from (`raw`), so that a rule can point at the very word it objects to. Only items the
schema accepted become values; ids that could be read are known all the same, so that one fault does not cause ten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from compiler.diagnostics import Span
from compiler.source.files import Folder
from compiler.source.once import once
from compiler.source.tree import Map, Seq

PROHIBITED = "prohibited"
VARIANTS = {"says": "full", "short": "short", "answer": "answer"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """Anything with an id and a place."""

    id: str
    raw: Map
    owner: str  # the folder: `dave` or `_packs/all`

    def span(self, key: str = "id") -> Span:
        """Where the value of `key` stands, or the item itself when it has no such key."""
        return self.raw.value(key) if key in self.raw else self.raw.at()

    def within(self, key: str, index: int) -> Span:
        """Where one item of the list under `key` stands."""
        held = self.raw.get(key)
        return held.item(index) if isinstance(held, Seq) else self.span(key)


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim(Item):
    """An entry of a register. `texts[language][variant]`; a prohibited entry has no texts but `match`."""

    kind: str
    texts: Mapping[str, Mapping[str, str]]
    when: str
    slots: tuple[str, ...]
    required_with: tuple[str, ...]
    covers: tuple[str, ...]
    channels: tuple[str, ...]
    audience: tuple[str, ...]
    match: tuple[str, ...]
    allow: tuple[str, ...]
    effective: str
    expires: str | None
    review_by: str | None
    kept: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link(Item):
    url: str
    claim: str
    slot: str
    tracking_ref: str
    requires: tuple[str, ...]
    answers: tuple[Map, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection(Item):
    channel: str
    stage: str
    address: str
    outreach: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern(Item):
    match: str
    lang: str
    unless: tuple[str, ...]
    hits: tuple[str, ...]
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Category(Item):
    """A signal of a pack, or (in a tenant's guardrails.yaml) what the tenant adds to one."""

    reply: str | None
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Duty(Item):
    says: str
    when: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A pack's files. `sections` are its pack.yaml, consent.yaml and calendar.yaml where they could be read."""

    id: str
    folder: Folder
    sections: Mapping[str, Map]
    claims: tuple[Claim, ...]
    duties: tuple[Duty, ...]
    categories: tuple[Category, ...]
    optouts: tuple[Map, ...]
    checklist: tuple[Map, ...]


class Packs(tuple[Pack, ...]):
    """The packs some tenants take together, `all` first: what follows from them alone is kept here."""

    kept: dict[Any, Any]

    def __new__(cls, packs: Iterable[Pack] = ()) -> Packs:
        made = super().__new__(cls, packs)
        made.kept = {}
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One tenant with its packs (`all` first). `sections`: its single-document files by kind, where they could be read.

    `broken` are the kinds of file with faults, its own or its packs': a rule that needs one whole does not run.
    """

    slug: str
    folder: Folder
    sections: Mapping[str, Map]
    packs: tuple[Pack, ...]
    claims: Mapping[str, Claim]
    links: tuple[Link, ...]
    connections: tuple[Connection, ...]
    categories: tuple[Category, ...]
    approvals: tuple[Map, ...]
    evidence: tuple[Map, ...]  # golive.yaml
    waivers: tuple[Map, ...]
    documents: Mapping[str, str]
    organisation: Map | None
    others: tuple[Pack, ...]  # packs the tenant does not take that are obligatory for somebody
    broken: frozenset[str]
    kept: dict[Any, Any] = field(default_factory=dict, init=False, compare=False, repr=False)

    @property
    def language(self) -> str:
        return str(self.sections["tenant"]["language"]) if "tenant" in self.sections else "en-GB"

    def fills(self) -> dict[str, str]:
        """What each `tenant.*` slot is filled with. An address is written once, in destinations.yaml, and fills its slot."""
        values: Any = self.sections["tenant"]["values"] if "tenant" in self.sections else {}
        return {
            **{f"tenant.{name}": str(value) for name, value in values.items()},
            **{link.slot: link.url for link in self.links},
        }

    @once
    def spoken(self) -> tuple[Claim, ...]:
        """Claims that may be said: all but the prohibited entries, by id."""
        return tuple(c for _, c in sorted(self.claims.items()) if c.kind != PROHIBITED)

    @once
    def prohibited(self) -> tuple[Claim, ...]:
        return tuple(c for _, c in sorted(self.claims.items()) if c.kind == PROHIBITED)

    def file(self, kind: str) -> Span:
        """The file of a kind as a whole, for what is missing in it."""
        return Span(file=f"{self.folder.prefix}/{kind}.yaml")


def texts_of(raw: Mapping[str, Any], language: str) -> dict[str, dict[str, str]]:
    """`{language: {variant: text}}` of a claim, its own language first."""
    return {language: _variants(raw)} | {t["language"]: _variants(t) for t in raw.get("translations", ())}


def _variants(raw: Mapping[str, Any]) -> dict[str, str]:
    return {name: tidy(raw[key]) for key, name in VARIANTS.items() if key in raw}


def tidy(text: str) -> str:
    """A folded text without the line end YAML leaves on it."""
    return text.strip()
