"""canary: the token that marks the prompt never leaves, not even taken apart, turned round or in another alphabet."""

from __future__ import annotations

import base64
import codecs
import re

from runtime.guardrails import Reply, block
from runtime.messages import Finding
from schemas.text import normalise

NAME = "canary"

FEWEST_SIGNS = 8  # so much of the token in a row is the token: half of it is as much of a leak
_OTHER = re.compile(r"[^a-z0-9]")
_CODED = re.compile(r"[A-Za-z0-9+/_-]{6,}={0,2}")


def check(reply: Reply) -> tuple[Finding, ...]:
    """Blocks a reply that holds the canary or half of it: spaced, cut by signs or sentences, backwards, disguised, encoded."""
    if not reply.canary:
        return ()
    token = _bare(reply.canary)
    pieces = _pieces(token) | _pieces(token[::-1])
    own = " ".join(text for _, text in reply.own_words())
    choices = " ".join(text for part in reply.parts for text in part.options)
    for text in (reply.text, own, choices):
        if any(piece in reading for reading in _readings(text) for piece in pieces):
            return (block(NAME, "the prompt's canary", 0, len(reply.text)),)
    return ()


def _pieces(token: str) -> set[str]:
    """Every run of the token that is long enough to be nothing else."""
    size = min(len(token), max(FEWEST_SIGNS, len(token) // 2))
    return {token[i : i + size] for i in range(len(token) - size + 1)}


def _readings(text: str) -> set[str]:
    """The text with everything but letters and digits taken out, in all its disguises, and what its encoded runs say."""
    views = {_bare(text), *(_bare(view.text) for view in normalise(text).views)}
    views |= {_bare(codecs.encode(text, "rot13"))}
    tight = re.sub(r"\s+", "", text)
    for run in {*_CODED.findall(text), *_CODED.findall(tight), tight}:
        views |= {_bare(decoded) for decoded in _decoded(run)}
    return views


def _decoded(run: str) -> list[str]:
    found: list[str] = []
    bare = run.rstrip("=")
    for skipped in range(4):  # an encoding cut off at the front still says the rest
        piece = bare[skipped:]
        piece = piece[: len(piece) // 4 * 4] if len(piece) % 4 == 1 else piece
        try:
            found.append(
                base64.urlsafe_b64decode(
                    piece.replace("+", "-").replace("/", "_") + "=" * (-len(piece) % 4)
                ).decode("latin-1")
            )
        except ValueError:
            continue
    signs = re.sub(r"[^0-9a-fA-F]", "", run)
    if len(signs) >= 2 * FEWEST_SIGNS:
        found += [
            bytes.fromhex(signs[at : at + (len(signs) - at) // 2 * 2]).decode("latin-1") for at in (0, 1)
        ]
    try:
        found.append(base64.b32decode(bare.upper() + "=" * (-len(bare) % 8)).decode("latin-1"))
    except ValueError:
        return found
    return found


def _bare(text: str) -> str:
    return _OTHER.sub("", text.casefold())
