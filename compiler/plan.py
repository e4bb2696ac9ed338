"""Two bundles -> what changes, by id, and what each change asks of a reviewer. Pure.

Both bundles must come from the same compiler. A loosening is breaking, a tightening only behaviour; a field nobody
thought of needs approval. What merely cites a changed claim is listed as affected indirectly.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from schemas.sendtable import looser_than, rows_of

BREAKING, NEEDS_APPROVAL, BEHAVIOUR, COSMETIC = "BREAKING", "NEEDS_APPROVAL", "BEHAVIOUR", "COSMETIC"
CLASSES = (BREAKING, NEEDS_APPROVAL, BEHAVIOUR, COSMETIC)
LOOSENED, TIGHTENED = "loosened", "tightened"

# Fields by section, where a change is something other than NEEDS_APPROVAL. None: no change at all.
_FIELDS: Mapping[str, Mapping[str, str | None]] = {
    "claim": {
        "file": None,
        "line": None,
        "digest": None,  # says again that another field changed
        "approvals": COSMETIC,
        "approved": BEHAVIOUR,
        "questions": BEHAVIOUR,
        "never_say": BEHAVIOUR,
    },
    "prohibited": {"file": None, "line": None, "says": COSMETIC},
    "category": {"case": BEHAVIOUR, "sla_minutes": BEHAVIOUR},
    "connection": {"origins": BREAKING, "id": BREAKING},
    "link": {"url": BREAKING},
    "quick reply": {"title": BEHAVIOUR, "questions": BEHAVIOUR, "claims": BEHAVIOUR},
    "campaign": {"template": BEHAVIOUR},
    "persona": {"max_chars": BEHAVIOUR, "preset": BEHAVIOUR, "prompt": BEHAVIOUR, "languages": BEHAVIOUR},
    "tenant": {"accent": COSMETIC, "retention_days": BEHAVIOUR, "example": None, "organisation": BREAKING},
    "consent basis": {},
    "lines": {},
    "escalation": {},
}
# Of two numbers, which is looser: the larger (1) or the smaller (-1).
_LOOSER: Mapping[str, int] = {
    "open_minute": -1,
    "close_minute": 1,
    "proactive_per_day": 1,
    "proactive_per_30_days": 1,
    "min_gap_hours": -1,
    "strikes": 1,
    "consent_max_age_days": 1,
    "window_hours": 1,
    "spend_pence_per_day": 1,
    "spend_pence_per_contact_per_day": 1,
}
# Of a section's fields with entries: whether fewer entries (1) or more (-1) are looser.
_ENTRIES: Mapping[tuple[str, str], int] = {
    ("claim", "required_with"): 1,
    ("link", "requires"): 1,
    ("link", "answers"): 1,
    ("prohibited", "match"): 1,
    ("prohibited", "allow"): -1,
    ("category", "patterns"): 1,
    ("consent basis", "channels"): -1,
    ("consent basis", "evidence"): 1,
}
# Of a category's numbers and switches: whether more (1) or less (-1) is looser.
_CATEGORY: Mapping[str, int] = {
    "priority": 1,
    "after": 1,
    "hold": -1,
    "page": -1,
    "stops_bot": -1,
    "suppress": -1,
}
_LISTS = {
    "claims": "claim",
    "prohibited": "prohibited",
    "categories": "category",
    "links": "link",
    "connections": "connection",
    "quick_replies": "quick reply",
    "campaigns": "campaign",
}
_ADDED = {
    "link": BREAKING,
    "consent basis": BREAKING,
    "prohibited": BEHAVIOUR,
    "quick reply": BEHAVIOUR,
    "category": BEHAVIOUR,
}
# Which bases we start on is never stricter by itself: one dropped is no longer asked for, one more opens another way.
_BASIS = "consent basis"
_REMOVED = {"quick reply": BEHAVIOUR}
_GUARDING = {"prohibited", "category"}  # one more makes a tenant stricter, one fewer looser


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One change. `what`: added, removed, a field's name, or `through <claim>`; `direction` where one is looser."""

    klass: str
    kind: str
    id: str
    what: str
    before: Any = None
    after: Any = None
    direction: str | None = None
    indirect: bool = False


