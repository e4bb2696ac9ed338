"""One change as an entry of the comment on a pull request: a line, a row of a table, or all about it, folded.

Every word of a tenant's goes through `markdown` and stands in no code span, where escapes would show.
"""

from __future__ import annotations

from collections.abc import Iterator

from compiler.diagnostics.escape import markdown
from compiler.diagnostics.worddiff import GONE, NEW, SAME, word_diff
from compiler.plan.change import Change
from compiler.plan.covered import approvable
from compiler.plan.rules import RULES, waivable
from compiler.plan.shown import (
    around,
    cut,
    is_text,
    owner_name,
    property_name,
    subject,
    summary,
    values,
    way_through,
)
from compiler.plan.whole import Row

MOST_IN_A_LINE, MOST_IN_DETAIL = 280, 1_600
MOST_IN_LEAD = 4_000  # what is read first is read whole


def line(owner: str, row: Row, *, most: int = MOST_IN_LEAD) -> str:
    """For the lists that are read first: what it is about, the words, and whether somebody must still say yes."""
    change = row.change
    told = _said(row, most) or (marked(change, most) if is_text(change) else _quoted(change, most))
    return f"- **{shown_text(subject(change))}**{_part(change)} · {shown_text(owner_name(owner))}: {told}{_way(change, owner)}\n"


def _said(row: Row, most: int) -> str:
    """A wording as a customer reads it; of a value that changed, every sentence it is filled into."""
    if is_wording(row.change):
        return "; ".join(_diff(said.before, said.after, most) for said in row.sentences)
    if row.change.kind == "claim" and row.sentences:
        return f"“{markdown(cut(' / '.join(said.after or said.before for said in row.sentences), most))}”"
    listed = [
        f"**{shown_text(said.claim)}** {_diff(said.before, said.after, MOST_IN_A_LINE)}"
        for said in row.sentences
    ]
    return "<br>".join([markdown(cut(summary(row.change), MOST_IN_A_LINE)), *listed]) if listed else ""


def is_wording(change: Change) -> bool:
    """Whether it is a text of a claim that became another."""
    return change.kind == "claim" and change.what.startswith("texts ")


def _part(change: Change) -> str:
    part = property_name(change)
    return f" ({shown_text(part)})" if part else ""


def table_row(owner: str, row: Row, *, decides: bool) -> str:
    """For the tables. `decides`: with a column that says who let it through, or must."""
    change = row.change
    told = marked(change, MOST_IN_A_LINE) if is_text(change) else shown_text(summary(change))
    what = f"{shown_text(subject(change))} {shown_text(property_name(change))}".strip()
    way = f" {_way(change, owner).removeprefix(' — ')} |" if decides else ""
    return f"| {shown_text(owner_name(owner))} | {what} | {told} |{way}\n"


def wants_detail(row: Row) -> bool:
    """Wordings, and whatever else somebody has to decide."""
    change = row.change
    unread = change.rule == "CLAIM_APPROVAL_CHANGED"
    return change.open or (change.rule.startswith("CLAIM_") and not unread and not change.indirect)


def detail(owner: str, row: Row) -> str:
    """One wording with its words compared, where it is said, who approved it before, and how to approve it."""
    change = row.change
    told = (
        marked(change, MOST_IN_DETAIL) if is_text(change) else markdown(cut(summary(change), MOST_IN_DETAIL))
    )
    speaks = change.kind == "claim"
    rows = [
        ("change", told),
        ("rule", f"{code(change.rule)} {shown_text(RULES[change.rule].says)}"),
        ("stands in", code(f"{change.place.file}:{change.place.line}") if change.place else ""),
        ("said by", (shown_text(", ".join(row.uses)) or "answers only") if speaks else ""),
        ("approved before by", (shown_text("; ".join(row.earlier)) or "nobody") if speaks else ""),
        ("digest of the change", code(row.digest) if row.digest else ""),
        ("let through by", shown_text(change.covered)),
        *_command(change, owner),
    ]
    body = "".join(
        f'<tr><th align="left">{name}</th><td>{value}</td></tr>\n' for name, value in rows if value
    )
    sign = "✅ " if change.covered else "❗ " if change.open else ""
    called = f"<b>{shown_text(subject(change))}</b>{_part(change)}"
    title = f"{sign}{called} · {shown_text(owner_name(owner))} · {shown_text(_op(change))}"
    return f"<details><summary>{title}</summary>\n<table>\n{body}</table>\n</details>\n\n"


def _command(change: Change, owner: str) -> Iterator[tuple[str, str]]:
    """What to type to let it through, where anything would."""
    if not change.open:
        return
    tenant = "TENANT" if owner.startswith("_") else owner
    if approvable(change) is not None:
        shared = " for each tenant" if owner.startswith("_") else ""
        yield "to approve", code(f"convo approve {tenant} {approvable(change)} --key YOUR.key") + shared
    elif change.rule == "TENANT_ADDED":
        yield "to approve", code(f"convo approve {tenant} --all-changed --base main --key YOUR.key")
    elif waivable(change.rule):
        words = f"convo waive {tenant} --rule {change.rule} --subject '{change.subject}' --plan plan.json --reason … --expires …"
        yield "to waive", code(f"{words} --key YOUR.key")
    else:
        yield "to let through", "No waiver can. Change it back, or have whoever owns the repository decide."


def _quoted(change: Change, most: int) -> str:
    """A text that came or went as it stands; of anything else what it was and is."""
    before, after = values(change)
    whole = change.after if change.after is not None else change.before
    if isinstance(whole, dict) and (change.before is None or change.after is None):
        return f"“{markdown(cut(after or before, most))}”"
    return markdown(cut(summary(change), most))


def _way(change: Change, owner: str) -> str:
    way = way_through(change, owner)
    if not way:
        return ""
    sign = "✅" if change.covered else "❗"
    return f" — {sign} {shown_text(way) if change.covered else _needs(change)}"


def _needs(change: Change) -> str:
    if approvable(change) is not None:
        return "**needs approval**"
    return f"**{shown_text(way_through(change, ''))}** ({shown_text(change.rule)})"


def _op(change: Change) -> str:
    return {"CLAIM_REWORDED": "reworded", "CLAIM_TERMS_CHANGED": "terms changed"}.get(change.rule, change.op)


def marked(change: Change, most: int) -> str:
    """The words with what is gone struck out and what is new underlined, cut between words."""
    return _diff(*values(change), most)


def _diff(before: str, after: str, most: int) -> str:
    out: list[str] = []
    length = 0
    for kind, words in word_diff(before, after):
        shown = around(words, most // 3) if kind == SAME else words
        if length + len(shown) > most:
            out.append(shown_text(cut(shown, max(0, most - length))))
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
    return "".join(out).replace("</del><ins>", "</del> <ins>")


def shown_text(text: str) -> str:
    return markdown(cut(text, MOST_IN_A_LINE))


def code(text: str) -> str:
    return f"<code>{markdown(text)}</code>"
