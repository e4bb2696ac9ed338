"""A plan as the comment on a pull request: what the bot says first, for somebody who will never open a terminal. Pure.

Every word of a tenant's goes through the escaping of `diagnostics.escape` and stands in no code span, so that it can do
nothing but be read. What does not fit is left out by whole entries, cosmetic ones first, and the comment says so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from compiler.diagnostics.escape import markdown
from compiler.plan.change import BREAKING, Change
from compiler.plan.covered import approvable
from compiler.plan.groups import (
    AFFECTED,
    BEHAVES,
    DECIDE,
    DIFFERENTLY,
    LOOKS,
    LOOSER,
    NEWLY,
    NO_LONGER,
    Group,
    groups,
    verdict,
)
from compiler.plan.rules import RULES
from compiler.plan.shown import cut, is_text, property_name, subject, summary, values, way_through
from compiler.plan.whole import Plan, Row, SharedPlan
from compiler.plan.words import GONE, NEW, word_diff

MARKER = "<!-- convo:plan:v1 -->"
MOST_CHARS = 60_000  # a code host takes 65,536, and other texts may stand in the same comment
MOST_IN_A_LINE, MOST_IN_DETAIL = 280, 1_600
SHORT = 19  # of a digest, `sha256:` among them

# The lower, the sooner it is kept.
_PRIORITY = {NEWLY: 1, NO_LONGER: 1, DIFFERENTLY: 1, LOOSER: 1, DECIDE: 2, BEHAVES: 5, AFFECTED: 6, LOOKS: 7}
_DETAIL, _REACH, _PROBLEM, _TENANT = 3, 4, 0, 4
_FOLDED = (BEHAVES, AFFECTED, LOOKS)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    """A heading and its entries. `opens` and `closes` stand only where at least one entry does."""

    opens: str
    entries: tuple[str, ...]
    closes: str
    priority: int
    noun: str


def comment(plan: Plan, *, most: int = MOST_CHARS) -> str:
    """Markdown of at most `most` characters, the hidden marker first."""
    head, foot = _head(plan), _foot(plan)
    sections = list(_sections(plan))
    room = most - _size(head) - _size(foot) - _size(_left_out(sections, [0] * len(sections))) - 200
    kept = _fitting(sections, room)
    parts = [head]
    for section, count in zip(sections, kept, strict=True):
        if count:
            parts.append(section.opens + "".join(section.entries[:count]) + section.closes)
    return "\n".join([*parts, _left_out(sections, kept), foot])


def _size(text: str) -> int:
    """In UTF-16 units, which is what the strictest reader counts."""
    return len(text.encode("utf-16-le")) // 2


def _fitting(sections: Sequence[_Section], room: int) -> list[int]:
    """How many entries of each section fit, the most important sections first."""
    kept = [0] * len(sections)
    for number in sorted(range(len(sections)), key=lambda n: sections[n].priority):
        section = sections[number]
        frame = _size(section.opens) + _size(section.closes) + 1
        for entry in section.entries:
            cost = _size(entry) + (frame if not kept[number] else 0)
            if cost > room:
                break
            room -= cost
            kept[number] += 1
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
    sign = "🛑" if plan.head_fails else "🔴" if plan.open else "🟢" if plan.gravest else "⚪"
    return f"{MARKER}\n## {sign} {verdict(plan)}\n"


def _foot(plan: Plan) -> str:
    rows = [
        f"| {_code(each.tenant)} | {markdown(each.state)} | {_digest(each.base_digest)} | {_digest(each.head_digest)} |"
        for each in plan.tenants[:50]
        if each.state != "same"
    ]
    table = "\n".join(["| tenant | | base | head |", "|---|---|---|---|", *rows]) if rows else ""
    sides = f"base {_side(plan.base.name, plan.base.commit)} · head {_side(plan.head.name, plan.head.commit)}"
    more = f"\n\n{len(plan.tenants) - 50:,} tenants more." if len(plan.tenants) > 50 else ""
    return f"\n---\n<sub>{sides} · judged on {markdown(plan.today)}</sub>\n\n{table}{more}\n"


def _side(name: str, commit: str) -> str:
    return _code(cut(name, 80)) + (
        f" ({_code(commit[:12])})" if commit and not commit.startswith(name) else ""
    )


def _digest(digest: str | None) -> str:
    return _code(digest[:SHORT]) if digest else "—"


def _code(text: str) -> str:
    return f"<code>{markdown(text)}</code>"


def _sections(plan: Plan) -> Iterator[_Section]:
    if plan.problems:
        entries = tuple(
            f"- {_code(p.side)} {_code(f'{p.file}:{p.line}')} {_code(p.code)} {_text(p.message)}\n"
            for p in plan.problems
        )
        yield _Section(
            opens="\n### Does not compile\n\n", entries=entries, closes="", priority=_PROBLEM, noun="faults"
        )
    for group in groups(plan):
        yield _listed(group)
    details = tuple(_detail(owner, row) for owner, row in plan.rows if _wants_detail(row))
    if details:
        yield _Section(
            opens="\n### Each wording, for whoever approves it\n\n",
            entries=details,
            closes="",
            priority=_DETAIL,
            noun="wordings in detail",
        )
    for shared in plan.shared:
        yield _reach(shared)
    if plan.warnings:
        entries = tuple(f"- {_text(warning)}\n" for warning in plan.warnings)
        yield _Section(
            opens="\n### Warnings\n\n", entries=entries, closes="", priority=_TENANT, noun="warnings"
        )


def _listed(group: Group) -> _Section:
    """What the bot says as a list to read; what is to decide as a table; what nobody need decide folded."""
    noun = f"under “{group.title.lower()}”"
    priority = _PRIORITY[group.name]
    title = f"{group.title} ({len(group.rows):,})"
    if group.name in (NEWLY, NO_LONGER, DIFFERENTLY, LOOSER):
        entries = tuple(_line(owner, row) for owner, row in group.rows)
        return _Section(opens=f"\n### {title}\n\n", entries=entries, closes="", priority=priority, noun=noun)
    table = "| | where | what | change | let through by |\n|---|---|---|---|---|\n"
    rows = tuple(_table_row(owner, row) for owner, row in group.rows)
    if group.name in _FOLDED:
        opens = f"\n<details><summary>{title}</summary>\n\n{table}"
        return _Section(opens=opens, entries=rows, closes="\n</details>\n", priority=priority, noun=noun)
    return _Section(opens=f"\n### {title}\n\n{table}", entries=rows, closes="", priority=priority, noun=noun)


def _line(owner: str, row: Row) -> str:
    change = row.change
    part = property_name(change)
    way = _way(change, owner)
    told = _marked(change, MOST_IN_A_LINE) if is_text(change) else _quoted(change)
    return (
        f"- **{_text(subject(change))}**{f' ({_text(part)})' if part else ''} · {_text(owner)}: {told}{way}\n"
    )


def _quoted(change: Change) -> str:
    """A text that came or went as it stands; of anything else what it was and is."""
    before, after = values(change)
    whole = change.after if change.after is not None else change.before
    if isinstance(whole, dict) and (change.before is None or change.after is None):
        return f"“{_text(after or before)}”"
    return _text(summary(change))


def _way(change: Change, owner: str) -> str:
    way = way_through(change, owner)
    if not way:
        return ""
    sign = "✅" if change.covered else "❗"
    return f" — {sign} {_text(way) if change.covered else _needs(change)}"


def _needs(change: Change) -> str:
    if approvable(change) is not None:
        return "**needs approval**"
    return f"**{_text(way_through(change, ''))}** ({_text(change.rule)})"


def _table_row(owner: str, row: Row) -> str:
    change = row.change
    mark = "🔴" if change.open else "🟠" if change.klass == BREAKING else ""
    way = _way(change, owner).removeprefix(" — ")
    told = _marked(change, MOST_IN_A_LINE) if is_text(change) else _text(summary(change))
    what = f"{_text(subject(change))} {_text(property_name(change))}".strip()
    return f"| {mark} | {_text(owner)} | {what} | {told} | {way} |\n"


def _wants_detail(row: Row) -> bool:
    change = row.change
    return (
        not change.indirect
        and change.kind == "claim"
        and change.rule.startswith("CLAIM_")
        and (change.rule not in ("CLAIM_APPROVAL_CHANGED", "CLAIM_FOUND_DIFFERENTLY"))
    )


def _detail(owner: str, row: Row) -> str:
    """One wording with its words compared, where it is said, who approved it before, and how to approve it."""
    change = row.change
    told = _marked(change, MOST_IN_DETAIL) if is_text(change) else _cell(cut(summary(change), MOST_IN_DETAIL))
    rows = [
        ("change", told),
        ("rule", f"{_code(change.rule)} {_text(RULES[change.rule].says)}"),
        ("stands in", _code(f"{change.place.file}:{change.place.line}") if change.place else ""),
        ("said by", _text(cut(", ".join(row.uses), MOST_IN_A_LINE)) or "an answer only"),
        ("approved before by", _text("; ".join(row.earlier)) or "nobody"),
        ("digest of the change", _code(row.digest)),
        ("let through by", _text(change.covered)),
        (
            "to approve",
            _code(f"{way_through(change, owner)} --key YOUR.key")
            if change.open and approvable(change)
            else "",
        ),
    ]
    body = "".join(
        f'<tr><th align="left">{name}</th><td>{value}</td></tr>\n' for name, value in rows if value
    )
    part = property_name(change)
    sign = "✅ " if change.covered else "❗ " if change.open else ""
    title = f"{sign}<b>{_text(subject(change))}</b>{f' ({_text(part)})' if part else ''} · {_text(owner)} · {_text(_op(change))}"
    return f"<details><summary>{title}</summary>\n<table>\n{body}</table>\n</details>\n\n"


def _op(change: Change) -> str:
    return {"CLAIM_REWORDED": "reworded", "CLAIM_TERMS_CHANGED": "terms changed"}.get(change.rule, change.op)


def _reach(shared: SharedPlan) -> _Section:
    """One pack's or organisation's changes reach these tenants, with what of them they touch."""
    count = len(shared.reaches)
    rows = len(shared.rows)
    name = shared.owner.removeprefix("_packs/").removeprefix("_")
    kind = "Pack" if shared.owner.startswith("_packs/") else "Organisation"
    title = (
        f"{kind} {_text(name)}: {rows:,} change{'s' * (rows != 1)} reach {count:,} tenant{'s' * (count != 1)}"
    )
    entries = tuple(
        f"- **{_text(reach.tenant)}**: {_text(cut(', '.join(reach.touches), MOST_IN_A_LINE))}\n"
        for reach in shared.reaches
    )
    return _Section(
        opens=f"\n<details open><summary><b>{title}</b></summary>\n\n",
        entries=entries,
        closes="\n</details>\n",
        priority=_REACH,
        noun="tenants a pack reaches",
    )


def _marked(change: Change, most: int) -> str:
    """The words with what is gone struck out and what is new underlined, cut between words."""
    out: list[str] = []
    length = 0
    for kind, words in word_diff(*values(change)):
        shown = (
            words
            if kind != "same" or len(words) <= most // 3
            else f"{words[: most // 6]} … {words[-most // 6 :]}"
        )
        if length + len(shown) > most:
            out.append(_text(cut(shown, max(0, most - length))))
            break
        length += len(shown)
        escaped = markdown(shown)
        out.append(
            f"<del>{escaped}</del>"
            if kind == GONE
            else f"<ins><b>{escaped}</b></ins>"
            if kind == NEW
            else escaped
        )
    return "".join(out)


def _text(text: str) -> str:
    return markdown(cut(text, MOST_IN_A_LINE))


def _cell(text: str) -> str:
    return markdown(text)