def plan(base: bytes | None, head: bytes) -> tuple[Change, ...]:
    """Every change from `base` (None: there was nothing) to `head`, the gravest first."""
    before: dict[str, Any] = json.loads(base) if base is not None else {}
    after: dict[str, Any] = json.loads(head)
    direct = list(_direct(before, after)) if before else list(_everything(after))
    found = [*direct, *_indirect(after, {c.id for c in direct if c.kind == "claim" and c.klass != COSMETIC})]
    return tuple(sorted(found, key=lambda c: (CLASSES.index(c.klass), c.indirect, c.kind, c.id, c.what)))


def gravest(changes: Sequence[Change]) -> str | None:
    """The class of the whole plan, or None when nothing changes."""
    return min((c.klass for c in changes), key=CLASSES.index, default=None)


def _everything(after: Mapping[str, Any]) -> Iterator[Change]:
    yield Change(klass=NEEDS_APPROVAL, kind="tenant", id=after["tenant"]["slug"], what="added")
    for section, kind in _LISTS.items():
        for item in after[section]:
            yield Change(klass=_ADDED.get(kind, NEEDS_APPROVAL), kind=kind, id=item["id"], what="added")


def _direct(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for section, kind in _LISTS.items():
        yield from _items(kind, _by_id(before[section]), _by_id(after[section]))
    for kind in ("persona", "tenant", "lines", "escalation"):
        yield from _fields(kind, after["tenant"]["slug"], before[kind], after[kind])
    # A bundle of an older compiler has none: then each counts as added.
    bases = [_by_id(bundle.get("consent_bases", ())) for bundle in (before, after)]
    yield from _items(_BASIS, *bases)
    yield from _policy(before["policy"], after["policy"])
    yield from _words("guardrail", before["guardrails"], after["guardrails"])
    yield from _words("hand-off word", before["handoff_words"], after["handoff_words"])
    for language in sorted({*before["opt_out"], *after["opt_out"]}):
        yield from _opt_out(language, before["opt_out"].get(language, {}), after["opt_out"].get(language, {}))
    yield from _send_table(before["send_table"], after["send_table"])


def _by_id(items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    return {item["id"]: item for item in items}


def _items(
    kind: str, before: Mapping[str, Mapping[str, Any]], after: Mapping[str, Mapping[str, Any]]
) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        if name not in before:
            klass = _ADDED.get(kind, NEEDS_APPROVAL)
            direction = LOOSENED if kind == _BASIS else TIGHTENED if kind in _GUARDING else None
            yield Change(
                klass=klass, kind=kind, id=name, what="added", after=after[name], direction=direction
            )
        elif name not in after:
            klass = _REMOVED.get(kind, BREAKING)
            direction = LOOSENED if kind in _GUARDING or kind == _BASIS else None
            yield Change(
                klass=klass, kind=kind, id=name, what="removed", before=before[name], direction=direction
            )
        else:
            yield from _fields(kind, name, before[name], after[name])


def _fields(kind: str, name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        klass = _FIELDS[kind].get(key, NEEDS_APPROVAL)
        if old == new or klass is None:
            continue
        if (kind, key) in _ENTRIES:
            yield from _entries(kind, name, key, _named(old), _named(new))
            continue
        direction = None
        if kind == "category" and key in _CATEGORY and isinstance(old, int) and isinstance(new, int):
            direction = LOOSENED if (new - old) * _CATEGORY[key] > 0 else TIGHTENED
        klass = BREAKING if direction == LOOSENED else klass
        yield Change(klass=klass, kind=kind, id=name, what=key, before=old, after=new, direction=direction)


def _named(entries: Any) -> dict[str, Any]:
    """The entries of a field by what each is called: its id, its key, or itself."""
    if isinstance(entries, Mapping):
        return dict(entries)
    return {e["id"] if isinstance(e, Mapping) else e: e for e in entries or ()}


def _entries(
    kind: str, name: str, key: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> Iterator[Change]:
    """Entry by entry: fewer or more of them is looser; one that was only altered has to be looked at."""
    fewer_is_looser = _ENTRIES[kind, key] > 0
    for entry in sorted({*before, *after}):
        old, new = before.get(entry), after.get(entry)
        if old == new:
            continue
        klass, direction, what = NEEDS_APPROVAL, None, f"{key} {entry}"
        if old is None or new is None:
            looser = (new is None) == fewer_is_looser
            klass, direction = (BREAKING, LOOSENED) if looser else (NEEDS_APPROVAL, TIGHTENED)
            what = f"{key} {entry} {'removed' if new is None else 'added'}"
        yield Change(klass=klass, kind=kind, id=name, what=what, before=old, after=new, direction=direction)


def _policy(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in sorted({*before, *after}):
        old, new = before.get(key), after.get(key)
        if old == new:
            continue
        if key == "prices":
            yield from _prices(old or {}, new or {})
            continue
        if key in _LOOSER and isinstance(old, int) and isinstance(new, int):
            looser = (new - old) * _LOOSER[key] > 0
        elif isinstance(old, list) and isinstance(new, list):
            looser = not set(old) <= set(new)  # a quiet day fewer
        else:
            looser = True
        yield _directed("policy", key, key, old, new, looser=looser)


def _prices(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    """What costs less uses less of the day's money, so more goes out; what has no price counts as the dearest."""
    for channel in sorted({*before, *after}):
        old, new = before.get(channel, {}), after.get(channel, {})
        for send_class in sorted({*old, *new}):
            was, now = old.get(send_class), new.get(send_class)
            if was != now:
                looser = was is None or (now is not None and now < was)
                yield _directed("policy", "prices", f"{channel} {send_class}", was, now, looser=looser)


def _directed(kind: str, name: str, what: str, before: Any, after: Any, *, looser: bool) -> Change:
    klass, direction = (BREAKING, LOOSENED) if looser else (BEHAVIOUR, TIGHTENED)
    return Change(klass=klass, kind=kind, id=name, what=what, before=before, after=after, direction=direction)


def _words(
    kind: str, before: Sequence[str], after: Sequence[str], *, fewer_is_looser: bool = True
) -> Iterator[Change]:
    for word in sorted(set(before) - set(after)):
        yield _directed(kind, word, "removed", word, None, looser=fewer_is_looser)
    for word in sorted(set(after) - set(before)):
        yield _directed(kind, word, "added", None, word, looser=not fewer_is_looser)


def _opt_out(language: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for key in ("exact", "contains", "stop_all"):
        yield from _words(f"opt-out {key} ({language})", before.get(key, ()), after.get(key, ()))
    harmless = f"opt-out unless ({language})"
    yield from _words(harmless, before.get("unless", ()), after.get("unless", ()), fewer_is_looser=False)


def _send_table(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> Iterator[Change]:
    if before == after:
        return
    old, new = rows_of(before), rows_of(after)
    for looser, rows in ((True, looser_than(new, old)), (False, looser_than(old, new))):
        for row in rows:
            cell = f"{row.state}/{row.send_class}/{row.channel}"
            yield _directed("send table", cell, row.effect, None, None, looser=looser)


def _indirect(after: Mapping[str, Any], changed: set[str]) -> Iterator[Change]:
    """What cites a changed claim without having changed itself."""
    for kind, name, cited in _citations(after):
        for claim in cited:
            if claim in changed and not (kind == "claim" and name in changed):
                yield Change(klass=BEHAVIOUR, kind=kind, id=name, what=f"through {claim}", indirect=True)


def _citations(after: Mapping[str, Any]) -> Iterator[tuple[str, str, Sequence[str]]]:
    for claim in after["claims"]:
        yield "claim", claim["id"], claim["required_with"]
    for link in after["links"]:
        yield "link", link["id"], [link["claim"], *link["requires"], *link["answers"]]
    for section in ("quick_replies", "campaigns"):
        for item in after[section]:
            yield _LISTS[section], item["id"], item["claims"]
    for category in after["categories"]:
        yield "category", category["id"], [category["reply"]]
    yield "persona", "opening", after["persona"]["opening"]
    for purpose, claim in after["lines"].items():
        yield "lines", purpose, [claim]
