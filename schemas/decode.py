"""What the encoded parts of a text say: base64, hex, percent and other escapes, rot13 and invisible tag characters."""

from __future__ import annotations

import base64
import binascii
import html
import re
import urllib.parse
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

MAX_DECODED = 4  # readings in all, and runs of one kind
HEAD_CHARS = 8_192
TAIL_CHARS = 2_048  # what is encoded in the middle of a longer text is not looked for
DEPTH = 2  # base64 of base64, and no deeper
MIN_SHARE_OF_LETTERS = 8, 10  # of what was decoded: less is a number, a picture or a key

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?<![0-9A-Za-z])(?:(?:0x|\\x)?[0-9a-fA-F]{2}[ :,-]?){8,}(?![0-9A-Za-z])")
_HEX_MARKS = re.compile(r"0x|\\x|[ :,-]")
_ESCAPES = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|&#[xX]?[0-9a-fA-F]{1,6};")
_TAGS = re.compile("[\U000e0020-\U000e007e]+")
_ROT13_WORDS = re.compile(
    r"\b(gur|lbh|lbhe|nyy|naq|sebz|jvgu|guvf|gung|jung|abj|abg|ner|unir|gryy|fubj|fnl|cynl|npg|vtaber|sbetrg|ehyrf?|cebzcg"
    r"|flfgrz|cerivbhf|vafgehpgvbaf?|erirny|cergraq)\b"
)
# How often a letter stands in a thousand of English.
_ENGLISH = dict(zip("abcdefghijklmnopqrstuvwxyz", (82, 15, 28, 43, 127, 22, 20, 61, 70, 2, 8, 40, 24, 67, 75, 19, 1, 60,
                                                   63, 91, 28, 10, 24, 2, 20, 1), strict=True))  # fmt: skip
_ROT13 = str.maketrans(
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", "nopqrstuvwxyzabcdefghijklmNOPQRSTUVWXYZABCDEFGHIJKLM"
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Decoded:
    """What a run of the original, `start` to `end`, says; `kind` is the last step that was taken."""

    kind: str
    text: str
    start: int
    end: int


def decoded(text: str) -> tuple[Decoded, ...]:
    """The most there is to read in `text` beyond its letters, at most MAX_DECODED readings, DEPTH deep. Never raises."""
    if len(text) > HEAD_CHARS + TAIL_CHARS:
        skipped = len(text) - TAIL_CHARS
        tail = [_moved(one, skipped) for one in decoded(text[skipped:])]
        return (*decoded(text[:HEAD_CHARS]), *tail)[:MAX_DECODED]
    found: list[Decoded] = []
    fresh = [Decoded("raw", text, 0, len(text))]
    for depth in range(DEPTH):
        deeper: list[Decoded] = []
        for one in fresh:
            for kind, said, start, end in _steps(one.text):
                if said != text and all(said != each.text for each in (*found, *deeper)):
                    # Deeper than the first step there is no place but that of the run it was found in.
                    at = (start, end) if depth == 0 else (one.start, one.end)
                    deeper.append(Decoded(kind, said, *at))
        found += deeper
        fresh = deeper[:MAX_DECODED]
    return tuple(found[:MAX_DECODED])


def _moved(one: Decoded, by: int) -> Decoded:
    return Decoded(one.kind, one.text, one.start + by, one.end + by)


Step = tuple[str, str, int, int]


def _steps(text: str) -> Iterator[Step]:
    for step in _STEPS:
        yield from step(text)


def _tags(text: str) -> Iterator[Step]:
    runs = list(_TAGS.finditer(text)) if not text.isascii() else []
    if runs:
        said = "".join(chr(ord(c) - 0xE0000) for run in runs for c in run.group())
        yield "tags", said, runs[0].start(), runs[-1].end()


def _percent(text: str) -> Iterator[Step]:
    if text.count("%") >= 2 and (plain := urllib.parse.unquote(text, errors="ignore")) != text:
        yield "url", plain, text.index("%"), min(text.rindex("%") + 3, len(text))


def _escapes(text: str) -> Iterator[Step]:
    if "&#" in text or "\\" in text:
        runs = list(_ESCAPES.finditer(text))
        if len(runs) >= 2:
            yield "escapes", _ESCAPES.sub(_unescaped, text), runs[0].start(), runs[-1].end()


def _unescaped(run: re.Match[str]) -> str:
    code = run[1] or run[2]
    return chr(int(code, 16)) if code else html.unescape(run.group())


def _hex(text: str) -> Iterator[Step]:
    for run in _first(_HEX, text):
        digits = _HEX_MARKS.sub("", run.group())
        if said := _as_text(bytes.fromhex(digits[: len(digits) // 2 * 2])):
            yield "hex", said, *run.span()


def _base64(text: str) -> Iterator[Step]:
    for run in _first(_BASE64, text):
        body = run.group().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            data = base64.b64decode(body + "=" * (-len(body) % 4), validate=True)
        except (binascii.Error, ValueError):
            continue
        if said := _as_text(data):
            yield "base64", said, *run.span()


def _rot13(text: str) -> Iterator[Step]:
    """Where it holds a word that only a turned English one is, or has the letters of turned English rather than of English."""
    low = text.lower()
    if " " in low and (_ROT13_WORDS.search(low) or _likelier_turned(low)):
        yield "rot13", text.translate(_ROT13), 0, len(text)


def _likelier_turned(low: str) -> bool:
    seen = Counter(low)
    plain = sum(_ENGLISH[c] * seen[c] for c in _ENGLISH)
    turned = sum(_ENGLISH[c] * seen[c.translate(_ROT13)] for c in _ENGLISH)
    return turned > plain


def _first(pattern: re.Pattern[str], text: str) -> Iterator[re.Match[str]]:
    for n, run in enumerate(pattern.finditer(text)):
        if n >= MAX_DECODED:
            return
        yield run


def _as_text(data: bytes) -> str:
    """The text that the bytes are, or nothing."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    some, of = MIN_SHARE_OF_LETTERS
    readable = sum(c.isalpha() or c == " " for c in text)
    # What is encoded once more has digits and signs in it.
    twice = (
        _BASE64.fullmatch(text.strip())
        or _HEX.fullmatch(text.strip())
        or text.count("%") * 3 >= len(text) > 0
    )
    return text if readable * of >= len(text) * some or twice else ""


_STEPS: tuple[Callable[[str], Iterator[Step]], ...] = (_tags, _percent, _escapes, _hex, _base64, _rot13)
