"""A report as one page: no script, nothing loaded, every text escaped, each sentence beside the claim it came from.

The filters are links to empty anchors that stand before the rows: the stylesheet hides what the address does not ask for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from compiler.page.html import Html, el, items, rows
from compiler.page.style import STYLE
from drills.reports.before import Change
from drills.reports.values import Report, Row, Said

DIGEST_CHARS = 19  # enough of a digest to know it by; the page holds all of it once
LINES = """
.filters{display:flex;flex-wrap:wrap;gap:.25rem .75rem;padding-block:.5rem;border-block-end:1px solid var(--line)}
.filters b{font-weight:500;color:var(--soft);font-size:.8125rem;min-width:5rem}
.rows{list-style:none;padding:0;margin-block-start:1rem}
.row{border-block-end:1px solid var(--line);padding-block:.5rem}
.row>details>summary{display:flex;flex-wrap:wrap;gap:.25rem .75rem;align-items:baseline;color:var(--ink);font-size:.9375rem}
.row>details>summary::before{content:"+";color:var(--soft);inline-size:.75rem}.row>details[open]>summary::before{content:"–"}
.talk{list-style:none;padding:.75rem 0;display:grid;gap:.5rem}
.talk li{max-width:60ch;padding:.5rem .75rem;border-radius:.75rem;background:var(--sunk);justify-self:start}
.talk .bot{background:var(--accent-bg);justify-self:end}.talk .note{background:none;padding-block:0;color:var(--soft)}
.talk cite{font:.75rem/1rem var(--mono);color:var(--soft);margin-inline-start:.375rem}
.facts{font-size:.8125rem;line-height:1.125rem}
"""


def write_html(report: Report, path: Path, change: Change | None = None) -> None:
    """Writes the page. Raises OSError."""
    path.write_text(html(report, change), encoding="utf-8")


def html(report: Report, change: Change | None = None) -> str:
    """The whole page as text."""
    title = f"{report.kind} {report.tenant}: {_verdict(report)}"
    filters = tuple(_filters(report))
    body = el(
        "body",
        el("a", "To the rows", href="#rows", cls="skip"),
        el("header", el("h1", _verdict(report)), _facts(report), _changes(change), cls="top"),
        el(
            "main",
            (el("span", id=name) for name, _, _ in filters),
            (_choices(heading, names) for heading, names in _by_heading(filters)),
            el("ol", (_row(report, row) for row in report.rows), cls="rows", id="rows"),
        ),
    )
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width,initial-scale=1"),
        el("title", title),
        Html(f"<style>{STYLE}{LINES}{''.join(_rules(filters))}</style>"),
    )
    return f"<!doctype html>\n{el('html', head, body, lang='en')}\n"


def _verdict(report: Report) -> str:
    if not report.rows:
        return "Nothing was played."
    if report.missed:
        return f"{len(report.missed)} of {len(report.rows)} failed."
    return f"All {len(report.rows)} held."


def _facts(report: Report) -> Html:
    return rows(
        [
            ("Drill", report.kind),
            ("Tenant", report.tenant),
            ("Bundle", el("code", report.digest)),
            ("Seed", str(report.seed)),
            ("Played", f"{report.played_at:%d %B %Y %H:%M} UTC"),
            *report.notes.items(),
        ]
    )


def _changes(change: Change | None) -> Html | None:
    if change is None:
        return None
    named = (
        ("Newly failing", "danger", change.newly_failing),
        ("Newly passing", "ok", change.newly_passing),
        ("Not played any more", "hold", change.gone),
    )
    said = [el("p", f"{word}: {', '.join(ids)}", cls=f"notice {tone}") for word, tone, ids in named if ids]
    return el("div", said) if said else el("p", "As the run before.", cls="soft")


# ---- filters -----------------------------------------------------------------------------------------------------------------

Filter = tuple[str, str, str]  # (anchor and class of the rows it keeps, heading, words)


def _filters(report: Report) -> Iterator[Filter]:
    yield "missed", "Show", f"failed ({len(report.missed)})"
    for n, group in enumerate(report.groups):
        yield f"g{n}", "What", group
    for n, strategy in enumerate(report.strategies):
        yield f"s{n}", "How", strategy


def _by_heading(filters: Sequence[Filter]) -> Iterator[tuple[str, Sequence[Filter]]]:
    for heading, group in groupby(filters, key=lambda each: each[1]):
        yield heading, tuple(group)


def _choices(heading: str, filters: Sequence[Filter]) -> Html:
    everything = (el("a", "all", href="#rows"),) if heading == "Show" else ()
    return el(
        "nav",
        el("b", heading),
        everything,
        (el("a", words, href=f"#{name}") for name, _, words in filters),
        cls="filters",
        aria_label=heading,
    )


def _rules(filters: Sequence[Filter]) -> Iterator[str]:
    for name, _, _ in filters:
        yield f"#{name}:target~ol>li:not(.{name}){{display:none}}"
        yield f'#{name}:target~nav a[href="#{name}"]{{font-weight:600;color:var(--ink)}}'


# ---- one row -----------------------------------------------------------------------------------------------------------------


def _row(report: Report, row: Row) -> Html:
    classes = [f"g{report.groups.index(row.group)}", f"s{report.strategies.index(row.strategy)}"]
    summary = el(
        "summary",
        el("span", "held" if row.ok else "failed", cls=f"tag {'ok' if row.ok else 'danger'}"),
        el("code", row.id),
        el("span", f"{row.group}, {row.strategy}", cls="soft"),
    )
    return el(
        "li",
        el(
            "details",
            summary,
            items(row.faults) if row.faults else None,
            el("ol", _talk(row.transcript), cls="talk") if row.transcript else None,
            el("div", rows([("Expected", _plain(row.expected)), ("Came", _plain(row.got))]), cls="facts"),
            open=None if row.ok else "",
        ),
        cls=" ".join(["row", *classes, *([] if row.ok else ["missed"])]),
    )


def _talk(transcript: Sequence[Said]) -> Iterator[Html]:
    """What one side says at one moment is one bubble, sentence by sentence."""
    for (who, at), said in groupby(transcript, key=lambda each: (each.who, each.at)):
        sentences = [
            el("div", el("span", each.text, dir="auto"), _behind(each) if who == "bot" else None)
            for each in said
        ]
        yield el("li", sentences, cls=who, title=f"{at:%d %B %Y %H:%M:%S}")


def _behind(said: Said) -> Html:
    return el("cite", ", ".join(said.claims) or "no claim")


def _plain(values: Any) -> str:
    """`a: b, c; d: e` for plain JSON values; what is empty is left out."""
    shown = {name: value for name, value in values.items() if value not in (None, [], {}, "")}
    return "; ".join(
        f"{name}: {', '.join(map(str, value)) if isinstance(value, (list, tuple)) else value}"
        for name, value in shown.items()
    )
