"""The one way both halves read text: its disguise-free views, RE2 patterns over them, prohibited wording and opt-outs."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import lru_cache

import re2

from schemas.bundle import Prohibited
from schemas.fold import Shadow, View, normalise, visible
from schemas.optout import match_opt_out

__all__ = [
    "PatternError",
    "Patterns",
    "Shadow",
    "View",
    "Wording",
    "compile_any",
    "compile_pattern",
    "compile_patterns",
    "find_prohibited",
    "match_opt_out",
    "matches",
    "normalise",
    "visible",
]

MAX_PATTERN_CHARS = 1_000
PATTERN_MEMORY_BYTES = 16 << 20
FILTERED_MEMORY_BYTES = 4 << 20
CACHED_PATTERNS = 8_192


class PatternError(ValueError):
    """The text is not a pattern RE2 can run in linear time; the message says what it refused and what to write instead."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """Prohibited wording found in a text: which entry, by which of its patterns, and where (code points)."""

    rule: str
    says: str
    pattern: str
    start: int
    end: int


@lru_cache(maxsize=CACHED_PATTERNS)
def compile_pattern(pattern: str) -> re2._Regexp:
    """An RE2 pattern, case-insensitive, `.` matching line ends. Raises PatternError."""
    if not pattern or len(pattern) > MAX_PATTERN_CHARS:
        raise PatternError(f"a pattern has 1 to {MAX_PATTERN_CHARS} characters, this one has {len(pattern)}")
    try:
        compiled = re2.compile(pattern, _options())
    except re2.error as error:
        raise PatternError(f"RE2 cannot read {pattern!r}: {_reason(error)}") from error
    except UnicodeError as error:
        raise PatternError("the pattern holds half of a surrogate pair") from error
    if compiled.search("") is not None:
        raise PatternError(f"{pattern!r} matches the empty text, so it would match everything")
    return compiled


class Patterns:
    """Many patterns tried at once: a first pass over the words they all need says which are worth a try. Linear in the text,
    where one program of them all would outgrow its memory and slow down a hundredfold."""

    def __init__(self, patterns: tuple[str, ...]) -> None:
        options = _options()
        options.max_mem = FILTERED_MEMORY_BYTES
        self._filter = re2.Filter()
        self._some = bool(patterns)
        for pattern in patterns:
            compile_pattern(pattern)
            self._filter.Add(pattern, options)
        if self._some:
            self._filter.Compile()

    def in_text(self, text: str) -> frozenset[int]:
        """The numbers of those that match, from 0. `text` is lower-case and holds no half of a surrogate pair."""
        return frozenset(self._filter.Match(text) or ()) if self._some else frozenset()


@lru_cache(maxsize=CACHED_PATTERNS)
def compile_patterns(patterns: tuple[str, ...]) -> Patterns:
    """One for equal patterns: tenants that share a pack share what it costs. Raises PatternError."""
    return Patterns(patterns)


@lru_cache(maxsize=CACHED_PATTERNS)
def compile_any(patterns: tuple[str, ...]) -> re2._Regexp | None:
    """One program that finds whatever any of `patterns` finds; None for none or too many. Raises PatternError."""
    for pattern in patterns:
        compile_pattern(pattern)
    try:
        return (
            re2.compile("|".join(f"(?:{pattern})" for pattern in patterns), _options()) if patterns else None
        )
    except re2.error:
        return None


def matches(pattern: str, shadow: Shadow) -> tuple[int, int] | None:
    """Where `pattern` first matches any view of the text, as a span of the original; None when it matches nowhere."""
    compiled = compile_pattern(pattern)
    for view in shadow.views:
        found = compiled.search(view.text)
        if found is not None:
            return view.span(*found.span())
    return None


def find_prohibited(
    text: str, prohibited: Iterable[Prohibited], allow: Collection[str] = ()
) -> tuple[Wording, ...]:
    """Every prohibited entry whose wording `text` holds, unless one of the claims `allow` is excepted from that entry."""
    entries = tuple(prohibited)
    shadow = normalise(text)
    at_all = compile_any(tuple(pattern for entry in entries for pattern in entry.match))
    if at_all is not None and not any(at_all.search(view.text) for view in shadow.views):
        return ()  # nearly every text: one pass says so
    found: list[Wording] = []
    for entry in entries:
        if any(claim in entry.allow for claim in allow):
            continue
        for pattern in entry.match:
            span = matches(pattern, shadow)
            if span is not None:
                found.append(
                    Wording(rule=entry.id, says=entry.says, pattern=pattern, start=span[0], end=span[1])
                )
                break
    return tuple(found)


def _options() -> re2.Options:
    options = re2.Options()
    options.case_sensitive = False
    options.dot_nl = True
    options.log_errors = False
    options.max_mem = PATTERN_MEMORY_BYTES
    options.never_capture = True  # only where a pattern stands is asked: a tenth less to compile and to run
    return options


def _reason(error: Exception) -> str:
    detail = error.args[0] if error.args else "not a pattern"
    said = detail.decode("utf-8", "replace") if isinstance(detail, bytes) else str(detail)
    if "perl operator" in said:
        return f"{said} (no look-ahead or look-behind: use `unless` for what must not stand beside it)"
    if "escape sequence" in said:
        return f"{said} (no back-references: every repeat must be written out)"
    return said
