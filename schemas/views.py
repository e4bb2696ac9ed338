"""One way to read a text, which knows where each of its characters came from, and the ways that are made from others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_LEET = str.maketrans("013457@$!|+8", "oieastasiltb")
_LEET_L = str.maketrans("013457@$!|+8", "oleastasiltb")
_LEET_TOKEN = re.compile(r"[a-z]*[0-9@$!|+][a-z0-9@$!|+]*")  # one with a sign in it that may be a letter
_LEET_IN_WORD = re.compile(r"[a-z][013457@$!|+8]|[013457@$!|+8][a-z]")
_APART = r"([ .\-_*·•,/|~]{1,3})"
_SPACED = re.compile(rf"(?<![^\W_])[^\W_]{_APART}[^\W_](?:\1[^\W_])+(?![^\W_])")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_BLANKS = re.compile(" {2,}")
_BETWEEN = re.compile(r"[^\w']+")
_MARKED = re.compile(r"[^\w' ]")
MAX_SEPARATORS = 3  # a text that holds letters apart in more ways than these is no disguise
MIN_MIXED = 3  # words of letters and digits: fewer are number plates and names
MIN_GAPS = 3  # fewer words between marks are a list, or an address


@dataclass(frozen=True, slots=True)
class View:
    """One way to read the text; `offsets[i]` is the position in the original of `text[i]`, `kind` says how it was made."""

    text: str
    offsets: Sequence[int]
    kind: str = "raw"

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A span of this view in code points of the original."""
        if start >= end or not self.offsets:
            return (0, 0)
        return (self.offsets[start], self.offsets[end - 1] + 1)


def join_spaced(view: View) -> View:
    """Letters held apart by one same separator (`s t o p`, `S.T.O.P`) become a word; pairs only beside a longer run."""
    found: Counter[str] = Counter()
    for run in _SPACED.finditer(view.text):
        found[run[1]] += len(run.group())
    for apart, _ in found.most_common(MAX_SEPARATORS):  # words that are letters apart may stand a blank apart
        if not any(run[1] == apart for run in _SPACED.finditer(view.text)):
            continue  # what looked like a run was the gaps between words
        kept: list[slice] = []
        last = 0
        for run in _apart_by(apart).finditer(view.text):
            kept += [slice(last, run.start()), slice(run.start(), run.end(), 1 + len(apart))]
            last = run.end()
        view = _of(view, [*kept, slice(last, None)], "spaced")
    return view


@lru_cache(maxsize=64)
def _apart_by(separator: str) -> re.Pattern[str]:
    """Two or more single letters with exactly this between them, and the mark that ends the sentence."""
    apart = re.escape(separator)
    return re.compile(rf"(?<![^\W_])[^\W_](?:{apart}(?:[^\W_]|'))+(?:{apart}[.?!,])?(?![^\W_])")


def unleet(view: View, *, one_is_l: bool = False) -> View:
    """Digits and signs inside words become the letters they imitate; numbers of digits alone stay numbers."""
    if not _LEET_IN_WORD.search(view.text):
        return view
    table = _LEET_L if one_is_l else _LEET
    tokens = view.text.split()
    mixed = sum(_LEET_IN_WORD.search(token.rstrip("!|+.,?")) is not None for token in tokens)
    if mixed * 3 >= len(tokens) and mixed >= MIN_MIXED:  # written so throughout: "70" is "to" as well
        return View(view.text.translate(table), view.offsets, "leet")
    text = _LEET_TOKEN.sub(lambda token: _as_word(token.group(), table), view.text)
    return View(text, view.offsets, "leet")  # one sign for one letter: the offsets hold


def has_runs(view: View) -> bool:
    """Whether a letter is repeated as nobody spells it."""
    return _RUN.search(view.text) is not None


def squeeze(view: View, *, keep: int) -> View:
    """Letters repeated three times or more are kept once or twice (`stoppp`, `freeeee`)."""
    kept: list[slice] = []
    last = 0
    for run in _RUN.finditer(view.text):
        kept.append(slice(last, run.start() + keep))
        last = run.end()
    return _of(view, [*kept, slice(last, None)], "squeezed")


def words_alone(view: View) -> View:
    """One blank between words where marks stand between most of them (`ignore...all / previous`); else the view itself."""
    gaps = list(_BETWEEN.finditer(view.text))
    marked = [gap for gap in gaps if _MARKED.search(gap.group())]
    if len(marked) < MIN_GAPS or len(marked) * 3 < len(gaps) * 2:
        return view
    out: list[str] = []
    offsets: list[int] = []
    last = 0
    for gap in gaps:
        out += [view.text[last : gap.start()], " "]
        offsets += [*view.offsets[last : gap.start()], view.offsets[gap.start()]]
        last = gap.end()
    return View("".join(out) + view.text[last:], [*offsets, *view.offsets[last:]], "words")


def collapse_blanks(view: View) -> View:
    text = view.text
    if "  " not in text and text[:1] != " " and text[-1:] != " ":
        return view
    start = len(text) - len(text.lstrip(" "))
    end = max(len(text.rstrip(" ")), start)
    kept: list[slice] = []
    for run in _BLANKS.finditer(text, start, end):
        kept.append(slice(start, run.start() + 1))
        start = run.end()
    return _of(view, [*kept, slice(start, end)], view.kind)


def _of(view: View, kept: Iterable[slice], kind: str) -> View:
    slices = list(kept)
    return View(
        "".join(view.text[part] for part in slices),
        [at for part in slices for at in view.offsets[part]],
        kind,
    )


def _as_word(token: str, table: dict[int, int]) -> str:
    if token.isalpha() or not any("a" <= c <= "z" for c in token):
        return token
    word = token.rstrip("!|+")
    return word.translate(table) + token[len(word) :]
