"""The send table as a picture: one SVG with the words in it, for light and dark, readable without seeing it. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from compiler.diagnostics.escape import visible
from schemas.bundle import SendRow
from schemas.sendtable import ADVICE, CHANNELS, CLASSES, CLEAR, STATES

# What each effect is called in a cell, and which colour stands behind the word.
EFFECTS: Mapping[str, tuple[str, str]] = {
    "send": ("goes", "ok"),
    "template": ("as a template", "ok"),
    "defer": ("waits", "hold"),
    "pause": ("pauses", "hold"),
    "redo": ("composed again", "hold"),
    "case": ("a person is asked", "danger"),
    "page": ("a person is called", "danger"),
    "drop": ("dropped", "stop"),
    "refuse": ("refused", "stop"),
}
CONDITIONS: Mapping[str, str] = {
    "wrote_first": "if they wrote first",
    "first_confirmation": "once",
    "answers_after_stop": "to a later message",
    "after_stop_or_case": "later message or case",
    "no_link": "no link",
    "no_ask": "no question",
    "template": "",
}
NOTES: Mapping[str, str] = {"warn": "with a warning", "cheaper_rung": "a cheaper way"}
WAITS: Mapping[str, str] = {
    "open": "for the next opening",
    "processed": "until that is read",
    "frequency": "until the cap allows",
    "spend": "until there is money",
    "kill": "until it is lifted",
}
CHANNEL_WORDS: Mapping[str, str] = {
    "whatsapp_360dialog": "WhatsApp",
    "whatsapp_waha": "WhatsApp",
    "webchat": "web chat",
    "email": "e-mail",
}
SHOWN = "whatsapp_360dialog"
ONLY_THERE: Mapping[str, str] = {"quiet_page_open": "webchat"}  # facts that can hold on one channel alone

_LABEL, _COLUMN, _LINE, _PAD, _HEAD = 208, 144, 15, 10, 40  # px
WIDTH = _LABEL + _COLUMN * len(CLASSES)
_WRAP = 24  # characters of a row's name that fit on one line
_STYLE = """
.st{--ink:#1b1d1f;--soft:#585d63;--line:#e2e2dc;--surface:#fff;--sunk:#efefeb;--ok:#1c6840;--ok-bg:#e6f3ea;--hold:#7d4d00;
--hold-bg:#fbf1dc;--danger:#ae231b;--danger-bg:#fcecea;font-family:system-ui,sans-serif;font-size:12px}
@media(prefers-color-scheme:dark){.st{--ink:#ececea;--soft:#a6abb2;--line:#2d3137;--surface:#17191c;--sunk:#23262b;--ok:#80cfa1;
--ok-bg:#162a1f;--hold:#efbb62;--hold-bg:#2e2513;--danger:#ff9f95;--danger-bg:#351c1b}}
@media print{.st{--ink:#1b1d1f;--soft:#585d63;--line:#e2e2dc;--surface:#fff;--sunk:#efefeb;--ok:#1c6840;--ok-bg:#e6f3ea;
--hold:#7d4d00;--hold-bg:#fbf1dc;--danger:#ae231b;--danger-bg:#fcecea}}
.st .ground{fill:var(--surface)}.st .rule{stroke:var(--line)}.st text{fill:var(--ink)}.st .soft{fill:var(--soft);font-size:11px}
.st .head{font-weight:600}.st .ok{fill:var(--ok-bg)}.st .hold{fill:var(--hold-bg)}.st .danger{fill:var(--danger-bg)}
.st .stop{fill:var(--sunk)}.st .w-ok{fill:var(--ok)}.st .w-hold{fill:var(--hold)}.st .w-danger{fill:var(--danger)}
.st .w-stop{fill:var(--ink);font-weight:600}
"""


@dataclass(frozen=True, slots=True)
class _Cell:
    word: str
    tone: str
    more: tuple[str, ...]


def picture(rows: Sequence[SendRow], *, title: str) -> str:
    """The whole grid as it is on WhatsApp, with what differs on other channels said in the cell."""
    table = {(row.state, row.send_class, row.channel): row for row in rows}
    parts: list[str] = []
    top = _HEAD
    for state in STATES:
        name = "nothing against it" if state.id == CLEAR else state.title
        cells = [_cell(table, state.id, send_class) for send_class in CLASSES]
        label = list(_wrapped(name))
        lines = max(len(label) + 1, *(1 + len(cell.more) for cell in cells))
        height = lines * _LINE + 2 * _PAD
        parts += _row(label, state.rule, cells, top, height)
        top += height
    head = "".join(
        _text(_LABEL + index * _COLUMN + 8, 25, name, "head") for index, name in enumerate(CLASSES)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="st" role="img" aria-labelledby="st-title st-desc" '
        f'viewBox="0 0 {WIDTH} {top + 1}" width="{WIDTH}" height="{top + 1}">'
        f'<title id="st-title">{_shown(title)}</title><desc id="st-desc">{_shown(spoken(rows))}</desc>'
        f"<style>{_STYLE}</style>"
        f'<rect class="ground" width="{WIDTH}" height="{top + 1}"/>'
        f"{_text(8, 25, 'while this holds', 'soft')}{head}{''.join(parts)}</svg>\n"
    )


def spoken(rows: Sequence[SendRow]) -> str:
    """The grid in sentences, for whoever does not see it."""
    table = {(row.state, row.send_class, row.channel): row for row in rows}
    sentences = []
    for state in STATES:
        said = [f"{name}: {_said(_cell(table, state.id, name))}" for name in CLASSES]
        sentences.append(f"{state.title}: {'; '.join(said)}.")
    return " ".join(sentences)


def _said(cell: _Cell) -> str:
    return ", ".join([cell.word, *cell.more])


def _row(label: Sequence[str], rule: str, cells: Sequence[_Cell], top: int, height: int) -> Iterator[str]:
    yield f'<line class="rule" x1="0" x2="{WIDTH}" y1="{top + 0.5}" y2="{top + 0.5}"/>'
    for number, line in enumerate(label):
        yield _text(8, top + _PAD + 11 + number * _LINE, line, "head")
    yield _text(8, top + _PAD + 11 + len(label) * _LINE, rule, "soft")
    for index, cell in enumerate(cells):
        left = _LABEL + index * _COLUMN
        yield (
            f'<rect class="{cell.tone}" x="{left}" y="{top + 3}" width="{_COLUMN - 4}" height="{height - 6}" rx="4"/>'
        )
        yield _text(left + 8, top + _PAD + 11, cell.word, f"w-{cell.tone}")
        for number, line in enumerate(cell.more, 1):
            yield _text(left + 8, top + _PAD + 11 + number * _LINE, line, "soft")


def _cell(table: Mapping[tuple[str, str, str], SendRow], state: str, send_class: str) -> _Cell:
    """What stands in one cell. A row that is missing refuses."""
    cell = _of_row(table.get((state, send_class, ONLY_THERE.get(state, SHOWN))))
    if state in ONLY_THERE:
        return cell
    others: dict[str, list[str]] = {}
    for channel in CHANNELS:
        if CHANNEL_WORDS[channel] == CHANNEL_WORDS[SHOWN]:
            continue
        other = _of_row(table.get((state, send_class, channel)))
        if (other.word, other.more) != (cell.word, cell.more):
            others.setdefault(other.word, []).append(CHANNEL_WORDS[channel])
    everywhere = len(set(CHANNEL_WORDS.values())) - 1
    differs = [
        f"{'elsewhere' if len(names) == everywhere else ', '.join(names)}: {word}"
        for word, names in others.items()
    ]
    return _Cell(cell.word, cell.tone, (*cell.more, *differs))


def _of_row(row: SendRow | None) -> _Cell:
    if row is None or row.effect not in EFFECTS:
        return _Cell(*EFFECTS["refuse"], ())
    word, tone = EFFECTS[row.effect]
    conditions = [words for name in row.only if (words := CONDITIONS.get(name, name)) and name not in ADVICE]
    more = [*_pairs(conditions), *(NOTES[name] for name in row.only if name in ADVICE)]
    if row.until:
        more.append(WAITS.get(row.until, row.until))
    if row.otherwise:
        more.append(f"else {EFFECTS.get(row.otherwise, EFFECTS['refuse'])[0]}")
    return _Cell(word, tone, tuple(more))


def _pairs(words: Sequence[str]) -> Iterator[str]:
    """Short conditions share a line."""
    if words:
        yield words[0]
    if words[1:]:
        yield ", ".join(words[1:])


def _wrapped(text: str) -> Iterator[str]:
    line = ""
    for word in text.split():
        if line and len(line) + 1 + len(word) > _WRAP:
            yield line
            line = word
        else:
            line = f"{line} {word}".strip()
    yield line


def _shown(words: str) -> str:
    return escape(visible(words))


def _text(x: int, y: int, words: str, kind: str) -> str:
    return f'<text x="{x}" y="{y}" class="{kind}">{_shown(words)}</text>'
