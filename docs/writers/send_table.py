"""docs/reference/send-table.md, from schemas/sendtable.py."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.bundle import SendRow
from schemas.sendtable import (
    ADVICE,
    CHANNELS,
    CLASSES,
    CLEAR,
    RESTRICTIONS,
    RULES,
    SEVERITY,
    STATES,
    default_rows,
    rows_of,
)

NAME = "send-table.md"
SHOWN = (
    "whatsapp_360dialog"  # the channel with the most rows that bite; the others are shown where they differ
)
CLASS_WORDS: Mapping[str, str] = {
    "safety": "help for somebody in danger or distress",
    "confirmation": "the one fixed line after an opt-out or a hold",
    "reply": "the bot's answer to what somebody wrote",
    "human": "a message that a person of the firm wrote",
    "service": "something the person asked for, such as a reminder",
    "proactive": "what we start",
}
EFFECT_WORDS: Mapping[str, str] = {
    "refuse": "not sent; the row is dead",
    "drop": "not sent; the row is superseded",
    "page": "not sent; an urgent case is opened for a person",
    "case": "not sent; a case is opened for a person",
    "redo": "superseded, and the turn is taken again",
    "defer": "waits until a known time",
    "pause": "waits until whoever stopped it lets it go on",
    "template": "sent if an approved template goes with it, else what `else` says",
    "send": "sent",
}
WORDS: Mapping[str, str] = {
    "wrote_first": "the person has written to us",
    "first_confirmation": "no confirmation of this opt-out went out yet",
    "answers_after_stop": "it answers a message that came after the opt-out",
    "after_stop_or_case": "the person wrote after the opt-out, or a case of theirs is open",
    "no_link": "it holds no link",
    "no_ask": "it asks nothing",
    "template": "an approved template goes with it",
    "warn": "stops nothing; recorded and shown",
    "cheaper_rung": "stops nothing; recorded and shown",
}
HEAD = """# The send table

Written by `python -m docs.generate` from `schemas/sendtable.py`; do not edit. Why it is like this:
[the last look](../explanation/last-look.md).

Immediately before a message is sent, the database looks up one row for each fact that holds, and the strictest decides.
Severity, from the strictest: {severity}; `defer` and `pause` are
equal. `clear` always holds. A cell without exactly one row, an unknown fact or an effect that cannot be read
refuses. The compiler puts these rows into every bundle and proves them; the database executes the rows of the bundle in force.

## Classes and effects

| class | what it is |
|---|---|
{classes}

| effect | what happens to the message |
|---|---|
{effects}

## The picture

![What happens to each class of message while each fact holds; the grid below says the same in words](send-table.svg)

`convo send-table TENANT --out FILE.svg` draws a tenant's own. `convo why-send TENANT --class reply --channel email --at
2026-11-24T21:00 --facts opted_out` explains one decision: the row, the rule and what would change it.

It is proved: `tests/unit/test_send_proof.py` compares every set of facts (65,536), for every class and channel and every
set of flags that matters there, more than six million situations, with the design's grid written down a second time.

## The grid

As it is for {shown}. A condition in brackets must hold, else what stands after `else` happens. Two facts are
separate rows of one line of the design: quiet hours and quiet days.

"""


def page() -> str:
    """The whole page."""
    rows = {(row.state, row.send_class, row.channel): row for row in rows_of(default_rows())}
    head = HEAD.format(
        severity=", ".join(f"`{effect}`" for effect in sorted(SEVERITY, key=lambda e: -SEVERITY[e])),
        classes="\n".join(f"| `{name}` | {CLASS_WORDS[name]} |" for name in CLASSES),
        effects="\n".join(f"| `{name}` | {EFFECT_WORDS[name]} |" for name in SEVERITY),
        shown=SHOWN,
    )
    grid = ["| fact | rule | " + " | ".join(CLASSES) + " |", "|---" * (len(CLASSES) + 2) + "|"]
    for state in STATES:
        cells = [_cell(rows[state.id, send_class, SHOWN]) for send_class in CLASSES]
        grid.append(f"| {state.title} (`{state.id}`) | {state.rule} | " + " | ".join(cells) + " |")
    return head + "\n".join([*grid, "", *_others(rows), *_notes(), ""])


def _others(rows: Mapping[tuple[str, str, str], SendRow]) -> Iterator[str]:
    yield "## Where other channels differ"
    yield ""
    for channel in CHANNELS:
        for state in STATES:
            differ = [
                f"{send_class}: {_cell(rows[state.id, send_class, channel])}"
                for send_class in CLASSES
                if _cell(rows[state.id, send_class, channel]) != _cell(rows[state.id, send_class, SHOWN])
            ]
            if differ:
                yield f"- `{channel}`, {state.title}: {'; '.join(differ)}"
    yield ""


def _notes() -> Iterator[str]:
    yield "## Conditions and advice"
    yield ""
    yield "| name | meaning |"
    yield "|---|---|"
    for name in (*RESTRICTIONS, *ADVICE):
        yield f"| `{name}` | {WORDS[name]} |"
    yield ""
    yield f"The fact `{CLEAR}` exists so that even an untroubled message needs a row that says send."
    yield ""
    yield "## Rules"
    yield ""
    yield "| rule | what it comes to |"
    yield "|---|---|"
    for rule, sentence in RULES.items():
        yield f"| {rule} | {sentence} |"


def _cell(row: SendRow) -> str:
    words = row.effect + (f" until {row.until}" if row.until else "")
    if row.only:
        words += f" ({', '.join(row.only)})"
    return words + (f", else {row.otherwise}" if row.otherwise else "")
