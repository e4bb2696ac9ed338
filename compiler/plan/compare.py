"""Two bundles' documents -> every change of every field, by id, as the schemas class it. Pure.

Both must come from the same compiler. What follows from a change, who let it through and where it stands is found later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from compiler.plan.change import (
    ADDED,
    BREAKING,
    CHANGED,
    NEEDS_APPROVAL,
    REMOVED,
    RENAMED,
    Change,
)
from compiler.plan.fields import (
    DERIVED,
    KEYED,
    OWN,
    OWN_CLASS,
    Verdict,
    directed,
    judge,
    judge_entry,
    judge_order,
    pointer_of,
)
from compiler.plan.renames import Renames
from compiler.plan.rules import SAFETY, rule_of
from compiler.source.strictest import WEEKDAYS, minutes
from schemas.sendtable import looser_than, rows_of

Document = Mapping[str, Any]

# What readers call an item, or a section, of a bundle.
KINDS: Mapping[str, str] = {
    "claims": "claim",
    "prohibited": "prohibited",
    "categories": "category",
    "links": "link",
    "connections": "connection",
    "quick_replies": "quick reply",
    "campaigns": "campaign",
    "consent_bases": "consent basis",
    "guardrails": "guardrail",
    "handoff_words": "hand-off word",
    "opt_out": "opt-out words",
    "ask_flows": "ask flow",
    "follow_ups": "follow-up",
    "approvers": "approver",
    "review_keys": "review key",
    "processors": "processor",
    "duties": "duty",
    "checklist": "go-live item",
    "packs": "pack",
    "sources": "source",
    "domains": "domain",
    "activation": "activation",
    "appointments": "appointments",
    "lead_score": "lead score",
    "perimeter": "perimeter",
    "organisation": "organisation",
    "consent": "consent rules",
    "voice": "voice",
    "models": "models",
    "residency": "residency",
    "more": "property",
    "record": "tenant",
    "limits": "limit",
}
SEND_TABLE = "send_table"
FLOORS = "record/packs"
_EACH_ITS_OWN = ("policy", "limits")  # sections of which every field is a subject by itself
_GUARDING = (
    "prohibited",
    "categories",
    "record/checklist",
    "record/packs/*/fee_caps/bands",
)  # one entry more is stricter, one fewer looser


@dataclass(frozen=True, slots=True, kw_only=True)
class _At:
    """Where in both documents we are: the bundle's path, the schema's pointer, the item, and the words in between."""

    path: str
    pointer: str
    kind: str
    id: str
    words: tuple[str, ...] = ()
    ids: tuple[str, ...] = ()
    urgent: bool = False  # about a signal that somebody needs a human now

    def under(self, key: str) -> _At:
        path = f"{self.path}/{key}"
        there = replace(self, path=path, pointer=pointer_of(path, self.pointer), words=(*self.words, key))
        if name := _own_kind(path):
            return replace(there, kind=name, words=())
        return replace(there, id=key, words=()) if self.path in _EACH_ITS_OWN else there

    def item(self, name: str, *, keyed: bool = False, urgent: bool = False) -> _At:
        """One item of the list we are at; those of a list with a kind of its own are what changes are about."""
        path = f"{self.path}/*"
        subject = self.path in KINDS or _own_kind(self.path) is not None
        return replace(
            self,
            path=path,
            pointer=self.pointer if keyed else pointer_of(path, self.pointer),
            id=name if subject else self.id,
            words=() if subject else (*self.words, name),
            ids=(*self.ids, name),
            urgent=urgent or self.urgent,
        )

    def change(
        self, verdict: Verdict, before: Any, after: Any, *, op: str = CHANGED, what: str = ""
    ) -> Change:
        op_of_whole = op if not self.words else CHANGED
        rule = rule_of(self.pointer, self.path, op_of_whole, verdict.direction, urgent=self.urgent)
        return Change(
            klass=BREAKING if rule == SAFETY else verdict.klass,
            rule=rule,
            kind=self.kind,
            id=self.id,
            what=" ".join([*self.words, what]).strip() or op,
            op=op,
            before=before,
            after=after,
            direction=verdict.direction,
            pointer=self.pointer,
            ids=self.ids,
        )


def _own_kind(path: str) -> str | None:
    section, _, rest = path.partition("/")
    if section in ("record", "journeys") and "/" not in rest:
        return KINDS.get(rest)
    return None


def compare(before: Document, after: Document) -> Iterator[Change]:
    """Every direct change from one document to the other, renamed items as one change each."""
    group = str(after.get("record", {}).get("organisation", {}).get("slug", ""))
    for change in _told_once(
        _compared(before, after)
    ):  # of its group every tenant says the same, under one name
        yield replace(change, id=group) if group and change.kind == KINDS["organisation"] else change


def _compared(before: Document, after: Document) -> Iterator[Change]:
    renames = Renames.between(before, after)
    slug = str(after["tenant"]["slug"])
    for section, old_id, new_id in renames.found:
        at = _At(path=section, pointer=pointer_of(section, ""), kind=KINDS[section], id=new_id, ids=(new_id,))
        yield at.change(Verdict(klass=BREAKING), old_id, new_id, op=RENAMED)
    base = renames.applied(before)
    for section in sorted({*base, *after} - {SEND_TABLE, *DERIVED}):
        if section not in base and section in ("journeys", "limits", "record", "consent_bases"):
            yield _first_seen(section, slug)
            continue
        kind = KINDS.get(section, "policy" if section == "policy" else section.replace("_", " "))
        at = _At(path=section, pointer=pointer_of(section, ""), kind=kind, id=slug)
        yield from _values(at, base.get(section), after.get(section))
    yield from _send_table(before.get(SEND_TABLE, ()), after.get(SEND_TABLE, ()))


def _first_seen(section: str, slug: str) -> Change:
    """A bundle of an older compiler lacks the section: nobody can say what changed in it."""
    return Change(
        klass=NEEDS_APPROVAL,
        rule="NOT_COMPARABLE",
        kind="section",
        id=section,
        what=f"{section} of {slug} first seen",
    )


def _values(at: _At, before: Any, after: Any) -> Iterator[Change]:
    if before == after or at.path in DERIVED:
        return
    if at.path in OWN_CLASS:
        yield at.change(Verdict(klass=OWN_CLASS[at.path]), before, after)
    elif at.path == "record/more":
        yield from _more(at, before or (), after or ())
    elif at.path == FLOORS:
        yield from _floors(at, before, after or ())
    elif at.path.startswith(FLOORS) and (
        before is None or after is None
    ):  # what nobody limits is the loosest
        yield at.change(directed(looser=after is None), before, after)
    elif at.pointer in KEYED:
        yield from _keyed(at, before or {}, after or {})
    elif isinstance(before, Mapping | None) and isinstance(after, Mapping | None):
        yield from _objects(at, before, after)
    elif isinstance(before, list | None) and isinstance(after, list | None):
        yield from _lists(at, before or [], after or [])
    else:
        yield at.change(judge(at.pointer, before, after), before, after)


def _objects(at: _At, before: Any, after: Any) -> Iterator[Change]:
    for key in sorted({*(before or {}), *(after or {})}):
        inner = (
            _text(at, key)
            if "/texts" in at.path
            else _language(at, key)
            if at.path == "opt_out"
            else at.under(key)
        )
        yield from _values(inner, (before or {}).get(key), (after or {}).get(key))


def _text(at: _At, key: str) -> _At:
    """A language, then a variant: every wording stands under the same property."""
    return replace(at, path=f"{at.path}/*", words=(*at.words, key))


def _language(at: _At, language: str) -> _At:
    return replace(at, path="opt_out/*", pointer=pointer_of("opt_out/*", ""), id=language, ids=(language,))


def _lists(at: _At, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    named = [each for each in (*before, *after) if isinstance(each, Mapping)]
    if not named:
        yield from _words(at, before, after)
        return
    old, new = _by_name(before), _by_name(after)
    for name in sorted({*old, *new}):
        inner = at.item(name, urgent=_urgent(at, old.get(name), new.get(name)))
        if name not in old or name not in new:
            added = name not in old
            guards = at.path in _GUARDING
            verdict = directed(looser=not added) if guards else judge_entry(at.pointer, added=added)
            op = ADDED if added else REMOVED
            yield inner.change(verdict, old.get(name), new.get(name), op=op, what=op if inner.words else "")
        else:
            yield from _objects(inner, old[name], new[name])


def _urgent(at: _At, *held: Mapping[str, Any] | None) -> bool:
    return at.path == "categories" and any(each is not None and each["priority"] == 0 for each in held)


def _by_name(items: Sequence[Mapping[str, Any]]) -> dict[str, Mapping[str, Any]]:
    """By id; the second of two packs that name something alike is named with its pack."""
    found: dict[str, Mapping[str, Any]] = {}
    for item in items:
        name = str(item.get("id", item.get("name")))
        found[f"{name} of {item['pack']}" if name in found and "pack" in item else name] = item
    return found


def _words(at: _At, before: Sequence[Any], after: Sequence[Any]) -> Iterator[Change]:
    """Entry by entry, each by itself; the same entries in another order are looked at as a whole."""
    gone, come = [e for e in before if e not in after], [e for e in after if e not in before]
    for entries, op in ((gone, REMOVED), (come, ADDED)):
        for entry in entries:
            inner = at.item(str(entry))
            added = op == ADDED
            verdict = judge_entry(at.pointer, added=added)
            yield inner.change(
                verdict,
                None if added else entry,
                entry if added else None,
                op=op,
                what=op if inner.words else "",
            )
    if not gone and not come:
        yield at.change(judge_order(at.pointer), list(before), list(after), what="order")


def _keyed(at: _At, before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[Change]:
    for name in sorted({*before, *after}):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        inner = at.item(name, keyed=True)
        if old is None or new is None:
            op = ADDED if old is None else REMOVED
            yield inner.change(judge_entry(at.pointer, added=old is None), old, new, op=op, what=op)
        else:
            yield inner.change(Verdict(klass=NEEDS_APPROVAL), old, new)


def _floors(at: _At, before: Sequence[Document] | None, after: Sequence[Document]) -> Iterator[Change]:
    """What packs ask by themselves. A pack that was taken or dropped is told of the tenant."""
    if before is None:
        yield _first_seen(FLOORS, at.id)
        return
    old, new = _by_name(before), _by_name(after)
    for name in sorted(old.keys() & new.keys()):
        there = replace(at, path=f"{FLOORS}/*", kind=KINDS["packs"], id=name, words=())
        yield from _objects(there, old[name], new[name])


def _told_once(changes: Iterable[Change]) -> Iterator[Change]:
    """Without what a pack or organisation asks less (or more) of where the same moved the tenant: that is told of the tenant."""
    above = (KINDS["packs"], KINDS["organisation"])
    found = list(changes)
    moved = {_moved(change) for change in found if change.kind not in above}
    yield from (change for change in found if change.kind not in above or _moved(change) not in moved)


def _moved(change: Change) -> tuple[object, ...]:
    pointer = next(
        (
            own + change.pointer.removeprefix(packs)
            for packs, own in OWN.items()
            if _under(change.pointer, packs)
        ),
        change.pointer,
    )
    return pointer, change.direction, change.op, _unit(change.before), _unit(change.after)


def _under(pointer: str, name: str) -> bool:
    return pointer == name or pointer.startswith(f"{name}/")


def _unit(value: Any) -> str:
    """Times of day and weekdays as a policy counts them."""
    if isinstance(value, str) and len(value) == 5 and value[2] == ":":
        return str(minutes(value))
    return str(WEEKDAYS.index(value) + 1 if value in WEEKDAYS else value)


def _more(at: _At, before: Sequence[Document], after: Sequence[Document]) -> Iterator[Change]:
    """Properties the bundle's types do not name: each is judged by its own place in the schemas."""
    old, new = _by_name(before), _by_name(after)
    for name in sorted({*old, *new}):
        was, now = old.get(name, {}).get("value"), new.get(name, {}).get("value")
        if was != now:
            entry = new.get(name) or old[name]
            ids = (entry["item"],) if entry["item"] else ()
            inner = _At(path=entry["property"], pointer=entry["property"], kind=at.kind, id=name, ids=ids)
            yield inner.change(judge(entry["property"], was, now), was, now)


def _send_table(before: Sequence[Document], after: Sequence[Document]) -> Iterator[Change]:
    if before == after:
        return
    old, new = rows_of(before), rows_of(after)
    for looser, rows in ((True, looser_than(new, old)), (False, looser_than(old, new))):
        for row in rows:
            cell = f"{row.state}/{row.send_class}/{row.channel}"
            at = _At(path=SEND_TABLE, pointer=SEND_TABLE, kind="send table", id=cell, ids=(cell,))
            yield at.change(directed(looser=looser), None, None, what=row.effect)
