"""Folds text so that disguises fall away: compatibility forms, look-alikes, invisible signs, leet, spaced-out letters, accents.

Every view keeps, for each of its characters, the position in the text it came from, so that a match can be shown there.
A long text is read in every way at its head and its tail, and as it stands from end to end.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from schemas.views import View, collapse_blanks, has_runs, join_spaced, squeeze, unleet, words_alone

__all__ = ["WHOLE", "Shadow", "View", "normalise", "visible"]

HEAD_CHARS = 4_096
TAIL_CHARS = 2_048  # a cue in disguise at the end of a long letter must not be missed either
CACHE_CHARS = 8_192
WHOLE = "whole"  # the kind of the view that is all of a long text, as it stands

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
# Forms of one letter that keyboards of the same language disagree on; vowel signs and a hamza of its own are often left out.
_ARABIC = {
    "ي": "ی",
    "ى": "ی",
    "ئ": "ی",
    "ك": "ک",
    "ه": "ہ",
    "ۀ": "ہ",
    "ۂ": "ہ",
    "ة": "ہ",
    "ۓ": "ے",
    "أ": "ا",
    "إ": "ا",
    "آ": "ا",
    "ؤ": "و",
    "ـ": "",
    "\u0670": "",
    **{chr(code): "" for code in range(0x064B, 0x0660)},
}
_MARKS = re.compile("[\u0300-\u036f]+")
# Four bytes a sign and nothing said: read whole, it would be the dearest of all texts.
_PICTURES = "\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u20e3\ufe0f\u200d"
_WALL = re.compile(f"[{_PICTURES}][{_PICTURES} ]{{30,}}[{_PICTURES}]")


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


def normalise(text: str, *, whole: bool = True) -> Shadow:
    """All views of `text`; without `whole`, of a long one only its head and its tail. Never raises, whatever the text holds;
    work is bounded by HEAD_CHARS + TAIL_CHARS and one pass.
    """
    kept = _kept(text)
    short = text if len(kept) == len(text) else text[:HEAD_CHARS] + text[-TAIL_CHARS:]
    plain = _walk(short, kept, _PLAIN, compose=True)
    folded = plain if short.isascii() else replace(_walk(short, kept, _FOLDED, compose=False), kind="folded")
    joined = join_spaced(folded)
    leet = unleet(joined)
    candidates = [plain, folded, joined, leet]
    if "1" in joined.text:
        candidates.append(unleet(joined, one_is_l=True))
    if has_runs(leet):
        candidates += [squeeze(leet, keep=1), squeeze(leet, keep=2)]
    candidates.append(words_alone(leet))
    if whole and short is not text:
        candidates.append(_as_it_stands(text))
    views: dict[str, View] = {}
    for n, view in enumerate(candidates):
        if n and view is candidates[n - 1]:  # a step that found nothing to do gives back what it was given
            continue
        tidy = collapse_blanks(view) if view.kind != WHOLE else view
        views.setdefault(tidy.text, tidy)
    return Shadow(text, tuple(views.values()), short is not text)


def visible(text: str) -> str:
    """`text` without invisible, control and unpaired surrogate signs: what a prompt, a page or a log reader may be shown."""
    return "".join(c for c in text if c in "\n\t" or not _invisible(c))


def _kept(text: str) -> Sequence[int]:
    if len(text) <= HEAD_CHARS + TAIL_CHARS:
        return range(len(text))
    return (*range(HEAD_CHARS), *range(len(text) - TAIL_CHARS, len(text)))


def _as_it_stands(text: str) -> View:
    """In lower case, one sign for one, without halves of surrogate pairs; of pictures in walls of them, each once."""
    whole = text if text.isascii() else text.encode("utf-8", "replace").decode()
    low = whole.lower()
    read = low if len(low) == len(whole) else whole
    for sign, plain in _SIMPLY:  # str.translate looks every sign up that is not ASCII: fifty times as slow
        read = read.replace(sign, plain)
    walls = list(_WALL.finditer(read)) if not read.isascii() else []
    if not walls:
        return View(read, range(len(read)), WHOLE)
    pieces: list[str] = []
    offsets: list[int] = []
    seen: set[str] = set()
    last = 0
    for wall in walls:
        at, end = wall.span()
        pieces.append(read[last:at])
        offsets += range(last, at)
        first = read[at]  # stays in any case, between the words on either side
        alone = wall.group().count(first) == end - at  # a key held down
        for sign in (
            first if alone else dict.fromkeys(wall.group())
        ):  # in the order in which they first stand there
            if sign == first or sign not in seen:
                seen.add(sign)
                at = read.index(sign, at)
                pieces.append(sign)
                offsets.append(at)
        last = end
    return View("".join(pieces) + read[last:], [*offsets, *range(last, len(read))], WHOLE)


def _walk(text: str, kept: Sequence[int], table: _Table, *, compose: bool) -> View:
    if text.isascii() and text.isprintable() and len(kept) == len(text):
        return View(text.lower(), kept)
    if _MARKS.search(text) is None:
        folded = text.translate(table)
        if all(len(table[ord(c)]) == 1 for c in set(text)):
            return View(folded, kept)
        return View(folded, [at for at, c in zip(kept, text, strict=True) for _ in table[ord(c)]])
    out: list[str] = []
    offsets: list[int] = []
    for at, cluster in _clusters(text, kept):
        piece = table[ord(cluster[0])]
        if len(cluster) > 1 and compose:
            piece = unicodedata.normalize("NFC", piece + cluster[1:4])
        out.append(piece)
        offsets.extend([at] * len(piece))
    return View("".join(out), offsets)


def _clusters(text: str, kept: Sequence[int]) -> Iterator[tuple[int, str]]:
    """Characters with the combining accents that follow them, so that e + acute is read as é."""
    base = -1
    cluster = ""
    for at, c in zip(kept, text, strict=True):
        if "\u0300" <= c <= "\u036f" and cluster:
            cluster += c
            continue
        if cluster:
            yield base, cluster
        base, cluster = at, c
    if cluster:
        yield base, cluster


class _Table(dict[int, str]):
    """Code point -> what is read instead, worked out when first met."""

    def __init__(self, char: Callable[[str], str]) -> None:
        super().__init__()
        self._char = char

    def __missing__(self, code: int) -> str:
        if len(self) >= CACHE_CHARS:
            self.clear()
        read = self[code] = self._char(chr(code))
        return read


def _plain_char(c: str) -> str:
    if _invisible(c):
        return ""
    if c.isspace():
        return " "
    if c in _PUNCTUATION:
        return _PUNCTUATION[c]
    folded = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", c).casefold())
    return "".join(_ARABIC.get(x, x) for x in folded if not _invisible(x))


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
_PLAIN = _Table(_plain_char)
_FOLDED = _Table(_folded_char)
_SIMPLY = tuple({**_PUNCTUATION, **dict.fromkeys("\t\n\v\f\r", " ")}.items())  # one for one
