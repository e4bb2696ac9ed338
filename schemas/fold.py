"""Folds text so that disguises fall away: compatibility forms, look-alikes, invisible signs, leet, spaced-out letters, accents.

Every view keeps, for each of its characters, the position in the text it came from, so that a match can be shown there.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

HEAD_CHARS = 12_288
TAIL_CHARS = 4_096  # longer texts are judged by their head and tail: a cue at the end of a long letter must not be missed
CACHE_CHARS = 8_192

# Letters that look like a Latin one, before case is folded (capital Greek nu is an N, small nu a v).
_LOOK_ALIKES = {
    "a": "АаΑαɑᴀꓮᎪɐ",
    "b": "ВвЬьΒβʙꓐᏴƅ",
    "c": "СсϹϲᴄꓚᏟⲤⲥ",
    "d": "ԁᴅꓓᎠđðɗ",
    "e": "ЕеΕεᴇꓰᎬǝɛєЄ",
    "f": "ꜰꓝƒϜ",
    "g": "ɡɢꓖᏀցԌ",
    "h": "НнΗһʜꓧᎻհħҺ",
    "i": "ІіΙιıɪɩꓲᎥӀ",
    "j": "ЈјᴊꓙᎫϳ",
    "k": "КкΚκᴋꓗᏦ",
    "l": "ӏʟꓡᏞłƖ",
    "m": "МмΜᴍꓟᎷϺ",
    "n": "Νηпɴꓠոռ",
    "o": "ОоΟοσᴏꓳօՕøⲞⲟØ",
    "p": "РрΡρᴘꓑᏢⲢⲣ",
    "q": "ԛզǫ",
    "r": "гʀꓣᎡᏒ",
    "s": "ЅѕꜱꓢᏕᏚՏʂƨ",
    "t": "ТтΤτᴛꓔᎢⲦⲧŧ",
    "u": "μυսᴜꓴՍ",
    "v": "νᴠꓦᏙѵʋ",
    "w": "ԝᴡꓪᎳшω",
    "x": "ХхΧχꓫ×",
    "y": "УуΥʏꓬүҮγ",
    "z": "ΖζᴢꓜᏃƶ",
}
_PUNCTUATION = {
    **dict.fromkeys("‘’‚‛ʼʹ`´′＇", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−﹣", "-"),
    **dict.fromkeys("\u2800\u3164\uffa0\u115f\u1160", " "),  # blanks that Unicode does not call blanks
}
# Forms of one letter that keyboards of the same language disagree on.
_ARABIC = {"ي": "ی", "ى": "ی", "ك": "ک", "ه": "ہ", "ۀ": "ہ", "ة": "ہ", "أ": "ا", "إ": "ا", "ـ": ""}
_LEET = str.maketrans("013457@$!|+8", "oieastasiltb")
_LEET_L = str.maketrans("013457@$!|+8", "oleastasiltb")
_LEET_TOKEN = re.compile(r"[a-z]*[0-9@$!|+][a-z0-9@$!|+]*")  # one with a sign in it that may be a letter
_LEET_IN_WORD = re.compile(r"[a-z][013457@$!|+8]|[013457@$!|+8][a-z]")
_SPACED = re.compile(r"(?<![^\W_])[^\W_]([ .\-_*·•,/|~]{1,3})[^\W_](?:\1[^\W_])+(?![^\W_])")
_SPACED_PAIR = re.compile(r"(?<![^\W_])[^\W_]([ .\-_*·•,/|~]{1,3})[^\W_](?:\1[^\W_])*(?![^\W_])")
_RUN = re.compile(r"([^\W\d_])\1{2,}")
_MARKS = re.compile("[\u0300-\u036f]+")


@dataclass(frozen=True, slots=True)
class View:
    """One way to read the text; `offsets[i]` is the position in the original of `text[i]`."""

    text: str
    offsets: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """A span of this view in code points of the original."""
        if start >= end or not self.offsets:
            return (0, 0)
        return (self.offsets[start], self.offsets[end - 1] + 1)


@dataclass(frozen=True, slots=True)
class Shadow:
    """A text and the distinct ways to read it, the most faithful first. `cut`: it was too long to be read whole."""

    original: str
    views: tuple[View, ...]
    cut: bool

    @property
    def text(self) -> str:
        """The most faithful view: compatibility forms and case folded, invisible signs gone, blanks collapsed."""
        return self.views[0].text


def normalise(text: str) -> Shadow:
    """All views of `text`. Never raises, whatever the text holds; work is bounded by HEAD_CHARS + TAIL_CHARS."""
    kept = _kept(text)
    plain = _walk(text, kept, _plain_char, compose=True)
    folded = plain if text.isascii() else _walk(text, kept, _folded_char, compose=False)
    joined = _join_spaced(folded)
    leet = _unleet(joined, _LEET)
    candidates = [plain, folded, joined, leet]
    if "1" in joined.text:
        candidates.append(_unleet(joined, _LEET_L))
    if _RUN.search(leet.text):
        candidates += [_squeeze(leet, keep=1), _squeeze(leet, keep=2)]
    views: dict[str, View] = {}
    for n, view in enumerate(candidates):
        if n and view is candidates[n - 1]:  # a step that found nothing to do gives back what it was given
            continue
        tidy = _collapse_blanks(view)
        views.setdefault(tidy.text, tidy)
    return Shadow(text, tuple(views.values()), len(kept) < len(text))


def visible(text: str) -> str:
    """`text` without invisible, control and unpaired surrogate signs: what a prompt, a page or a log reader may be shown."""
    return "".join(c for c in text if c in "\n\t" or not _invisible(c))


def _kept(text: str) -> Sequence[int]:
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return range(len(text))
    return (*range(HEAD_CHARS), *range(len(text) - TAIL_CHARS, len(text)))


def _walk(text: str, kept: Sequence[int], char: Callable[[str], str], *, compose: bool) -> View:
    if text.isascii() and text.isprintable() and len(kept) == len(text):
        return View(text.lower(), kept)
    out: list[str] = []
    offsets: list[int] = []
    for at, cluster in _clusters(text, kept):
        piece = char(cluster[0]) if len(cluster) == 1 else _cluster(cluster, char, compose=compose)
        out.append(piece)
        offsets.extend([at] * len(piece))
    return View("".join(out), offsets)


def _clusters(text: str, kept: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Characters with the combining accents that follow them, so that e + acute is read as é."""
    base = -1
    cluster = ""
    for at in kept:
        c = text[at]
        if "\u0300" <= c <= "\u036f" and cluster:
            cluster += c
            continue
        if cluster:
            yield base, cluster
        base, cluster = at, c
    if cluster:
        yield base, cluster


