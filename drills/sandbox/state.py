"""What the 360dialog-shaped server knows: its numbers, its fictional customers, and every line on their phones."""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from runtime.ports import Clock

Fault = Literal["timeout", "429", "500", "duplicate"]
FAULTS: tuple[Fault, ...] = ("timeout", "429", "500", "duplicate")
Status = Literal["waiting", "sent", "delivered", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A fictional customer. `phone`: digits with country code, from the range kept for drama."""

    name: str
    phone: str

    @property
    def shown(self) -> str:
        """As it is written in Britain."""
        local = "0" + self.phone.removeprefix("44")
        return f"{local[:5]} {local[5:]}"


PEOPLE: tuple[Person, ...] = (
    Person(name="Sam Example", phone="447700900123"),
    Person(name="Alex Sample", phone="447700900145"),
    Person(name="Jo Specimen", phone="447700900167"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One business number. `webhook` is where its events go, with `header: secret`; both can be set by the API later."""

    connection: str
    label: str
    number: str
    phone_number_id: str
    api_key: str
    secret: str
    webhook: str = ""
    header: str = "X-Convo-Secret"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """All that `build` needs. `shifted`: the clock is not today's, so the pages show it."""

    numbers: tuple[Number, ...]
    clock: Clock
    people: tuple[Person, ...] = PEOPLE
    shifted: bool = False


@dataclass(slots=True)
class Line:
    """One bubble on a phone. `ours`: sent by the firm. `key`: the firm's own reference, echoed in statuses."""

    id: str
    ours: bool
    text: str
    at: datetime
    status: Status
    options: tuple[str, ...] = ()
    key: str | None = None
    kind: str = "text"
    read_reported: bool = False


@dataclass(slots=True)
class Hook:
    """Where the events of a number go now."""

    url: str
    headers: dict[str, str]


@dataclass(slots=True)
class State:
    """Everything in memory. Changing it goes through `touch`, which wakes the open pages."""

    options: Options
    hooks: dict[str, Hook] = field(default_factory=dict)
    talks: dict[tuple[str, str], list[Line]] = field(default_factory=dict)
    faults: dict[str, Fault] = field(default_factory=dict)
    watching: dict[tuple[str, str], int] = field(default_factory=dict)
    generation: int = 0
    _moved: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        for number in self.options.numbers:
            self.hooks[number.connection] = Hook(url=number.webhook, headers={number.header: number.secret})

    def number(self, connection: str) -> Number | None:
        return next((n for n in self.options.numbers if n.connection == connection), None)

    def number_of_key(self, api_key: str) -> Number | None:
        """One key per number, as with the real one."""
        given = api_key.encode()
        return next(
            (n for n in self.options.numbers if secrets.compare_digest(n.api_key.encode(), given)), None
        )

    def person(self, phone: str) -> Person:
        """The customer; a number nobody described is a person without a name."""
        known = next((p for p in self.options.people if p.phone == phone), None)
        return known or Person(name="Somebody", phone=phone)

    def talk(self, connection: str, phone: str) -> list[Line]:
        return self.talks.setdefault((connection, phone), [])

    def take_fault(self, connection: str, *kinds: Fault) -> Fault | None:
        """The fault that was asked for, if it is one of these; it happens once."""
        fault = self.faults.get(connection)
        if fault is None or fault not in kinds:
            return None
        del self.faults[connection]
        self.touch()
        return fault

    def touch(self) -> None:
        """Something changed: open pages look again."""
        self.generation += 1
        moved, self._moved = self._moved, asyncio.Event()
        moved.set()

    async def changed(self, seen: int, timeout_s: float) -> int:
        """The newest generation as soon as it is not `seen`, or the same one after `timeout_s`."""
        if self.generation == seen:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._moved.wait(), timeout_s)
        return self.generation


def new_id() -> str:
    """A message id that looks like WhatsApp's."""
    return "wamid.EXAMPLE" + secrets.token_hex(12).upper()
