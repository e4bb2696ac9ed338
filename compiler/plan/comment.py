"""A plan as the comment on a pull request: what the bot says first, for somebody who will never open a terminal. Pure.

Every word of a tenant's goes through the escaping of `diagnostics.escape` and stands in no code span, so that it can do
nothing but be read. What does not fit is left out by whole entries, cosmetic ones first, and the comment says so.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

from compiler.diagnostics.escape import markdown
from compiler.plan.entries import (
    MOST_IN_A_LINE,
    MOST_IN_LEAD,
    code,
    detail,
    line,
    shown_text,
    table_row,
    wants_detail,
)
from compiler.plan.groups import (
    AFFECTED,
    ANSWERS,
    BEHAVES,
    DECIDE,
    DIFFERENTLY,
    FIRST,
    LOOKS,
    LOOSER,
    NEWLY,
    NO_LONGER,
    Group,
    groups,
    verdict,
)
from compiler.plan.shown import counted, cut
from compiler.plan.whole import Plan, Problem, SharedPlan

MARKER = "<!-- convo:plan:v1 -->"
MOST_CHARS = 60_000  # a code host takes 65,536, and other texts may stand in the same comment
ROOM_TO_LEAD = 12_000  # characters of a list that is read first, shared by its texts before any is cut short
SHORT = 19  # of a digest, `sha256:` among them

# The lower, the sooner it is kept.
_PRIORITY = {
    NEWLY: 1,
    NO_LONGER: 1,
    DIFFERENTLY: 1,
    ANSWERS: 1,
    LOOSER: 1,
    DECIDE: 2,
    FIRST: 3,
    BEHAVES: 5,
    AFFECTED: 6,
    LOOKS: 7,
}
_DETAIL, _REACH, _PROBLEM, _TENANT = 3, 4, 0, 4
_FOLDED = (BEHAVES, AFFECTED, LOOKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A heading and its entries, which are made when there is room for them. Without any, it is not there at all."""

    opens: str
    entries: Sequence[Callable[[], str]]
    closes: str
    priority: int
    noun: str


def comment(plan: Plan, *, most: int = MOST_CHARS) -> str:
    """Markdown of at most `most` characters, the hidden marker first."""
    head, foot = _head(plan), _foot(plan)
    sections = list(_sections(plan))
    room = most - _size(head) - _size(foot) - _size(_left_out(sections, [0] * len(sections))) - 200
    kept = _fitting(sections, room)
    parts = [s.opens + "".join(made) + s.closes for s, made in zip(sections, kept, strict=True) if made]
    return "\n".join([head, *parts, _left_out(sections, [len(made) for made in kept]), foot])


def _size(text: str) -> int:
    """In UTF-16 units, which is what the strictest reader counts."""
    return len(text.encode("utf-16-le")) // 2


def _fitting(sections: Sequence[_Section], room: int) -> list[list[str]]:
    """The entries of each section that fit, those of the most important sections first."""
    kept: list[list[str]] = [[] for _ in sections]
    for number in sorted(range(len(sections)), key=lambda n: sections[n].priority):
        section = sections[number]
        frame = _size(section.opens) + _size(section.closes) + 1
        for make in section.entries:
            entry = make()
            cost = _size(entry) + (frame if not kept[number] else 0)
            if cost > room:
                break
            room -= cost
            kept[number].append(entry)
    return kept


def _left_out(sections: Sequence[_Section], kept: Sequence[int]) -> str:
    missing = [
        (len(s.entries) - n, s.noun) for s, n in zip(sections, kept, strict=True) if n < len(s.entries)
    ]
    if not missing:
        return ""
    told = ", ".join(f"{count:,} {noun}" for count, noun in missing)
    return f"\n> **This comment is not everything.** Left out to fit: {told}. `convo diff` tells all.\n"


def _head(plan: Plan) -> str:
    sign = "🛑" if plan.head_fails else "🔴" if plan.waits else "🟢" if plan.gravest else "⚪"
    return f"{MARKER}\n## {sign} {verdict(plan)}\n"


def _foot(plan: Plan) -> str:
    rows = [
        f"| {code(each.tenant)} | {markdown(each.state)} | {_digest(each.base_digest)} | {_digest(each.head_digest)} |"
        for each in plan.tenants[:50]
        if each.state != "same"
    ]
    table = "\n".join(["| tenant | | base | head |", "|---|---|---|---|", *rows]) if rows else ""
    sides = f"base {_side(plan.base.name, plan.base.commit)} · head {_side(plan.head.name, plan.head.commit)}"
    more = f"\n\n{len(plan.tenants) - 50:,} tenants more." if len(plan.tenants) > 50 else ""
    return f"\n---\n<sub>{sides} · judged on {markdown(plan.today)}</sub>\n\n{table}{more}\n"


