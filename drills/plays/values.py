"""What a play is made of: people, their lines, what must come of each, and the variants in which the world is different."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

World = Literal["plain", "models_down", "budget_tripped"]
Script = Literal["", "race", "silence", "silence_then_back", "clocks_forward", "clocks_back"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expectation:
    """One check by its name, with what it is given."""

    check: str
    given: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is written at one moment: one message, or several at once. `media` is a kind of message without words.

    `deliveries`: how often the provider hands over the same message. `afterwards`: `human_back`, a colleague takes the
    conversation, and gives it back.
    """

    said: tuple[str, ...]
    media: str = ""
    times: int = 1
    deliveries: int = 1
    afterwards: str = ""
    expect: tuple[Expectation, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One conversation as it is played. `at` is local, as hh:mm; empty: in office hours."""

    id: str
    person: str
    at: str
    world: World
    script: Script
    lines: tuple[Line, ...]
    must: tuple[Expectation, ...]
