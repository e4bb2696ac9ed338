"""The screen: what a person's messages signal, over every reading of them, before anything else is done."""

from __future__ import annotations

import base64
import binascii
import re
import urllib.parse
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from runtime.messages import Signal, Stop, Turn, Verdict
from schemas.bundle import Bundle, Category, Pattern
from schemas.text import Shadow, compile_any, compile_pattern, match_opt_out, normalise

HUMAN_REQUEST = "human_request"
HANDOFF_WORDS = "handoff_words"
CACHED_BUNDLES = 32
MAX_HITS_JUDGED = 32  # per pattern and reading: enough for any honest message
MAX_DECODED = 4
DECODE_DEPTH = 2
SHORT_WORDS = 6  # a hand-off word alone in a longer sentence is talk about people, not a request for one

_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{16,}={0,2}")
_HEX = re.compile(r"\b(?:[0-9a-fA-F]{2}){8,}\b")
_SENTENCE_END = ".!?;\n"
_WORDS = re.compile(r"[^\W_]+(?:'[^\W_]+)?")
_ABOUT_US = re.compile(
    r"\b(are|r|is) (you|u|this|it|that|there)\b|\bam i\b|\b(you|u|ur|you're|youre) (a|an|not)\b"
)
_SCRIPTS = (
    ("pa", "\u0a00", "\u0a7f"),
    ("bn", "\u0980", "\u09ff"),
    ("hi", "\u0900", "\u097f"),
    ("gu", "\u0a80", "\u0aff"),
    ("ta", "\u0b80", "\u0bff"),
    ("ur", "\u0600", "\u06ff"),
    ("he", "\u0590", "\u05ff"),
    ("el", "\u0370", "\u03ff"),
    ("uk", "\u0400", "\u04ff"),
    ("ja", "\u3040", "\u30ff"),
    ("zh", "\u4e00", "\u9fff"),
)


def screen(turn: Turn) -> Verdict:
    """The verdict on all pending messages together: every signal of each, the stop, the language of the last words."""
    bundle = turn.active
    signals = tuple(s for p in turn.pending for s in signals_of(p.text, bundle, p.seq))
    stop = next((p.stop for p in reversed(turn.pending) if p.stop), None)
    if stop is None:  # matched on arrival as a rule; again here, so that no way in can leave it out
        stop = next((s for p in turn.pending if (s := _stop(p.text, bundle))), None)
    words = next((p.text for p in reversed(turn.pending) if p.text.strip()), "")
    return Verdict(
        signals=_by_priority(signals, bundle),
        stop=stop,
        language=language_of(words, turn.language or bundle.tenant.language),
    )


def screen_text(text: str, bundle: Bundle) -> Verdict:
    """The verdict on one message on its own, as `convo screen` prints it."""
    return Verdict(
        signals=_by_priority(tuple(signals_of(text, bundle, 0)), bundle),
        stop=_stop(text, bundle),
        language=language_of(text, bundle.tenant.language),
    )


def screen_action(verdict: Verdict, bundle: Bundle) -> str:
    """What follows first: safety | stop | handoff | canned | answer."""
    seen = {s.category for s in verdict.signals}
    found = [c for c in bundle.categories if c.id in seen]
    if any(c.priority == 0 for c in found):
        return "safety"
    if verdict.stop is not None:
        return "stop"
    if HUMAN_REQUEST in seen or any(c.case and c.after <= 1 for c in found):
        return "handoff"
    return "canned" if any(c.reply for c in found) else "answer"


def signals_of(text: str, bundle: Bundle, seq: int) -> Iterator[Signal]:
    """One signal for each category the text shows."""
    shadows = [normalise(reading) for reading in _readings(text)]
    asks_for_person = _asks_for_person(shadows[0], bundle.handoff_words)
    for compiled in _compiled(bundle):
        pattern = _first(compiled, shadows)
        if pattern is None and compiled.category.id == HUMAN_REQUEST and asks_for_person:
            pattern = HANDOFF_WORDS
        if pattern is not None:
            yield Signal(category=compiled.category.id, pattern=pattern, seq=seq)
    if asks_for_person and not any(c.id == HUMAN_REQUEST for c in bundle.categories):
        yield Signal(category=HUMAN_REQUEST, pattern=HANDOFF_WORDS, seq=seq)


def language_of(text: str, otherwise: str) -> str:
    """The language of a script that only one of ours is written in, else `otherwise`."""
    letters = [c for c in text if c.isalpha()]
    for tag, first, last in _SCRIPTS:
        if sum(first <= c <= last for c in letters) * 2 > len(letters):
            return tag
    return otherwise


