"""How many tokens a text is likely to cost: an estimate that is made without any provider's tokenizer, and is rather too high."""

from __future__ import annotations

import re

WORD_CHARS = 7  # a common word of up to so many letters is one token, in every tokenizer that was looked at
PIECE_CHARS = 4  # and each further piece of a longer one
DIGITS = 3

_PIECE = re.compile(r"[A-Za-z]+|[0-9]+|[^\x00-\x7f]|[^\sA-Za-z0-9]+|\n+", re.ASCII)


def estimated(text: str) -> int:
    """Tokens of `text`: words by their length, digits by threes, signs in pairs, and one for each letter beyond ASCII."""
    return sum(_cost(piece.group()) for piece in _PIECE.finditer(text))


def _cost(piece: str) -> int:
    first = piece[0]
    if first == "\n" or not first.isascii():
        return 1
    if first.isalpha():
        return 1 + max(0, -(-(len(piece) - WORD_CHARS) // PIECE_CHARS))
    if first.isdigit():
        return -(-len(piece) // DIGITS)
    return -(-len(piece) // 2)