def _side(name: str, commit: str) -> str:
    return code(cut(name, 80)) + (f" ({code(commit[:12])})" if commit and not commit.startswith(name) else "")


def _digest(digest: str | None) -> str:
    return code(digest[:SHORT]) if digest else "—"


def _sections(plan: Plan) -> Iterator[_Section]:
    if plan.problems:
        entries = [partial(_problem, problem) for problem in plan.problems]
        yield _Section(
            opens="\n### Does not compile\n\n", entries=entries, closes="", priority=_PROBLEM, noun="faults"
        )
    if plan.void:
        entries = [partial(_problem, void) for void in plan.void]
        yield _Section(
            opens="\n### Approvals and waivers that do not hold\n\nThey count as not being there.\n\n",
            entries=entries,
            closes="",
            priority=_DETAIL,
            noun="approvals that do not hold",
        )
    listed = groups(plan)
    yield from (_listed(group) for group in listed if group.name not in _FOLDED)
    details = [partial(detail, owner, row) for owner, row in plan.rows if wants_detail(row)]
    if details:
        yield _Section(
            opens="\n### One by one, for whoever answers for it\n\n",
            entries=details,
            closes="",
            priority=_DETAIL,
            noun="one by one",
        )
    for shared in plan.shared:
        yield _reach(shared)
    yield from (_listed(group) for group in listed if group.name in _FOLDED)
    if plan.warnings:
        warnings = [partial(_item, warning) for warning in plan.warnings]
        yield _Section(
            opens="\n### Warnings\n\n", entries=warnings, closes="", priority=_TENANT, noun="warnings"
        )


def _listed(group: Group) -> _Section:
    """What the bot says as a list to read; what is to decide as a table; what nobody need decide folded."""
    noun = f"under “{group.title.lower()}”"
    priority = _PRIORITY[group.name]
    title = f"{group.title} ({len(group.rows):,})"
    if group.name in (NEWLY, NO_LONGER, DIFFERENTLY, ANSWERS, LOOSER):
        most = max(MOST_IN_A_LINE, min(MOST_IN_LEAD, ROOM_TO_LEAD // len(group.rows)))
        entries = [partial(line, owner, row, most=most) for owner, row in group.rows]
        return _Section(opens=f"\n### {title}\n\n", entries=entries, closes="", priority=priority, noun=noun)
    folded = group.name in _FOLDED
    decides = not folded and group.name != FIRST
    columns = ("where", "what", "change", "let through by")[: 4 if decides else 3]
    table = f"| {' | '.join(columns)} |\n{'|---' * len(columns)}|\n"
    rows = [partial(table_row, owner, row, decides=decides) for owner, row in group.rows]
    if not folded:
        return _Section(
            opens=f"\n### {title}\n\n{table}", entries=rows, closes="", priority=priority, noun=noun
        )
    opens = f"\n<details><summary>{title}</summary>\n\n{table}"
    return _Section(opens=opens, entries=rows, closes="\n</details>\n", priority=priority, noun=noun)


def _reach(shared: SharedPlan) -> _Section:
    """One pack's or organisation's changes reach these tenants, with what of them they touch."""
    count = len(shared.reaches)
    rows = len(shared.rows)
    name = shared.owner.removeprefix("_packs/").removeprefix("_")
    kind = "Pack" if shared.owner.startswith("_packs/") else "Organisation"
    title = f"{kind} {shown_text(name)}: {counted(rows, 'change')}, {counted(count, 'tenant')}"
    alike: dict[tuple[str, ...], list[str]] = {}
    for reach in shared.reaches:
        alike.setdefault(reach.touches, []).append(reach.tenant)
    entries = [partial(_reached, names, touches) for touches, names in alike.items()]
    return _Section(
        opens=f"\n<details open><summary><b>{title}</b></summary>\n\n",
        entries=entries,
        closes="\n</details>\n",
        priority=_REACH,
        noun="tenants a pack reaches",
    )


def _reached(names: Sequence[str], touches: Sequence[str]) -> str:
    """Tenants of which the same is touched, in one line."""
    return f"- **{shown_text(', '.join(names))}**: {shown_text(', '.join(touches))}\n"


def _problem(problem: Problem) -> str:
    place = code(f"{problem.file}:{problem.line}")
    return f"- {code(problem.side)} {place} {code(problem.code)} {shown_text(problem.message)}\n"


def _item(words: str) -> str:
    return f"- {shown_text(words)}\n"
