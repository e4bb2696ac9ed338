"""What changes beside the bundle: evidence for going live, waivers, drills and approvals of scripts. Pure.

No customer notices any of it by itself, but a plan that kept silent about it would say that nothing changes.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from compiler.plan.change import ADDED, BEHAVIOUR, CHANGED, COSMETIC, REMOVED, Change, Place
from compiler.source.model import Source
from compiler.source.tree import Map, Seq

# By kind of file: the rule, its class, what an entry is called and the fields by which one is known.
_FILES: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "golive": ("EVIDENCE_CHANGED", BEHAVIOUR, "evidence", ("item", "signed_by")),
    "waivers": ("WAIVERS_CHANGED", BEHAVIOUR, "waiver", ("rule", "subject", "digest")),
    "drills": ("DRILLS_CHANGED", COSMETIC, "drill", ("id",)),
    "approvals": ("SCRIPT_APPROVAL_CHANGED", BEHAVIOUR, "approval", ("script", "by")),
}
RULES_BESIDE = tuple(rule for rule, *_ in _FILES.values())


def beside(before: Source | None, after: Source | None) -> Iterator[Change]:
    """Every entry of these files that came, went or is another. Approvals of claims are in the bundle already."""
    for kind, (rule, klass, called, fields) in _FILES.items():
        old, new = _entries(before, kind, fields), _entries(after, kind, fields)
        for name in sorted({*old, *new}):
            was, now = old.get(name), new.get(name)
            if was == now:
                continue
            op = ADDED if was is None else REMOVED if now is None else CHANGED
            yield Change(
                klass=klass,
                rule=rule,
                kind=called,
                id=name,
                what=op,
                op=op,
                before=_told(was),
                after=_told(now),
                pointer=f"{kind}/*",
                place=_place(now),
                base_place=_place(was),
            )


def _entries(source: Source | None, kind: str, fields: tuple[str, ...]) -> dict[str, Map]:
    found: dict[str, Map] = {}
    for file in source.folder.of(kind) if source is not None else ():
        for item in file.data if isinstance(file.data, Seq) else ():
            if isinstance(item, Map) and not (kind == "approvals" and "script" not in item):
                name = " ".join(str(item[field]) for field in fields if field in item)
                while name in found:  # two of one name are both told
                    name += " again"
                found[name] = item
    return found


def _told(entry: Map | None) -> Any:
    """As text; without what only machines read."""
    if entry is None:
        return None
    return "; ".join(
        f"{key}: {value}" for key, value in entry.items() if key not in ("key", "signature", "text")
    )


def _place(entry: Map | None) -> Place | None:
    return Place(file=entry.file, line=entry.at().line) if entry is not None else None
