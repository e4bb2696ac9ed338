"""What was found on disk, before anybody asks what it means: folders of parsed files, each with its own faults."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from compiler.diagnostics import Diagnostic, Span


@dataclass(frozen=True, slots=True)
class Doubtful:
    """A bare word with two readings, and the JSON path where it stands."""

    path: tuple[str | int, ...]
    text: str
    span: Span


@dataclass(slots=True)
class Parsed:
    """One file. `data` is None when it cannot be read; `bad` are the top-level items (or None: all) with faults.

    `checked`: a file with this very text was found to keep to the schema.
    """

    file: str
    kind: str
    text: str = ""
    data: Any = None
    doubtful: list[Doubtful] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    bad: set[int | None] = field(default_factory=set)
    checked: bool = False

    @property
    def whole(self) -> bool:
        """Nothing is wrong with it so far."""
        return self.data is not None and not any(d.is_error for d in self.diagnostics)


@dataclass(slots=True)
class Folder:
    """A tenant's, a pack's or the organisations' folder. `documents` maps a path to the sha256 of its bytes.

    `digest` is the sha256 of all that was found in it, names and bytes; empty when something could not be read.
    """

    prefix: str
    files: list[Parsed] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    missing: set[str] = field(default_factory=set)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    digest: str = ""

    def of(self, kind: str) -> Iterator[Parsed]:
        return (file for file in self.files if file.kind == kind)

    def broken(self) -> set[str]:
        """Kinds of which something is missing or faulty: a rule that needs one whole stays silent."""
        return self.missing | {file.kind for file in self.files if not file.whole}

    def faults(self) -> Iterator[Diagnostic]:
        yield from self.diagnostics
        for file in self.files:
            yield from file.diagnostics


@dataclass(slots=True)
class Tree:
    """A whole tenants folder."""

    tenants: dict[str, Folder] = field(default_factory=dict)
    packs: dict[str, Folder] = field(default_factory=dict)
    organisations: Folder = field(default_factory=lambda: Folder("_organisations"))
    diagnostics: list[Diagnostic] = field(default_factory=list)

    def folders(self) -> Iterator[Folder]:
        yield from self.tenants.values()
        yield from self.packs.values()
        yield self.organisations
