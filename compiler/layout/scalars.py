"""How one text is written: bare where it can be, quoted where it must be, folded where it is long."""

from __future__ import annotations

import re
from typing import Any

from compiler.source.files import Parsed
from compiler.source.parse import parse

WIDTH = 100  # columns
_GAP = re.compile(r"(?<=\S) (?=\S)")
_SPECIAL_FIRST = frozenset("-?:,[]{}#&*!|>'\"%@`~= ")
_ESCAPES = {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\"}


def inline(node: Any, *, flow: bool) -> str:
    """The text on one line. What the author left bare stays so; quotes go only where nothing else could be read."""
    text: str = node.value
    if not node.style or bare_reads_the_same(text, flow=flow):
        return text
    return quoted(text)


def quoted(text: str) -> str:
    """In double quotes; in single ones where that spares escapes."""
    if text.isprintable() and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    return '"' + "".join(_escaped(char) for char in text) + '"'


def bare_reads_the_same(text: str, *, flow: bool) -> bool:
    """Whether the text needs no quotes: it is text to every reader, and nothing in it could end it."""
    if not text or not text.isprintable() or text[0] in _SPECIAL_FIRST or text != text.strip():
        return False
    if ": " in text or " #" in text or text.endswith(":") or text.startswith(("---", "...")):
        return False
    if flow and set(text) & set(",[]{}:"):
        return False
    if not any(char.isalpha() for char in text):
        return False  # a number or a date to somebody: 2026-04
    read = parse(Parsed("", "", text=f"- {text}\n"))
    return list(read.data or ()) == [text] and not read.doubtful and not read.diagnostics


def foldable(text: str) -> bool:
    """Whether there is a place to fold it at."""
    return _GAP.search(text) is not None


def folded(text: str, head: str, indent: int) -> list[str] | None:
    """The text as a folded block under `head`, or None where folding would not give it back."""
    body = text.removesuffix("\n")
    if not body or not body.isprintable() or body != body.strip():
        return None
    lines: list[str] = []
    for word in _GAP.split(body):
        if lines and indent + len(lines[-1]) + 1 + len(word) <= WIDTH:
            lines[-1] += " " + word
        else:
            lines.append(word)
    mark = ">" if text.endswith("\n") else ">-"
    return [f"{head} {mark}", *(" " * indent + line for line in lines)]


def literal(text: str, head: str, indent: int) -> list[str] | None:
    """The text as a literal block under `head`, or None where it cannot be one."""
    lines = text.split("\n")
    if not lines[0].strip() or lines[0][0] == " " or not all(line.isprintable() for line in lines):
        return None
    body = text.rstrip("\n")
    ends = len(text) - len(body)
    mark = {0: "|-", 1: "|"}.get(ends, "|+")
    kept = body.split("\n") + [""] * max(0, ends - 1)
    return [f"{head} {mark}", *((" " * indent + line) if line else "" for line in kept)]


def _escaped(char: str) -> str:
    if char in _ESCAPES:
        return _ESCAPES[char]
    if char.isprintable():
        return char
    number = ord(char)
    if number < 0x100:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
