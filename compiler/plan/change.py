"""One change of a plan as a value: what it is, how grave, which way it goes, where it stands and what covers it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from schemas.bundle import canonical

BREAKING, NEEDS_APPROVAL, BEHAVIOUR, COSMETIC = "BREAKING", "NEEDS_APPROVAL", "BEHAVIOUR", "COSMETIC"
CLASSES = (BREAKING, NEEDS_APPROVAL, BEHAVIOUR, COSMETIC)
LOOSENED, TIGHTENED = "loosened", "tightened"
ADDED, REMOVED, CHANGED, RENAMED = "added", "removed", "changed", "renamed"
CHANGE_DOMAIN = b"convo.change/v1\0"


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A line of a file of the tenants folder, counted from 1; 0 is the file as a whole."""

    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `what`: added, removed, renamed, `through <claim>`, or the property in words.

    `pointer` is the property in the schemas, `ids` name the items its stars stand for. `covered` says who let it through:
    empty where nobody did or nobody needs to.
    """

    klass: str
    rule: str
    kind: str
    id: str
    what: str
    op: str = CHANGED
    before: Any = None
    after: Any = None
    direction: str | None = None
    indirect: bool = False
    pointer: str = ""
    ids: tuple[str, ...] = ()
    place: Place | None = None
    base_place: Place | None = None
    covered: str = ""

    @property
    def subject(self) -> str:
        """What it is about, as waivers name it."""
        return f"{self.kind} {self.id}"[:160]

    @property
    def open(self) -> bool:
        """Whether somebody still has to let it through."""
        return self.klass in (BREAKING, NEEDS_APPROVAL) and not self.covered

    @property
    def order(self) -> tuple[int, bool, str, str, str]:
        """The gravest first, then what is direct, then by name."""
        return (CLASSES.index(self.klass), self.indirect, self.kind, self.id, self.what)


def change_digest(tenant: str, change: Change) -> str:
    """`sha256:<hex>` of exactly this change of this tenant: what a waiver is bound to."""
    covered = {
        "tenant": tenant,
        "rule": change.rule,
        "subject": change.subject,
        "what": change.what,
        "before": change.before,
        "after": change.after,
    }
    return "sha256:" + hashlib.sha256(CHANGE_DOMAIN + canonical(covered)).hexdigest()