# ---- patterns ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Compiled:
    category: Category
    any_of: Any  # one program of all patterns: most messages match none, and it says so in one pass


_cache: OrderedDict[str, tuple[_Compiled, ...]] = OrderedDict()


def _compiled(bundle: Bundle) -> tuple[_Compiled, ...]:
    """Categories with their patterns joined, most serious first; kept by the bundle's digest. Raises PatternError."""
    if bundle.digest not in _cache:
        _cache[bundle.digest] = tuple(
            _Compiled(category, compile_any(tuple(p.match for p in category.patterns)))
            for category in sorted(bundle.categories, key=lambda c: c.priority)
        )
        while len(_cache) > CACHED_BUNDLES:
            _cache.popitem(last=False)
    _cache.move_to_end(bundle.digest)
    return _cache[bundle.digest]


def _first(compiled: _Compiled, shadows: Sequence[Shadow]) -> str | None:
    """The first pattern of the category that counts in any reading."""
    for view in (view for shadow in shadows for view in shadow.views):
        if compiled.any_of is not None and compiled.any_of.search(view.text) is None:
            continue
        for pattern in compiled.category.patterns:
            if _counts(pattern, view.text):
                return pattern.id
    return None


def _counts(pattern: Pattern, text: str) -> bool:
    """Whether the pattern stands anywhere outside a sentence that excuses it."""
    excuses = [compile_pattern(excuse) for excuse in pattern.unless]
    for i, hit in enumerate(compile_pattern(pattern.match).finditer(text)):
        if i >= MAX_HITS_JUDGED:
            return True
        sentence = _sentence_around(text, *hit.span())
        if not any(excuse.search(sentence) for excuse in excuses):
            return True
    return False


def _sentence_around(text: str, start: int, end: int) -> str:
    first = max((text.rfind(mark, 0, start) for mark in _SENTENCE_END), default=-1) + 1
    last = min((at for mark in _SENTENCE_END if (at := text.find(mark, end)) >= 0), default=len(text))
    return text[first:last]


def _asks_for_person(shadow: Shadow, words: Sequence[str]) -> bool:
    """A hand-off phrase anywhere, or a single word in a short message that is not a question about us."""
    about_us = any(_ABOUT_US.search(view.text) for view in shadow.views)
    for view in shadow.views:
        said = _WORDS.findall(view.text)
        line = f" {' '.join(said)} "
        for phrase in words:
            wanted = " ".join(_WORDS.findall(normalise(phrase).text))
            if wanted and f" {wanted} " in line:
                short = " " in wanted or len(said) <= SHORT_WORDS
                if short and (len(said) == len(wanted.split()) or not about_us):
                    return True
    return False


def _stop(text: str, bundle: Bundle) -> Stop | None:
    found = match_opt_out(text, bundle.opt_out)
    return Stop(scope=found[0], matched=found[1]) if found else None


def _by_priority(signals: tuple[Signal, ...], bundle: Bundle) -> tuple[Signal, ...]:
    order = {c.id: (c.priority, i) for i, c in enumerate(bundle.categories)}
    return tuple(sorted(signals, key=lambda s: (*order.get(s.category, (2, len(order))), s.seq)))


# ---- readings ----------------------------------------------------------------------------------------------------------


def _readings(text: str) -> tuple[str, ...]:
    """The text, and what its encoded runs (base64, hex, percent) decode to, two deep."""
    found = [text]
    fresh = [text]
    for _ in range(DECODE_DEPTH):
        fresh = [decoded for reading in fresh for decoded in _decoded(reading) if decoded not in found][
            :MAX_DECODED
        ]
        found += fresh
    return tuple(found[: 1 + MAX_DECODED])


def _decoded(text: str) -> Iterator[str]:
    if "%" in text and (plain := urllib.parse.unquote(text, errors="ignore")) != text:
        yield plain
    for run in list(_HEX.finditer(text))[:MAX_DECODED]:
        yield from _as_text(bytes.fromhex(run.group()))
    for run in list(_BASE64.finditer(text))[:MAX_DECODED]:
        body = run.group().rstrip("=").replace("-", "+").replace("_", "/")
        try:
            yield from _as_text(base64.b64decode(body + "=" * (-len(body) % 4), validate=True))
        except (binascii.Error, ValueError):
            continue


def _as_text(data: bytes) -> Iterator[str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return
    if sum(c.isalpha() or c == " " for c in text) * 10 >= len(text) * 8:
        yield text
