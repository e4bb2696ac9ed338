"""A plan as text for a terminal or a log: what the bot says first, every line by itself, nothing hidden in it."""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics.escape import visible
from compiler.diagnostics.worddiff import GONE, NEW, word_diff
from compiler.plan.change import Change
from compiler.plan.groups import Group, groups, verdict
from compiler.plan.shown import (
    counted,
    cut,
    is_text,
    owner_name,
    property_name,
    subject,
    summary,
    values,
    way_through,
)
from compiler.plan.whole import ADDED, REMOVED, Plan, Row

MOST_VALUE = 400
_MARKS = {GONE: ("[-", "-]"), NEW: ("{+", "+}")}


def text(plan: Plan) -> str:
    """The whole plan, with a line end."""
    return "\n".join(_lines(plan)) + "\n"


def _lines(plan: Plan) -> Iterator[str]:
    yield verdict(plan)
    for problem in plan.problems:
        place = f"{problem.file}:{problem.line}"
        yield f"  {problem.side} does not compile: {visible(f'{place}: {problem.code}: {problem.message}')}"
    for void in plan.void:
        place = f"{void.file}:{void.line}"
        yield f"  does not hold: {visible(f'{place}: {void.code}: {void.message}')}"
    for tenant in plan.tenants:
        if tenant.state in (ADDED, REMOVED):
            yield f"  the tenant {visible(tenant.tenant)} is {'new' if tenant.state == ADDED else 'gone'}"
    for group in groups(plan):
        yield ""
        yield from _group(group)
    for shared in plan.shared:
        yield ""
        yield f"{visible(owner_name(shared.owner))} reaches {counted(len(shared.reaches), 'tenant')}"
        for reach in shared.reaches:
            yield f"  {visible(reach.tenant)}: {visible(cut(', '.join(reach.touches), MOST_VALUE))}"
    for warning in plan.warnings:
        yield f"warning: {visible(warning)}"
    yield ""
    yield f"base {_side(plan.base.name, plan.base.commit)}, head {_side(plan.head.name, plan.head.commit)}"


def _side(name: str, commit: str) -> str:
    return visible(name) + (f" ({commit[:12]})" if commit and commit != name else "")


def _group(group: Group) -> Iterator[str]:
    yield f"{group.title} ({len(group.rows)})"
    for owner, row in group.rows:
        yield f"  {_row(owner, row)}"
        for said in row.sentences:
            yield visible(
                f"    {said.claim} as read: {cut(_marked(said.before, said.after), 2 * MOST_VALUE)}"
            )


def _row(owner: str, row: Row) -> str:
    change = row.change
    way = way_through(change, owner)
    words = [
        change.klass,
        (change.direction or "").upper(),
        f"{owner}:",
        subject(change),
        property_name(change),
    ]
    told = " ".join(word for word in words if word)
    place = f"  {change.place.file}:{change.place.line}" if change.place else ""
    return visible(f"{told}: {_told(change)}  [{change.rule}{f'; {way}' if way else ''}]{place}")


def _told(change: Change) -> str:
    if not is_text(change):
        return cut(summary(change), MOST_VALUE)
    return cut(_marked(*values(change)), 2 * MOST_VALUE)


def _marked(before: str, after: str) -> str:
    return "".join(
        f"{_MARKS[kind][0]}{words}{_MARKS[kind][1]}" if kind in _MARKS else words
        for kind, words in word_diff(before, after)
    )
