"""What a tenant's neighbours may ask of it: a small record of facts, so that ten thousand tenants need not all be in memory.

Rules that compare tenants look at these records and at nothing else, which is also what makes a tenant's other findings
its own, and worth keeping in a cache.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from compiler.diagnostics import Span
from compiler.source.model import Connection, Link, Source


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionFact:
    """A connection as others see it. `spans`: where its id and its address stand."""

    id: str
    owner: str
    channel: str
    stage: str
    address: str
    spans: Mapping[str, Span]

    @property
    def number(self) -> tuple[str, str, str] | None:
        """What no other connection may be behind; a web chat's address is only a name."""
        return (self.stage, self.channel, self.address) if self.channel != "webchat" else None


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkFact:
    """A link as others see it: its tracking reference, and where that stands."""

    id: str
    owner: str
    tracking_ref: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """One tenant's."""

    slug: str
    connections: tuple[ConnectionFact, ...]
    links: tuple[LinkFact, ...]


def facts_of(source: Source) -> Facts:
    return Facts(
        slug=source.slug,
        connections=tuple(_connection(c) for c in source.connections),
        links=tuple(_link(each) for each in source.links),
    )


@dataclass(slots=True)
class Neighbours:
    """The facts of the tenants that come earlier in the order of their names: of two at fault the later is told."""

    ids: dict[str, ConnectionFact] = field(default_factory=dict)
    numbers: dict[tuple[str, str, str], ConnectionFact] = field(default_factory=dict)
    tracking: dict[str, LinkFact] = field(default_factory=dict)

    def add(self, connection: ConnectionFact) -> None:
        """The first to have an id or a number keeps it."""
        self.ids.setdefault(connection.id, connection)
        if connection.number is not None:
            self.numbers.setdefault(connection.number, connection)

    def clash(self, facts: Facts) -> bool:
        """Whether the rules that compare tenants can have anything to say."""
        own = Neighbours()
        for connection in facts.connections:
            for held in (self, own):
                if connection.id in held.ids or connection.number in held.numbers:
                    return True
            own.add(connection)
        return any(link.tracking_ref in self.tracking or own.first(link) is not link for link in facts.links)

    def take(self, facts: Facts) -> None:
        """Everything of one tenant, once it has been compared with those before it."""
        for connection in facts.connections:
            self.add(connection)
        for link in facts.links:
            self.first(link)

    def first(self, link: LinkFact) -> LinkFact:
        """The first link with this one's tracking reference, which is this one when there is no other."""
        return self.tracking.setdefault(link.tracking_ref, link)


def _connection(found: Connection) -> ConnectionFact:
    return ConnectionFact(
        id=found.id,
        owner=found.owner,
        channel=found.channel,
        stage=found.stage,
        address=found.address,
        spans={key: found.span(key) for key in ("id", "address")},
    )


def _link(found: Link) -> LinkFact:
    return LinkFact(
        id=found.id, owner=found.owner, tracking_ref=found.tracking_ref, span=found.span("tracking_ref")
    )