def _cluster(cluster: str, char: Callable[[str], str], *, compose: bool) -> str:
    if not compose:
        return char(cluster[0])
    return unicodedata.normalize("NFC", char(cluster[0]) + cluster[1:4])


@lru_cache(maxsize=CACHE_CHARS)
def _plain_char(c: str) -> str:
    if _invisible(c):
        return ""
    if c.isspace():
        return " "
    if c in _PUNCTUATION:
        return _PUNCTUATION[c]
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", c).casefold())
    return "".join(_ARABIC.get(x, x) for x in folded if not _invisible(x))


@lru_cache(maxsize=CACHE_CHARS)
def _folded_char(c: str) -> str:
    return "".join(_latin(x) for x in unicodedata.normalize("NFKC", c)) if not _badge(c) else _badge(c)


def _latin(c: str) -> str:
    """The Latin letter that `c` looks like, else its plain form without accents."""
    if c in _LATIN:
        return _LATIN[c]
    bare = _MARKS.sub("", unicodedata.normalize("NFD", c))
    if bare != c and len(bare) == 1 and bare in _LATIN:
        return _LATIN[bare]
    return _MARKS.sub("", unicodedata.normalize("NFD", _plain_char(c)))


def _badge(c: str) -> str:
    """Letters in coloured circles and squares and flag letters, which have no compatibility form."""
    for first, last in ((0x1F150, 0x1F169), (0x1F170, 0x1F189), (0x1F1E6, 0x1F1FF)):
        if first <= ord(c) <= last:
            return chr(ord("a") + ord(c) - first)
    return ""


def _invisible(c: str) -> bool:
    """Format, control and surrogate signs, variation selectors and fillers: nothing a person can see."""
    if " " <= c <= "~":
        return False
    if c in "\t\n\v\f\r\x85":
        return False
    category = unicodedata.category(c)
    return category in {"Cf", "Cc", "Cs"} or (category == "Mn" and _selector(ord(c))) or c == "\u034f"


def _selector(code: int) -> bool:
    return 0xFE00 <= code <= 0xFE0F or 0xE0100 <= code <= 0xE01EF or 0x180B <= code <= 0x180F


_LATIN = {look: letter for letter, looks in _LOOK_ALIKES.items() for look in looks}


# ---- views made from views -------------------------------------------------------------------------------------------


def _join_spaced(view: View) -> View:
    """Letters held apart by one same separator (`s t o p`, `S.T.O.P`) become a word; pairs only beside a longer run."""
    if not _SPACED.search(view.text):
        return view
    out: list[str] = []
    offsets: list[int] = []
    last = 0
    for run in _SPACED_PAIR.finditer(view.text):
        step = 1 + len(run.group(1))
        out += [view.text[last : run.start()], view.text[run.start() : run.end() : step]]
        offsets += [*view.offsets[last : run.start()], *view.offsets[run.start() : run.end() : step]]
        last = run.end()
    return View("".join(out) + view.text[last:], [*offsets, *view.offsets[last:]])


def _unleet(view: View, table: dict[int, int]) -> View:
    """Digits and signs inside words become the letters they imitate; numbers of digits alone stay numbers."""
    if not _LEET_IN_WORD.search(view.text):
        return view
    text = _LEET_TOKEN.sub(lambda token: _as_word(token.group(), table), view.text)
    return View(text, view.offsets)  # one sign for one letter: the offsets hold


def _as_word(token: str, table: dict[int, int]) -> str:
    if token.isalpha() or not any("a" <= c <= "z" for c in token):
        return token
    word = token.rstrip("!|+")
    return word.translate(table) + token[len(word) :]


def _squeeze(view: View, *, keep: int) -> View:
    """Letters repeated three times or more are kept once or twice (`stoppp`, `freeeee`)."""
    out: list[str] = []
    offsets: list[int] = []
    last = 0
    for run in _RUN.finditer(view.text):
        out.append(view.text[last : run.start() + keep])
        offsets += view.offsets[last : run.start() + keep]
        last = run.end()
    return View("".join(out) + view.text[last:], [*offsets, *view.offsets[last:]])


def _collapse_blanks(view: View) -> View:
    text = view.text
    if "  " not in text and text[:1] != " " and text[-1:] != " ":
        return view
    kept = [i for i, c in enumerate(text) if c != " " or (i > 0 and text[i - 1] != " ")]
    if kept and text[kept[-1]] == " ":
        kept.pop()
    return View("".join(text[i] for i in kept), [view.offsets[i] for i in kept])
