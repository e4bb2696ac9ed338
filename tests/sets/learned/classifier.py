"""A small linear classifier over words and pieces of words, for what no rule has a wording for.

The same text gives the same answer in every process: whole numbers are summed, so the order does not matter.
"""

from __future__ import annotations

import base64
import json
import re
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from math import sqrt
from typing import Final

FORMAT = "convo.classifier/v1"
MOST_CHARS = 2_000  # read of the beginning of a text, and half of it of the end
WHOLE_WORDS = 40  # up to these a text is one saying; a longer one is also read in parts
PART_WORDS = 30
FEWEST_WORDS = 4  # of fewer the rules alone judge: next to nothing stands in them to go by
PIECE = 4  # characters of a piece of a word

_WORD = re.compile(r"[\w'\u0300-\u036f\u0900-\u0dff]+")
_DIGIT = re.compile(r"\d")
_DRAWN_OUT = re.compile(r"(\w)\1{2,}")
_ZERO: Final = 128  # a weight is stored as a byte around this
_LANE = 4  # bytes that a sum of such bytes is held in


@dataclass(frozen=True, slots=True)
class Likeness:
    """A category that a text is like: by how much over the category's threshold, and where in the text most of it lies."""

    category: str
    over: float
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Word:
    """A word as the classifier spells it, and where it stands."""

    spelt: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Classifier:
    """`rows[bucket]` holds one lane per category and a last one for the bucket's rarity, side by side in one number.

    So one addition sums a piece's weight for all categories at once.
    """

    categories: tuple[str, ...]
    biases: tuple[float, ...]
    scales: tuple[float, ...]
    thresholds: tuple[float, ...]
    rarity_scale: float
    rows: Sequence[int]
    trained_on: str

    def scores(self, words: Sequence[Word]) -> list[float]:
        """How much the words are like each category, in the units of its threshold."""
        found = {bucket for _, bucket in pieces(words, len(self.rows))}
        *sums, rarity = self._lanes(found)
        length = sqrt(rarity * self.rarity_scale) or 1.0
        return [
            (total - _ZERO * len(found)) * scale / length + bias
            for total, scale, bias in zip(sums, self.scales, self.biases, strict=True)
        ]

    def heard(self, text: str) -> tuple[Likeness, ...]:
        """The categories that `text`, or a part of a long one, is like. `text` is a folded reading: small letters."""
        best: dict[int, tuple[float, Sequence[Word]]] = {}
        for part in parts(words_of(text)):
            for n, score in enumerate(self.scores(part)):
                if score >= self.thresholds[n] and (n not in best or score > best[n][0]):
                    best[n] = (score, part)
        return tuple(
            Likeness(self.categories[n], score - self.thresholds[n], *self._where(part, n))
            for n, (score, part) in sorted(best.items())
        )

    def _where(self, words: Sequence[Word], category: int) -> tuple[int, int]:
        """The run of words that speaks most for the category."""
        spoken = [0.0] * len(words)
        seen: set[int] = set()
        for at, bucket in pieces(words, len(self.rows)):
            if bucket not in seen:
                seen.add(bucket)
                spoken[at] += self._lanes((bucket,))[category] - _ZERO
        sums = [0.0, *accumulate(spoken)]
        start, end, low = 0, len(words), 0
        most = float("-inf")
        for i in range(1, len(sums)):
            if sums[i] - sums[low] > most:
                most, start, end = sums[i] - sums[low], low, i
            if sums[i] < sums[low]:
                low = i
        return words[start].start, words[end - 1].end

    def _lanes(self, buckets: set[int] | tuple[int, ...]) -> tuple[int, ...]:
        lanes = len(self.categories) + 1
        total = sum(self.rows[bucket] for bucket in buckets)
        return struct.unpack(f"<{lanes}I", total.to_bytes(lanes * _LANE, "little"))


def words_of(text: str) -> list[Word]:
    """The words of the beginning and the end of a text, digits alike, apostrophes gone, drawn-out letters shortened."""
    cut = len(text) > MOST_CHARS + MOST_CHARS // 2
    ends = ((0, MOST_CHARS), (len(text) - MOST_CHARS // 2, len(text))) if cut else ((0, len(text)),)
    return [
        Word(spelt, *word.span())
        for first, last in ends
        for word in _WORD.finditer(text, first, last)
        if (spelt := _DRAWN_OUT.sub(r"\1\1", _DIGIT.sub("0", word.group().replace("'", ""))))
    ]


def parts(words: Sequence[Word]) -> Iterator[Sequence[Word]]:
    """The words as one saying, and those of a long text also in overlapping parts."""
    if len(words) >= FEWEST_WORDS:
        yield words
    if len(words) > WHOLE_WORDS:
        for start in range(0, len(words) - PART_WORDS // 2, PART_WORDS // 2):
            yield words[start : start + PART_WORDS]


def pieces(words: Sequence[Word], buckets: int) -> Iterator[tuple[int, int]]:
    """(position of the word, bucket) for each word, each pair of neighbours and each piece of four characters."""
    before = "^"
    for at, word in enumerate(words):
        yield at, _bucket("w" + word.spelt, buckets)
        yield at, _bucket(f"b{before} {word.spelt}", buckets)
        before = word.spelt
    if words:
        yield len(words) - 1, _bucket(f"b{before} $", buckets)
    line = f" {' '.join(word.spelt for word in words)} "
    at = 0
    for i in range(len(line) - PIECE + 1):
        at += line[i] == " " and 0 < i < len(line) - 1
        yield at, _bucket(line[i : i + PIECE], buckets)


def classifier_from(document: bytes) -> Classifier:
    """Reads a trained one: rows of bytes around 128, packed and in base64. Raises ValueError."""
    held = json.loads(document)
    if held["format"] != FORMAT:
        raise ValueError(f"a classifier of format {held['format']!r}; this version reads {FORMAT}")
    found = held["categories"]
    lanes, buckets = len(found) + 1, int(held["buckets"])
    packed = zlib.decompress(base64.b64decode("".join(held["weights"])))
    if len(packed) != lanes * buckets:
        raise ValueError(f"{len(packed)} weights; {buckets} rows of {lanes} are expected")
    wide = bytearray(len(packed) * _LANE)
    wide[::_LANE] = packed
    step = lanes * _LANE
    return Classifier(
        categories=tuple(c["id"] for c in found),
        biases=tuple(c["bias"] for c in found),
        scales=tuple(c["scale"] for c in found),
        thresholds=tuple(c["threshold"] for c in found),
        rarity_scale=held["rarity_scale"],
        rows=[int.from_bytes(wide[i : i + step], "little") for i in range(0, len(wide), step)],
        trained_on=held["trained_on"],
    )


def _bucket(piece: str, buckets: int) -> int:
    return zlib.crc32(piece.encode("utf-8", "replace")) % buckets
